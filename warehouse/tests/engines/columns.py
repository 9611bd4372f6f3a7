"""The columns of a table by what can be asked of them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from deltalake import Schema
from deltalake.schema import ArrayType

# Of Delta's types.
KINDS = {
    "string": "text",
    "byte": "integer",
    "short": "integer",
    "integer": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "timestamp": "time",
    "date": "day",
    "boolean": "flag",
    "binary": "bytes",
}


@dataclass(frozen=True)
class Column:
    name: str
    # One of those above, `numbers` or `texts` for lists of them, or else the name of its type.
    kind: str

    def is_list(self) -> bool:
        return self.kind in ("numbers", "texts")

    def value(self, of_json):
        """A value of `warehouse sql`'s JSON as one of the column."""
        match self.kind:
            case _ if of_json is None:
                return None
            case "time":
                return datetime.fromisoformat(of_json).astimezone(UTC)
            case "day":
                return date.fromisoformat(of_json)
            case "number":
                return float(of_json)
        return of_json


def columns_of(schema: Schema) -> list[Column]:
    return [Column(field.name, kind(field.type)) for field in schema.fields]


def kind(of) -> str:
    if isinstance(of, ArrayType):
        return {"number": "numbers", "text": "texts"}.get(kind(of.element_type), str(of))
    return KINDS.get(getattr(of, "type", ""), str(of))
