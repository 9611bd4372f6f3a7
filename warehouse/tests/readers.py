"""What other engines find in the tables of a store: `readers.py matrix | maintain STORE_FOLDER`.

matrix    for every column of every table: rows by equality with each of some values, by range, null and not null; each of
          Python deltalake (by its statistics) and DuckDB's delta_scan must count what the bare Parquet rows hold
maintain  what a lakehouse's own maintenance does: compact files, checkpoint, remove old files and the old log
"""

import json
import shutil
import sys
from pathlib import Path

import duckdb
import duckdb_extension_delta  # noqa: F401  (carries the extension's file)
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from pyarrow.dataset import field

TABLES = ["events", "pointer", "ledger", "sessions", "page_views", "clicks", "hovers", "fields", "requests", "effects"]
VALUES_MAX = 4


def main(what: str, store: Path) -> int:
    mistakes = []
    checked = 0
    for name in TABLES:
        path = str(store / "warehouse" / name)
        if what == "maintain":
            maintain(path)
        else:
            checked += matrix(name, path, mistakes)
    for mistake in mistakes:
        print(f"WRONG {mistake}")
    print(f"{checked} filters, {len(mistakes)} wrong")
    return 1 if mistakes else 0


def maintain(path: str) -> None:
    table = DeltaTable(path)
    table.optimize.compact()
    table.create_checkpoint()
    newest = table.version()
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    table = DeltaTable(path)
    table.create_checkpoint()
    # cleanup_metadata() keeps a day at least: the same by hand, of all that the checkpoint stands for.
    for commit in (Path(path) / "_delta_log").glob("*.json"):
        if int(commit.stem) < max(newest, table.version()):
            commit.unlink()
    table.cleanup_metadata()


def matrix(name: str, path: str, mistakes: list) -> int:
    table = DeltaTable(path)
    truth = pa.concat_tables([whole(table, file) for file in json.loads(json.dumps(table.file_uris()))], promote_options="default")
    dataset = table.to_pyarrow_dataset()
    base = duckdb.connect()
    base.execute(f"load '{extension()}'")
    checked = 0
    if dataset.count_rows() != truth.num_rows:
        mistakes.append(f"{name}: {dataset.count_rows()} rows by deltalake, {truth.num_rows} in the files")
    for column in dataset.schema:
        if pa.types.is_list(column.type):
            continue
        known = truth.column(column.name)
        values = pc.drop_null(pc.unique(known)).to_pylist()
        values = sorted(values)[:: max(len(values) // VALUES_MAX, 1)]
        filters = [("is null", None), ("is not null", None)] + [(op, value) for value in values for op in ("=", "<", ">=")]
        for operator, value in filters:
            wanted = count(known, operator, value)
            literal = None if value is None else pa.scalar(value, column.type)
            found = dataset.count_rows(filter=expression(field(column.name), operator, literal))
            where = f'"{column.name}" {operator}' + ("" if value is None else " ?")
            by_duckdb = base.execute(f"select count(*) from delta_scan('{path}') where {where}", [] if value is None else [value]).fetchone()[0]
            checked += 2
            if (found, by_duckdb) != (wanted, wanted):
                mistakes.append(f"{name}.{column.name} {operator} {value!r}: {wanted} rows, deltalake {found}, DuckDB {by_duckdb}")
    return checked


def whole(table: DeltaTable, uri: str) -> pa.Table:
    """The file's rows, with the partition's values and every column of the table."""
    path = uri.removeprefix("file://")
    read = pa.parquet.read_table(path, partitioning=None)
    parts = dict(part.split("=", 1) for part in Path(path).parts if "=" in part)
    schema = pa.schema(table.schema().to_arrow())
    columns = []
    for wanted in schema:
        if wanted.name in read.column_names:
            columns.append(read.column(wanted.name).cast(wanted.type))
        elif wanted.name in parts:
            columns.append(pa.array([parts[wanted.name]] * read.num_rows).cast(wanted.type))
        else:
            columns.append(pa.nulls(read.num_rows, wanted.type))
    return pa.table(columns, schema=schema)


def count(known, operator: str, value) -> int:
    if operator == "is null":
        return known.null_count
    if operator == "is not null":
        return len(known) - known.null_count
    compare = {"=": pc.equal, "<": pc.less, ">=": pc.greater_equal}[operator]
    return pc.sum(compare(known, pa.scalar(value, known.type))).as_py() or 0


def expression(column, operator: str, value):
    if operator == "is null":
        return column.is_null()
    if operator == "is not null":
        return ~column.is_null()
    return {"=": column == value, "<": column < value, ">=": column >= value}[operator]


def extension() -> Path:
    folder = Path(duckdb_extension_delta.__file__).parent
    return next(folder.rglob("delta.duckdb_extension"))


if __name__ == "__main__":
    import pyarrow.parquet  # noqa: F401

    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
