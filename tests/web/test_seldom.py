"""What every request meets is told once a minute, with how many met it."""

import logging

import pytest

from metrics_dash.web.seldom import EVERY_SECONDS, Seldom


def test_the_first_is_told_at_once_and_the_others_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    moments = [0.0, 1.0, 2.0, EVERY_SECONDS, EVERY_SECONDS + 1, 3 * EVERY_SECONDS]
    seldom = Seldom(logging.getLogger("test.seldom"), clock=iter(moments).__next__)
    for _ in moments:
        seldom.warn("%s: away", "/path")
    assert [record.getMessage() for record in caplog.records] == [
        "/path: away",
        "/path: away (and 2 more since the last such line)",
        "/path: away (and 1 more since the last such line)",
    ]
