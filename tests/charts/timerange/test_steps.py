"""Steps by name: what the address and the API call them, and what they are in words."""

from datetime import timedelta

import pytest

from metrics_dash.charts.timerange.parse import RangeError
from metrics_dash.charts.timerange.steps import DAY, HOUR, MINUTE, STEP_KEYS, STEPS, Step, find_step


def test_every_step_is_found_by_its_key() -> None:
    assert " ".join(STEP_KEYS) == "1m 2m 5m 10m 15m 30m 1h 2h 3h 6h 12h 1d 1w 1M"
    assert [find_step(key) for key in STEP_KEYS] == list(STEPS)


@pytest.mark.parametrize(("name", "step"), [("minute", MINUTE), ("hour", HOUR), ("day", DAY), ("1min", MINUTE)])
def test_a_level_s_step_answers_to_the_level_s_name(name: str, step: Step) -> None:
    assert find_step(name) is step


def test_auto_is_no_step() -> None:
    assert find_step("auto") is None


@pytest.mark.parametrize("text", ["", "7m", "1mo", "week", "60m", "auto ", "1D"])
def test_what_is_no_step_is_quoted_with_those_there_are(text: str) -> None:
    with pytest.raises(RangeError, match="auto, minute, hour, day, 1m, 2m") as problem:
        find_step(text, "res")
    assert problem.value.parameter == "res"
    assert repr(text) in str(problem.value)


def test_steps_grow_and_minutes_divide_the_hour_and_hours_the_day() -> None:
    assert [step.length for step in STEPS] == sorted(step.length for step in STEPS)
    for step in STEPS:
        whole = timedelta(hours=1) if step.unit == "m" else timedelta(days=1) if step.unit == "h" else step.length
        assert not whole % step.length


@pytest.mark.parametrize(
    ("key", "adjective", "plural"),
    [("1m", "1-minute", "minutes"), ("5m", "5-minute", "5-minute buckets"), ("1w", "1-week", "weeks")],
)
def test_a_step_in_words(key: str, adjective: str, plural: str) -> None:
    step = find_step(key)
    assert step is not None
    assert (step.adjective, step.plural) == (adjective, plural)
