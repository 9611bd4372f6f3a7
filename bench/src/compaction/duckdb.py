"""DuckDB makes the curated tables of landing files. Arguments: THREADS MEMORY LANDING OUT.

Repeats dropped, sessions computed again, one Parquet file for each table, site and day, ordered as ours are. The derived tables
have fewer columns than ours (no visible or engaged times): what DuckDB takes here is the least that it would take.
"""

import sys

import duckdb

threads, memory, landing, out = sys.argv[1:]
db = duckdb.connect()
db.execute(f"set threads = {threads}; set memory_limit = '{memory}'; set temp_directory = '{out}/spill'; set timezone = 'UTC'")
db.execute("set preserve_insertion_order = false; set enable_progress_bar = false")
db.execute(f"create view landed as select * from read_parquet('{landing}/data/**/*.parquet') where not duplicate")
db.execute("""
create temp table rule as
with own as (
    select site_id, visitor_id, tab_id, seq, occurred_at, kafka_partition, kafka_offset from landed
    qualify row_number() over (partition by site_id, tab_id, seq order by kafka_partition, kafka_offset) = 1
),
steps as (
    select *, occurred_at - lag(occurred_at) over (partition by site_id, visitor_id order by occurred_at, tab_id, seq)
        <= interval 30 minutes as goes_on from own
),
numbered as (
    select *, count(*) filter (where goes_on is not true) over (partition by site_id, visitor_id
        order by occurred_at, tab_id, seq rows unbounded preceding) as session from steps
)
select site_id, tab_id, seq, kafka_partition, kafka_offset,
    min(occurred_at) over (partition by site_id, visitor_id, session) as started from numbered
""")
db.execute("""
create view new_events as
select landed.* exclude (session_started_at, duplicate), started as session_started_at, cast(occurred_at as date) as event_date
from landed join rule using (site_id, tab_id, seq, kafka_partition, kafka_offset)
""")
IN_SESSION = "site_id, visitor_id, session_started_at"
BY_ROW = "site_id, event_date, visitor_id, occurred_at, tab_id, seq"
first = lambda names, order: ", ".join(f"first({name} order by {order}) filter (where {name} is not null) as {name}" for name in names.split())


def write(table: str, order: str, select: str) -> None:
    db.execute(f"""copy (select * from ({select}) order by {order}) to '{out}/{table}'
        (format parquet, compression zstd, compression_level 3, partition_by (site_id, event_date))""")


write("events", BY_ROW, "select * exclude (trail_dt, trail_x, trail_y) from new_events")
write("pointer", BY_ROW, """select site_id, event_date, session_id, visitor_id, tab_id, page_view_id, seq, occurred_at,
    session_started_at, trail_dt as dt, trail_x as x, trail_y as y from new_events where type = 'pointer'""")
write("ledger", f"event_date, {IN_SESSION}, tab_id", f"""
    with steps as (select *, seq - coalesce(lag(seq) over (partition by site_id, visitor_id, tab_id order by seq), -1) - 1 as gap
        from new_events)
    select {IN_SESSION}, tab_id, cast(session_started_at as date) as event_date, count(*) as events_received, sum(gap) as events_lost,
        count(distinct batch_seq) as batches_received, min(seq) as first_seq, max(seq) as last_seq,
        max(batch_seq) as last_batch_seq from steps group by {IN_SESSION}, tab_id""")
kinds = [kind for (kind,) in db.execute("select distinct type from landed order by 1").fetchall()]
counts = ", ".join(f"count(*) filter (where type = '{kind}') as {kind}_count" for kind in kinds)
write("sessions", f"event_date, {IN_SESSION}", f"""
    select {IN_SESSION}, cast(session_started_at as date) as event_date, any_value(session_id) as session_id,
        min(occurred_at) as started_at, max(occurred_at) as ended_at, count(*) as events, count(distinct tab_id) as tabs,
        count(distinct page_view_id) as page_views, {counts}, bool_or(is_bot) as is_bot,
        {first("page_path referrer_url referrer_host utm_source utm_medium utm_campaign", "occurred_at, seq")},
        {first("device_type browser_name browser_version os_name os_version", "occurred_at, seq")}
    from new_events group by {IN_SESSION}""")
write("page_views", f"event_date, {IN_SESSION}, tab_id, started_at", f"""
    select {IN_SESSION}, tab_id, page_view_id, cast(min(occurred_at) as date) as event_date, min(occurred_at) as started_at,
        max(occurred_at) as ended_at, {first("page_url page_path page_title", "seq")}, max(y) filter (where type = 'scroll') as max_y,
        last(vital_value order by seq) filter (where vital_name = 'LCP') as lcp_ms, count(*) as events,
        count(*) filter (where type = 'click') as clicks from new_events group by {IN_SESSION}, tab_id, page_view_id""")
write("clicks", BY_ROW, f"""
    select {IN_SESSION}, event_date, session_id, tab_id, page_view_id, seq, occurred_at, page_path, element_path, element_tag,
        element_id, element_name, element_role, element_text, element_x, element_y, element_width, element_height, x, y, button,
        occurred_at - lag(occurred_at) over (partition by {IN_SESSION}, tab_id order by seq) as gap
    from new_events where type = 'click'""")
