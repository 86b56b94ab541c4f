"""Attributes that Python can't spell as keywords."""

from typing import Any


def attributes(**pairs: str | None) -> dict[str, Any]:
    """Return ``aria_label="Tabs"`` as the keyword ``aria-label``, to be unpacked into a component; None is left out."""
    return {name.replace("_", "-"): value for name, value in pairs.items() if value is not None}
