"""Pictures of charts that the server makes for reports: what they say, what they cost, and what if it can make none."""

import importlib.util
import io
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from db.engine import Database
from db.events import insert_events
from layouts.theme import SERIES, TOKENS
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.web.address import Theme
from routes.rendering import Renderer, RenderingBusyError, RenderingFailedError, draw

PAGE = "/admin/metrics/"
START, END = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 1, 6, tzinfo=UTC)
QUERY = {"from": "2026-02-01T00:00:00Z", "to": "2026-02-01T06:00:00Z", "tz": "Europe/Berlin"}


@pytest.fixture
def logins(database: Database) -> None:
    """A login every five minutes for six hours, every third of them a failure."""
    insert_events(
        [
            {
                "event_name": "bezgelor.auth.login_complete",
                "measurements": {"duration_ms": 100},
                "metadata": {"success": number % 3 != 0},
                "occurred_at": START + timedelta(minutes=5 * number),
            }
            for number in range(72)
        ],
        database=database,
    )
    roll_up_all(database)


# The route


@pytest.mark.parametrize(
    ("path", "query", "status", "said"),
    [
        ("chart/nope.png", {}, 404, "there is no chart 'nope'"),
        ("chart/login-rate.png", {"range": "soon"}, 400, "'soon'"),
        ("chart/login-rate.png", {"theme": "pink"}, 400, "theme: 'pink'"),
        ("chart/login-rate.png", {"width": "99999"}, 400, "width: '99999' is not a whole number from 480 to 2400"),
        ("chart/login-rate.png", {"height": "-1"}, 400, "height: '-1'"),
    ],
)
def test_a_question_for_no_picture_is_refused_in_one_line(
    client: FlaskClient, path: str, query: dict[str, str], status: int, said: str
) -> None:
    answer = client.get(PAGE + path, query_string=query)
    assert (answer.status_code, answer.mimetype) == (status, "text/plain")
    assert said in answer.text


def test_without_kaleido_the_answer_says_how_to_get_it(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kaleido", None)
    answer = client.get(f"{PAGE}chart/login-rate.png", query_string=QUERY)
    assert answer.status_code == 501
    assert answer.text.count("\n") == 1
    assert "pip install -r requirements-export.txt" in answer.text


def test_without_a_browser_the_answer_says_so_and_none_is_downloaded(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    chromium = pytest.importorskip("choreographer.browsers.chromium").Chromium
    monkeypatch.setattr(chromium, "find_browser", classmethod(lambda *_, **__: None))
    answer = client.get(f"{PAGE}chart/login-rate.png", query_string=QUERY)
    assert answer.status_code == 501
    assert "BROWSER_PATH" in answer.text


@pytest.mark.skipif(importlib.util.find_spec("kaleido") is None, reason="needs Kaleido")
def test_a_browser_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "chromium"
    silent.write_text("#!/bin/sh\nexec sleep 600\n")
    silent.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(silent))
    with pytest.raises(RenderingFailedError):
        draw({"data": [], "layout": {}}, seconds=0.5)


def _can_render() -> bool:
    if importlib.util.find_spec("kaleido") is None:
        return False
    from choreographer.browsers.chromium import Chromium

    return Chromium.find_browser(skip_local=False) is not None


@pytest.mark.browser
@pytest.mark.skipif(not _can_render(), reason="needs Kaleido and a Chromium")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_picture_is_made_without_a_viewer(client: FlaskClient, logins: None, theme: Theme) -> None:
    query = QUERY | {"theme": theme, "width": "800", "height": "450", "hidden": "login-results:nobody"}
    answer = client.get(f"{PAGE}chart/login-results.png", query_string=query)
    assert answer.status_code == 200, answer.text
    look = "-dark" if theme == "dark" else ""
    name = f"auth_login-results_2026-02-01T07-00_6h{look}.png"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{name}"'
    image = Image.open(io.BytesIO(answer.data))
    assert image.size == (1600, 900)
    assert image.text["Title"] == "Login Success/Failure · Auth"
    assert image.text["Split"] == "split by success"
    assert image.text["Hidden series"] == "hidden: nobody"
    assert "from=2026-02-01T00:00:00Z&to=2026-02-01T06:00:00Z&tz=Europe/Berlin" in image.text["Source"]
    colours = {f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in _colours(image)}
    assert {TOKENS[theme]["surface"], SERIES[theme][1], SERIES[theme][2]} <= colours


def _colours(image: Image.Image) -> set[tuple[int, int, int]]:
    pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    return {tuple(int(part) for part in colour) for colour in np.unique(pixels, axis=0)}  # type: ignore[misc]


# What it costs


def test_a_picture_is_made_once_a_tick_however_many_ask() -> None:
    made: list[Any] = []

    def drawing(figure: Any) -> bytes:
        made.append(figure)
        return b"image"

    renderer = Renderer(seconds=60, drawing=drawing, waiting=8)
    with ThreadPoolExecutor(8) as pool:
        images = list(pool.map(lambda _: renderer.image("same", dict), range(8)))
    assert images == [b"image"] * 8
    assert len(made) == 1


def test_pictures_are_made_one_at_a_time_and_few_may_wait() -> None:
    at_work, go_on = threading.Event(), threading.Event()
    together: list[int] = []
    inside = threading.Semaphore(1)

    def drawing(_: Any) -> bytes:
        together.append(inside.acquire(blocking=False))
        at_work.set()
        assert go_on.wait(30)
        inside.release()
        return b"image"

    renderer = Renderer(seconds=60, drawing=drawing, waiting=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(renderer.image, "first", dict)
        assert at_work.wait(30)
        with pytest.raises(RenderingBusyError):
            renderer.image("second", dict)
        go_on.set()
        assert first.result(30) == b"image"
    assert renderer.image("second", dict) == b"image"
    assert all(together)


def test_a_picture_that_failed_is_tried_again() -> None:
    answers = iter([OSError("gone"), b"image"])

    def drawing(_: Any) -> bytes:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    renderer = Renderer(seconds=60, drawing=drawing)
    with pytest.raises(OSError, match="gone"):
        renderer.image("same", dict)
    assert renderer.image("same", dict) == b"image"
