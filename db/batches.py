"""Batches: rows that commit together under one id, and what became of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from uuid import UUID

from db.rows import Row, from_nanoseconds

_NANOSECONDS_PER_DAY = 24 * 60 * 60_000_000_000
# What is said of events that the store refuses. A reason begins with what it is counted under.
TOO_OLD = "too_old"
NAME_QUOTA = "name_quota"
QUARANTINED = "quarantined"
_REASONS = {
    TOO_OLD: "too_old: buckets of that time have been purged",
    NAME_QUOTA: "name_quota: the store knows as many event names as it may, and this would be one more",
}

# Where in what was sent an event stood that is not stored, and why.
Refusal = tuple[int, str]


@dataclass(frozen=True)
class Batch:
    """Rows that commit together. ``rows`` must not change, and ``batch_id`` belongs to these rows for ever.

    ``places``: where in what was sent each row stood, by default its index. ``refused``: what stood between them and
    was refused before it came here. ``digest`` tells one sent body from another. ``submission``: this very attempt to
    store it, of perhaps several of the same id. ``newest``: the time in nanoseconds of an event that was refused for
    coming too early. ``refused_names``: how many of the refused were sent under which name, whatever that is.
    """

    batch_id: UUID
    rows: Sequence[Row]
    places: Sequence[int] | None = None
    refused: Sequence[Refusal] = ()
    digest: bytes | None = None
    submission: UUID | None = None
    newest: int | None = None
    refused_names: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def span(self) -> tuple[int, int]:
        """The times of the oldest and the newest row, in nanoseconds; zeros without rows."""
        times = [row[2] for row in self.rows]
        return min(times, default=0), max(times, default=0)

    def place(self, index: int) -> int:
        """Return where the row stood in what was sent."""
        return index if self.places is None else self.places[index]

    def index(self) -> Mapping[int, int]:
        """Return the index of each row by its place."""
        places = range(len(self.rows)) if self.places is None else self.places
        return {place: index for index, place in enumerate(places)}


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a batch, by index of its rows; the rows not named here are stored.

    ``replayed``: the batch had been committed before and nothing was written now. ``conflict``: its id had been used
    for another body, and nothing was written now. ``too_old``: rows below the floor of days. ``over_quota``: rows of a
    name too many. ``quarantined``: rows that the database refused, with its reason. ``refused``: all that was refused
    of what was sent, before the rows came here too, by its place: what the sender is told, now and whenever it asks.
    """

    replayed: bool = False
    too_old: tuple[int, ...] = ()
    quarantined: tuple[Refusal, ...] = ()
    over_quota: tuple[int, ...] = ()
    conflict: bool = False
    refused: tuple[Refusal, ...] = ()

    @property
    def lost_indexes(self) -> dict[str, Sequence[int]]:
        """Which of the rows are not stored, by what they are counted under."""
        quarantined = [index for index, _ in self.quarantined]
        lost = {TOO_OLD: self.too_old, NAME_QUOTA: self.over_quota, QUARANTINED: quarantined}
        return {reason: indexes for reason, indexes in lost.items() if indexes}

    @property
    def lost(self) -> dict[str, int]:
        """How many of the rows are not stored, by what they are counted under."""
        return {reason: len(indexes) for reason, indexes in self.lost_indexes.items()}

    @property
    def lost_rows(self) -> int:
        """How many of the rows are not stored."""
        return sum(self.lost.values())

    @classmethod
    def of(
        cls,
        batch: Batch,
        too_old: tuple[int, ...] = (),
        over_quota: tuple[int, ...] = (),
        quarantined: tuple[Refusal, ...] = (),
    ) -> "Written":
        """Return the fate of a batch of which these rows are refused."""
        if not (too_old or over_quota or quarantined):
            return cls(refused=tuple(batch.refused))
        refused = [(batch.place(index), _REASONS[TOO_OLD]) for index in too_old]
        refused += [(batch.place(index), _REASONS[NAME_QUOTA]) for index in over_quota]
        refused += [(batch.place(index), f"{QUARANTINED}: {reason}") for index, reason in quarantined]
        return cls(False, too_old, quarantined, over_quota, refused=tuple(sorted([*batch.refused, *refused])))

    @classmethod
    def again(cls, batch: Batch, refused: Iterable[Refusal]) -> "Written":
        """Return the fate of a batch from what was refused of it: the inverse of ``of``."""
        index = batch.index()
        ours: dict[str, list[Refusal]] = {TOO_OLD: [], NAME_QUOTA: [], QUARANTINED: []}
        for place, text in refused:
            if place in index:
                code, _, reason = text.partition(": ")
                ours[code].append((index[place], reason))
        too_old, over_quota = (tuple(each for each, _ in ours[code]) for code in (TOO_OLD, NAME_QUOTA))
        return cls.of(batch, too_old, over_quota, tuple(ours[QUARANTINED]))


def days_of(batches: Iterable[Batch]) -> set[date]:
    """Return the UTC days that the batches' events fall on."""
    numbers: set[int] = set()
    for batch in batches:
        if not batch.rows:
            continue
        oldest, newest = (moment // _NANOSECONDS_PER_DAY for moment in batch.span)
        if oldest == newest:
            numbers.add(oldest)
        else:
            numbers.update(row[2] // _NANOSECONDS_PER_DAY for row in batch.rows)
    return {from_nanoseconds(number * _NANOSECONDS_PER_DAY).date() for number in numbers}
