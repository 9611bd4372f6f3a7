"""What is asked of a table: totals of each column, and how many rows each filter finds."""

from collections.abc import Callable
from dataclasses import dataclass

from columns import Column
from dialects import Dialect

# A sum of whole numbers is one of their remainders, which no engine's 64 bits overflow.
REMAINDERS = "coalesce(sum({} % 1000003), 0)"
# What is asked of a column of each kind.
TOTALS = {
    "text": {"count": "count({c})", "characters": "coalesce(sum({characters}), 0)", "min": "min({c})", "max": "max({c})"},
    "integer": {"count": "count({c})", "remainders": REMAINDERS.format("{c}"), "min": "min({c})", "max": "max({c})"},
    "number": {"count": "count({c})", "sum": "coalesce(sum({c}), 0)", "min": "min({c})", "max": "max({c})"},
    "time": {
        "count": "count({c})",
        "remainders": REMAINDERS.format("{microseconds}"),
        "min": "min({microseconds})",
        "max": "max({microseconds})",
    },
    "day": {"count": "count({c})", "min": "min({day})", "max": "max({day})"},
    "flag": {"count": "count({c})", "trues": "coalesce(sum(case when {c} then 1 else 0 end), 0)"},
    "bytes": {
        "count": "count({c})",
        "octets": "coalesce(sum({octets}), 0)",
        "least digest": "min({digest})",
        "greatest digest": "max({digest})",
    },
    # ClickHouse reads a list that is null as an empty one, so lists are not counted.
    "numbers": {"items": "coalesce(sum({items}), 0)", "sum of items": "coalesce({sum_of_numbers}, 0)"},
    "texts": {"items": "coalesce(sum({items}), 0)", "characters of items": "coalesce({sum_of_texts}, 0)"},
}
# Every engine adds doubles in an order of its own.
INEXACT = [("number", "sum"), ("numbers", "sum of items")]
PREFIX_CHARS = 3
# Rows of the sample that filters on several columns are made of.
ROWS_OF_CONJUNCTIONS = 6
SHOWN_CHARS_MAX = 60


@dataclass(frozen=True)
class Question:
    """An aggregate, or the condition of a filter, whose answer is the number of its rows."""

    about: str
    sql: Callable[[Dialect], str]
    exact: bool = True


def totals(table: str, columns: list[Column]) -> list[Question]:
    """Aggregates without a condition, so that no reader may skip anything."""
    found = [Question("rows", lambda _: "count(*)")]
    for column in columns:
        for what, template in TOTALS.get(column.kind, {}).items():
            found.append(total(table, column, what, template))
    return found


def total(table: str, column: Column, what: str, template: str) -> Question:
    about = f"{what} of {column.name}"
    return Question(about, lambda dialect: dialect.said(template, column.name, table), (column.kind, what) not in INEXACT)


def filters(column: Column, value) -> list[Question]:
    """Conditions by which a reader may skip files and row groups. The column holds the value, unless that is None."""
    if column.kind in ("numbers", "texts"):
        return [] if not value else [rows_where(has_items(column, len(value))), rows_where(first_from(column, value[0]))]
    found = [null(column)]
    if value is not None:
        found.append(compared(column, "=", value))
        if column.kind != "flag":
            found.append(compared(column, ">=", value))
        if column.kind == "text":
            found.append(beginning(column, value[:PREFIX_CHARS]))
    return [rows_where(condition) for condition in found]


def conjunctions(columns: list[Column], sample: list[dict]) -> list[Question]:
    """Filters on several columns: a row's site and day, another text, numbers and a time that it has, and a column that it has not."""
    found = []
    for place, row in enumerate(sample[:: max(len(sample) // ROWS_OF_CONJUNCTIONS, 1)]):
        conditions = [compared(column, "=", row[column.name]) for column in columns[:2]]
        for kind, operator in (("text", "="), ("integer", ">="), ("number", ">="), ("time", ">=")):
            there = [column for column in columns[2:] if column.kind == kind and row[column.name] is not None]
            if there:
                column = there[place % len(there)]
                conditions.append(compared(column, operator, row[column.name]))
        empty = [column for column in columns if not column.is_list() and row.get(column.name, "") is None]
        if empty:
            conditions.append(null(empty[place % len(empty)]))
        found.append(rows_where(*conditions))
    return found


def rows_where(*conditions: Question) -> Question:
    """A filter of all of them."""
    about = "rows where " + " and ".join(condition.about for condition in conditions)
    return Question(about, lambda dialect: " and ".join(f"({condition.sql(dialect)})" for condition in conditions))


def null(column: Column) -> Question:
    return Question(f"{column.name} is null", lambda dialect: dialect.said("{c} is null", column.name))


def compared(column: Column, operator: str, value) -> Question:
    about = f"{column.name} {operator} {shown(value)}"
    return Question(about, lambda dialect: f"{dialect.column(column.name)} {operator} {dialect.literal(value)}")


def beginning(column: Column, prefix: str) -> Question:
    about = f"{column.name} begins with {shown(prefix)}"
    return Question(about, lambda dialect: f"{dialect.begins}({dialect.column(column.name)}, {dialect.literal(prefix)})")


def has_items(column: Column, count: int) -> Question:
    about = f"{column.name} has {count} items or more"
    return Question(about, lambda dialect: dialect.said("{items}", column.name) + f" >= {count}")


def first_from(column: Column, value) -> Question:
    about = f"{column.name} has a first item >= {shown(value)}"
    return Question(about, lambda dialect: dialect.said("{items} > 0 and {first_item} >= ", column.name) + dialect.literal(value))


def shown(value) -> str:
    text = repr(value) if isinstance(value, (str, float)) else str(value)
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"
