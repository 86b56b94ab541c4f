"""The address drives the page: what triggers what in the browser, and that there is somebody to obey."""

import re
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, html

from callbacks.navigate import NAMESPACE, register

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@pytest.fixture
def wires() -> dict[str, Any]:
    """The callbacks that run in the browser, by the function that they call."""
    app = Dash("wired", suppress_callback_exceptions=True)
    app.layout = html.Div()
    register(app)
    app._setup_server()
    return {wire["clientside_function"]["function_name"]: wire for wire in app._callback_list}


def triggers(wire: Any) -> list[str]:
    return [f"{one['id']}.{one['property']}" for one in wire["inputs"]]


def test_every_function_that_is_called_is_one_of_the_pages_scripts(wires: dict[str, Any]) -> None:
    scripts = "\n".join(path.read_text() for path in ASSETS.rglob("*.js"))
    assert {wire["clientside_function"]["namespace"] for wire in wires.values()} == {NAMESPACE}
    assert wires
    for name in wires:
        assert re.search(rf"\bcallbacks\.{name} =", scripts), name


def test_a_question_is_planned_when_the_address_changes_and_on_every_tick(wires: dict[str, Any]) -> None:
    assert triggers(wires["plan"]) == ["url.search", "tick.n_intervals"]
    assert wires["plan"]["output"] == "request.data"
    assert wires["plan"]["state"] == []
    assert not wires["plan"]["prevent_initial_call"]


def test_the_pace_of_the_refresh_stands_in_the_address(wires: dict[str, Any]) -> None:
    assert triggers(wires["pace"]) == ["url.search"]
    assert wires["pace"]["output"] == "..tick.interval...tick.disabled.."


def test_a_theme_recolours_what_is_drawn_and_only_once_it_changes(wires: dict[str, Any]) -> None:
    assert triggers(wires["recolour"]) == ["theme.data"]
    assert wires["recolour"]["prevent_initial_call"]


def test_nothing_is_asked_of_each_card_by_itself(wires: dict[str, Any]) -> None:
    assert "MATCH" not in str(wires), "a callback for each card costs Dash more than drawing it"
    assert "restyleData" not in str(wires), "what is switched off, the address says, and no graph"
