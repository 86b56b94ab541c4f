"""What is tinted below a line or between two: one closed shape for each stretch without a gap.

Plotly fills to zero or to the trace before as if gaps were lines: an area goes on where nothing was, and a band becomes
a shape between whatever ends meet. So what has gaps inside is filled by a trace of its own, which goes along the upper
edge and comes back along the lower one.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from layouts.figure.arrays import Values, packed
from layouts.figure.axes import axis_offset
from layouts.figure.labels import series_key
from metrics_dash.charts.data import Series
from metrics_dash.charts.timerange.grid import Milliseconds
from metrics_dash.charts.timerange.windows import Window


def runs(values: Values) -> Sequence[slice]:
    """Return the stretches of values without a gap."""
    present = np.concatenate(([False], np.isfinite(values), [False]))
    turns = np.flatnonzero(present[1:] != present[:-1])
    return [slice(start, end) for start, end in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True)]


def closed(window: Window, starts: Milliseconds, feet: Values, heads: Values) -> dict[str, Any] | None:
    """Return x and y of what lies between two lines over bucket starts (epoch ms), closed on itself: for each stretch
    there, back, and a gap, and nothing for a bucket without a neighbour. None where all is one stretch, which Plotly
    fills right by itself."""
    stretches = runs(feet + heads)
    if len(stretches) < 2:
        return None
    x, y = [], []
    for part in stretches:
        if part.stop - part.start > 1:
            x.append(_there_and_back(starts[part], starts[part]))
            y.append(_there_and_back(heads[part], feet[part]))
    dates = _dates(np.concatenate(x), window) if x else []
    return {"x": dates, "y": packed(np.concatenate(y) if y else np.empty(0)), "fill": "toself"}


def filled(series: Series, name: str, colour: str, shape: dict[str, Any]) -> dict[str, Any]:
    """Return the trace of such a shape, which belongs to a series and is switched with it."""
    key = series_key(series.name)
    return {
        "type": "scatter",
        "mode": "none",
        "uid": f"{key}-{name}-fill",
        "meta": "fill",
        "legendgroup": key,
        "showlegend": False,
        "fillcolor": colour,
        **shape,
    }


def _there_and_back(there: Any, back: Any) -> Any:
    # The place of a gap is any; its value is none.
    end = np.nan if there.dtype.kind == "f" else there[-1]
    return np.concatenate((there, back[::-1], [end]))


def _dates(moments: Milliseconds, window: Window) -> list[str]:
    shifted = moments + round(axis_offset(window).total_seconds() * 1000)
    found: list[str] = np.datetime_as_string(shifted.astype("datetime64[ms]"), unit="ms").tolist()
    return found
