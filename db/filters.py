"""A filter: only the events that carry one value of a metadata key, or all but those."""

from dataclasses import dataclass

from db.labels import OTHER, VALUE_BYTES, escape


class FilterError(ValueError):
    """A value that no bucket tells apart. The message is a sentence."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Only the events whose ``dimension`` has this ``value``, named as buckets name it; ``without``: all others."""

    dimension: str
    value: str
    without: bool = False

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


def short(value: str, most: int = 40) -> str:
    """Return a value as a sentence quotes it."""
    return repr(value if len(value) <= most else f"{value[:most]}…")
