"""Private files and folders: theirs alone whose they are, never by a link, and never in a place somebody prepared."""

import os
import pwd
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from db.private import (
    Account,
    UnsafePlaceError,
    check_parents,
    is_private_folder,
    let_pass,
    locked,
    make_parents,
    make_private_folder,
    make_short_private_folder,
    write_private,
)

ROOT = Path(__file__).resolve().parents[2]
ME = Account("me", os.geteuid(), os.getegid())
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user of the machine")


def stranger() -> Account:
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Folders


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_a_folder_is_made_for_its_owner_alone_whatever_the_mask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        make_private_folder(tmp_path / "made", ME)
    finally:
        os.umask(before)
    assert mode(tmp_path / "made") == 0o700
    assert is_private_folder(tmp_path / "made", ME)


@pytest.mark.parametrize("opened", [0o755, 0o710, 0o1777, 0o500])
def test_a_folder_that_is_there_is_closed_and_keeps_what_it_holds(tmp_path: Path, opened: int) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("kept")
    (tmp_path / "kept").chmod(opened)
    make_private_folder(tmp_path / "kept", ME)
    assert mode(tmp_path / "kept") == 0o700
    assert (tmp_path / "kept" / "file").read_text() == "kept"


@NEEDS_ROOT
def test_a_folder_is_its_owners_where_another_made_it_for_them(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "made", stranger())
    assert is_private_folder(tmp_path / "made", stranger())
    assert not is_private_folder(tmp_path / "made", ME)


@NEEDS_ROOT
def test_a_folder_of_another_user_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir(mode=0o755)
    os.chown(tmp_path / "theirs", stranger().uid, -1)
    with pytest.raises(UnsafePlaceError, match="belongs to another user than me"):
        make_private_folder(tmp_path / "theirs", ME)
    assert mode(tmp_path / "theirs") == 0o755


def test_a_link_or_a_file_in_the_folders_place_is_refused_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to(tmp_path / "target")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    for name in ("link", "dangling", "file"):
        with pytest.raises(UnsafePlaceError, match=f"{name} is a link or no folder of ours"):
            make_private_folder(tmp_path / name, ME)
    assert mode(tmp_path / "target") == 0o755
    assert not (tmp_path / "nowhere").exists()


def test_only_a_closed_folder_that_is_no_link_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    assert not is_private_folder(folder, ME)
    folder.mkdir(mode=0o700)
    assert is_private_folder(folder, ME)
    for more in (stat.S_IRGRP, stat.S_IXOTH, stat.S_IWGRP):
        folder.chmod(0o700 | more)
        assert not is_private_folder(folder, ME)
    folder.chmod(0o700)
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").touch(mode=0o600)
    assert not is_private_folder(tmp_path / "link", ME)
    assert not is_private_folder(tmp_path / "file", ME)


@pytest.mark.parametrize(("opened", "used"), [(0o700, True), (0o777, False)])
def test_a_short_folder_lies_in_the_users_own_one_where_that_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: int, used: bool
) -> None:
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    runtime.chmod(opened)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    made = make_short_private_folder(ME)
    try:
        assert is_private_folder(made, ME)
        assert (made.parent == runtime) == used
    finally:
        made.rmdir()


def test_no_short_folder_has_the_name_of_another() -> None:
    made = {make_short_private_folder(ME) for _ in range(5)}
    for each in made:
        each.rmdir()
    assert len(made) == 5


@pytest.mark.parametrize(("opened", "safe"), [(0o755, True), (0o777, False), (0o1777, True), (0o702, False)])
def test_a_place_is_safe_where_strangers_can_not_replace_any_of_its_parents(
    tmp_path: Path, opened: int, safe: bool
) -> None:
    (tmp_path / "parent" / "child").mkdir(parents=True)
    (tmp_path / "parent").chmod(opened)
    place = tmp_path / "parent" / "child" / "place"
    if safe:
        assert check_parents(place) is None  # type: ignore[func-returns-value]
        return
    with pytest.raises(UnsafePlaceError, match=f"everybody may change {tmp_path / 'parent'}; run chmod o-w on it"):
        check_parents(place)


# Files


