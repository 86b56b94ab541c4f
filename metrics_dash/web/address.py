"""The state of the page: what its address says, read once, and nothing kept anywhere else.

A value that can't be read falls back to its default, so that an old or mistyped link still opens a page. A range that
can't be read is kept as it stands and refused where it is used: drawing another one silently would mislead.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast, get_args
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from metrics_dash.catalog import Catalog
from metrics_dash.charts.ad_hoc import NO_SPLIT
from metrics_dash.charts.timerange.parse import COMPARISONS, DEFAULT_RANGE, Comparison, RangeError
from metrics_dash.charts.timerange.steps import Step, find_step
from metrics_dash.setting_values import parse_zone

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
AUTO = "auto"
BROWSER_ZONE, SERVER_ZONE = "browser", "server"
_LONGEST_REFRESH = 3600


@dataclass(frozen=True, slots=True)
class PageState:
    """Everything the address says, by the names it uses (``from_`` for ``from``).

    ``range`` is a length up to now; ``from_`` and ``to``, where given, win over it. ``tz``: ``browser``, ``server`` or
    an IANA name. ``refresh`` and ``rotate`` are seconds, 0 is off; None is the default. ``split`` and ``hidden`` are by
    chart id: a dimension (``-`` is none), and the names of the series that are switched off.
    """

    tab: str
    range: str = DEFAULT_RANGE
    from_: str | None = None
    to: str | None = None
    tz: str = BROWSER_ZONE
    res: str = AUTO
    compare: Comparison | None = None
    split: Mapping[str, str] = field(default_factory=dict)
    log: bool = False
    theme: Theme | None = None
    refresh: int | None = None
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)
    kiosk: bool = False
    rotate: int | None = None

    def zone(self, *, browser: str | None, server: ZoneInfo) -> ZoneInfo:
        """Return the zone of axes and days. ``browser``: the viewer's IANA zone, as the page reported it."""
        name = {BROWSER_ZONE: browser, SERVER_ZONE: server.key}.get(self.tz, self.tz)
        return _zone(name) or _zone(browser) or server

    @property
    def step(self) -> Step | None:
        """The step that was chosen; None leaves it to the length of the range."""
        return find_step(self.res)

    def query(self) -> str:
        """Return the address's query, ``?tab=auth&range=24h``: everything that is not the default."""
        pairs: list[tuple[str, str]] = [("tab", self.tab)]
        if self.from_ or self.to:
            pairs += [(name, text) for name, text in (("from", self.from_), ("to", self.to)) if text]
        else:
            pairs.append(("range", self.range))
        defaults = PageState(tab=self.tab)
        for name in ("tz", "res", "compare", "theme", "refresh", "rotate"):
            if getattr(self, name) != getattr(defaults, name):
                pairs.append((name, str(getattr(self, name))))
        pairs += [("split", f"{chart}:{dimension}") for chart, dimension in sorted(self.split.items())]
        pairs += [
            ("hidden", f"{chart}:{name}") for chart, names in sorted(self.hidden.items()) for name in sorted(names)
        ]
        pairs += [(name, "1") for name in ("log", "kiosk") if getattr(self, name)]
        return "?" + urlencode(pairs, safe=":/")


def read_state(search: str | None, catalog: Catalog) -> PageState:
    """Return the state that an address's query (with or without ``?``) describes. Never raises."""
    try:
        values = parse_qs((search or "").removeprefix("?"), max_num_fields=100)
    except ValueError:
        values = {}

    def one(name: str, allowed: Collection[str] | None = None) -> str | None:
        text = values.get(name, [""])[-1].strip()
        return text if text and (allowed is None or text in allowed) else None

    tabs = [tab.id for tab in catalog.tabs]
    charts = {chart.id: chart for chart in catalog.charts()}
    splits = _by_chart(values.get("split", []), charts)
    return PageState(
        tab=one("tab", tabs) or tabs[0],
        range=one("range") or DEFAULT_RANGE,
        from_=one("from"),
        to=one("to"),
        tz=one("tz") or BROWSER_ZONE,
        res=_step(one("res")),
        compare=cast(Comparison | None, one("compare", COMPARISONS)),
        split={
            chart: dimension
            for chart, dimension in splits
            if dimension in charts[chart].dimensions or dimension == NO_SPLIT
        },
        log=one("log") == "1",
        theme=cast(Theme | None, one("theme", THEMES)),
        refresh=_seconds(one("refresh")),
        hidden=_grouped(_by_chart(values.get("hidden", []), charts)),
        kiosk=one("kiosk") == "1",
        rotate=_seconds(one("rotate")),
    )


def _by_chart(texts: Sequence[str], charts: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return ``login-results:true`` as its two parts, where the chart exists."""
    parts = [text.partition(":") for text in texts]
    return [(chart, name) for chart, colon, name in parts if colon and name and chart in charts]


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, frozenset[str]]:
    return {chart: frozenset(name for other, name in pairs if other == chart) for chart, _ in pairs}


def _step(text: str | None) -> str:
    """Return the key of a step, also where it is called by another name; ``auto`` where it can't be read."""
    try:
        step = find_step(text or AUTO)
    except RangeError:
        return AUTO
    return step.key if step else AUTO


def _seconds(text: str | None) -> int | None:
    if text == "off":
        return 0
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return min(int(text), _LONGEST_REFRESH)


def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return cast(ZoneInfo, parse_zone(name))
    except ValueError:
        return None
