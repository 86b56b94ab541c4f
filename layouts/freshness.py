"""How fresh the picture is and what the controls are set to, in the words of assets/page/: for the page that the server
sends, which is read before any of these scripts has run."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from metrics_dash.charts.data import TabData
from metrics_dash.ops.lag import Lag
from metrics_dash.web.address import PageState

_PAUSED = "Paused"
_A_DATE = re.compile(r"\d{4}-")


@dataclass(frozen=True, slots=True)
class Labels:
    """What stands beside the title (``tone``: ``ok``, ``quiet``, ``warn`` or ``bad``) and on three of the controls."""

    tone: str = "quiet"
    freshness: str = "Connecting…"
    span: str = "Custom…"
    compare: str = "Compare"
    compare_short: str = "Compare"
    refresh: str = ""

    @property
    def is_paused(self) -> bool:
        """Whether the range stands still."""
        return self.refresh == _PAUSED


NO_LABELS = Labels()
"""Of a page that nothing has been asked for yet."""


def labels(
    state: PageState, data: TabData, behind: Lag | None, *, now: datetime, refresh: float, own: str | None
) -> Labels:
    """Return what a page says that shows ``data`` at ``now`` (aware UTC). ``refresh``: seconds where the address names
    none. ``own``: the name of the range where it is no preset."""
    moving = _moves_on(state)
    pace = (refresh if state.refresh is None else state.refresh) if moving else 0
    tone, words = _freshness(data, behind, now, pace)
    shown = {} if own is None else {"span": own}
    if state.compare:
        shown |= {"compare": f"Compare: {state.compare}", "compare_short": f"vs {state.compare}"}
    return Labels(tone, words, refresh=_pace(pace, moving=moving), **shown)


def _freshness(data: TabData, behind: Lag | None, now: datetime, pace: float) -> tuple[str, str]:
    through = f"complete through {_clock(data.complete_through, data.window.zone, now)}"
    if not data.window.live:
        # Of what is over, it is enough that nothing of it is on its way any more.
        known = "complete" if data.window.end <= data.complete_through else through
        return "quiet", f"{'Over' if pace else _PAUSED} · {known}"
    if behind is not None:
        why = "; ".join(behind.reasons)
        late = f"Behind by {duration(behind.behind.total_seconds())}{f': {why}' if why else ''}"
        return "bad" if behind.long else "warn", f"{late} · {through}"
    return ("ok", f"Live · {through}") if pace else ("quiet", f"Refresh is off · {through}")


def _clock(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return ``14:32:05``, with its day where that is not today."""
    then = moment.astimezone(zone)
    return f"{then:%H:%M:%S}" if then.date() == now.astimezone(zone).date() else f"{then:%a %Y-%m-%d %H:%M:%S}"


def duration(seconds: float) -> str:
    """Return ``12 s``, ``4 min``, ``3 h``, ``2 d``."""
    for below, unit, word in ((60, 1, "s"), (3600, 60, "min"), (172_800, 3600, "h")):
        if seconds < below:
            return f"{int(seconds / unit + 0.5)} {word}"
    return f"{int(seconds / 86_400 + 0.5)} d"


def _moves_on(state: PageState) -> bool:
    """Return whether a range ends now, or is named by a word of the calendar: as assets/lib/url.js has it."""
    return (state.to or "now") == "now" and (bool(state.from_) or not _A_DATE.match(state.range))


def _pace(seconds: float, *, moving: bool) -> str:
    if seconds > 0:
        return duration(seconds)
    return "Off" if moving else _PAUSED
