"""ClickHouse's own reader, out of a wheel that carries the engine. It reads the Delta log itself."""

import json
import os
from pathlib import Path

import chdb
from deltalake import DeltaTable
from dialects import OfClickHouse
from engine import Engine


class ClickHouse(Engine):
    name = "clickhouse"
    dialect = OfClickHouse()

    def __init__(self, store: Path):
        # It reads only what lies below the working folder.
        os.chdir(store)

    def open(self, path: Path, table: DeltaTable) -> str:
        return f"deltaLakeLocal({self.dialect.text(str(path))})"

    def rows(self, statement: str) -> list[list]:
        settings = "output_format_json_quote_64bit_integers = 0, output_format_json_quote_denormals = 1"
        return json.loads(str(chdb.query(f"{statement} settings {settings}", "JSONCompact")))["data"]

    def close(self) -> None:
        pass
