"""Somebody takes a chart away without the page: tables as CSV, and a chart as PNG for reports that nobody looks at.

The routes take the page's own query string, so that an address of the page becomes one of these by its path alone.
Unlike the page they refuse what they can't read: a report must not show something else silently.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Flask, Response, request

from layouts.export.about import Fact, about_chart, facts, hidden_fact, metadata, with_own
from layouts.export.png import with_text
from layouts.export.standalone import Captions, graph_width, standalone_figure
from layouts.figure.annotations import groups
from layouts.figure.figures import Figure
from layouts.figure.room import bars_within
from layouts.figure.traces import FigureStyle, split_values
from metrics_dash.catalog import Tab
from metrics_dash.charts.data import ChartData, TabData
from metrics_dash.charts.exports import chart_csv, file_name, tab_csv
from metrics_dash.charts.visible import count_visible
from metrics_dash.web.address import PageState
from metrics_dash.web.context import Context
from metrics_dash.web.paths import BASE_PATH
from metrics_dash.web.problems import AGAIN_SOON, ProblemError
from metrics_dash.web.sight import check_range
from routes.asked import asked_state, check_parameters, whole
from routes.names import chart_of, tab_of
from routes.rendering import Renderer

WIDTHS, HEIGHTS = (480, 2400), (320, 1600)
DEFAULT_SIZE = (960, 540)


def register(server: Flask, context: Context, renderer: Renderer | None = None) -> None:
    """Register the three routes below the page's path."""
    exports = Exports(context, renderer or Renderer(seconds=2 * context.settings.refresh_interval))
    server.add_url_rule(f"{BASE_PATH}export/<tab_id>.csv", "export_tab", exports.tab_csv)
    server.add_url_rule(f"{BASE_PATH}chart/<chart_id>.csv", "export_chart", exports.chart_csv)
    server.add_url_rule(f"{BASE_PATH}chart/<chart_id>.png", "chart_image", exports.chart_png)


@dataclass(frozen=True)
class ExportRequest:
    """A tab's data for one request, and what its address said."""

    state: PageState
    data: TabData

    def chart(self, chart_id: str) -> ChartData:
        return self.data.chart(chart_id)

    def hidden(self, chart_id: str) -> frozenset[str]:
        """Return the series that are switched off; of one value that a filter leaves, none."""
        return self.state.hidden.get(chart_id, frozenset()) if self.chart(chart_id).only is None else frozenset()

    def style(self, chart_id: str, width: int) -> FigureStyle:
        theme = self.state.theme or "light"
        hidden = self.hidden(chart_id)
        values = split_values(self.data.charts)
        return FigureStyle(theme=theme, logarithmic=self.state.log, hidden=hidden, width=width, values=values)

    def link(self) -> str:
        """Return the query of the page that shows this very range."""
        window = self.data.window
        fixed = replace(self.state, from_=_text(window.start), to=_text(window.end), tz=window.zone.key)
        unattended = replace(fixed, refresh=None, kiosk=False, rotate=None, rotate_by=None, value=None)
        return replace(unattended, tab=self.data.tab.id).query()


