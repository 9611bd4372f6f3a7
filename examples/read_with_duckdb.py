"""The ten longest sessions and what was clicked in them, by DuckDB: read_with_duckdb.py STORE_FOLDER

The folder is the one of `--store file://…` (`make demo`: .demo/store). Of a store on S3 give DuckDB a secret (`create secret
(type s3, …)`) and read 's3://bucket/prefix/warehouse/…' in the same way. Another engine sees what was compacted.
Needs: pip install duckdb
"""

import os
import sys

import duckdb

store = sys.argv[1]
connection = duckdb.connect()
# The extension's file, where the network does not reach DuckDB's own place for them.
extension = os.environ.get("DUCKDB_DELTA_EXTENSION")
if not extension:
    connection.install_extension("delta")
connection.load_extension(extension or "delta")
for table in ("sessions", "events"):
    connection.execute(f"create view {table} as select * from delta_scan('{store}/warehouse/{table}')")

connection.sql("""
    select s.started_at, round(s.duration_ms / 1000, 1) as seconds, s.entry_page, s.events, s.completeness,
           count(e.seq) filter (where e.type = 'click') as clicks,
           mode(e.element_text) filter (where e.type = 'click') as clicked_most
    from sessions s join events e using (site_id, session_id)
    group by all order by seconds desc limit 10
""").show()
print(connection.sql("select count(*) from events").fetchone()[0], "events")
