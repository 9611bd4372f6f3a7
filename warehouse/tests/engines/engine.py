"""An engine that reads the tables where they lie."""

from abc import ABC, abstractmethod
from pathlib import Path

from deltalake import DeltaTable
from dialects import Dialect
from questions import Question

TOTALS_TOGETHER = 50
# Filters of a statement; each is a scan of its own, so that each may skip what it need not read.
FILTERS_TOGETHER = 16


class NoAnswer(str):
    """Why an engine gave none."""


class Engine(ABC):
    name: str
    dialect: Dialect

    @abstractmethod
    def open(self, path: Path, table: DeltaTable) -> str:
        """What stands after `from`."""

    @abstractmethod
    def rows(self, statement: str) -> list[list]:
        """Their values as integers, doubles and texts. Raises what the engine raises."""

    def totals(self, source: str, questions: list[Question]) -> list:
        def statement(some: list[Question]) -> str:
            named = [f"{question.sql(self.dialect)} as a{place}" for place, question in enumerate(some)]
            return f"select {', '.join(named)} from {source}"

        return self.together(questions, TOTALS_TOGETHER, statement, lambda rows: rows[0])

    def filtered(self, source: str, questions: list[Question]) -> list:
        def statement(some: list[Question]) -> str:
            return " union all ".join(
                f"select {place} as place, count(*) as found from {source} where {question.sql(self.dialect)}"
                for place, question in enumerate(some)
            )

        return self.together(questions, FILTERS_TOGETHER, statement, lambda rows: [found for _, found in sorted(rows)])

    def together(self, questions: list[Question], most: int, statement, values) -> list:
        """An answer to each question; a statement that fails is split, so that only what fails has none."""
        found = []
        for start in range(0, len(questions), most):
            some = questions[start : start + most]
            try:
                found += values(self.rows(statement(some)))
            except Exception as error:  # noqa: BLE001  (each engine has its own, and all mean that there is no answer)
                if len(some) == 1:
                    found.append(NoAnswer(str(error).strip().partition("\n")[0]))
                else:
                    found += self.together(some, max(len(some) // 4, 1), statement, values)
        return found
