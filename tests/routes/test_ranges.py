"""A typed range is read before it is drawn, by the reading that draws it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from db.engine import Database
from metrics_dash.web.paths import BASE_PATH
from tests.support.web_client import page_client

PATH = f"{BASE_PATH}range.json"


def read(client: FlaskClient, **query: str) -> dict[str, Any]:
    answer = client.get(PATH, query_string={name.rstrip("_"): text for name, text in query.items()})
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def test_two_moments_are_read_as_they_stand_and_are_not_live(client: FlaskClient) -> None:
    answer = read(client, from_="2026-02-01T12:00:00+01:00", to="2026-02-01T12:00:00Z")
    assert moment(answer["start"]) == datetime(2026, 2, 1, 11, tzinfo=UTC)
    assert moment(answer["end"]) == datetime(2026, 2, 1, 12, tzinfo=UTC)
    assert answer["live"] is False


def test_a_range_that_ends_now_is_live(client: FlaskClient) -> None:
    answer = read(client, from_="now-6h", to="now")
    assert moment(answer["end"]) - moment(answer["start"]) == timedelta(hours=6)
    assert answer["live"] is True


def test_days_begin_in_the_viewers_zone_unless_the_address_names_another(client: FlaskClient) -> None:
    typed = {"from_": "now-7d/d", "to": "now-6d/d", "zone": "Asia/Kathmandu"}
    assert moment(read(client, **typed)["start"]).strftime("%H:%M") == "18:15"
    assert moment(read(client, **typed, tz="UTC")["start"]).strftime("%H:%M") == "00:00"


def test_plain_words_are_read_too(client: FlaskClient) -> None:
    answer = read(client, range="yesterday", zone="Asia/Kathmandu")
    assert moment(answer["end"]) - moment(answer["start"]) == timedelta(days=1)
    assert moment(answer["start"]).strftime("%H:%M") == "18:15"
    assert answer["live"] is False


def test_the_servers_zone_is_that_of_its_settings(database: Database) -> None:
    served = page_client(database, timezone="Asia/Kathmandu")
    answer = read(served, from_="now-7d/d", to="now-6d/d", zone="Europe/Berlin", tz="server")
    assert moment(answer["start"]).strftime("%H:%M") == "18:15"


@pytest.mark.parametrize(
    ("query", "quoted"),
    [
        ({"from": "tomorrow", "to": "now"}, "from: 'tomorrow' is not a moment"),
        ({"from": "now-1h", "to": "soon"}, "to: 'soon' is not a moment"),
        ({"from": "now", "to": "now-1h"}, "its start is not before its end"),
        ({"from": "now-1h", "tz": "Mars/Olympus"}, "tz: 'Mars/Olympus' is not a time zone"),
    ],
)
def test_what_can_not_be_read_is_refused_in_one_line_that_quotes_it(
    client: FlaskClient, query: dict[str, str], quoted: str
) -> None:
    answer = client.get(PATH, query_string=query)
    assert answer.status_code == 400
    assert answer.json is not None
    assert quoted in answer.json["error"]
    assert "\n" not in answer.json["error"]


def test_a_zone_that_is_none_is_refused_by_name(client: FlaskClient) -> None:
    answer = client.get(PATH, query_string={"from": "now-1d", "to": "now", "zone": "Mars/Olympus"})
    assert answer.status_code == 400
    assert answer.json["error"] == "zone: 'Mars/Olympus' is not a time zone such as UTC or Europe/Berlin"
