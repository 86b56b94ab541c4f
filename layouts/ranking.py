"""A table of the values of a split: one row for each, with its number, its part of the whole, how it has changed, and
a small line of it.

It is sent as one text, which settles into what stands there (assets/lib/still.js): a tick moves no row that stays, and
neither does it scroll, take the focus away, or end what a screen reader is at.
"""

from dataclasses import replace
from urllib.parse import urlencode

import numpy as np
from dash import html
from dash.development.base_component import Component

from layouts.changes import row_words
from layouts.markup import attributes
from layouts.numbers import THIN_SPACE, change_text
from layouts.sketch import dots, path
from layouts.static import Html, as_html
from layouts.units import DisplayUnit, display_unit
from layouts.words import before_text, filter_text, judgement, refused_text, sign_of
from metrics_dash.catalog import Chart
from metrics_dash.catalog_rules import ADDS_UP
from metrics_dash.charts.aggregates import AGGREGATES
from metrics_dash.charts.data import ChartData, Filter, Series, Values
from metrics_dash.charts.doubts import doubts_row
from metrics_dash.charts.ranking import part_of_whole

NOTHING = "–"
_WIDTH, _HEIGHT = 120, 24
# So many points are as fine as a line of that width can be.
_POINTS = 60
# Of what stands alone, px.
_DOT = 3


def place(chart: Chart) -> html.Section:
    """Return where the rows of a chart stand, and scroll where they are too many."""
    return html.Section(className="ranking", tabIndex="0", **attributes(aria_label=chart.title))


def ranking(data: ChartData) -> html.Div:
    """Return what a chart lists as it travels to its place."""
    return html.Div(hidden=True, **attributes(data_settles=as_html(listed(data))))


def listed(data: ChartData) -> list[Component]:
    """Return the table of a chart, and below it how many of its events were refused."""
    refused = refused_text(data.refused)
    return [table(data), *([html.P(refused, className="refused-foot")] if refused else [])]


def table(data: ChartData) -> html.Table:
    """Return the table alone. All other values are its foot, which stays in sight."""
    unit, shares = display_unit(data), part_of_whole(data)
    rows = [(one.rest, _row(data, one, share, unit)) for one, share in zip(data.series, shares, strict=True)]
    return html.Table(
        [
            html.Caption(_caption(data), className="unseen"),
            html.Thead(html.Tr(_heads(data))),
            html.Tbody([row for rest, row in rows if not rest]),
            html.Tfoot([row for rest, row in rows if rest]),
        ]
    )


def value_label(data: ChartData, one: Series) -> str:
    """Return what a row is called."""
    return data.label(one.name)


def head_labels(data: ChartData) -> tuple[str, str, str]:
    """Return what stands above values, numbers and changes."""
    against = before_text(data.window, data.headline.against)
    return data.chart.split_by or "", AGGREGATES[data.chart.show].label, f"vs {against}"


def share_text(share: float | None) -> str:
    """Return ``34.2 %``; nothing where there is no share."""
    if share is None:
        return ""
    return f"{share * 100:.1f}{THIN_SPACE}%" if share == 0 or share >= 0.001 else f"< 0.1{THIN_SPACE}%"


def _caption(data: ChartData) -> str:
    what, number, _ = head_labels(data)
    return f"{data.chart.title}: {number} by {what}"


def _heads(data: ChartData) -> list[Component]:
    what, number, against = head_labels(data)
    heads: list[Component] = [_head(what, "value", title=what), _head(number, "amount")]
    if data.chart.show in ADDS_UP:
        heads.append(_head("share", "share"))
    return [*heads, _head(against, "moved", title=against), _head(html.Span("trend", className="unseen"), "trend")]


def _head(text: Component | str, kind: str, title: str | None = None) -> html.Th:
    return html.Th(text, className=kind, title=title, **attributes(scope="col"))


