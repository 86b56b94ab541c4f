"""Keys: each does one thing, and all of them stand on the sheet."""

from dash import html

from layouts.keys import KEYS, RANGE_KEYS, keys_button, keys_sheet, range_choices
from metrics_dash.charts.timerange.parse import PRESETS
from tests.support.components import attribute, every, ids, name_of, with_id, words

SHEET = keys_sheet()


def test_no_key_stands_on_the_sheet_twice() -> None:
    keys = [key for _, group in KEYS for key, _ in group] + [f"t {key}" for key in RANGE_KEYS]
    assert len(keys) == len(set(keys))


def test_a_key_is_one_character_so_that_typing_text_can_be_told_from_it() -> None:
    assert {len(key) for key in RANGE_KEYS} == {1}


def test_every_preset_has_a_key_of_its_own() -> None:
    assert sorted(RANGE_KEYS.values()) == sorted(preset.key for preset in PRESETS)
    assert {choice["range"]: choice["title"] for choice in range_choices()} == {
        preset.key: preset.title for preset in PRESETS
    }
    assert [choice["key"] for choice in range_choices()] == list(RANGE_KEYS)


def test_the_sheet_says_what_every_key_does() -> None:
    rows = dict(zip(every(SHEET, html.Dt), every(SHEET, html.Dd), strict=True))
    said = {"".join(words(caps) for caps in every(key, html.Kbd)): words(meaning) for key, meaning in rows.items()}
    for _, group in KEYS:
        for key, meaning in group:
            assert said["".join(part for part in key.split(" ") if part != "–")] == meaning
    for preset in PRESETS:
        assert preset.title in said.values()


def test_the_sheet_is_a_dialog_with_a_name_that_can_be_closed_and_switched_off() -> None:
    assert isinstance(SHEET, html.Dialog)
    assert words(with_id(SHEET, attribute(SHEET, "aria-labelledby"))) == "Keyboard"
    assert name_of(with_id(SHEET, "keys-close")) == "Close"
    assert attribute(with_id(SHEET, "keys-switch"), "aria-pressed") == "true"


def test_the_button_says_that_a_dialog_opens_and_by_which_key() -> None:
    button = keys_button()
    assert attribute(button, "aria-haspopup") == "dialog"
    assert words(button) == "Keyboard?"
    assert attribute(button, "id") not in ids(SHEET)
