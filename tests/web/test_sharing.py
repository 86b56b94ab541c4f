"""Figures of several processes: they add up, never go back, and a full disk costs no more than news."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from metrics_dash.web.sharing import SharedFigures, make_folder, retire


class Worker:
    """A process's figures, as the others see them, without the process."""

    def __init__(self, folder: Path, pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stored, self.waiting, self.healthy = 0, 0, 1
        monkeypatch.setattr(os, "getpid", lambda: pid)
        self.figures = SharedFigures(folder, self.collect)

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("metrics_dash_events_stored", "Stored.", value=self.stored)
        yield GaugeMetricFamily("metrics_dash_events_waiting", "Waiting.", value=self.waiting)
        yield GaugeMetricFamily("metrics_dash_healthy", "Healthy.", value=self.healthy)

    def told(self) -> dict[str, float]:
        return {sample.name: sample.value for family in self.figures.added_up() for sample in family.samples}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "figures")


@pytest.fixture
def two(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Worker, Worker]:
    return Worker(folder, 101, monkeypatch), Worker(folder, 102, monkeypatch)


STORED, WAITING, HEALTHY = "metrics_dash_events_stored_total", "metrics_dash_events_waiting", "metrics_dash_healthy"


def test_whoever_is_asked_tells_of_all(two: tuple[Worker, Worker]) -> None:
    one, other = two
    one.stored, one.waiting, other.stored, other.waiting = 10_301, 3, 25_853, 4
    other.figures.publish()
    assert one.told() == other.told() == {STORED: 36_154, WAITING: 7, HEALTHY: 1}


def test_one_that_is_not_healthy_is_not_outvoted(two: tuple[Worker, Worker]) -> None:
    one, other = two
    other.healthy = 0
    other.figures.publish()
    assert one.told()[HEALTHY] == 0


def test_counters_of_those_that_ended_stay_and_their_gauges_go(two: tuple[Worker, Worker], folder: Path) -> None:
    one, other = two
    other.stored, other.waiting = 5, 9
    other.figures.publish()
    one.stored = 1
    before = one.told()
    retire(folder, 102)
    after = one.told()
    assert (before[STORED], after[STORED]) == (6, 6)
    assert (before[WAITING], after[WAITING]) == (9, 0)
    retire(folder, 102)
    assert one.told()[STORED] == 6


def test_who_ends_while_the_figures_are_added_up_is_counted_once(
    two: tuple[Worker, Worker], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    other.stored = 5
    other.figures.publish()
    # Between the two steps of ending: the counters have moved, the file still stands.
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    retire(folder, 102)
    assert one.told()[STORED] == 5


def test_a_pid_that_comes_again_adds_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        worker = Worker(folder, 101, monkeypatch)
        worker.stored = 2
        worker.figures.publish()
        retire(folder, 101)
    assert Worker(folder, 102, monkeypatch).told()[STORED] == 6


def test_a_full_disk_leaves_the_figures_of_before(
    two: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = two
    one.stored = 7
    one.figures.publish()
    one.stored = 8

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert one.told()[STORED] == one.told()[STORED] == 7
    assert [record.getMessage() for record in caplog.records] == [
        "the figures of this process can't be written: No space left on device"
    ]


def test_the_folder_is_private_and_those_of_servers_that_are_gone_are_removed(tmp_path: Path) -> None:
    parent = tmp_path / "figures"
    abandoned = parent / "server-abandoned"
    mine = make_folder(parent)
    abandoned.mkdir()
    (abandoned / "alive").touch()
    other = make_folder(parent)
    assert {each.name for each in parent.glob("server-*")} == {mine.name, other.name}
    assert {each.stat().st_mode & 0o777 for each in (parent, mine, other)} == {0o700}
