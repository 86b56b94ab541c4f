"""What a failure means for the next try."""

import psycopg
import pytest

from db.deadlines import NoAnswerError
from metrics_dash.ingest.outage import LAST_RETRY_SECONDS, LASTING_FAILURES, PROBE_SECONDS, Outage


def outage() -> Outage:
    """One whose pauses are the longest that they may be, at second 100."""
    return Outage(lambda: 100.0, lambda low, high: high)


def lost() -> Exception:
    return psycopg.OperationalError("the connection is lost")


def test_pauses_grow_to_a_limit() -> None:
    one, pauses = outage(), []
    for _ in range(9):
        one.note(lost(), hurried=False)
        pauses.append(one.not_before - 100)
    assert pauses == [0.5, 1, 2, 4, 8, 16, LAST_RETRY_SECONDS, LAST_RETRY_SECONDS, LAST_RETRY_SECONDS]


def test_who_stops_waits_no_longer_than_at_first() -> None:
    one = outage()
    for _ in range(5):
        one.note(lost(), hurried=True)
    assert one.not_before == 100.5


def test_several_failures_in_a_row_last() -> None:
    one = outage()
    for number in range(1, LASTING_FAILURES + 1):
        one.note(lost(), hurried=False)
        assert one.lasts == (number == LASTING_FAILURES)


@pytest.mark.parametrize("error", [psycopg.errors.UndefinedTable("gone"), NoAnswerError("no answer")])
def test_a_broken_schema_lasts_at_once_and_so_does_silence(error: Exception) -> None:
    one = outage()
    one.note(error, hurried=False)
    assert one.lasts


def test_a_broken_schema_is_probed_evenly() -> None:
    one = outage()
    for _ in range(3):
        one.note(psycopg.errors.UndefinedTable("gone"), hurried=False)
    assert one.not_before == 100 + PROBE_SECONDS


def test_the_end_of_an_outage_forgets_it() -> None:
    one = outage()
    for _ in range(4):
        one.note(lost(), hurried=False)
    assert one.failure == "OperationalError: the connection is lost"
    one.end()
    assert (one.failure, one.failures, one.lasts) == (None, 0, False)
