"""What the doctor says of the disk behind the buffer."""

from pathlib import Path
from uuid import uuid4

import pytest

from metrics_dash.ingest.spool import folder
from metrics_dash.ingest.spool.folder import Spool
from metrics_dash.ops.finding import Verdict
from metrics_dash.ops.spool import spool
from metrics_dash.settings import Settings


def settings(tmp_path: Path, **values: object) -> Settings:
    return Settings(data_dir=tmp_path, **values)  # type: ignore[arg-type]


def test_an_empty_one_is_good_and_says_its_bound(tmp_path: Path) -> None:
    found = spool(settings(tmp_path))
    assert (found.verdict, found.text) == (Verdict.GOOD, "0 of 256 MiB in use")
    assert not (tmp_path / "spool").exists()


def test_one_that_is_off_says_what_that_means(tmp_path: Path) -> None:
    found = spool(settings(tmp_path, spool_size="0"))
    assert found.verdict is Verdict.GOOD
    assert found.text.startswith("off: ")


def test_one_that_is_nearly_full_is_bad(tmp_path: Path) -> None:
    Spool(tmp_path / "spool", uuid4(), 2**20).append([bytes(900_000)], [1])
    found = spool(settings(tmp_path, spool_size="1MiB"))
    assert (found.verdict, found.text) == (Verdict.BAD, "0.9 of 1 MiB in use")
    assert "METRICS_SPOOL_SIZE" in found.remedy


def test_what_was_left_behind_is_worth_a_look(tmp_path: Path) -> None:
    gone = Spool(tmp_path / "spool", uuid4(), 2**20)
    gone.append([b"a"], [1])
    gone.close()
    found = spool(settings(tmp_path))
    assert found.verdict is Verdict.WORTH_A_LOOK
    assert "a process that is gone has left events" in found.text


def test_wrong_bytes_are_worth_a_look(tmp_path: Path) -> None:
    one = Spool(tmp_path / "spool", uuid4(), 2**20)
    segment, _ = one.append([b"a"], [1])
    one.remove(segment, damaged=True)
    found = spool(settings(tmp_path))
    assert found.verdict is Verdict.WORTH_A_LOOK
    assert "1 file holds bytes that are wrong" in found.text


def test_a_folder_that_can_t_be_written_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder.os, "access", lambda path, mode: False)
    found = spool(settings(tmp_path, spool_dir=tmp_path / "other"))
    assert found.verdict is Verdict.BAD
    assert "METRICS_SPOOL_DIR" in found.remedy


def test_a_process_that_only_reads_needs_none(tmp_path: Path) -> None:
    assert "not used" in spool(settings(tmp_path, role="web")).text
