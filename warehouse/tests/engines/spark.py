"""Spark. Its Delta connector is in no registry that we install from, so it is given the files that the Delta log names."""

import json
import os
import tempfile
import warnings
from pathlib import Path

from deltalake import DeltaTable
from dialects import OfSpark
from engine import Engine

MEMORY = "1g"


class Spark(Engine):
    name = "spark"
    dialect = OfSpark()

    def __init__(self, store: Path):
        # It warns of a newer pandas, which nothing here uses.
        warnings.filterwarnings("ignore", module="pyspark")
        from pyspark.sql import SparkSession

        self.folder = tempfile.TemporaryDirectory(prefix="engines-spark-")
        settings = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": MEMORY,
            "spark.local.dir": self.folder.name,
            "spark.log.level": "ERROR",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "2",
            # A value may hold `${…}`.
            "spark.sql.variable.substitute": "false",
            "spark.sql.warehouse.dir": self.folder.name,
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        builder = SparkSession.builder.master("local[2]")
        for key, value in settings.items():
            builder = builder.config(key, value)
        self.session = builder.getOrCreate()

    def open(self, path: Path, table: DeltaTable) -> str:
        from pyspark.sql.types import StructType

        # Delta's schema is written as Spark writes its own.
        schema = StructType.fromJson(json.loads(table.schema().to_json()))
        files = table.file_uris()
        # Without `basePath` the columns in the folders' names would be missing.
        reader = self.session.read.schema(schema).option("basePath", path.as_uri())
        rows = reader.parquet(*files) if files else self.session.createDataFrame([], schema)
        rows.createOrReplaceTempView(path.name)
        return self.dialect.column(path.name)

    def rows(self, statement: str) -> list[list]:
        return [list(row) for row in self.session.sql(statement).collect()]

    def close(self) -> None:
        self.session.stop()
        self.folder.cleanup()
