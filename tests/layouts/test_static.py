"""Components as HTML text: the same elements that Dash would make, and every text a text."""

from typing import Any

import dash_bootstrap_components as dbc
import pytest
from dash import dcc, html

from layouts.markup import attributes
from layouts.static import Html, as_html, still


def test_elements_have_their_attributes_as_html_names_them() -> None:
    link = html.A(["one", 2], href="?a=1&b=2", className="x y", tabIndex="-1", id="here", **attributes(data_set="a=1"))
    assert as_html(link) == '<a id="here" class="x y" href="?a=1&amp;b=2" tabindex="-1" data-set="a=1">one2</a>'


def test_what_is_true_stands_alone_and_what_is_not_is_left_out() -> None:
    assert as_html(html.Div(None, hidden=True)) == "<div hidden></div>"
    assert as_html(html.Div("", hidden=False)) == "<div></div>"


def test_a_style_is_written_as_css() -> None:
    assert as_html(html.I(style={"--icon": "url(x)", "zIndex": 3})) == '<i style="--icon:url(x);z-index:3"></i>'


def test_fields_are_elements_that_end_at_once() -> None:
    said = as_html([dbc.Input(type="hidden", name="token", value="a", debounce=False), "b"])
    assert sorted(said.removesuffix(">b").split()) == ["<input", 'name="token"', 'type="hidden"', 'value="a"']


def test_what_has_no_look_is_nothing() -> None:
    assert as_html([dcc.Store(id="a"), dcc.Graph(id="b"), None]) == ""


def test_an_id_that_only_dash_knows_is_no_id() -> None:
    assert as_html(html.P("a", id={"type": "state", "chart": "b"})) == "<p>a</p>"


@pytest.mark.parametrize(
    "text", ["</p><script>evil()</script>", '"><img src=x onerror=evil()>', "'&amp;", "{%config%}"]
)
def test_text_is_text_within_an_element_and_an_attribute(text: str) -> None:
    said = as_html(html.P(text, title=text))
    assert said.startswith('<p title="')
    assert said.count("<") == 2
    assert said.count('"') == 2
    assert "{%" not in said


def test_what_is_html_already_stays_as_it_is() -> None:
    assert as_html(html.P(Html("<b>1</b>"))) == "<p><b>1</b></p>"


def test_what_stands_still_is_an_attribute_of_its_element_in_which_text_is_text() -> None:
    part: Any = html.Header(**still(html.H2("<b>1</b>"), None, html.Button("Save", hidden=True)))
    assert part.to_plotly_json()["props"] == {
        "data-still": "<h2>&lt;b&gt;1&lt;/b&gt;</h2><button hidden>Save</button>",
        "children": None,
    }
