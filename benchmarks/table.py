"""The benchmark table: a row for each figure, its reference from the same run, and whether the goal is met."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

_AS_WIDE_AS_NEEDED = 1000
_HEADINGS = ("what", "figure", "beside", "ratio", "goal", "")


@dataclass(frozen=True)
class Row:
    """One figure. ``ratio``: the figure over its ``reference``, None where it stands alone. ``goal``: in words."""

    name: str
    value: float
    unit: str
    reference: str
    ratio: float | None
    goal: str
    met: bool

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of the headings."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} ×"
        verdict = "met" if self.met else "missed" if self.goal else ""
        return self.name, f"{number(self.value)} {self.unit}".strip(), self.reference, ratio, self.goal, verdict


def number(value: float) -> str:
    """A figure to three significant digits, large ones in groups of thousands; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def print_table(rows: Sequence[Row], console: Console | None = None) -> None:
    """Print the rows as a table for people: as wide as a terminal is, or, into a pipe or a file, as it needs to be."""
    console = console or Console()
    if not console.is_terminal:
        console.width = _AS_WIDE_AS_NEEDED
    table = Table(*_HEADINGS, title="metrics_dash benchmarks", title_justify="left")
    for row in rows:
        style = None if row.met or not row.goal else "bold red"
        table.add_row(*row.cells(), style=style)
    console.print(table)


def markdown(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table, for the README."""
    lines = ["| " + " | ".join(_HEADINGS) + " |", "|---|---:|---|---:|---|---|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row.cells()) + " |" for row in rows]
    return "\n".join(lines)


def as_json(rows: Iterable[Row]) -> str:
    """Return the rows as a JSON array of objects, with null for a figure that was not measured."""
    plain = ({name: _finite(value) for name, value in asdict(row).items()} for row in rows)
    return json.dumps(list(plain), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
