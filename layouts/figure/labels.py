"""What is stored, on its way into a figure: keys for it, which are safe wherever Plotly puts them, and plain text.

Plotly makes CSS selectors and ids of a trace's ``uid`` and ``legendgroup``, reads some HTML in its labels, and fills
``%{…}`` in. What events carry is theirs to name, so none of it gets there: a series goes by a key, and its names stand
in the layout's ``meta`` alone, as text.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from metrics_dash.charts.data import ChartData

# What Plotly takes for markup, for an entity, or for something to fill in.
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "%": "&#37;", "\n": " ", "\r": " "})
# What XML has no place for (https://www.w3.org/TR/xml/#charsets): a picture with one of them can't be read.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_KEY_BYTES = 6

TOTAL = ""
"""What the series of all others' total is called."""


def series_key(name: str) -> str:
    """Return what a series is called in a figure, the same for the same name in every refresh: ``s`` and hex digits."""
    return "s" + hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=_KEY_BYTES).hexdigest()


def plain(text: str) -> str:
    """Return a text such that Plotly shows it as it stands, on one line; what an SVG can't hold is a box in it."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text).translate(_ESCAPED)


def series_meta(chart: ChartData) -> Mapping[str, Mapping[str, str]]:
    """Return, for the browser, each series' name as addresses have it, and as people read it, by its key."""
    names = dict.fromkeys(series.name for series in (*chart.series, *chart.previous))
    known = {series_key(name): {"name": name, "label": chart.label(name)} for name in names}
    return {series_key(TOTAL): {"name": TOTAL, "label": "all"}} | known


def split_meta(chart: ChartData) -> Mapping[str, Any] | None:
    """Return, for the browser, what a chart is split by, and the keys of its values, by which a tab can be filtered."""
    if chart.chart.split_by is None:
        return None
    values = [series_key(series.name) for series in chart.series if not series.rest]
    return {"by": chart.chart.split_by, "values": values}
