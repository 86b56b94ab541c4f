"""What is installed is locked: every package pinned with its hashes, from its .in files, naming no registry."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# Which .in files a lock is made of (see `make update`).
LOCKS = {
    "requirements.txt": ("requirements.in",),
    "requirements-build.txt": ("requirements-build.in",),
    "requirements-export.txt": ("requirements.in", "requirements-export.in"),
    "requirements-dev.txt": ("requirements.in", "requirements-export.in", "requirements-dev.in"),
}
# dash[testing] needs old ones of these.
HELD_BACK = {"urllib3"}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def asked(name: str) -> list[Requirement]:
    return [Requirement(line) for line in text(name).splitlines() if line and not line.startswith("#")]


def entries(name: str) -> list[str]:
    """A lock's requirements, each with its hashes on one line."""
    lines = "\n".join(line for line in text(name).splitlines() if not line.lstrip().startswith("#"))
    return lines.replace("\\\n", "").splitlines()


def pins(name: str) -> dict[str, str]:
    """Package to exact version."""
    found = (Requirement(entry.partition("--hash")[0]) for entry in entries(name))
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes(lock: str) -> None:
    assert entries(lock)
    for entry in entries(lock):
        assert re.match(r"[\w.-]+==[\w.]+ .*--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_for_is_locked_in_a_version_that_will_do(lock: str) -> None:
    locked = pins(lock)
    for source in LOCKS[lock]:
        for requirement in asked(source):
            assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


@pytest.mark.parametrize("lock", ["requirements-export.txt", "requirements-dev.txt"])
def test_tests_run_with_the_versions_that_serve(lock: str) -> None:
    locked = pins(lock)
    others = {
        name: version
        for name, version in pins("requirements.txt").items()
        if locked[name] != version and name not in HELD_BACK
    }
    assert others == {}


def test_no_file_names_a_registry() -> None:
    for name in [*LOCKS, *(path.name for path in ROOT.glob("requirements*.in"))]:
        assert re.search(r"https?://|file:|--(extra-)?index-url|--find-links|--trusted-host", text(name)) is None, name