def _row(data: ChartData, one: Series, share: float | None, unit: DisplayUnit) -> html.Tr:
    label = value_label(data, one)
    bar = [] if share is None else [html.I(style={"width": f"{share * 100:.2f}%"})]
    cells: list[Component] = [
        html.Th([*bar, *_value(data, one, label)], className="value", title=label, **attributes(scope="row")),
        html.Td(amount_text(data, one, unit), className=_amount(data, one)),
    ]
    if data.chart.show in ADDS_UP:
        cells.append(html.Td(share_text(share) or NOTHING, className="share"))
    return html.Tr([*cells, _moved(data, one), html.Td(_line(data, one), className="trend")])


def _value(data: ChartData, one: Series, label: str) -> list[Component]:
    """Return what a row is called; of one value it leads to the whole tab filtered by it, or by all but it."""
    if one.rest or data.chart.split_by is None:
        return [html.Bdi(label)]
    where = Filter(data.chart.split_by, one.name)
    return [html.Bdi(_filtering(where, label)), _filtering(replace(where, without=True))]


def _filtering(where: Filter, label: str = "") -> html.A:
    """Return a link that assets/page/filter.js follows. Without a label it is no part of the table's text."""
    told = f"Whole tab: {filter_text(where)}"
    more = {} if label else attributes(aria_label=told)
    href = "?" + urlencode({"filter": where.spelled()})
    kind = None if label else "exclude"
    return html.A(label, href=href, title=told, className=kind, **attributes(data_filter=where.spelled()), **more)


def amount_text(data: ChartData, one: Series, unit: DisplayUnit) -> str:
    """Return a row's number, behind the sign that says where it is in doubt."""
    if one.total is None:
        return NOTHING
    return (sign_of(data) if doubts_row(data, one) else "") + unit.text(one.total)


def _amount(data: ChartData, one: Series) -> str:
    return f"amount {data.chart.bounds.verdict(one.total) or ''}".strip()


def _moved(data: ChartData, one: Series) -> html.Td:
    if one.change is None:
        return html.Td(NOTHING, className="moved level")
    kind = f"moved {judgement(one.change, data.chart)}"
    return html.Td(change_text(one.change), className=kind, title=row_words(data, one))


# The small line


def _line(data: ChartData, one: Series) -> Html:
    """Return a series as a line of its own scale, from zero on; what is unfinished is dotted, what stands alone a
    dot."""
    finished = len(one.t)
    if data.unfinished_from is not None:
        finished = int(np.searchsorted(one.t, data.unfinished_from))
    values = np.concatenate([_coarser(one.v[:finished]), one.v[finished:]])
    ends = len(values) - (len(one.v) - finished)
    x = np.rint(np.linspace(0, _WIDTH, len(values))).astype(np.int64)
    y = _up(values)
    rest = max(ends - 1, 0)
    lines = _stroke(path(x[:ends], y[:ends])) + (_stroke(path(x[rest:], y[rest:]), "open") if ends < len(x) else "")
    lines += _stroke(dots(x, y), "lone", f' style="stroke-width:{_DOT}px"')
    shown = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none"'
    return Html(f'<svg aria-hidden="true" {shown}>{lines}</svg>')


def _stroke(line: str, kind: str = "", more: str = "") -> str:
    return f'<path class="{kind}" d="{line}"{more}/>' if line else ""


def _up(values: Values) -> Values:
    finite = values[np.isfinite(values)]
    low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    return np.rint((1 - (values - low) / ((high - low) or 1)) * (_HEIGHT - 2)) + 1


def _coarser(values: Values) -> Values:
    """Return averages of neighbours, so that there are no more points than can be seen."""
    each = -(-len(values) // _POINTS)
    if each <= 1:
        return values
    padded = np.append(values, np.full(-len(values) % each, np.nan)).reshape(-1, each)
    known = np.isfinite(padded)
    sums, many = np.where(known, padded, 0).sum(axis=1), known.sum(axis=1)
    averages: Values = np.divide(sums, many, out=np.full(len(sums), np.nan), where=many > 0)
    return averages
