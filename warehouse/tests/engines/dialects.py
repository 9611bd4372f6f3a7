"""The few words in which the engines' SQL differs. `c` is a column, `table` what stands after `from`."""

from datetime import date, datetime


class Dialect:
    """Ours, and what the others share with it."""

    quote = '"'
    words = {
        "c": "{c}",
        "characters": "character_length({c})",
        "octets": "character_length(encode({c}, 'hex')) / 2",
        "digest": "md5({c})",
        # Since 1970, UTC.
        "microseconds": "cast({c} as bigint)",
        "day": "cast({c} as varchar)",
        "items": "cast(cardinality({c}) as bigint)",
        "first_item": "{c}[1]",
        # Over the items of a list in all rows.
        "sum_of_numbers": "(select sum(item) from (select unnest({c}) as item from {table}))",
        "sum_of_texts": "(select sum(character_length(item)) from (select unnest({c}) as item from {table}))",
    }
    begins = "starts_with"

    def column(self, name: str) -> str:
        return f"{self.quote}{name}{self.quote}"

    def said(self, template: str, column: str, table: str = "") -> str:
        """The template with the words that it names, about this column."""
        c = self.column(column)
        return template.format(**{name: word.format(c=c, table=table) for name, word in self.words.items()})

    def literal(self, value) -> str:
        match value:
            case bool():
                return str(value).lower()
            case int() | float():
                return repr(value)
            case datetime():
                return self.time(f"{value:%Y-%m-%d %H:%M:%S.%f}")
            case date():
                return f"date '{value}'"
        return self.text(value)

    def time(self, value: str) -> str:
        return f"timestamp '{value}Z'"

    def text(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"


class Backslashed(Dialect):
    def text(self, value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class OfClickHouse(Backslashed):
    words = Dialect.words | {
        "characters": "lengthUTF8({c})",
        "octets": "length({c})",
        "digest": "lower(hex(MD5({c})))",
        "microseconds": "toUnixTimestamp64Micro({c})",
        "day": "toString({c})",
        "items": "length({c})",
        "sum_of_numbers": "sum(arraySum(item -> ifNull(item, 0), {c}))",
        "sum_of_texts": "sum(arraySum(item -> ifNull(lengthUTF8(item), 0), {c}))",
    }
    begins = "startsWith"

    def literal(self, value) -> str:
        is_day = isinstance(value, date) and not isinstance(value, datetime)
        return f"toDate32('{value}')" if is_day else super().literal(value)

    def time(self, value: str) -> str:
        return f"toDateTime64('{value}', 6, 'UTC')"


class OfSpark(Backslashed):
    quote = "`"
    words = Dialect.words | {
        "octets": "octet_length({c})",
        "microseconds": "unix_micros({c})",
        "day": "cast({c} as string)",
        "items": "size({c})",
        "first_item": "get({c}, 0)",
        "sum_of_numbers": "sum(aggregate({c}, 0D, (total, item) -> total + coalesce(item, 0D)))",
        "sum_of_texts": "sum(aggregate({c}, 0L, (total, item) -> total + coalesce(char_length(item), 0)))",
    }
    begins = "startswith"

    def literal(self, value) -> str:
        # `1.5` would be a decimal.
        return f"{value!r}D" if isinstance(value, float) else super().literal(value)

    def time(self, value: str) -> str:
        return f"timestamp '{value} UTC'"
