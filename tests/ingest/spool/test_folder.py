"""The spool's files: private, bounded, and whose they are is known from a lock and never from a number."""

import errno
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from metrics_dash.ingest.spool.folder import DAMAGED, Spool, SpoolFullError, SpoolUse, look, read_segment

MOST = 10_000


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "data" / "spool"


def spool(place: Path, most: int = MOST) -> Spool:
    return Spool(place, uuid4(), most)


def test_nothing_is_made_before_something_is_written(place: Path) -> None:
    made = spool(place)
    assert made.adopt() == []
    made.close()
    assert not place.parent.exists()
    assert look(place) == SpoolUse()


def test_files_and_folders_are_their_owners_alone(place: Path) -> None:
    previous = os.umask(0)
    try:
        segment, _ = spool(place).append([b"a"], [1])
    finally:
        os.umask(previous)
    for folder in (place, segment.path.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [path for path in place.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert len(files) == 3


def test_what_is_appended_is_synced_file_and_folders(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    segment, _ = spool(place).append([b"a"], [1])
    assert synced == [place.name, segment.path.parent.name, segment.path.name]


def test_a_full_spool_takes_what_fits_and_refuses_the_rest(place: Path) -> None:
    made = spool(place)
    segment, written = made.append([b"x" * 6000, b"y" * 3000, b"z" * 2000], [1, 2, 4])
    assert (written, segment.events) == (2, 3)
    with pytest.raises(SpoolFullError, match="10,000 bytes"):
        made.append([b"z" * 2000], [4])
    assert look(place).size == 9000


def test_the_bound_holds_for_all_processes_together(place: Path) -> None:
    one, other = spool(place), spool(place)
    one.append([b"x" * 6000], [1])
    with pytest.raises(SpoolFullError):
        other.append([b"x" * 6000], [1])


def test_a_disk_that_is_full_leaves_no_half_record(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = spool(place)
    segment, _ = made.append([b"first"], [1])
    write = os.write

    def fill_up(descriptor: int, data: memoryview) -> int:
        write(descriptor, data[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", fill_up)
    with pytest.raises(OSError, match="No space left"):
        made.append([b"second"], [1])
    monkeypatch.undo()
    assert read_segment(segment) == b"first"
    following, _ = made.append([b"third"], [1])
    assert following is not segment
    assert read_segment(following) == b"third"


def test_a_segment_that_is_long_enough_is_followed_by_another(place: Path) -> None:
    made = spool(place)
    first, second = made.append([b"x" * 2000], [1])[0], made.append([b"x"], [1])[0]
    assert [each.path.name for each in (first, second)] == ["00000001.spool", "00000002.spool"]


def test_what_a_living_process_holds_is_not_taken_over(place: Path) -> None:
    owner = spool(place)
    owner.append([b"a"], [1])
    assert spool(place).adopt() == []
    assert look(place).orphans == 0


WRITER = """
import os, signal, sys, uuid
from pathlib import Path
from metrics_dash.ingest.spool.folder import Spool
Spool(Path(sys.argv[1]), uuid.UUID(sys.argv[2]), 10_000).append([b"left behind"], [1])
os.kill(os.getpid(), signal.SIGKILL)
"""


def leave_behind(place: Path) -> UUID:
    """Let a process write something and be killed."""
    owner = uuid4()
    subprocess.run([sys.executable, "-c", WRITER, place, str(owner)], check=False, cwd=Path.cwd())
    return owner


def test_what_a_killed_process_left_is_taken_over_once(place: Path) -> None:
    owner = leave_behind(place)
    assert look(place).orphans == 1
    heir, late = spool(place), spool(place)
    (segment,) = heir.adopt()
    assert late.adopt() == []
    assert read_segment(segment) == b"left behind"
    assert (segment.events, heir.holds(owner)) == (None, True)
    assert heir.remove(segment) == owner
    assert not heir.holds(owner)


def test_an_empty_folder_that_was_left_is_removed(place: Path) -> None:
    owner = leave_behind(place)
    (place / str(owner) / "00000001.spool").unlink()
    heir = spool(place)
    assert heir.adopt() == []
    assert not heir.holds(owner)


def test_a_forks_child_that_lets_go_leaves_the_lock_with_its_parent(place: Path) -> None:
    parent = spool(place)
    parent.append([b"a"], [1])
    child = os.fork()
    if not child:
        parent.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert spool(place).adopt() == []
    parent.close()
    assert len(spool(place).adopt()) == 1


def test_what_is_damaged_is_set_aside_and_counts_as_room(place: Path) -> None:
    made = spool(place)
    segment, _ = made.append([b"x" * 5000], [1])
    made.rotate()
    made.remove(segment, damaged=True)
    assert look(place) == SpoolUse(5000, 0, 1)
    assert [path.parent.name for path in place.rglob("*.spool")] == [DAMAGED]


def test_a_process_that_stored_everything_leaves_no_folder(place: Path) -> None:
    made = spool(place)
    segment, _ = made.append([b"a"], [1])
    made.remove(segment)
    made.leave()
    assert [path.name for path in place.iterdir()] == ["lock"]


def test_a_folder_that_is_a_link_is_refused(place: Path, tmp_path: Path) -> None:
    place.parent.mkdir()
    place.symlink_to(tmp_path)
    with pytest.raises(OSError, match="is a link"):
        spool(place).append([b"a"], [1])


def test_folders_that_come_and_go_meanwhile_hide_no_other(place: Path) -> None:
    stays = place / "stays"
    stays.mkdir(parents=True)
    (stays / "00000001.spool").write_bytes(b"x" * 100)
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            for number in range(20):
                (place / f"goes-{number}").mkdir(exist_ok=True)
            for number in range(20):
                (place / f"goes-{number}").rmdir()

    coming = threading.Thread(target=come_and_go)
    coming.start()
    try:
        assert {look(place).size for _ in range(2000)} == {100}
    finally:
        over.set()
        coming.join()
