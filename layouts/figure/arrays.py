"""Numbers on their way to Plotly: small typed arrays in base64, as plotly.js decodes them."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
# plotly.js names of NumPy's types, narrowest first. It reads little-endian.
_INTEGERS: tuple[tuple[str, type[np.integer[Any]]], ...] = (("u1", np.uint8), ("u2", np.uint16), ("i4", np.int32))
_EXACT_IN_SINGLE = 2**24
# Of the greatest size: what differs by less may be drawn on an axis so narrow that seven digits show as steps.
_NARROW = 1e-3


def packed(values: Values) -> dict[str, str]:
    """Return a plotly.js typed array of the narrowest type that draws the same picture. NaN is a gap.

    Whole numbers stay exact up to 2**53; others keep seven digits below 16,777,216 and all of them above, and
    where they lie close together.
    """
    name, narrow = _narrowed(values)
    return {"dtype": name, "bdata": base64.b64encode(narrow.tobytes()).decode("ascii")}


def _narrowed(values: Values) -> tuple[str, NDArray[Any]]:
    finite = values[np.isfinite(values)]
    if finite.size == values.size and finite.size and bool((finite == np.floor(finite)).all()):
        low, high = finite.min(), finite.max()
        for name, kind in _INTEGERS:
            limits = np.iinfo(kind)
            if limits.min <= low and high <= limits.max:
                return name, values.astype(np.dtype(kind).newbyteorder("<"))
    size, exact = np.abs(finite).max(initial=0.0), bool((finite.astype(np.float32) == finite).all())
    if size > _EXACT_IN_SINGLE or (not exact and np.ptp(finite) < _NARROW * size):
        return "f8", values.astype("<f8")
    return "f4", values.astype("<f4")
