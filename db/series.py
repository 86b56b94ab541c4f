"""Reading buckets for charts: one statement for everything that a tab needs.

A ``Read`` asks for the buckets of one event in one stretch of time. All reads of a call become one statement of index
scans on the buckets' primary key. Each answers with one row (one more for each value of a split) whose
buckets are packed into a single ``bytea``: server and client then handle one value instead of thousands, which is
faster than the plain rows. See ``db.series_answers``.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from db import annotations
from db.annotations import Annotation
from db.filters import conditions
from db.labels import OTHER, escape
from db.levels import LEVELS, WIDTHS, BucketType
from db.series_answers import unpack_read, unpack_seen
from db.series_filtered import FILTER
from db.series_reads import LastSeen, Read, Rows
from db.series_statement import KINDS, PREFIXES, statement

_COARSER: Mapping[str, BucketType] = {level.source: level.name for level in LEVELS}
_LENGTHS = {name: round(width.total_seconds() * 1000) for name, width in WIDTHS.items()}
# Up to so many buckets are searched for the values of a split one by one; for more, the coarser level knows them.
_SEARCHED_BUCKETS = 240


def read_series(
    connection: Connection, reads: Sequence[Read], names: Sequence[str] = ()
) -> tuple[list[Rows], dict[str, LastSeen]]:
    """Answer every read, and what is known of every event name, in one statement."""
    answers, seen, _ = read_tab(connection, reads, names)
    return answers, seen


def read_tab(
    connection: Connection,
    reads: Sequence[Read],
    names: Sequence[str] = (),
    annotated: tuple[datetime, datetime] | None = None,
) -> tuple[list[Rows], dict[str, LastSeen], tuple[Annotation, ...]]:
    """As ``read_series``, with the newest annotations that touch ``annotated`` (aware), in the same statement."""
    kinds: dict[str, list[tuple[int, Read]]] = {}
    for number, read in enumerate(reads):
        for kind in _kinds_of(read):
            kinds.setdefault(kind, []).append((number, read))
    asked = tuple(kind for kind in KINDS if kind in kinds)
    asked += (("seen",) if names else ()) + (("notes",) if annotated else ())
    if not asked:
        return [], {}, ()
    parameters: dict[str, Any] = {"seen_name": list(names)} if names else {}
    if annotated is not None:
        parameters |= annotations.packed_parameters(*annotated)
    for kind, those in kinds.items():
        parameters |= _parameters(kind, those)
    answer = connection.execute(statement(asked), parameters)
    packed = {(part, number, value): content for part, number, value, content in answer}
    seen = {name: unpack_seen(packed[("seen", number, None)]) for number, name in enumerate(names)}
    noted = annotations.unpack(packed.get(("notes", 0, None)))
    return [unpack_read(read, number, packed) for number, read in enumerate(reads)], seen, noted


def _kinds_of(read: Read) -> list[str]:
    """Return the parts of the statement that answer a read."""
    if read.latest:
        return ["latest"]
    shape = "plain" if read.edges is None else "folded" if read.width is None else "binned"
    if read.only is not None:
        return [f"{shape}_only"]
    if read.where is not None and read.where.also:
        return [f"{shape}_raw", *(f"{kind}_raw" for kind in _further(read))]
    by_value = [f"{shape}_{_by_value(read)}"] if read.split_by is not None else []
    if read.where is not None:
        return [f"{shape}_filtered", *by_value, *(f"{kind}_filtered" for kind in _further(read)), *_whole(read)]
    return [shape, *by_value, *_further(read), *_whole(read)]


def _by_value(read: Read) -> str:
    return "values" if read.apart else "totals_split" if read.totals else "split"


def _further(read: Read) -> list[str]:
    return [kind for kind, asked in (("bins", read.placed), ("uniques", read.unique)) if asked]


def _whole(read: Read) -> list[str]:
    return ["whole"] if read.undeclared is not None else []


def last_seen(connection: Connection, names: Sequence[str]) -> dict[str, LastSeen]:
    """Return what is known of each event name."""
    return read_series(connection, (), names)[1]


# A read's parameters


def _parameters(kind: str, reads: Sequence[tuple[int, Read]]) -> dict[str, list[Any]]:
    """Return the reads of one kind as arrays, one for each property."""
    if kind == "whole":
        numbers, events = [number for number, _ in reads], [read.event_name for _, read in reads]
        return {"w_number": numbers, "w_event": events, "w_key": [read.undeclared for _, read in reads]}
    columns: dict[str, list[Any]] = {
        "number": [number for number, _ in reads],
        "event": [read.event_name for _, read in reads],
        "level": [read.level for _, read in reads],
        "start": [_moment(read.start) for _, read in reads],
        "until": [_moment(read.end) for _, read in reads],
        "edges": [None if kind.startswith(("bins", "uniques")) else _bounds(read) for _, read in reads],
    }
    if kind.endswith("only"):
        keys = [(f"{escape(read.only[0])}:", read.only[1]) for _, read in reads if read.only is not None]
        columns |= {"label": [key + value for key, value in keys], "rest": [key + OTHER for key, _ in keys]}
    elif kind.endswith("split"):
        coarser = [_coarser_stretch(read) for _, read in reads]
        columns |= {
            "prefix": [f"{escape(read.split_by or '')}:" for _, read in reads],
            "most": [read.split_values for _, read in reads],
            "coarse": [level for level, _, _ in coarser],
            "first": [_moment(first) for _, first, _ in coarser],
            "last": [_moment(last) for _, _, last in coarser],
            "without": [None if read.where is None else read.where.label for _, read in reads],
        }
    else:
        columns["measurement"] = [read.measurement for _, read in reads]
    if kind.endswith("values"):
        columns |= {
            "dimension": [read.split_by for _, read in reads],
            "most": [read.split_values for _, read in reads],
            "want": [_wanted(read) for _, read in reads],
            "without": [None if read.where is None else read.where.value for _, read in reads],
        }
    if kind.endswith("raw"):
        columns["conditions"] = [conditions(read.where) for _, read in reads]
    if kind.endswith("filtered"):
        filters = [read.where for _, read in reads if read.where is not None]
        columns |= {name: [getattr(each, name) for each in filters] for name in FILTER}
    return {f"{PREFIXES[kind]}_{name}": values for name, values in columns.items()}


def _wanted(read: Read) -> str | None:
    """Return what more than numbers is wanted of each value, or whether values go by their sums."""
    return "bins" if read.placed else "uniques" if read.unique else "sum" if read.summed else None


def _coarser_stretch(read: Read) -> tuple[str | None, int, int]:
    """Return the coarser level that knows the values of a split, and the whole buckets of it that a read covers
    (epoch ms)."""
    if read.level not in _COARSER or read.end - read.start <= _SEARCHED_BUCKETS * _LENGTHS[read.level]:
        return None, read.end, read.end
    level = _COARSER[read.level]
    length = _LENGTHS[level]
    return level, -(-read.start // length) * length, read.end // length * length


def _bounds(read: Read) -> str | timedelta | None:
    """Return the length of a read's longer buckets, or their bounds where they are not of one length."""
    if read.width is not None:
        return timedelta(milliseconds=read.width)
    return None if read.edges is None else _array(read.edges)


def _array(moments: Sequence[int]) -> str:
    return "{" + ",".join(_moment(each).isoformat() for each in moments) + "}"


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
