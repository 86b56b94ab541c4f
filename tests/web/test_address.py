"""The address and the state it describes: each gives the other back, and nothing that is mistyped breaks a page."""

from dataclasses import fields
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.filters import Filter
from metrics_dash.catalog import load_catalog
from metrics_dash.web.address import PARAMETERS, REPEATED, PageState, read_state

CATALOG = load_catalog()
BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")


def test_an_address_has_a_parameter_for_all_that_a_state_says() -> None:
    assert {each.name.rstrip("_") for each in fields(PageState)} - {"unread"} == set(PARAMETERS)
    assert set(PARAMETERS) > REPEATED


def test_an_empty_address_is_the_first_tab_and_the_last_24_hours() -> None:
    state = read_state("", CATALOG)
    assert (state.tab, state.range, state.from_, state.compare) == ("server", "24h", None, None)


def test_an_address_says_everything() -> None:
    state = read_state(
        "?tab=auth&from=now-6h&to=now&tz=Europe/Berlin&res=hour&compare=week&log=1&theme=dark&refresh=30"
        "&split=login-rate:success&hidden=login-results:false&hidden=login-results:true&kiosk=1&rotate=20"
        "&rotate_by=zone&value=Deep Woods&filter=!zone:Deep Woods",
        CATALOG,
    )
    assert state == PageState(
        tab="auth",
        from_="now-6h",
        to="now",
        tz="Europe/Berlin",
        res="1h",
        compare="week",
        split={"login-rate": "success"},
        log=True,
        theme="dark",
        refresh=30,
        hidden={"login-results": frozenset({"true", "false"})},
        kiosk=True,
        rotate=20,
        rotate_by="zone",
        value="Deep Woods",
        filter=Filter("zone", "Deep Woods", without=True),
    )


@pytest.mark.parametrize(
    "search",
    [
        "?tab=auth",
        "?tab=combat&from=now-7d/d&to=now/d&compare=day&log=1",
        "?tab=auth&hidden=login-results:a b:c&kiosk=1",
        "?tab=auth&kiosk=1&rotate_by=success&value= a %26 b",
        "?tab=auth&filter=zone: a %26 !b, c:d/e+%2B",
        "?tab=auth&filter=!success:true",
        "?tab=auth&filter=zone:",
        "?tab=auth&filter=zone:a&filter=!success:true&filter=!realm:1&filter=!realm:2",
    ],
)
def test_a_state_can_be_written_and_read_back(search: str) -> None:
    state = read_state(search, CATALOG)
    assert read_state(state.query(), CATALOG) == state


@given(st.text())
def test_no_address_breaks_the_page(search: str) -> None:
    assert read_state(search, CATALOG).tab in {tab.id for tab in CATALOG.tabs}


@given(
    st.dictionaries(
        st.sampled_from(["tab", "range", "tz", "res", "compare", "refresh", "hidden", "split", "filter"]), st.text()
    )
)
def test_no_value_breaks_the_page(values: dict[str, str]) -> None:
    search = "?" + "&".join(f"{name}={value}" for name, value in values.items())
    state = read_state(search, CATALOG)
    assert state.zone(browser="Mars/Olympus", server=UTC)


@pytest.mark.parametrize(
    ("res", "step"),
    [("minute", "1m"), ("5min", "5m"), ("6h", "6h"), ("week", None), ("1w", "1w"), ("1M", "1M"), ("7m", None)],
)
def test_a_step_has_one_name_however_it_was_called(res: str, step: str | None) -> None:
    state = read_state(f"?res={res}", CATALOG)
    assert (state.step.key if state.step else None) == step
    assert read_state(state.query(), CATALOG) == state


def test_an_unknown_chart_or_dimension_is_passed_over() -> None:
    state = read_state("?split=nothing:success&split=login-rate:realm&hidden=nothing:x&hidden=login-rate", CATALOG)
    assert (state.split, state.hidden) == ({}, {})


@pytest.mark.parametrize(
    ("search", "text"),
    [
        ("?tab=nowhere", "tab: 'nowhere' is not known; use one of server, auth, gameplay, combat"),
        ("?tz=Mars/Olympus", "tz: 'Mars/Olympus' is not a time zone such as UTC or Europe/Berlin"),
        ("?compare=year", "compare: 'year' is not known; use one of period, day, week"),
        ("?res=7m", "res: '7m' is not a step; use one of"),
        ("?theme=pink", "theme: 'pink' is not known; use one of light, dark"),
        ("?refresh=often", "refresh: 'often' is neither a whole number of seconds nor off"),
        ("?log=yes", "log: 'yes' is not known; use one of 1, 0"),
        ("?split=login-rate:colour", "split: 'login-rate:colour' is not a chart and one of its dimensions"),
        ("?rotate_by=colour", "rotate_by: 'colour' is not known; use one of success, realm, zone, "),
        ("?filter=colour:red", "filter: 'colour' is not a dimension of these charts; use one of success, realm, zone"),
        ("?filter=zone", "filter: 'zone' is not a dimension and its value, such as zone:north, or !zone:north"),
        ("?filter=zone:__other__", "filter: '__other__' is not counted by itself"),
        ("?filter=zone:a&filter=zone:b", "filter: 'zone:b' can't hold beside 'zone:a'"),
        ("?filter=zone:a&filter=!zone:b", "filter: '!zone:b' can't hold beside 'zone:a'"),
        ("?" + "&".join(f"filter=!zone:{n}" for n in range(5)), "filter: at most 4 filters hold at once"),
        ("?value=north", "value: 'north' is of no dimension; rotate_by names that"),
        ("?hidden=nothing:x", "hidden: 'nothing:x' is not a chart and one of its series"),
        ("?" + "a=b&" * 101, "an address has at most 100 parameters"),
    ],
)
def test_what_can_not_be_read_is_named(search: str, text: str) -> None:
    (unread,) = read_state(search, CATALOG).unread
    assert unread.text.startswith(text)
    assert unread.value in search


def test_of_a_readable_address_nothing_is_unread() -> None:
    search = "?tab=auth&tz=browser&res=auto&refresh=off&log=0&split=login-results:-&hidden=login-rate:a:b&unknown=1"
    assert read_state(search, CATALOG).unread == ()


def test_refresh_may_be_off() -> None:
    assert read_state("?refresh=off", CATALOG).refresh == 0


@pytest.mark.parametrize(
    ("tz", "zone"),
    [("browser", "Asia/Tokyo"), ("server", "Europe/Berlin"), ("UTC", "UTC"), ("Nowhere/At_All", "Asia/Tokyo")],
)
def test_the_zone_is_the_viewer_s_the_server_s_or_a_named_one(tz: str, zone: str) -> None:
    state = PageState(tab="server", tz=tz)
    assert state.zone(browser="Asia/Tokyo", server=BERLIN).key == zone