def test_a_file_is_readable_by_its_owner_alone_and_written_once(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert write_private(path, "one", ME)
    assert (path.read_text(), mode(path)) == ("one", 0o600)
    assert not write_private(path, "one", ME)
    assert write_private(path, "two", ME)
    assert (path.read_text(), list(tmp_path.iterdir())) == ("two", [path])


@pytest.mark.parametrize("same", [True, False])
def test_a_link_in_a_files_place_is_replaced_and_not_written_through(tmp_path: Path, same: bool) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("secret" if same else "of somebody else")
    before = target.read_text()
    link.symlink_to(target)
    assert write_private(link, "secret", ME)
    assert not link.is_symlink()
    assert (link.read_text(), target.read_text()) == ("secret", before)


@NEEDS_ROOT
def test_a_file_is_its_owners_who_may_not_be_who_writes_it(tmp_path: Path) -> None:
    write_private(tmp_path / "theirs", "secret", stranger())
    found = (tmp_path / "theirs").stat()
    assert (found.st_uid, found.st_gid) == (stranger().uid, stranger().gid)


# Locks

HOLDER = """
import sys
from pathlib import Path
from db.private import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""
ASKER = """
import fcntl, sys
with open(sys.argv[1]) as file:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(3)
"""


def is_held(path: Path) -> bool:
    return subprocess.run([sys.executable, "-c", ASKER, str(path)], check=False).returncode == 3


def test_a_lock_is_held_against_other_processes_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(KeyError), locked(path):  # noqa: PT012 - it is given back whatever happens
        assert is_held(path)
        raise KeyError
    assert mode(path) == 0o600
    assert not is_held(path)


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "lock")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_held(tmp_path / "lock")
        holder.kill()
    with locked(tmp_path / "lock"):
        assert is_held(tmp_path / "lock")


def test_no_lock_is_made_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"), locked(tmp_path / "link"):
        pass
    assert not (tmp_path / "elsewhere").exists()


# Passing


def may(account: Account, *command: str) -> bool:
    """Whether that user, with no group but their own, can do this."""
    return not subprocess.run(
        command, user=account.uid, group=account.gid, extra_groups=[], check=False, capture_output=True, cwd="/"
    ).returncode


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A closed folder with an open one in it; what is above it everybody may pass."""
    folder = tmp_path / "closed"
    (folder / "open").mkdir(parents=True)
    (folder / "open").chmod(0o755)
    # However deep the test runner puts it.
    for parent in (tmp_path, *tmp_path.parents):
        if parent == Path(tempfile.gettempdir()):
            break
        parent.chmod(0o755)
    folder.chmod(0o700)
    return folder


@NEEDS_ROOT
def test_one_user_is_let_pass_and_may_not_list_and_nobody_else_is(closed: Path) -> None:
    other = Account("daemon", pwd.getpwnam("daemon").pw_uid, pwd.getpwnam("daemon").pw_gid)
    assert not may(stranger(), "ls", str(closed / "open"))
    assert let_pass(closed / "open", stranger()) == [closed]
    assert may(stranger(), "ls", str(closed / "open"))
    assert not may(stranger(), "ls", str(closed))
    assert not may(stranger(), "touch", str(closed / "new"))
    assert not may(other, "ls", str(closed / "open"))


@NEEDS_ROOT
def test_who_may_pass_already_is_let_pass_without_a_change(closed: Path) -> None:
    assert let_pass(closed, stranger()) == []
    let_pass(closed / "open", stranger())
    assert let_pass(closed / "open", stranger()) == []
    assert let_pass(closed / "open", ME) == []


@NEEDS_ROOT
def test_what_others_could_do_in_a_folder_they_can_do_still_and_no_more(closed: Path) -> None:
    group = Account("group", pwd.getpwnam("daemon").pw_uid, pwd.getpwnam("daemon").pw_gid)
    os.chown(closed, -1, group.gid)
    closed.chmod(0o740)
    assert let_pass(closed / "open", stranger()) == [closed]
    assert may(group, "ls", str(closed)), "the group may list as before"
    assert not may(group, "ls", str(closed / "open")), "and not pass, as before"
    assert not may(stranger(), "ls", str(closed)), "and nobody has the group's rights by it"


@NEEDS_ROOT
def test_a_parent_that_can_not_be_opened_for_one_user_is_refused_and_left_closed(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", unsupported)
    with pytest.raises(UnsafePlaceError, match=f"the user nobody, who can't pass {closed}; run as another user"):
        let_pass(closed / "open", stranger())
    assert mode(closed) == 0o700


@pytest.mark.parametrize("below", ["postgres", "deeper/postgres"])
def test_a_data_folder_that_is_a_file_is_told_at_once(tmp_path: Path, below: str) -> None:
    place = tmp_path / "data"
    place.touch()
    with pytest.raises(UnsafePlaceError, match=r"data(/deeper)? is no folder; name another METRICS_DATA_DIR$"):
        make_parents(place / below)
