"""What every format shares: the errors of a body that can't be read, and the bounds within which one is."""

from collections.abc import Callable, Iterable, Iterator

from metrics_dash.ingest.pieces import Decoded

# Events of some meaning are larger than 20 MiB shared out among so many. What is smaller is made to be costly: each is
# refused on its own, and ten million of those fill the memory of the server.
MAX_EVENTS = 250_000
# Work is accounted for once in so many events, and their number looked at: a part of the most that there may be.
STRIDE = MAX_EVENTS // 1000

# Accounts for the work since the last time; raises where all requests together take too long.
Work = Callable[[], None]


class BodyError(Exception):
    """A body of which nothing can be taken; the message is one line for its sender."""


class MalformedBodyError(BodyError):
    """It is not what it says it is."""


class OversizedBodyError(BodyError):
    """It holds more than one request may."""


class UnsupportedTypeError(BodyError):
    """It is of a type that is not read there."""


def too_many(what: str) -> OversizedBodyError:
    """Return what to raise for more events, or lines, than anybody means."""
    return OversizedBodyError(f"the body holds more than {MAX_EVENTS:,} {what}; send smaller batches")


def bounded(events: Iterable[Decoded], work: Work, *, before: int = 0) -> Iterator[Decoded]:
    """Yield the events, accounting for the work; raises ``OversizedBodyError`` where there are too many.

    ``before``: how much was looked at that holds them, and counts as they do.
    """
    if before:
        work()
    for number, event in enumerate(events, before):
        if number % STRIDE == 0:
            work()
            if number >= MAX_EVENTS:
                raise too_many("events and what holds them" if before else "events")
        yield event
