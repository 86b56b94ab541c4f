"""The version changes with what a page is made from, and with nothing else."""

from pathlib import Path

import pytest

from metrics_dash.ops.build import build_id, page_version


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text("print('hello')")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "page.css").write_text("body { margin: 0 }")
    return tmp_path


def test_the_same_files_are_the_same_version(root: Path) -> None:
    assert build_id(root=root) == build_id(root=root)


def test_a_changed_asset_is_another_version(root: Path) -> None:
    before = build_id(root=root)
    (root / "assets" / "page.css").write_text("body { margin: 1px }")
    assert build_id(root=root) != before


def test_a_renamed_file_is_another_version(root: Path) -> None:
    before = build_id(root=root)
    (root / "assets" / "page.css").rename(root / "assets" / "wall.css")
    assert build_id(root=root) != before


def test_another_catalog_is_another_version(root: Path) -> None:
    assert build_id("a catalog", root=root) != build_id("another catalog", root=root)


def test_what_python_leaves_behind_is_no_part_of_it(root: Path) -> None:
    before = build_id(root=root)
    (root / "assets" / "__pycache__").mkdir()
    (root / "assets" / "__pycache__" / "page.cpython-311.pyc").write_bytes(b"\0")
    assert build_id(root=root) == before


def test_this_program_has_a_version() -> None:
    assert len(build_id()) == 16


def test_a_page_tells_another_catalog_from_another_build() -> None:
    build, catalog = page_version("a catalog", "a setting").split("-")
    other_build, same = page_version("a catalog", "another setting").split("-")
    assert (build != other_build, same) == (True, catalog)
    assert page_version("another catalog", "a setting").split("-")[1] != catalog