@dataclass(frozen=True)
class Exports:
    """The routes' work. Every method raises ``ProblemError``: 400 for the query, 404 for the path, 503 for
    the database."""

    context: Context
    renderer: Renderer

    def tab_csv(self, tab_id: str) -> Response:
        """Return all charts of a tab in one table."""
        check_parameters()
        taken = self._take(tab_of(self.context.catalog, tab_id, self.context.viewer()))
        for chart in taken.data.charts:
            _check(chart)
        return _csv(tab_csv(taken.data, taken.state.hidden), file_name(tab_id, None, taken.data.window, "csv"))

    def chart_csv(self, chart_id: str) -> Response:
        """Return one chart as a table."""
        tab = self._tab_of(chart_id)
        check_parameters()
        taken = self._take(tab)
        chart = taken.chart(chart_id)
        _check(chart)
        text = chart_csv(chart, taken.data.compare, taken.hidden(chart_id), taken.data.annotations)
        return _csv(text, file_name(tab.id, chart_id, taken.data.window, "csv"))

    def chart_png(self, chart_id: str) -> Response:
        """Return one chart as a picture that stands alone, of twice ``width`` × ``height`` pixels; 501 without
        Kaleido."""
        tab = self._tab_of(chart_id)
        check_parameters("width", "height")
        size = whole("width", DEFAULT_SIZE[0], WIDTHS), whole("height", DEFAULT_SIZE[1], HEIGHTS)
        taken = self._take(tab, bars=bars_within(graph_width(size[0])))
        picture = self._picture(taken, chart_id, size)
        key = f"{chart_id}|{size}|{picture.link}|{self.context.queries.now().timestamp()}"
        image = self.renderer.image(key, picture.figure)
        response = Response(with_text(image, picture.metadata(self.context.clock())), mimetype="image/png")
        name = file_name(tab.id, chart_id, taken.data.window, "png", taken.state.theme or "light")
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
        response.headers["Cache-Control"] = "no-store"
        return response

    def _picture(self, taken: ExportRequest, chart_id: str, size: tuple[int, int]) -> "Picture":
        chart = taken.chart(chart_id)
        about = about_chart(chart, taken.data)
        known = with_own(facts(taken.data, demo=self.context.demo()), about["facts"])
        known += hidden_fact(taken.hidden(chart_id))
        link = request.host_url.rstrip("/") + BASE_PATH + taken.link()
        style = taken.style(chart_id, graph_width(size[0]))
        return Picture(taken.data, chart, style, Captions(about, known, link), size)

    def _tab_of(self, chart_id: str) -> Tab:
        catalog = self.context.catalog
        return catalog.tab_of(chart_of(catalog, chart_id, self.context.viewer()).id)

    def _take(self, tab: Tab, *, bars: int | None = None) -> ExportRequest:
        """Return the data of a tab for the query of the present request, in the server's zone where it names none."""
        state = asked_state(self.context)
        queries = self.context.queries
        zone = state.zone(browser=None, server=self.context.settings.timezone)
        moment = queries.moment()
        window = queries.window(state.range, start=state.from_, end=state.to, zone=zone, step=state.step, moment=moment)
        check_range(self.context.viewer(), window)
        self.context.record("export", request.path.removeprefix(BASE_PATH))
        split, where = state.split or None, state.filter
        data = queries.tab(tab.id, window, compare=state.compare, split=split, where=where, bars=bars, moment=moment)
        return ExportRequest(state, count_visible(data, state.hidden))


@dataclass(frozen=True)
class Picture:
    """A chart on its way to a picture of ``size`` (px, at single scale)."""

    data: TabData
    chart: ChartData
    style: FigureStyle
    captions: Captions
    size: tuple[int, int]

    @property
    def link(self) -> str:
        return self.captions.link

    def figure(self) -> Figure:
        noted = groups(self.data.annotations, self.data.window, self.style.width)
        return standalone_figure(self.chart, self.chart.refused, self.style, self.captions, *self.size, noted)

    def metadata(self, made: datetime) -> Mapping[str, str]:
        known: list[Fact] = list(self.captions.facts)
        headline = " ".join(text for _, text in self.captions.chart["headline"])
        return metadata(f"{self.chart.chart.title} · {self.data.tab.title}", headline, known, self.link, made)


def _check(chart: ChartData) -> None:
    """Refuse a chart that can't be read: its table would look like one without events."""
    if chart.state == "failing":
        raise ProblemError(503, f"{chart.chart.id}: {chart.error or 'its buckets can’t be read'}", headers=AGAIN_SOON)


def _csv(text: str, name: str) -> Response:
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _text(moment: datetime) -> str:
    whole = "seconds" if not moment.microsecond else "microseconds"
    return moment.isoformat(timespec=whole).replace("+00:00", "Z")
