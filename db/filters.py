"""A filter: only the events that carry one value of a metadata key, or all but those; or several such at once."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from db.labels import OTHER, VALUE_BYTES, escape

MOST_FILTERS = 4

# Whether filters leave an event out. ``CONDITIONS`` is ``conditions`` of them; a value is named as buckets name it
# (``db.labels``).
LEAVES_OUT = """EXISTS (
                        SELECT FROM jsonb_to_recordset(CAST(CONDITIONS AS jsonb))
                            AS asked (dimension text, value text, without bool)
                        WHERE (coalesce(metadata ->> dimension, CASE WHEN metadata ? dimension THEN 'null' END)
                            IS NOT DISTINCT FROM value) = without
                    )"""


class FilterError(ValueError):
    """What can't be filtered by: a value that no bucket tells apart, or two at once. The message is a sentence."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Only the events whose ``dimension`` has this ``value``, named as buckets name it; ``without``: all others.
    ``also``: of those, only what these leave, too; then no bucket tells, and raw events are read."""

    dimension: str
    value: str
    without: bool = False
    also: tuple["Filter", ...] = ()

    def all(self) -> tuple["Filter", ...]:
        """Return each filter by itself."""
        return replace(self, also=()), *self.also

    @property
    def label(self) -> str:
        """The name under which buckets count these events."""
        return f"{escape(self.dimension)}:{self.value}"

    @property
    def rest(self) -> str:
        """The name under which buckets count the values that have none of their own."""
        return f"{escape(self.dimension)}:{OTHER}"

    def spelled(self) -> str:
        """Return ``zone:algoroc``, or ``!zone:algoroc`` for all others: as an address says it."""
        return f"{'!' if self.without else ''}{self.dimension}:{self.value}"


def conditions(where: Filter | None) -> str:
    """Return a filter and what must hold besides as ``LEAVES_OUT`` reads it; of none, what leaves nothing out."""
    filters = () if where is None else where.all()
    return json.dumps([{"dimension": f.dimension, "value": f.value, "without": f.without} for f in filters])


def read_filter(text: str) -> Filter:
    """Return the filter that an address spells. The value begins behind the first colon and stands as it is.

    Raises ``FilterError`` for a value that is not counted by itself.
    """
    dimension, colon, value = text.removeprefix("!").partition(":")
    if not colon or not dimension:
        raise FilterError(
            f"{text!r} is not a dimension and its value, such as zone:north, or !zone:north for all others"
        )
    if "\0" in value:
        raise FilterError(f"{text!r} holds a NUL character, which no event does")
    if value == OTHER or len(value.encode()) > VALUE_BYTES:
        raise FilterError(f"{short(value)} is not counted by itself: at most {VALUE_BYTES} bytes, and not {OTHER!r}")
    return Filter(dimension, value, text.startswith("!"))


def together(filters: Iterable[Filter]) -> Filter | None:
    """Return several filters as one, each of them once; None of none."""
    first, *more = dict.fromkeys(filters) or (None,)
    return first if first is None else replace(first, also=tuple(more))


def read_filters(texts: Iterable[str]) -> Filter | None:
    """Return several filters of an address as one; None of none. Raises ``FilterError``."""
    found: tuple[Filter, ...] = ()
    for text in texts:
        found = beside(found, read_filter(text))
    return together(found)


def beside(found: tuple[Filter, ...], another: Filter) -> tuple[Filter, ...]:
    """Return filters and another one. Raises ``FilterError`` where they can't hold together, or are too many."""
    if another in found:
        return found
    same = [each for each in found if each.dimension == another.dimension]
    if same and not all(each.without for each in (*same, another)):
        raise FilterError(f"{short(another.spelled())} can't hold beside {short(same[0].spelled())}")
    if len(found) == MOST_FILTERS:
        raise FilterError(f"at most {MOST_FILTERS} filters hold at once")
    return (*found, another)


def short(value: str, most: int = 40) -> str:
    """Return a value as a sentence quotes it."""
    return repr(value if len(value) <= most else f"{value[:most]}…")
