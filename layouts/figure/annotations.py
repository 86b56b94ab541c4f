"""What somebody says of moments, as marks on the time axis: a line with its foot and a short label, a span as a region.

Marks that would stand closer than a finger is wide are one, which says how many more it holds; a label that would lie
over another gives way. All of what is said is told beside the figure (assets/chart/annotations.js).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from layouts.figure.axes import on_axis
from layouts.figure.labels import plain
from layouts.figure.room import plot_width
from layouts.theme import TOKENS
from metrics_dash.charts.data import Annotation
from metrics_dash.charts.exports import annotation_text
from metrics_dash.charts.timerange.windows import Window
from metrics_dash.web.address import Theme

# All in px. What the foot is touched by, half of the foot, what a label keeps from its line, and a letter of it.
APART, _FOOT, _GAP, _LETTER = 24.0, 5, 5, 6.4
_LONGEST_LABEL = 26
_NARROWEST_REGION = 0.004

Box = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Group:
    """Annotations that stand together as one mark at ``at``, that of the first or where the window begins; ``x`` is
    its place in the plot (px)."""

    at: datetime
    x: float
    annotations: tuple[Annotation, ...]

    @property
    def label(self) -> str:
        """What the mark says by itself."""
        text = _shortened(annotation_text(self.annotations[0], brief=True))
        return f"{text} {self.more}".rstrip()

    @property
    def more(self) -> str:
        """How many it holds beside the first, ``+5``; nothing where there is one."""
        return f"+{len(self.annotations) - 1}" if len(self.annotations) > 1 else ""


def groups(annotations: Sequence[Annotation], window: Window, width: int) -> list[Group]:
    """Return what stands as one mark in the window, oldest first. ``width``: of the narrowest graph (px), 0 where
    nobody has measured it."""
    found: list[Group] = []
    for annotation in sorted(annotations, key=lambda each: each.start):
        at = max(annotation.start, window.start)
        x = plot_width(width) * ((at - window.start) / window.span.length)
        if found and x - found[-1].x < APART:
            last = found[-1]
            found[-1] = Group(last.at, last.x, (*last.annotations, annotation))
        else:
            found.append(Group(at, x, (annotation,)))
    return found


def shapes(those: Sequence[Group], window: Window, theme: Theme, width: int) -> list[dict[str, Any]]:
    """Return regions first, then each mark's line and its foot."""
    return [*_regions(those, window, theme), *(part for group in those for part in _mark(group, window, theme, width))]


def labels(those: Sequence[Group], window: Window, theme: Theme, width: int) -> list[dict[str, Any]]:
    """Return a label for each mark that has room for one."""
    tokens = TOKENS[theme]
    drawn = []
    for group, text, on_the_left in _placed(those, plot_width(width)):
        drawn.append(
            {
                "text": plain(text),
                "font": {"size": 11, "color": tokens["note"]},
                "showarrow": False,
                "bgcolor": tokens["surface"],
                "opacity": 0.9,
                "borderpad": 0,
                "xref": "x",
                "x": _on_axis(group, window),
                "xanchor": "right" if on_the_left else "left",
                "xshift": -_GAP if on_the_left else _GAP,
                "y": 1,
                "yref": "paper",
                "yanchor": "top",
            }
        )
    return drawn


def _placed(those: Sequence[Group], room: float) -> Iterator[tuple[Group, str, bool]]:
    """Yield each label that finds a place, to the right of its line or to the left; the shorter one rather than
    none."""
    taken: list[Box] = []
    lines = [group.x for group in those]
    for group in those:
        for text, on_the_left in ((group.label, False), (group.label, True), (group.more, False), (group.more, True)):
            length = 2 * _GAP + _LETTER * len(text)
            box = (group.x - length, group.x - 1) if on_the_left else (group.x + 1, group.x + length)
            if text and _is_free(box, room, taken, lines):
                taken.append(box)
                yield group, text, on_the_left
                break


def _is_free(box: Box, room: float, taken: Sequence[Box], lines: Sequence[float]) -> bool:
    start, end = box
    if start < 0 or end > room or any(start < line < end for line in lines):
        return False
    return all(end <= left or start >= right for left, right in taken)


def _regions(those: Sequence[Group], window: Window, theme: Theme) -> Iterator[dict[str, Any]]:
    for annotation in (each for group in those for each in group.annotations if each.end > each.start):
        start = max(annotation.start, window.start)
        end = min(max(annotation.end, start + window.span.length * _NARROWEST_REGION), window.end)
        yield {
            "type": "rect",
            "xref": "x",
            "x0": on_axis(start, window),
            "x1": on_axis(end, window),
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "fillcolor": TOKENS[theme]["note-soft"],
            "line": {"width": 0},
            "layer": "below",
        }


def _mark(group: Group, window: Window, theme: Theme, width: int) -> Iterator[dict[str, Any]]:
    colour, at = TOKENS[theme]["note"], _on_axis(group, window)
    line = {"width": 1.2, "dash": "3px,3px", "color": colour}
    yield {"type": "line", "xref": "x", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1, "line": line}
    # At an edge the foot would make Plotly widen the axis.
    if _FOOT < group.x < plot_width(width) - _FOOT:
        yield {
            "type": "path",
            "path": f"M{-_FOOT},0L{_FOOT},0L0,8Z",
            "xref": "x",
            "xsizemode": "pixel",
            "xanchor": at,
            "yref": "paper",
            "ysizemode": "pixel",
            "yanchor": 0,
            "fillcolor": colour,
            "line": {"width": 0},
        }


def _on_axis(group: Group, window: Window) -> str:
    """Return a mark's place on a chart's axis: bars may begin later than their tab, and a mark must not widen it."""
    return on_axis(min(max(group.at, window.start), window.end), window)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
