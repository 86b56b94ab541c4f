"""Where a step through time leads: changes of the address, worked out where zones and days are known."""

from datetime import datetime

from metrics_dash.charts.timerange.parse import PRESETS, TimeRange, parse_range, step, zoom_out
from metrics_dash.charts.timerange.windows import Window

Changes = dict[str, str]

# A step forward that ends this close to now means now: while one looks at the past, the present moves on.
_CLOSE_TO_NOW = 1 / 20


def steps(window: Window, now: datetime) -> dict[str, Changes]:
    """Return what ``◀``, ``▶``, zooming out, pausing and going live do to the address. Live is as long as the range
    was."""
    return {
        "back": address_of(step(window.asked, -1, now, window.zone), now, window),
        "forward": address_of(_forward(window, now), now, window),
        "out": address_of(zoom_out(window.asked, now), now, window),
        "live": address_of(TimeRange(now - window.asked.length, now, live=True), now, window),
        "pause": address_of(TimeRange(window.asked.start, window.asked.end), now, window),
    }


def _forward(window: Window, now: datetime) -> TimeRange:
    span = step(window.asked, 1, now, window.zone)
    if span.end > now - span.length * _CLOSE_TO_NOW:
        return TimeRange(now - span.length, now, live=True)
    return span


def address_of(span: TimeRange, now: datetime, window: Window) -> Changes:
    """Return a span as the address says it: a preset or a relative start while it is live, else two moments."""
    if not span.live:
        return {"range": "", "from": _text(span.start), "to": _text(span.end)}
    for preset in PRESETS:
        if parse_range(preset.key, now=now, zone=window.zone).length == span.length:
            return {"range": preset.key, "from": "", "to": ""}
    return {"range": "", "from": f"now-{max(1, round(span.length.total_seconds() / 60))}m", "to": "now"}


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
