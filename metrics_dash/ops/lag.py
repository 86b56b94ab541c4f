"""Whether the pipeline keeps up, and if not, what holds it up: a sentence that a person can act on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.clock import disagreement
from db.status import PipelineStatus
from metrics_dash.settings import Settings

LEAST_LAG = timedelta(seconds=60)
LONG = timedelta(minutes=5)
"""From here on it is no hiccup any more."""
_INTERVALS_ALLOWED = 3


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the pipeline is behind, through when it is complete (aware UTC), and why: half sentences such as
    ``the scheduler is not running``."""

    behind: timedelta
    complete_through: datetime
    reasons: tuple[str, ...]

    @property
    def long(self) -> bool:
        """Whether this is bad and not just late."""
        return self.behind > LONG

    @property
    def sentence(self) -> str:
        """All reasons, as a sentence."""
        text = "; ".join(self.reasons) or "nothing says why"
        return f"{text[0].upper()}{text[1:]}."


def allowed_lag(settings: Settings) -> timedelta:
    """Return how far behind a healthy pipeline may be: a minute, or some intervals where they are set to be long."""
    interval = settings.flush_interval + settings.rollup_interval
    return max(LEAST_LAG, timedelta(seconds=_INTERVALS_ALLOWED * interval))


def lag(status: PipelineStatus, allowed: timedelta, problems: Sequence[str] = ()) -> Lag | None:
    """Return what keeps the pipeline from being complete; None while it keeps up.

    ``problems``: what this process knows to be wrong with its own threads (``Runtime.health()``). They come first,
    because they are causes; what waits, and where, is what can be seen from the database. A machine whose clock differs
    from the database's does not keep up by its own clock, and is told that.
    """
    clocks = disagreement(status.clock_offset)
    # A clock that is ahead asks for what has not happened yet.
    ahead = max(timedelta(0), -status.clock_offset) if clocks else timedelta(0)
    behind = (status.asked_at or status.now) - status.complete_through + ahead
    if behind <= allowed and clocks is None:
        return None
    late = status.now - allowed
    causes = (*([clocks] if clocks else []), *problems, *_replayed(status, allowed))
    return Lag(behind, status.complete_through, (*causes, *_waiting(status, late)))


def _replayed(status: PipelineStatus, allowed: timedelta) -> Iterator[str]:
    """Yield that the replica is far behind: such a one is read only where the primary does not answer."""
    if status.asked_at is not None and status.asked_at - status.now > allowed:
        yield "the primary does not answer, and the replica that is read has nothing newer"


def _waiting(status: PipelineStatus, late: datetime) -> Iterator[str]:
    if status.oldest_dirty_at is not None and status.oldest_dirty_at < late:
        marks = "1 mark waits" if status.dirty == 1 else f"{status.dirty:,} marks wait"
        yield f"the rollup does not keep up ({marks})"
    for collector in status.collectors:
        since = collector.oldest_buffered_at or collector.seen_at
        if collector.counts and since < late:
            silent = "" if collector.live else f", which is silent since {collector.seen_at:%Y-%m-%d %H:%M:%S} UTC"
            yield f"events wait in the collector of {collector.host} (process {collector.pid}){silent}"
