"""``/api/annotations``: written one at a time, read by range, by whoever may come in."""

from datetime import UTC, datetime

import pytest

from metrics_dash.web.annotations import PATH
from tests.support.web_client import Site


def now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def test_what_is_written_is_read_and_an_id_is_one(open_site: Site) -> None:
    for text in ("Season 2", "Season 3"):
        answer = open_site.client.post(PATH, json={"id": "season", "text": text, "tags": ["release"]})
        assert (answer.status_code, answer.json) == (200, {"id": "season", "message": "Annotation added"})
    (found,) = open_site.client.get(f"{PATH}?from={now() - 60_000}&to={now() + 60_000}&tags=release").json
    assert (found["text"], found["tags"]) == ("Season 3", ["release"])
    assert open_site.client.get(f"{PATH}?from={now() + 60_000}&to={now() + 90_000}").json == []
    assert open_site.client.get(f"{PATH}?tags=other").json == []


def test_one_without_an_id_is_told_its_own(open_site: Site) -> None:
    ids = [open_site.client.post(PATH, json={"text": "a"}).json["id"] for _ in range(2)]  # type: ignore[index]
    assert {each["id"] for each in open_site.client.get(PATH).json} == set(ids)  # type: ignore[union-attr]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"text": 7}', b'{"text": "a", "url": "javascript:x"}'])
def test_what_is_no_annotation_is_one_line(open_site: Site, body: bytes) -> None:
    answer = open_site.client.post(PATH, data=body)
    assert answer.status_code == 400
    assert list(answer.json or {}) == ["error"]


def test_a_long_body_is_refused(open_site: Site) -> None:
    assert open_site.client.post(PATH, data=b" " * 70_000).status_code == 413


@pytest.mark.parametrize("asked", ["from=soon", "to=9" + "9" * 15, "limit=0", "limit=1001", "limit=x", "limit=\u0663"])
def test_a_question_that_cant_be_read_is_refused(open_site: Site, asked: str) -> None:
    answer = open_site.client.get(f"{PATH}?{asked}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["parameter"] == asked.partition("=")[0]
