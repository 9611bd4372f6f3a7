"""Answers statements over the curated tables of a store. Arguments: STORE THREADS MEMORY.

One statement a line, `{"sql": …, "rows": true}`; one answer a line, `{"seconds": …}` until all rows are there as Arrow, with
`"columns": [{"name": …}], "rows": …` if they are wanted, or `{"error": …}`. The files are those that the newest version of each
table's Delta log names.
"""

import datetime
import json
import sys
import time
from pathlib import Path
from urllib.parse import unquote

import duckdb

store, threads, memory = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
db = duckdb.connect()
db.execute(f"set threads = {threads}; set memory_limit = '{memory}'; set timezone = 'UTC'")
# It would stand among the answers.
db.execute("set enable_progress_bar = false")


def files(table: Path) -> list[str]:
    log, named, since = table / "_delta_log", set(), -1
    if (log / "_last_checkpoint").exists():
        since = json.loads((log / "_last_checkpoint").read_text())["version"]
        parts = [str(part) for part in log.glob(f"{since:020}.checkpoint*.parquet")]
        named = {path for (path,) in db.execute("select add.path from read_parquet(?) where add is not null", [parts]).fetchall()}
    for commit in sorted(log.glob("*.json")):
        if commit.stem.isdigit() and int(commit.stem) > since:
            for action in map(json.loads, commit.read_text().splitlines()):
                if "add" in action:
                    named.add(action["add"]["path"])
                elif "remove" in action:
                    named.discard(action["remove"]["path"])
    return [str(table / unquote(path)) for path in sorted(named)]


for table in sorted((store / "warehouse").iterdir()):
    if (table / "_delta_log").exists() and (named := files(table)):
        db.execute(f"create view {table.name} as select * from read_parquet({named}, hive_partitioning = true, "
                   "hive_types = {'site_id': varchar, 'event_date': date}, union_by_name = true)")


def plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else str(value)


for line in sys.stdin:
    try:
        ask = json.loads(line)
        began = time.perf_counter()
        table = db.execute(ask["sql"]).to_arrow_table()
        answer = {"seconds": time.perf_counter() - began}
        if ask["rows"]:
            columns = [column.to_pylist() for column in table.columns]
            answer |= {"columns": [{"name": name} for name in table.column_names], "rows": list(zip(*columns))}
        print(json.dumps(answer, default=plain), flush=True)
    except duckdb.Error as error:
        print(json.dumps({"error": str(error)}), flush=True)
