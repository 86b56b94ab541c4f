"""What somebody says of a moment, in words."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from layouts.annotations import spoken, told
from layouts.figure.annotations import groups
from metrics_dash.charts.data import Annotation
from tests.support.figures import NOON, chart_data

UTC, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
RELEASE = Annotation("1", NOON, NOON, "1.8.0", "is  out\nnow", ("release",), "https://example.org/1.8.0", "ci")
OUTAGE = Annotation("2", NOON + timedelta(minutes=5), NOON + timedelta(minutes=25), "", "Realm 2 down")


def test_annotations_are_spoken_in_the_viewers_zone() -> None:
    assert spoken([], UTC) == ""
    assert spoken([RELEASE], UTC) == "1 annotation: Sat 31 Jan 12:00 1.8.0: is out now"
    assert spoken([RELEASE, OUTAGE], BERLIN) == (
        "2 annotations: Sat 31 Jan 13:00 1.8.0: is out now; Sat 31 Jan 13:05 to 13:25 Realm 2 down"
    )


def test_of_many_the_last_are_spoken() -> None:
    many = [Annotation(str(n), NOON + timedelta(minutes=n), NOON + timedelta(minutes=n), f"n{n}") for n in range(100)]
    said = spoken(many, UTC, most=2)
    assert said == "at least 100 annotations, the last 2: Sat 31 Jan 13:38 n98; Sat 31 Jan 13:39 n99"


def test_the_browser_is_told_all_of_it_as_plain_data() -> None:
    (group,) = told(groups([RELEASE, OUTAGE], chart_data("quests-accepted", [1.0] * 1440).window, 0))
    assert group["at"] == 1769860800000
    first, second = group["notes"]
    assert first == {
        "start": 1769860800000,
        "end": 1769860800000,
        "title": "1.8.0",
        "text": "is  out\nnow",
        "tags": ["release"],
        "url": "https://example.org/1.8.0",
        "source": "ci",
    }
    assert second["end"] - second["start"] == 20 * 60_000
