"""What the wheel is made of: the repository's rooms, moved into the package ``metrics_dash``.

In the repository ``db``, ``layouts``, ``callbacks``, ``routes`` and ``app.py`` stand beside ``metrics_dash``, and an
import says ``from db.engine import Database``. In somebody's site-packages those names may be their own. So the build
puts the rooms inside, as ``metrics_dash.db`` and so on, and changes each import of them accordingly: that statement and
nothing else of a file. It is the build step that ``pyproject.toml`` names, and needs nothing but setuptools.
"""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "metrics_dash"
ROOMS = ("db", "layouts", "callbacks", "routes")
"""Packages that move."""
MODULES = {"app.py": "app.py", "gunicorn.conf.py": "gunicorn_conf.py"}
"""Files that move, and what they are called in the package: a dot in a module's name couldn't be imported."""
DATA = ("assets", "migrations")
"""Folders that are found by their place beside the modules, and move whole."""

_NAMES = {*ROOMS, "app"}
_Edit = tuple[int, int, int, bytes]
"""Line and column in bytes, both from 0; how many bytes go; what comes."""


class RelocationError(ValueError):
    """An import that can't be changed without changing what it means; the message says where, and how to write it."""


class BuildPackage(build_py):
    """Build ``metrics_dash`` with the rooms inside. An editable install keeps the repository as it is."""

    def run(self) -> None:
        """Copy the package, then the rooms, then take each import from where things now are."""
        if self.editable_mode:
            super().run()
            return
        package = Path(self.build_lib, PACKAGE)
        # What an earlier build left may be gone from the repository since.
        shutil.rmtree(package, ignore_errors=True)
        super().run()
        for source, target in moves():
            if (package / target).exists():
                raise RelocationError(f"{source} would replace {PACKAGE}/{target}")
            self.mkpath(str((package / target).parent))
            self.copy_file(str(ROOT / source), str(package / target), preserve_mode=False)
        for file in package.rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            file.write_text(relocated(text, str(file.relative_to(self.build_lib))), encoding="utf-8")

    def get_source_files(self) -> list[str]:
        """Name the files that a source distribution needs to build from."""
        untyped: Any = super()
        moved = [str(source) for source, _ in moves()]
        return [*untyped.get_source_files(), *moved, str(Path(__file__).relative_to(ROOT))]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Name the files that a build makes."""
        moved = [] if self.editable_mode else [str(Path(self.build_lib, PACKAGE, target)) for _, target in moves()]
        return [*super().get_outputs(include_bytecode), *moved]


def moves() -> Iterator[tuple[Path, Path]]:
    """Yield each file that moves: its place in the repository, and its place in the package."""
    for name, target in MODULES.items():
        yield Path(name), Path(target)
    for folder in (*ROOMS, *DATA):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                place = file.relative_to(ROOT)
                yield place, place


def relocated(source: str, name: str = "<source>") -> str:
    """Return Python source with the imports of rooms and of ``app`` taken from the package.

    Everything else stays as it is, byte by byte. Raises ``RelocationError`` for a statement that can't be changed so.
    """
    edits = [edit for node in ast.walk(ast.parse(source, name)) for edit in _edits(node, source, name)]
    lines = source.encode().splitlines(keepends=True)
    for line, column, length, text in sorted(edits, reverse=True):
        old = lines[line]
        lines[line] = old[:column] + text + old[column + length :]
    return b"".join(lines).decode()


def _edits(node: ast.AST, source: str, name: str) -> Iterator[_Edit]:
    if isinstance(node, ast.ImportFrom) and node.level == 0 and _is_ours(node.module or ""):
        yield _edit(node, source, r"from +(?=\w)", f"from {PACKAGE}.", name)
    elif isinstance(node, ast.Import) and any(_is_ours(alias.name) for alias in node.names):
        alias = node.names[0]
        if len(node.names) > 1:
            raise _refused(node, name, "import each name on a line of its own")
        if "." in alias.name and alias.asname is None:
            raise _refused(node, name, f"write 'from {alias.name.rpartition('.')[0]} import …'")
        new = f"import {PACKAGE}." if "." in alias.name else f"from {PACKAGE} import "
        yield _edit(node, source, r"import +(?=\w)", new, name)
    elif isinstance(node, ast.Call) and _imports_by_text(node):
        raise _refused(node, name, "import it with a statement, in a function where it must be late")


def _edit(node: ast.stmt, source: str, start: str, new: str, name: str) -> _Edit:
    statement = source.encode().splitlines()[node.lineno - 1][node.col_offset :]
    found = re.match(start.encode(), statement)
    if found is None:
        raise _refused(node, name, "write the statement's beginning on one line")
    return node.lineno - 1, node.col_offset, found.end(), new.encode()


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in _NAMES


def _imports_by_text(call: ast.Call) -> bool:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    texts = [one.value for one in call.args[:1] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return function in {"import_module", "__import__", "find_spec"} and any(map(_is_ours, texts))


def _refused(node: ast.stmt | ast.expr, name: str, remedy: str) -> RelocationError:
    return RelocationError(f"{name}, line {node.lineno}: this import can't move into {PACKAGE}; {remedy}")
