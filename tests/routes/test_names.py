"""Ids in a path: what they name, or what there is instead."""

import pytest

from metrics_dash.auth.permissions import LOCAL
from metrics_dash.web.problems import ProblemError
from routes.names import chart_of, tab_of
from tests.support.figures import CATALOG


def test_every_chart_and_tab_of_the_catalog_is_found_by_its_id() -> None:
    for tab in CATALOG.tabs:
        assert tab_of(CATALOG, tab.id, LOCAL) is tab
    for chart in CATALOG.charts():
        assert chart_of(CATALOG, chart.id, LOCAL) is chart


@pytest.mark.parametrize("unknown", ["nope", "", "auth"])
def test_an_unknown_chart_is_not_found_and_all_there_are_are_named(unknown: str) -> None:
    with pytest.raises(ProblemError) as error:
        chart_of(CATALOG, unknown, LOCAL)
    assert error.value.status == 404
    assert str(error.value).startswith(f"there is no chart {unknown!r}; there are ")
    assert all(chart.id in str(error.value) for chart in CATALOG.charts())


@pytest.mark.parametrize("unknown", ["nope", "", "login-rate"])
def test_an_unknown_tab_is_not_found_and_all_there_are_are_named(unknown: str) -> None:
    with pytest.raises(ProblemError) as error:
        tab_of(CATALOG, unknown, LOCAL)
    assert error.value.status == 404
    assert str(error.value) == f"there is no tab {unknown!r}; there are server, auth, gameplay, combat"


def test_a_long_id_is_not_sent_back_whole() -> None:
    with pytest.raises(ProblemError) as error:
        chart_of(CATALOG, "x" * 5000, LOCAL)
    assert str(error.value).startswith(f"there is no chart '{'x' * 80}…'; there are ")
