"""The state of the page: what its address says, read once, and nothing kept anywhere else.

A value that can't be read falls back to its default, so that an old or mistyped link still opens a page, and is named
in ``unread``: the page says so, and routes refuse it. A range that can't be read is kept as it stands and refused where
it is used: drawing another one silently would mislead.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar, cast, get_args
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from db.filters import Filter, FilterError, beside, read_filter, together
from metrics_dash.catalog import Catalog, Chart
from metrics_dash.charts.ad_hoc import NO_SPLIT
from metrics_dash.charts.timerange.parse import COMPARISONS, DEFAULT_RANGE, Comparison
from metrics_dash.charts.timerange.steps import Step, find_step
from metrics_dash.setting_values import parse_zone

T = TypeVar("T")

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
AUTO = "auto"
BROWSER_ZONE, SERVER_ZONE = "browser", "server"
_LONGEST_REFRESH = 3600
_MOST_DIGITS = 9
_MOST_PARAMETERS = 100
# What an address may say, and what of it several times.
PARAMETERS: tuple[str, ...] = (
    *("tab", "range", "from", "to", "tz", "res", "compare", "split", "log", "theme", "refresh", "hidden", "filter"),
    *("kiosk", "rotate", "rotate_by", "value"),
)
REPEATED = frozenset({"split", "hidden", "filter"})
_SWITCH = ("1", "0")


@dataclass(frozen=True, slots=True)
class Unread:
    """A parameter that can't be read: its name, what it says, and a sentence that quotes it."""

    name: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class PageState:
    """Everything the address says, by the names it uses (``from_`` for ``from``).

    ``range`` is a length up to now; ``from_`` and ``to``, where given, win over it. ``tz``: ``browser``, ``server`` or
    an IANA name. ``refresh`` and ``rotate`` are seconds, 0 is off; None is the default. ``rotate_by`` is a dimension,
    ``value`` the one of its values that a wall shows now. ``split`` and ``hidden`` are by chart id: a dimension (``-``
    is none), and the names of the series that are switched off. ``filter``: what all charts are filtered by.
    ``unread``: what was passed over.
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
    filter: Filter | None = None
    kiosk: bool = False
    rotate: int | None = None
    rotate_by: str | None = None
    value: str | None = None
    unread: tuple[Unread, ...] = field(default=(), compare=False)

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
        for name in ("tz", "res", "compare", "theme", "refresh", "rotate", "rotate_by", "value"):
            if getattr(self, name) != getattr(defaults, name):
                pairs.append((name, str(getattr(self, name))))
        pairs += [("split", f"{chart}:{dimension}") for chart, dimension in sorted(self.split.items())]
        pairs += [
            ("hidden", f"{chart}:{name}") for chart, names in sorted(self.hidden.items()) for name in sorted(names)
        ]
        if self.filter is not None:
            pairs += [("filter", each.spelled()) for each in self.filter.all()]
        pairs += [(name, "1") for name in ("log", "kiosk") if getattr(self, name)]
        return "?" + urlencode(pairs, safe=":/")


def read_state(search: str | None, catalog: Catalog) -> PageState:
    """Return the state that an address's query (with or without ``?``) describes. Never raises."""
    said = _Parameters(search or "")
    charts = {chart.id: chart for chart in catalog.charts()}
    tabs = [tab.id for tab in catalog.tabs]
    state = PageState(
        tab=said.choice("tab", tabs) or tabs[0],
        range=said.one("range") or DEFAULT_RANGE,
        from_=said.one("from"),
        to=said.one("to"),
        tz=said.parsed("tz", _zone_name) or BROWSER_ZONE,
        res=said.parsed("res", _step) or AUTO,
        compare=cast(Comparison | None, said.choice("compare", COMPARISONS)),
        split=dict(said.by_chart("split", charts, _has_dimension, "its dimensions, such as login-rate:success")),
        log=said.choice("log", _SWITCH) == "1",
        theme=cast(Theme | None, said.choice("theme", THEMES)),
        refresh=said.parsed("refresh", _seconds),
        hidden=_grouped(said.by_chart("hidden", charts, _is_named, "its series, such as login-results:true")),
        filter=_filter(said, _filterable(catalog)),
        kiosk=said.choice("kiosk", _SWITCH) == "1",
        rotate=said.parsed("rotate", _seconds),
        rotate_by=said.choice("rotate_by", _dimensions(charts.values())),
        value=said.exact("value") or None,
    )
    if state.value is not None and state.rotate_by is None:
        said.pass_over("value", state.value, f"{state.value!r} is of no dimension; rotate_by names that")
        state = replace(state, value=None)
    return replace(state, unread=tuple(said.unread))


