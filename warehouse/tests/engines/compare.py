"""One table by ours and by another engine."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

from columns import Column, columns_of
from deltalake import DeltaTable
from engine import Engine, NoAnswer
from ours import Failed, Ours
from questions import Question, conjunctions, filters, totals

# Of a sum of doubles, which every engine adds in its own order.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Asked:
    """A table, what is asked of it, and what ours answers."""

    path: Path
    delta: DeltaTable
    rows: int
    columns: list[Column]
    totals: list[tuple[Question, object]]
    filters: list[tuple[Question, object]]


@dataclass(frozen=True)
class Compared:
    table: str
    engine: str
    rows: int
    columns: int
    totals: int
    filters: int
    differences: list[str]
    seconds: float


def ask(ours: Ours, path: Path) -> Asked:
    delta, table = DeltaTable(path), path.name
    if delta.protocol().min_reader_version > 1:
        raise Failed(f"{path}: another engine has changed how the table must be read, and then its files do not say which rows it has")
    columns = columns_of(delta.schema())
    rows = compacted(ours, delta, table)
    of_columns = totals(table, columns)
    answers = ours.totals(table, of_columns)
    least = {question.about: answer for question, answer in zip(of_columns, answers, strict=True)}
    sample = ours.sample(table, columns)
    by = conjunctions(columns, sample) + [question for column in columns for question in filters(column, held(column, sample, least))]
    found = ours.filtered(table, by)
    return Asked(path, delta, rows, columns, list(zip(of_columns, answers, strict=True)), list(zip(by, found, strict=True)))


def compacted(ours: Ours, delta: DeltaTable, table: str) -> int:
    """Rows of the table. What has landed since the last compaction is in ours alone, and would be taken for a difference."""
    rows = ours.count(table)
    written = sum(count or 0 for count in delta.get_add_actions()["num_records"].to_pylist())
    if rows > written:
        raise Failed(f"{table}: {rows - written} rows have landed and are not compacted: run `warehouse --store … compact` first")
    return rows


def held(column: Column, sample: list[dict], least: dict):
    """A value from the middle of those that the sample has of the column; where it has none, the least one of all, if there is one."""
    values = [row[column.name] for row in sample if row.get(column.name) is not None]
    if values:
        return sorted(values)[len(values) // 2]
    return least.get(f"min of {column.name}") if column.kind in ("text", "integer", "number") else None


def compare(engine: Engine, asked: Asked) -> Compared:
    began = time.monotonic()
    source = engine.open(asked.path, asked.delta)
    differences = []
    for (question, wanted), found in zip(asked.totals, engine.totals(source, [question for question, _ in asked.totals]), strict=True):
        if not same(wanted, found, question.exact):
            differences.append(said(engine, question, wanted, found))
    for (question, wanted), found in zip(asked.filters, engine.filtered(source, [question for question, _ in asked.filters]), strict=True):
        if not same(wanted, found, exact=True):
            differences.append(f"{said(engine, question, wanted, found)}, where {question.sql(engine.dialect)}")
    counts = (len(asked.columns), len(asked.totals), len(asked.filters))
    return Compared(asked.path.name, engine.name, asked.rows, *counts, differences, time.monotonic() - began)


def same(wanted, found, exact: bool) -> bool:
    if isinstance(found, NoAnswer) or wanted is None or found is None:
        return wanted is None and found is None
    if exact:
        return wanted == found
    return math.isclose(float(wanted), float(found), rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def said(engine: Engine, question: Question, wanted, found) -> str:
    answer = f"no answer ({found})" if isinstance(found, NoAnswer) else repr(found)
    return f"{question.about}: warehouse {wanted!r}, {engine.name} {answer}"
