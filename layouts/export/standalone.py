"""A chart as a picture that stands alone: its figure with title and headline above it and what it shows below.

For pictures that the server makes; assets/share/picture.js composes the same in the browser. Text is wrapped by an
estimate of its width that errs on the wide side, so that none is cut off.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from layouts.export.about import AboutChart, Fact
from layouts.export.ranked import ranked_figure, ranked_height
from layouts.figure import figures
from layouts.figure.annotations import Group
from layouts.figure.figures import Figure
from layouts.figure.labels import plain
from layouts.figure.room import MARGIN_LEFT, MARGIN_RIGHT, left_of
from layouts.figure.traces import FigureStyle
from layouts.theme import FONT, TOKENS
from metrics_dash.charts.data import ChartData, Interval
from metrics_dash.web.address import Theme

PADDING = 28
LEAST_PLOT = 140
_EM = 0.6
"""An average character's width as a part of its size; a little more than the page's fonts take."""
_LEFT = PADDING + 40
_LEGEND = 26
_TICKS = 44
_TONES = {"met": "ok", "warned": "warn"}


@dataclass(frozen=True, slots=True)
class Captions:
    """What stands around the chart: ``chart`` above it, ``facts`` and ``link`` below."""

    chart: AboutChart
    facts: Sequence[Fact]
    link: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, ``top`` px below the upper edge of its block."""

    text: str
    size: int
    colour: str
    top: int
    bold: bool = False


def graph_width(width: int) -> int:
    """Return how wide a graph on the page would have as much room for its plot as the picture has."""
    return width - _LEFT - PADDING + MARGIN_LEFT + MARGIN_RIGHT


def standalone_figure(
    data: ChartData,
    refused: Sequence[Interval],
    style: FigureStyle,
    captions: Captions,
    width: int,
    height: int,
    noted: Sequence[Group] = (),
) -> Figure:
    """Return the picture as a figure of ``width`` × ``height`` px; taller where the text leaves the chart too little
    room."""
    room = width - 2 * PADDING
    head, head_height = _head(captions.chart, room, style.theme)
    foot, foot_height = _foot(captions, room, style.theme)
    top = PADDING + head_height + (_LEGEND if len(data.series) > 1 else 8)
    bottom = _TICKS + foot_height + PADDING
    listed = data.chart.is_ranking and data.state == "data"
    height = max(height, top + (ranked_height(data) if listed else LEAST_PLOT) + bottom)
    if listed:
        drawn = ranked_figure(data, style.theme, room, PADDING - _LEFT)
    else:
        drawn = figures.figure(data, refused, style, noted)
    layout = drawn["layout"]
    axis = layout["yaxis"]
    # Said here: where Plotly finds it out, the texts, which begin so far from the plot, move along.
    axis["automargin"] = False
    left = max(_LEFT, left_of(axis.get("ticktext") or ()))
    margin = {"l": left, "r": PADDING, "t": top, "b": bottom}
    notes = [_note(line, top - PADDING - line.top, 1, margin) for line in head]
    notes += [_note(line, -_TICKS - line.top, 0, margin) for line in foot]
    layout |= {
        "width": width,
        "showlegend": len(data.series) > 1 and not listed,
        "height": height,
        "margin": margin,
        "paper_bgcolor": TOKENS[style.theme]["surface"],
        "annotations": [*layout["annotations"], *notes, *_state(captions.chart.get("state", []), style.theme)],
    }
    return drawn


def _head(chart: AboutChart, room: int, theme: Theme) -> tuple[list[Line], int]:
    """Return title with unit, then the headline; and how high they are together."""
    tokens = TOKENS[theme]
    title = f"{chart['title']} · {chart['unit']}" if chart["unit"] else chart["title"]
    lines, top = _wrapped(title, 16, tokens["muted"], 0, room, bold=True)
    (kind, number), *more = chart["headline"] or [("", "")]
    rest = [text for _, text in more]
    if number:
        colour = tokens[_TONES.get(kind.split(" ")[-1], "text")]
        lines.append(Line(number, 28, colour, top + 4, bold=True))
        lines.append(Line("   ".join(rest), 12, tokens["muted"], top + 46))
        top += 68
    return lines, top


def _foot(captions: Captions, room: int, theme: Theme) -> tuple[list[Line], int]:
    """Return the facts, then the link; and how high they are together."""
    tokens = TOKENS[theme]
    facts = " · ".join(text for _, text in captions.facts)
    lines, top = _wrapped(facts, 11, tokens["muted"], 0, room)
    more, top = _wrapped(captions.link, 11, tokens["faint"], top, room)
    return lines + more, top


def _wrapped(text: str, size: int, colour: str, top: int, room: int, *, bold: bool = False) -> tuple[list[Line], int]:
    """Return ``text`` as lines of at most ``room`` px, and the top of what follows them."""
    broken = textwrap.wrap(text, max(8, int(room / (size * _EM))), break_on_hyphens=False)
    step = round(size * 1.5)
    lines = [Line(part, size, colour, top + number * step, bold) for number, part in enumerate(broken)]
    return lines, top + len(lines) * step


def _note(line: Line, up: int, y: int, margin: dict[str, int]) -> dict[str, Any]:
    """Return a line as an annotation, ``up`` px above the chart's upper (``y`` 1) or lower (0) edge."""
    text = plain(line.text)
    return {
        "text": f"<b>{text}</b>" if line.bold else text,
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": y,
        "xshift": PADDING - margin["l"],
        "yshift": up,
        "xanchor": "left",
        "yanchor": "top",
        "align": "left",
        "showarrow": False,
        "borderpad": 0,
        "font": {"family": FONT, "size": line.size, "color": line.colour},
    }


def _state(state: Sequence[str], theme: Theme) -> list[dict[str, Any]]:
    """Return what is said over a chart without data."""
    if not any(state):
        return []
    title, *rest = (plain(text) for text in state)
    middle = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False}
    text = "<br>".join([f"<b>{title}</b>", *rest])
    return [{**middle, "text": text, "font": {"family": FONT, "size": 13, "color": TOKENS[theme]["muted"]}}]