class _Parameters:
    """A query's parameters. What can't be read is noted in ``unread``."""

    def __init__(self, search: str) -> None:
        self.unread: list[Unread] = []
        try:
            self._values = parse_qs(search.removeprefix("?"), max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            self._values = {}
            self.unread.append(Unread("", "", f"an address has at most {_MOST_PARAMETERS} parameters"))

    def one(self, name: str) -> str | None:
        """Return the last value of that name; None for none."""
        return self.exact(name).strip() or None

    def exact(self, name: str) -> str:
        """Return the last value of that name as it stands."""
        return self._values.get(name, [""])[-1]

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """Return what was chosen of ``allowed``."""
        text = self.one(name)
        if text is None or text in allowed:
            return text
        others = f"use one of {', '.join(allowed)}" if allowed else "there is none"
        self.pass_over(name, text, f"{text!r} is not known; {others}")
        return None

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return what ``parse`` makes of it, which raises ``ValueError``."""
        text = self.one(name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.pass_over(name, text, str(error))
            return None

    def all(self, name: str) -> list[str]:
        """Return every value of that name as it stands."""
        return self._values.get(name, [])

    def by_chart(
        self, name: str, charts: Mapping[str, Chart], fits: Callable[[Chart, str], bool], what: str
    ) -> list[tuple[str, str]]:
        """Return ``login-results:true`` as its two parts, where the chart exists and the other one fits it."""
        found = []
        for text in self.all(name):
            chart, _, other = text.partition(":")
            if chart in charts and fits(charts[chart], other):
                found.append((chart, other))
            else:
                self.pass_over(name, text, f"{text!r} is not a chart and one of {what}")
        return found

    def pass_over(self, name: str, value: str, complaint: str) -> None:
        """Note what can't be read."""
        self.unread.append(Unread(name, value, f"{name}: {complaint}"))


def _dimensions(charts: Iterable[Chart]) -> list[str]:
    return list(dict.fromkeys(name for chart in charts for name in chart.dimensions))


def _filterable(catalog: Catalog) -> list[str]:
    """Return the dimensions of all that is drawn, also of tiles and ratios, which are not split."""
    shown = (catalog.events[name] for chart in catalog.charts() for name in chart.events)
    return list(dict.fromkeys(name for event in shown for name in event.dimensions))


def _filter(said: _Parameters, dimensions: Collection[str]) -> Filter | None:
    """Return all filters that are asked for as one; whatever can't be one is passed over."""
    found: tuple[Filter, ...] = ()
    for text in said.all("filter"):
        try:
            each = read_filter(text)
            if each.dimension in dimensions:
                found = beside(found, each)
            else:
                others = f"use one of {', '.join(dimensions)}" if dimensions else "there is none"
                raise FilterError(f"{each.dimension!r} is not a dimension of these charts; {others}")
        except FilterError as error:
            said.pass_over("filter", text.strip(), str(error))
    return together(found)


def _has_dimension(chart: Chart, dimension: str) -> bool:
    return dimension in chart.dimensions or (dimension == NO_SPLIT and not chart.is_ranking)


def _is_named(_: Chart, series: str) -> bool:
    return bool(series)


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, frozenset[str]]:
    return {chart: frozenset(name for other, name in pairs if other == chart) for chart, _ in pairs}


def _step(text: str) -> str:
    """Return the key of a step, also where it is called by another name. Raises ``RangeError``."""
    step = find_step(text)
    return step.key if step else AUTO


def _seconds(text: str) -> int:
    """Return seconds, 0 for off. Raises ``ValueError``."""
    if text == "off":
        return 0
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is neither a whole number of seconds nor off")
    return min(int(text[:_MOST_DIGITS]), _LONGEST_REFRESH)


def _zone_name(text: str) -> str:
    """Return the name of a zone. Raises ``ValueError`` for one that there is not."""
    if text not in (BROWSER_ZONE, SERVER_ZONE):
        parse_zone(text)
    return text


def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return cast(ZoneInfo, parse_zone(name))
    except ValueError:
        return None
