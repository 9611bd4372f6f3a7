"""What `warehouse sql` says, which is what the others must say too."""

import json
import subprocess
from pathlib import Path

from columns import Column
from dialects import Dialect
from questions import Question

SAMPLE_ROWS = 40
# Columns whose values put the rows of the sample in an order that has nothing to do with theirs.
SHUFFLED_BY = 6
# Expressions of a statement.
TOGETHER = 100


class Failed(Exception):
    """No answer, with the reason for a person."""


class Ours:
    name = "warehouse"
    dialect = Dialect()

    def __init__(self, program: Path, store: Path):
        self.command = [program, "--store", store.as_uri(), "sql", "--format", "json", "--query-time", "15m", "-"]

    def rows(self, statement: str) -> list[list]:
        try:
            done = subprocess.run(self.command, input=statement, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Failed(f"{self.command[0]} cannot be run ({error}): build it with `make build`, or name it with --warehouse") from error
        if done.returncode != 0:
            raise Failed(f"{self.command[0]} sql: {done.stderr.strip()}\n{statement}")
        return json.loads(done.stdout)["rows"]

    def count(self, table: str) -> int:
        return self.rows(f"select count(*) as count from {table}")[0][0]

    def sample(self, table: str, columns: list[Column]) -> list[dict]:
        """Some rows from everywhere in the table, the same ones each time."""
        asked = [column for column in columns if column.kind != "bytes"]
        mixed = ", ".join(f"cast({self.dialect.column(column.name)} as varchar)" for column in columns[2 : 2 + SHUFFLED_BY])
        names = ", ".join(self.dialect.column(column.name) for column in asked)
        found = self.rows(f"select {names} from {table} order by md5(concat_ws('|', {mixed})) limit {SAMPLE_ROWS}")
        return [{column.name: column.value(value) for column, value in zip(asked, row, strict=True)} for row in found]

    def totals(self, table: str, questions: list[Question]) -> list:
        return self.values(table, [question.sql(self.dialect) for question in questions])

    def filtered(self, table: str, questions: list[Question]) -> list[int]:
        """Counted while all rows are read, so that nothing depends on what a filter lets a reader skip."""
        return self.values(table, [f"count(*) filter (where {question.sql(self.dialect)})" for question in questions])

    def values(self, table: str, expressions: list[str]) -> list:
        found = []
        for start in range(0, len(expressions), TOGETHER):
            named = [f"{sql} as a{place}" for place, sql in enumerate(expressions[start : start + TOGETHER])]
            found += self.rows(f"select {', '.join(named)} from {table}")[0]
        return found
