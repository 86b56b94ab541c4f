"""A batch that somebody waits for: the answer says whether it may be sent again, and is never guessed."""

import threading
from uuid import uuid4

import pytest

from metrics_dash.ingest.submission import NotCommittedError, Submission


def submission(*, withdrawn: bool = False) -> Submission:
    """A submission that nobody has written; ``withdrawn``: it can still be taken back."""
    return Submission(uuid4(), lambda _: withdrawn)


def test_a_batch_that_was_withdrawn_in_time_may_be_sent_again() -> None:
    with pytest.raises(NotCommittedError, match="not stored within 0 s, and withdrawn") as error:
        submission(withdrawn=True).wait(0)
    assert error.value.cancelled


def test_of_a_batch_that_is_being_written_nothing_is_known() -> None:
    with pytest.raises(NotCommittedError, match="not known to be stored within 0 s") as error:
        submission().wait(0)
    assert not error.value.cancelled


def test_only_the_batch_that_is_waited_for_is_withdrawn() -> None:
    asked: list[Submission] = []
    waiting = Submission(uuid4(), lambda one: not asked.append(one))
    with pytest.raises(NotCommittedError):
        waiting.wait(0)
    assert asked == [waiting]


def test_looking_whether_it_is_settled_withdraws_nothing() -> None:
    withdrawals: list[Submission] = []
    waiting = Submission(uuid4(), lambda one: not withdrawals.append(one))
    assert not waiting.settled(0)
    assert not waiting.settled(-1)
    assert withdrawals == []


def test_one_that_settles_while_it_is_being_withdrawn_is_stored() -> None:
    """The collector was quicker: it holds the batch, so it can't be taken back, and settles it meanwhile."""

    def too_late(one: Submission) -> bool:
        one._done.set()
        return False

    waiting = Submission(uuid4(), too_late)
    waiting.wait(0)
    assert waiting.settled(0)


def test_whoever_waits_is_woken_by_the_fate() -> None:
    waiting = submission()
    woken: list[bool] = []
    thread = threading.Thread(target=lambda: woken.append(waiting.settled(30)))
    thread.start()
    waiting._done.set()
    thread.join(30)
    assert woken == [True]
