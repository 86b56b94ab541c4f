"""What stands on the page for walls only."""

from dash import html

from layouts.wall import release_note, strip
from tests.support.components import attribute, every, ids, words


def test_the_strip_is_empty_until_a_wall_fills_it_and_is_never_read_out() -> None:
    assert words(strip()) == ""
    assert attribute(strip(), "aria-hidden") == "true"
    assert ids(strip()) == ["wall-next", "wall-clock"]
    assert len(list(every(strip(), html.Time))) == 1


def test_a_new_version_is_offered_only_once_there_is_one() -> None:
    note = release_note()
    assert attribute(note, "hidden") is True
    assert words(note) == "A new version is ready — reload"
