#!/usr/bin/env python3
"""What ADBC makes of `warehouse serve --flight-listen`, over TLS and with a token.

  flight.py PORT TOKEN CERTIFICATE   prints a line for each thing that is wrong; exit code 1 then

The store holds twenty events of one tab: clicks and pointer trails in turn, from 2026-11-20T12:00:00Z on, a second apart.
"""

import datetime
import sys
import threading
from pathlib import Path

import adbc_driver_flightsql
import adbc_driver_manager
import pyarrow
from adbc_driver_flightsql import DatabaseOptions, dbapi

PORT, TOKEN, CERTIFICATE = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]).read_text()
NOON = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.timezone.utc)
ENDLESS = "select levenshtein(repeat('a',16000000),repeat('b',16000000))"
mistakes = []


def same(what: str, got, wanted) -> None:
    if got != wanted:
        mistakes.append(f"{what}: {got!r} instead of {wanted!r}")


def connect(**more) -> dbapi.Connection:
    given = {
        DatabaseOptions.TLS_ROOT_CERTS.value: CERTIFICATE,
        DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {TOKEN}",
    }
    given = {name: value for name, value in (given | more).items() if value is not None}
    return dbapi.connect(f"grpc+tls://127.0.0.1:{PORT}", db_kwargs=given, autocommit=True)


def refused(what: str, do, *kinds) -> str:
    try:
        do()
        mistakes.append(f"{what} is answered")
        return ""
    except kinds as error:
        return str(error)


def statements() -> None:
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("select type, count(*) as n from events group by 1 order by 1")
        same("rows", cursor.fetchall(), [("click", 10), ("pointer", 10)])
        cursor.execute("select min(occurred_at), max(seq), bool_or(is_bot) from events")
        same("types", cursor.fetchone(), (NOON, 19, False))
        cursor.execute("select dt, x, null, cast('1.50' as decimal(5, 2)), date '2026-11-20' from pointer order by seq limit 1")
        row = cursor.fetchone()
        same("lists", (row[0], row[1], row[2], str(row[3]), row[4]), ([0.0, 1.0], [0.0, 1.0], None, "1.50", datetime.date(2026, 11, 20)))
        cursor.execute("select value, repeat('x', 200) as t from generate_series(1, 100000) order by 1")
        table = cursor.fetch_arrow_table()
        same("a large answer", (table.num_rows, table["value"][99_999].as_py()), (100_000, 100_000))
        same("columns before rows", cursor.adbc_execute_schema("select 1 as one").names, ["one"])
        cursor.execute("select seq from events where false")
        same("no rows", cursor.fetchall(), [])


def parameters() -> None:
    with connect() as connection, connection.cursor() as cursor:
        def one(sql: str, *values):
            cursor.execute(sql, values)
            return cursor.fetchone()[0]

        for mark in ["$1", "?"]:
            same("number", one(f"select count(*) from events where seq < {mark}", 7), 7)
            same("time", one(f"select count(*) from events where occurred_at >= {mark}", NOON + datetime.timedelta(seconds=15)), 5)
            same("text", one(f"select count(*) from events where type = {mark}", "click"), 10)
            same("null", one(f"select {mark} is null", None), True)
            same("hostile", one(f"select {mark}", "'; drop table events; --"), "'; drop table events; --")
            same("float", one(f"select cast({mark} as double) + 0.5", 1.25), 1.75)
            same("unit", one(f"select date_trunc({mark}, occurred_at) from events limit 1", "day"), NOON.replace(hour=0))
        for turn in range(5):
            same("prepared", one("select count(*) from events where seq < $1 and type = $2", turn * 2, "click"), turn)
        schema = cursor.adbc_prepare("select seq from events where seq = $1 and type = $2")
        same("parameters", [str(field.type) for field in schema], ["int64", "string"])


def failures() -> None:
    with connect() as connection, connection.cursor() as cursor:
        for sql in ["select * from nothing", "selec", "select 1/0", "delete from events", "create table a (b int)"]:
            refused(sql, lambda sql=sql: (cursor.execute(sql), cursor.fetchall()), dbapi.Error)
        words = refused("delete", lambda: cursor.execute("delete from events"), dbapi.Error)
        same("what is told of a refusal", "PermissionDenied" in words, True)
        rows = pyarrow.table({"a": [1]})
        refused("an upload", lambda: cursor.adbc_ingest("stolen", rows), dbapi.Error)
        cursor.execute("select 1")
        same("after failures", cursor.fetchone(), (1,))
        timer = threading.Timer(0.5, cursor.adbc_cancel)
        timer.start()
        refused("what takes years", lambda: (cursor.execute(ENDLESS), cursor.fetchall()), dbapi.Error)
        timer.join()
        cursor.execute("select 1")
        same("after a cancel", cursor.fetchone(), (1,))


def catalog() -> None:
    with connect() as connection:
        same("vendor", connection.adbc_get_info()["vendor_name"], "Customer Telemetry")
        same("table types", sorted(connection.adbc_get_table_types()), ["TABLE", "VIEW"])
        found = connection.adbc_get_objects(depth="all").read_all().to_pylist()
        same("catalogs", [catalog["catalog_name"] for catalog in found], ["telemetry"])
        tables = {table["table_name"]: table for table in found[0]["catalog_db_schemas"][0]["db_schema_tables"]}
        for name, kind in [("events", "TABLE"), ("sessions", "TABLE"), ("friction", "VIEW")]:
            same(name, tables[name]["table_type"], kind)
            columns = [column["column_name"] for column in tables[name]["table_columns"]]
            same(f"columns of {name}", "site_id" in columns, True)
        schema = connection.adbc_get_table_schema("events")
        same("a column", str(schema.field("occurred_at").type), "timestamp[us, tz=UTC]")


def doors() -> None:
    for more in [
        {DatabaseOptions.AUTHORIZATION_HEADER.value: "Bearer ctw_guessed"},
        {DatabaseOptions.AUTHORIZATION_HEADER.value: None},
        {DatabaseOptions.AUTHORIZATION_HEADER.value: None, "username": "me", "password": "ctw_guessed"},
        {DatabaseOptions.TLS_ROOT_CERTS.value: None},
    ]:
        def ask(more=more):
            with connect(**more) as connection, connection.cursor() as cursor:
                cursor.execute("select 1")

        refused(f"{more}", ask, dbapi.Error)
    password = {DatabaseOptions.AUTHORIZATION_HEADER.value: None, "username": "anybody", "password": TOKEN}
    with connect(**password) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from events")
        same("by password", cursor.fetchone(), (20,))


for part in [statements, parameters, failures, catalog, doors]:
    try:
        part()
    except Exception as error:  # noqa: BLE001 (the other parts are wanted, too)
        mistakes.append(f"{part.__name__}: {type(error).__name__}: {error}")
for mistake in mistakes:
    print(f"WRONG {mistake}")
print(f"ADBC {adbc_driver_flightsql.__version__}, manager {adbc_driver_manager.__version__}: {len(mistakes)} wrong")
sys.exit(1 if mistakes else 0)
