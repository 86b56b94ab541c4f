"""Answers in JSON: what Python holds, as it is, and in nobody's cache."""

from datetime import UTC, datetime

import numpy as np
import orjson
import pytest

from metrics_dash.web.answers import json_answer


def test_numbers_of_any_library_and_moments_are_written_and_gaps_are_null() -> None:
    answer = json_answer(
        {"v": np.array([1.5, np.nan]), "n": np.int64(7), 1: "one", "at": datetime(2026, 1, 31, 12, tzinfo=UTC)}
    )
    assert orjson.loads(answer.data) == {
        "v": [1.5, None],
        "n": 7,
        "1": "one",
        "at": "2026-01-31T12:00:00+00:00",
    }


@pytest.mark.parametrize("status", [200, 403, 503])
def test_no_cache_keeps_an_answer_whatever_it_is(status: int) -> None:
    answer = json_answer({"error": "é"}, status)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.decode() == '{"error":"é"}'


def test_headers_are_added_and_the_mapping_that_they_come_from_stays() -> None:
    headers = {"Retry-After": "5"}
    assert json_answer({}, 503, headers).headers["Retry-After"] == "5"
    assert headers == {"Retry-After": "5"}
