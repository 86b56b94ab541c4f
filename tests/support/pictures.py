"""A tab of a winter's night in Berlin, for what pictures say about themselves."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image

from metrics_dash.charts.data import ChartData, Headline, TabData
from tests.support.figures import CATALOG, chart_data
from tests.support.times import window_by_hand

START, END = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 1, 6, tzinfo=UTC)
WINDOW = window_by_hand(START, END, "1m", ZoneInfo("Europe/Berlin"))
LINK = "http://127.0.0.1:8050/admin/metrics/?tab=auth"


def auth_tab(**more: Any) -> TabData:
    """Log-ins, their results (split), and session starts that were never seen, compared with the day before."""
    charts = (
        _chart("login-rate", [72.0], headline=Headline(72.0, "total")),
        _chart("login-results", [48.0], [24.0], names=("true", "false"), headline=Headline(72.0, "total")),
        replace(_chart("session-starts", [0.0]), series=(), state="never_seen"),
    )
    tab = TabData(CATALOG.tab("auth"), WINDOW, charts, END, compare="day")
    return replace(tab, **more)


def _chart(chart_id: str, *values: list[float], **more: Any) -> ChartData:
    return replace(chart_data(chart_id, *values, **more), window=WINDOW)


def blank_png() -> bytes:
    """The smallest picture that viewers take."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(file, "PNG")
    return file.getvalue()


def notes(figure: dict[str, Any]) -> list[str]:
    """The lines of text in a figure."""
    return [note["text"] for note in figure["layout"]["annotations"]]
