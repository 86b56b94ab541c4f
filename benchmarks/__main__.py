"""``python -m benchmarks [names…] [--quick] [--markdown | --json]``: every figure that the README quotes, as ratios."""

import importlib
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.table import Row, as_json, markdown, print_table

# In the order of the README. Each has run(quick: bool) -> list[Row].
NAMES = (
    "emit",
    "ingest",
    "spool",
    "rollup",
    "http",
    "together",
    "refresh",
    "deep",
    "crowd",
    "sizes",
    "memory",
    "page",
    "phone",
)

err = Console(stderr=True)


def present() -> list[str]:
    """The benchmarks that come along."""
    return [name for name in NAMES if Path(__file__).with_name(f"{name}.py").exists()]


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Some of {', '.join(NAMES)}; all by default.")] = None,
    quick: Annotated[bool, typer.Option(help="A tenth of the load: to see that it works, not to quote.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
    in_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Run benchmarks and print their table."""
    unknown = [name for name in names or [] if name not in present()]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(present())}")
    rows: list[Row] = []
    failed = False
    for name in names or present():
        err.print(f"[dim]{name} …[/]")
        try:
            rows += importlib.import_module(f"benchmarks.{name}").run(quick)
        except Exception:
            # The others' figures took minutes; one that fails must not cost them.
            failed = True
            traceback.print_exc()
    if in_json:
        print(as_json(rows))
    elif as_markdown:
        print(markdown(rows))
    else:
        print_table(rows)
    sys.exit(1 if failed else 0)


typer.run(main)
