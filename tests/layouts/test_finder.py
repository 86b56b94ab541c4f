"""What is opened to find something has a name, a field with a label, and a way out."""

from dash import html

from layouts.finder import WORDS, finder, finder_button
from layouts.keys import KEYS
from tests.support.components import attribute, carrying, every, ids, name_of, words

SHEET = finder()


def test_it_is_a_dialog_with_a_name_and_a_labelled_field_that_can_be_closed() -> None:
    assert isinstance(SHEET, html.Dialog)
    assert name_of(SHEET) == WORDS
    (label,) = every(SHEET, html.Label)
    assert attribute(label, "htmlFor") in ids(SHEET)
    (close,) = carrying(SHEET, "data-close")
    assert name_of(close) == "Close"


def test_the_button_and_the_sheet_of_keys_say_by_which_key_it_opens() -> None:
    assert words(finder_button()).endswith("/")
    assert "/" in [key for _, keys in KEYS for key, _ in keys]
