"""The header's controls: links that can be reached and lead where they say."""

import pytest
from dash import dcc, html

from layouts.controls import choice, controls, hidden_components, menu
from metrics_dash.charts.timerange.parse import COMPARISONS, PERIODS, PRESETS
from metrics_dash.charts.timerange.steps import STEP_KEYS
from metrics_dash.web.address import PageState, read_state
from tests.support.components import attribute, carrying, every, ids, name_of, with_id, words
from tests.support.figures import CATALOG

HEADER = controls("Europe/Berlin")


def chosen(name: str) -> dict[str, PageState]:
    """What the address says after each choice of a parameter, by the choice's words."""
    links = [link for link in carrying(HEADER, "data-set") if attribute(link, "data-set").startswith(f"{name}=")]
    return {words(link): read_state(attribute(link, "data-set"), CATALOG) for link in links}


def test_every_choice_is_a_link_that_works_without_a_script() -> None:
    choices = carrying(HEADER, "data-set")
    assert choices
    for link in choices:
        assert isinstance(link, html.A)
        assert attribute(link, "href") == "?" + attribute(link, "data-set")
        assert name_of(link)


def test_every_range_can_be_chosen_and_none_leaves_an_old_one_in_the_address() -> None:
    named = {preset.title: preset.key for preset in PRESETS} | {title: key for key, (title, *_) in PERIODS.items()}
    expected = {preset.key: preset.key for preset in PRESETS} | named
    assert {words: state.range for words, state in chosen("range").items()} == expected
    for preset in PRESETS:
        assert attribute(with_id(HEADER, f"range-{preset.key}"), "data-set") == f"range={preset.key}&from=&to="


def test_every_step_and_comparison_can_be_chosen_and_taken_back() -> None:
    assert [state.res for state in chosen("res").values()] == ["auto", *STEP_KEYS]
    assert [state.compare for state in chosen("compare").values()] == [None, *COMPARISONS]


def test_a_refresh_is_what_its_words_say() -> None:
    assert {words: state.refresh for words, state in chosen("refresh").items()} == {
        "Off": 0,
        "5 s": 5,
        "10 s": 10,
        "30 s": 30,
        "1 min": 60,
    }


def test_the_servers_zone_is_offered_where_it_is_another() -> None:
    assert [state.tz for state in chosen("tz").values()] == ["browser", "UTC", "server"]
    assert "Server’s, Europe/Berlin" in chosen("tz")
    assert "tz-server" not in ids(controls("UTC"))


def test_a_menu_opens_without_a_script_and_says_what_it_is() -> None:
    opened = menu("share", "Save or share", [html.Span("Export")], [choice("CSV", "format=csv")])
    summary, sheet = opened.children
    assert isinstance(opened, html.Details)
    assert isinstance(summary, html.Summary)
    assert words(summary) == "Save or share: Export"
    assert words(sheet) == "CSV"
    assert words(menu("m", "", [html.Span("Compare")], []).children[0]) == "Compare"


def test_everything_that_is_pressed_has_a_name_and_every_id_is_its_own() -> None:
    pressed = [part for part in every(HEADER) if isinstance(part, html.Button | html.A)]
    assert [part for part in pressed if not name_of(part)] == []
    known = ids(HEADER)
    assert len(known) == len(set(known))


def test_what_is_added_to_the_header_comes_last() -> None:
    assert controls("UTC", html.Div(id="last")).children[-1].id == "last"


@pytest.mark.parametrize(("seconds", "milliseconds"), [(5, 5000), (0.5, 500)])
def test_the_clock_of_the_refresh_ticks_in_milliseconds(seconds: float, milliseconds: int) -> None:
    (tick,) = every(hidden_components(seconds), dcc.Interval)
    assert attribute(tick, "interval") == milliseconds


def test_what_has_no_look_has_nothing_to_read() -> None:
    parts = hidden_components(5)
    assert words(parts) == ""
    seen = [part for part in parts if not isinstance(part, dcc.Location | dcc.Interval | dcc.Store)]
    assert [part.hidden for part in seen] == [True]
    assert "url" in ids(parts)
