"""Compares what other engines read in the curated tables of a store with what `warehouse sql` says of them.

Of every column of every table: how many values there are, their sum, least and greatest; how many rows are null, equal to a value
that the column holds, not less than it, and begin as it does; and how many rows some filters on several columns find. A filter is a
scan of its own, so that each engine skips files and row groups by it as it does for anybody. Ours counts while reading all rows.

Exit code 0 if all engines agree, 1 if one does not, 2 if there is nothing to compare.
"""

import argparse
import sys
from pathlib import Path

from compare import Asked, Compared, ask, compare
from ours import Failed, Ours
from questions import TOTALS
from report import table_of

ENGINES = ["clickhouse", "spark"]
DIFFERENCES_SHOWN_MAX = 20


def main() -> int:
    arguments = parse()
    warehouse = Path(arguments.store).resolve() / "warehouse"
    there = sorted(path.parent.name for path in warehouse.glob("*/_delta_log"))
    for name in arguments.table or [""]:
        if name not in there and (name or not there):
            what = f"no table {name!r}, only {', '.join(there)}" if there else "no tables"
            return fail(f"{what} in {warehouse}: --store is the folder of `warehouse --store file://…`, and its `compact` makes the tables")
    try:
        ours = Ours(Path(arguments.warehouse).absolute(), warehouse.parent)
        asked = by_ours(ours, [warehouse / name for name in arguments.table or there])
        compared = [one for name in arguments.engine or ENGINES for one in by_engine(name, warehouse, asked)]
    except Failed as error:
        return fail(str(error))
    print(table_of(compared))
    differing = sum(len(one.differences) for one in compared)
    print(f"{sum(one.totals + one.filters for one in compared)} answers compared, {differing} differ")
    return 1 if differing else 0


def by_ours(ours: Ours, paths: list[Path]) -> list[Asked]:
    asked = []
    for number, path in enumerate(paths, 1):
        asked.append(ask(ours, path))
        one = asked[-1]
        say(f"warehouse: {number} of {len(paths)}, {path.name}: {len(one.totals)} totals and {len(one.filters)} filters")
        strange = [f"{column.name} ({column.kind})" for column in one.columns if column.kind not in TOTALS]
        if strange:
            say(f"  of these columns nothing is asked but which are null, since their types are new here: {', '.join(strange)}")
    return asked


def by_engine(name: str, warehouse: Path, asked: list[Asked]) -> list[Compared]:
    say(f"{name}: starting")
    engine = started(name, warehouse)
    compared = []
    for number, one in enumerate(asked, 1):
        compared.append(compare(engine, one))
        differences = compared[-1].differences
        say(f"{name}: {number} of {len(asked)}, {one.path.name}: {len(differences) or 'nothing'} differs")
        for difference in differences[:DIFFERENCES_SHOWN_MAX]:
            print(f"DIFFERS {one.path.name}, {difference}")
        if len(differences) > DIFFERENCES_SHOWN_MAX:
            print(f"DIFFERS {one.path.name}, and {len(differences) - DIFFERENCES_SHOWN_MAX} more")
    engine.close()
    return compared


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="engines", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="`make engines STORE=folder` installs the engines and runs this; `make engines` alone does it on a store of a test.",
    )  # fmt: skip
    add = parser.add_argument
    add("--store", required=True, metavar="FOLDER", help="where warehouse/ lies; everything that has landed must be compacted")
    add("--warehouse", required=True, metavar="PROGRAM", help="the program `warehouse`, of the same version as the store or newer")
    add("--engine", action="append", choices=ENGINES, help="only this one; can be given more than once")
    add("--table", action="append", default=[], metavar="NAME", help="only this one; can be given more than once")
    return parser.parse_args()


def started(name: str, warehouse: Path):
    """Imported here, so that one engine can be asked where the other is not installed."""
    try:
        if name == "clickhouse":
            from clickhouse import ClickHouse as Engine
        else:
            from spark import Spark as Engine
        return Engine(warehouse)
    except Exception as error:  # noqa: BLE001  (each engine has its own)
        reason = str(error).strip().partition("\n")[0]
        raise Failed(f"{name} does not start ({reason}): `infra/dev/setup.sh --engines` installs it, with Java 17 for Spark") from error


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def fail(reason: str) -> int:
    say(f"engines: {reason}")
    return 2


if __name__ == "__main__":
    sys.exit(main())
