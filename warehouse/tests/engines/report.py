"""What was compared, as a table for people."""

from compare import Compared

HEAD = ("table", "engine", "rows", "columns", "totals", "filters", "differ", "seconds")


def table_of(compared: list[Compared]) -> str:
    lines = [HEAD, *(cells(one) for one in compared)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEAD))]
    texts = 2
    padded = (
        [cell.ljust(width) if place < texts else cell.rjust(width) for place, (cell, width) in enumerate(zip(line, widths, strict=True))]
        for line in lines
    )
    return "\n".join("  ".join(line).rstrip() for line in padded)


def cells(one: Compared) -> tuple[str, ...]:
    counts = (one.rows, one.columns, one.totals, one.filters, len(one.differences))
    return (one.table, one.engine, *map(str, counts), f"{one.seconds:.1f}")
