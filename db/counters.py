"""Counters that their senders add up for ever: what each stood at last, and the difference that a new reading makes.

The state of a series is committed with the rows made of it, under a lock of its own. So a reading that comes again, or
by two ways at once, makes no difference twice, and one that is not stored has not been read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import orjson
import psycopg

from db.aggregates import Aggregate, encode_aggregates
from db.histograms import difference
from db.rows import (
    BETWEEN,
    DELTA,
    EVENT,
    MAX_MAGNITUDE,
    MAX_WEIGHT,
    Counter,
    InvalidEventError,
    More,
    Row,
    more_of,
)

# How long before its first reading a series may have begun, for that to be taken in whole. Of what began earlier nobody
# knows when it happened: it is what later readings are compared with.
FIRST_READING_NANOSECONDS = 3600 * 10**9


@dataclass(frozen=True, slots=True)
class _State:
    started: int
    at: int
    count: int
    value: float | None
    histogram: Mapping[str, Any] | None


def resolve(driver: psycopg.Connection[Any], rows: Sequence[Row]) -> list[Row | None]:
    """Return the rows with each reading of a counter made the difference since the last; None where there is none.

    Reads and writes the states in the caller's transaction, which the caller commits. Once for all that it stores, or
    two that take the same series in another order deadlock.
    """
    resolved: list[Row | None] = list(rows)
    readings = [(place, row, counter) for place, row in enumerate(rows) if (counter := more_of(row).counter)]
    if not readings:
        return resolved
    states = _locked(driver, {counter.series for _, _, counter in readings})
    changed: dict[bytes, _State] = {}
    # In the order of their times, whatever that of their arrival is.
    for place, row, counter in sorted(readings, key=lambda reading: reading[2].at):
        before = states.get(counter.series)
        now = _State(counter.started, counter.at, counter.count, counter.value, counter.histogram)
        resolved[place] = _difference(row, counter, before)
        if before is None or now.at > before.at:
            states[counter.series] = changed[counter.series] = now
    _keep(driver, changed)
    return resolved


def _difference(row: Row, counter: Counter, before: _State | None) -> Row | None:
    if before is None:
        began_lately = 0 < counter.at - counter.started <= FIRST_READING_NANOSECONDS
        return _made(row, counter, counter.count, counter.value, counter.histogram) if began_lately else None
    if counter.at <= before.at:
        return None
    value = None if counter.value is None or before.value is None else counter.value - before.value
    fell = counter.count < before.count or (counter.monotonic and value is not None and value < 0)
    if counter.started > before.started or fell:
        return _made(row, counter, counter.count, counter.value, counter.histogram)
    histogram = difference(counter.histogram, before.histogram)
    return _made(row, counter, counter.count - before.count, value, histogram)


def _made(
    row: Row, counter: Counter, count: int, value: float | None, histogram: Mapping[str, Any] | None
) -> Row | None:
    """Return the row of a difference: a delta of a number, or as many events as a histogram gained."""
    name, maps, at = row[:3]
    if counter.counts:
        if not 0 < count <= MAX_WEIGHT:
            return None
        try:
            aggregates = encode_aggregates({counter.measurement: Aggregate(count, value, histogram=histogram)})
        except InvalidEventError:  # two sums that could each be stored, and whose difference can't
            return None
        return name, maps, at, More(count, EVENT, aggregates)
    if not value or abs(value) > MAX_MAGNITUDE:
        return None
    measured = orjson.dumps({counter.measurement: value})
    return name, measured + BETWEEN + maps.partition(BETWEEN)[2], at, More(1, DELTA)


def _locked(driver: psycopg.Connection[Any], series: Iterable[bytes]) -> dict[bytes, _State]:
    """Return the states that are known, of series that nobody else changes until the commit.

    In the order of the series, so that two processes wait for each other and don't deadlock.
    """
    ordered = sorted(series)
    driver.execute(
        "INSERT INTO counter_states (series) SELECT series FROM unnest(%s::bytea[]) AS new (series) "
        "ORDER BY series ON CONFLICT DO NOTHING",
        (ordered,),
    )
    found = driver.execute(
        "SELECT series, started, at, count, value, histogram FROM counter_states WHERE series = ANY(%s) "
        "ORDER BY series FOR UPDATE",
        (ordered,),
    )
    return {bytes(row[0]): _State(*row[1:]) for row in found if row[2] is not None}


def _keep(driver: psycopg.Connection[Any], states: Mapping[bytes, _State]) -> None:
    if not states:
        return
    columns = [list(map(attrgetter(name), states.values())) for name in ("started", "at", "count")]
    # All of one type, or the driver can't tell which.
    columns.append([None if each.value is None else float(each.value) for each in states.values()])
    histograms = [None if each.histogram is None else orjson.dumps(each.histogram).decode() for each in states.values()]
    driver.execute(
        "UPDATE counter_states AS state SET started = new.started, at = new.at, count = new.count, value = new.value, "
        "histogram = new.histogram::jsonb, seen_at = clock_timestamp() "
        "FROM unnest(%s::bytea[], %s::bigint[], %s::bigint[], %s::bigint[], %s::float8[], %s::text[]) "
        "AS new (series, started, at, count, value, histogram) WHERE state.series = new.series",
        (list(states), *columns, histograms),
    )
