"""Annotations as they come in: Grafana's fields, and what is wrong with one said by its place."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.annotations import Annotation
from db.rows import InvalidEventError
from metrics_dash.ingest.formats.statsd import Note
from metrics_dash.ingest.notes import annotation_of, annotation_of_note, as_document, check_note

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
MOMENT = 1_769_860_800_000


def read(**document: Any) -> Annotation:
    return annotation_of({"id": "a", "text": "b", **document}, NOW, YEAR)


def test_every_field_is_read_and_given_back() -> None:
    document = {"id": "a", "time": MOMENT, "timeEnd": MOMENT + 5, "tags": ["x", "y"], "text": "b", "title": "c",
                "url": "https://example.org/?q=1", "source": "deploy"}  # fmt: skip
    assert as_document(read(**document)) == document


def test_text_or_a_title_is_enough_and_it_is_now() -> None:
    said = annotation_of({"title": "a"}, NOW, YEAR)
    assert (said.start, said.end, said.title) == (NOW, NOW, "a")
    assert annotation_of({"text": "a"}, NOW, YEAR).id != said.id


def test_times_may_be_rfc_3339_and_an_id_a_number() -> None:
    said = read(time="2026-01-31T13:00:00+01:00", id=7, timeEnd=0, dashboardUID="x", panelId=1)
    assert (said.start, said.end, said.id) == (NOW, NOW, "7")


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"time": "soon"}, "time"), ({"time": True}, "time"), ({"time": 10**30}, "moment"), ({"time": 1.5}, "time"),
        ({"timeEnd": MOMENT - 1, "time": MOMENT}, "timeEnd"), ({"time": 1}, "time"), ({"time": 10**14}, "time"),
        ({"text": 7}, "text"), ({"text": "x" * 5000}, "text"), ({"text": "a\0"}, "text"),
        ({"title": "\ud800"}, "title"),
        ({"text": ""}, "text"), ({"tags": "x"}, "tags"), ({"tags": [1]}, "tags"), ({"tags": ["x" * 300]}, "tags"),
        ({"tags": ["x"] * 65}, "tags"), ({"url": "javascript:alert(1)"}, "url"), ({"url": "//x"}, "url"),
        ({"url": "http://["}, "url"), ({"url": "https://"}, "url"), ({"id": []}, "id"), ({"color": "red"}, "color"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_its_place(document: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidEventError, match=place):
        read(**document)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["id", "time", "timeEnd", "tags", "text", "title", "url"]), inner)
        ),
    )
)
def test_nothing_but_an_invalid_event_is_raised(document: Any) -> None:  # fmt: skip
    with suppress(InvalidEventError):
        annotation_of(document, NOW, YEAR)


@pytest.mark.parametrize("blank", ["", "  ", "\n\t", "\u3000"])
def test_an_annotation_says_something(blank: str) -> None:
    for document in ({"title": blank}, {"text": blank}, {"title": blank, "text": blank}):
        with pytest.raises(InvalidEventError, match="neither it nor title says anything"):
            annotation_of(document, NOW, YEAR)
    for note in (Note(blank, blank, (), "dogstatsd", None), Note("\0", blank, (), "dogstatsd", NOW)):
        with pytest.raises(InvalidEventError, match="neither it nor title says anything"):
            check_note(note, NOW, YEAR)


@pytest.mark.parametrize("at", [datetime.fromtimestamp(0, UTC), NOW - YEAR - timedelta(seconds=1), NOW + 2 * YEAR])
def test_what_dogstatsd_says_of_a_moment_that_is_not_kept_is_refused_as_anybody_elses(at: datetime) -> None:
    with pytest.raises(InvalidEventError, match="further away than annotations are kept"):
        check_note(Note("a", "b", (), "dogstatsd", at), NOW, YEAR)
    check_note(Note("a", "b", (), "dogstatsd", NOW - YEAR), NOW, YEAR)
    check_note(Note("a", "b", (), "dogstatsd", None), NOW, YEAR)


def test_what_dogstatsd_says_of_a_moment_is_one_annotation_however_often() -> None:
    note = Note("Deployed\0", "x" * 9000, ("team:shop",), "dogstatsd", NOW)
    said = annotation_of_note(note, NOW)
    assert said == annotation_of_note(note, NOW + YEAR)
    assert (said.title, len(said.text), said.tags, said.start) == ("Deployed", 4096, ("team:shop",), NOW)
    without = note._replace(occurred_at=None)
    assert annotation_of_note(without, NOW).id != annotation_of_note(without, NOW).id
