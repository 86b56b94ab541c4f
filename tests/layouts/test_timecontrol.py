"""When: every button leads somewhere, and every field of the popover is labelled and can be told what is wrong."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from dash import html

import callbacks.steps
from layouts.controls import custom_range
from layouts.timecontrol import STEPS, go_live, steps
from metrics_dash.charts.timerange.parse import parse_range
from tests.support.components import attribute, carrying, every, ids, name_of, with_id, words
from tests.support.figures import NOON
from tests.support.times import window_by_hand

SHEET = custom_range("UTC")
WINDOW = window_by_hand(NOON - timedelta(hours=1), NOON, "1m", ZoneInfo("UTC"))


def test_every_step_is_one_that_the_server_answers() -> None:
    answered = callbacks.steps.steps(WINDOW, NOON)
    assert {key for key, *_ in STEPS} <= answered.keys()
    assert attribute(go_live(), "data-go") in answered


def test_steps_are_named_buttons_in_the_order_of_time() -> None:
    buttons = carrying(steps(), "data-go")
    assert [(attribute(button, "data-go"), name_of(button)) for button in buttons] == [
        ("back", "Earlier"),
        ("forward", "Later"),
        ("out", "Zoom out"),
    ]


def test_the_way_back_to_now_is_hidden_while_the_page_is_live() -> None:
    assert attribute(go_live(), "hidden") is True


def test_every_field_has_a_label() -> None:
    labelled = {attribute(label, "htmlFor"): words(label) for label in every(SHEET, html.Label)}
    assert labelled == {"relative-from": "From", "relative-to": "To", "range-from": "From", "range-to": "To"}
    for field in labelled:
        assert attribute(with_id(SHEET, field), "type") in ("text", "datetime-local")


def test_each_form_has_a_name_a_button_and_a_place_for_what_is_wrong_with_it() -> None:
    for form in every(SHEET, html.Form):
        assert attribute(form, "aria-labelledby") in ids(form)
        assert [words(button) for button in every(form, html.Button)] == ["Apply"]
        assert [part for part in every(form, html.P) if attribute(part, "role") == "alert"]


def test_the_examples_of_the_popover_can_be_read() -> None:
    zone = ZoneInfo("UTC")
    for field in carrying(SHEET, "placeholder"):
        end = "start" if attribute(field, "id") == "relative-from" else "end"
        assert parse_range(**{end: attribute(field, "placeholder")}, now=NOON, zone=zone).length > timedelta(0)
    examples = [words(code) for code in every(SHEET, html.Code)]
    assert len(examples) >= 4
    for example in examples:
        # As assets/page/timecontrol.js reads what is typed: what is counted from now reaches to now.
        typed = {"start": example} if example.startswith("now") else {"length": example}
        assert parse_range(**typed, now=NOON, zone=zone).length > timedelta(0)


def test_the_parts_of_the_popover_are_named_and_in_their_order() -> None:
    assert [words(title) for title in every(SHEET, html.H3)][:4] == ["Recent", "Relative", "Absolute", "Examples"]


def test_what_only_the_browser_remembers_is_hidden_until_there_is_some() -> None:
    assert attribute(with_id(SHEET, "recent"), "hidden") is True
