"""Spark makes the curated tables of landing files. Arguments: THREADS MEMORY LANDING OUT.

The tables of duckdb.py, column by column: repeats dropped, sessions computed again, one Parquet file for each table, site and day,
ordered as ours are. Its own process counts: it ends only when Java, which does the work, has ended and been waited for.
"""

import os
import sys
import warnings

# It warns of a newer pandas, which nothing here uses.
warnings.filterwarnings("ignore", module="pyspark")
from pyspark.sql import SparkSession  # noqa: E402

threads, memory, landing, out = sys.argv[1:]
os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    # Java's heap; `4GB` and `4GiB` are `4G` there.
    "spark.driver.memory": memory.upper().removesuffix("B").removesuffix("I"),
    "spark.local.dir": f"{out}/spill",
    "spark.log.level": "ERROR",
    # As DuckDB's and ours: the default is a type that no other reader likes.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.hadoop.parquet.compression.codec.zstd.level": "3",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": threads,
    "spark.sql.warehouse.dir": f"{out}/spill",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
builder = SparkSession.builder.master(f"local[{threads}]")
for key, value in SETTINGS.items():
    builder = builder.config(key, value)
session = builder.getOrCreate()
sql = session.sql
# Without what the folders' names say, which is no column.
files = session.read.option("recursiveFileLookup", "true").option("pathGlobFilter", "*.parquet")
files.parquet(f"{landing}/data").where("not duplicate").createOrReplaceTempView("landed")
sql("""
create temporary view rule as
with own as (
    select site_id, visitor_id, tab_id, seq, occurred_at, kafka_partition, kafka_offset, row_number() over (
        partition by site_id, tab_id, seq order by kafka_partition, kafka_offset) as time from landed
),
steps as (
    select *, occurred_at - lag(occurred_at) over (partition by site_id, visitor_id order by occurred_at, tab_id, seq)
        <= interval 30 minutes as goes_on from own where time = 1
),
numbered as (
    select *, sum(if(goes_on, 0, 1)) over (partition by site_id, visitor_id
        order by occurred_at, tab_id, seq rows unbounded preceding) as session from steps
)
select site_id, tab_id, seq, kafka_partition, kafka_offset,
    min(occurred_at) over (partition by site_id, visitor_id, session) as started from numbered
""")
sql("cache table rule")
# Told to every task, so that the wide rows of `landed` need not be shuffled and sorted for it.
sql("""
create temporary view new_events as
select /*+ broadcast(rule) */ landed.* except (session_started_at, duplicate), started as session_started_at,
    cast(occurred_at as date) as event_date
from landed join rule using (site_id, tab_id, seq, kafka_partition, kafka_offset)
""")
IN_SESSION = "site_id, visitor_id, session_started_at"
# Within a site's day.
BY_ROW, BY_SESSION = "visitor_id, occurred_at, tab_id, seq", "visitor_id, session_started_at"


def first(names: str, order: str) -> str:
    return ", ".join(f"min_by({name}, struct({order})) filter (where {name} is not null) as {name}" for name in names.split())


def write(table: str, order: str, select: str) -> None:
    rows = sql(f"select * from ({select}) distribute by site_id, event_date sort by site_id, event_date, {order}")
    rows.write.partitionBy("site_id", "event_date").parquet(f"{out}/{table}")


write("events", BY_ROW, "select * except (trail_dt, trail_x, trail_y) from new_events")
write("pointer", BY_ROW, """select site_id, event_date, session_id, visitor_id, tab_id, page_view_id, seq, occurred_at,
    session_started_at, trail_dt as dt, trail_x as x, trail_y as y from new_events where type = 'pointer'""")
write("ledger", f"{BY_SESSION}, tab_id", f"""
    with steps as (select *, seq - coalesce(lag(seq) over (partition by site_id, visitor_id, tab_id order by seq), -1) - 1 as gap
        from new_events)
    select {IN_SESSION}, tab_id, cast(session_started_at as date) as event_date, count(*) as events_received, sum(gap) as events_lost,
        count(distinct batch_seq) as batches_received, min(seq) as first_seq, max(seq) as last_seq,
        max(batch_seq) as last_batch_seq from steps group by {IN_SESSION}, tab_id""")
kinds = [row.type for row in sql("select distinct type from landed order by 1").collect()]
counts = ", ".join(f"count(*) filter (where type = '{kind}') as {kind}_count" for kind in kinds)
write("sessions", BY_SESSION, f"""
    select {IN_SESSION}, cast(session_started_at as date) as event_date, any_value(session_id) as session_id,
        min(occurred_at) as started_at, max(occurred_at) as ended_at, count(*) as events, count(distinct tab_id) as tabs,
        count(distinct page_view_id) as page_views, {counts}, bool_or(is_bot) as is_bot,
        {first("page_path referrer_url referrer_host utm_source utm_medium utm_campaign", "occurred_at, seq")},
        {first("device_type browser_name browser_version os_name os_version", "occurred_at, seq")}
    from new_events group by {IN_SESSION}""")
write("page_views", f"{BY_SESSION}, tab_id, started_at", f"""
    select {IN_SESSION}, tab_id, page_view_id, cast(min(occurred_at) as date) as event_date, min(occurred_at) as started_at,
        max(occurred_at) as ended_at, {first("page_url page_path page_title", "seq")}, max(y) filter (where type = 'scroll') as max_y,
        max_by(vital_value, seq) filter (where vital_name = 'LCP') as lcp_ms, count(*) as events,
        count(*) filter (where type = 'click') as clicks from new_events group by {IN_SESSION}, tab_id, page_view_id""")
write("clicks", BY_ROW, f"""
    select {IN_SESSION}, event_date, session_id, tab_id, page_view_id, seq, occurred_at, page_path, element_path, element_tag,
        element_id, element_name, element_role, element_text, element_x, element_y, element_width, element_height, x, y, button,
        unix_micros(occurred_at) - unix_micros(lag(occurred_at) over (partition by {IN_SESSION}, tab_id order by seq)) as gap_us
    from new_events where type = 'click'""")
java = session.sparkContext._gateway.proc
session.stop()
# What it waits for.
java.stdin.close()
sys.exit(java.wait())
