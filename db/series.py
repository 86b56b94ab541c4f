"""Reading buckets for charts: one statement for everything that a tab needs.

A ``Read`` asks for the buckets of one event in one stretch of time. All reads of a call become one statement of index
scans on the buckets' primary key. Each answers with one row (one more for each value of a split) whose
buckets are packed into a single ``bytea``: server and client then handle one value instead of thousands, which is
faster than the plain rows. See ``db.series_answers``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from db import annotations
from db.annotations import Annotation
from db.filters import conditions
from db.labels import OTHER, escape
from db.levels import BUCKET_TYPES, LEVELS, WIDTHS, BucketType
from db.series_answers import Packed, unpack_read, unpack_seen
from db.series_filtered import FILTER
from db.series_reads import LastSeen, Read, Rows
from db.series_statement import KINDS, PREFIXES, statement

_COARSER: Mapping[str, BucketType] = {level.source: name for name, level in zip(BUCKET_TYPES, LEVELS, strict=True)}
_LENGTHS = {name: round(width.total_seconds() * 1000) for name, width in WIDTHS.items()}
# The parts that are of all events of a bucket.
_SHAPES = ("plain", "binned", "folded", "total", "fives")
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
    scans = _Scans(reads)
    asked = tuple(kind for kind in KINDS if kind in scans.kinds)
    asked += (("seen",) if names else ()) + (("notes",) if annotated else ())
    if not asked:
        return [], {}, ()
    parameters: dict[str, Any] = {"seen_name": list(names)} if names else {}
    if annotated is not None:
        parameters |= annotations.packed_parameters(*annotated)
    for kind, those in scans.kinds.items():
        parameters |= {name: _array(values) for name, values in _parameters(kind, those).items()}
    packed: Packed = {}
    for part, number, value, content in connection.exec_driver_sql(statement(asked), parameters).all():
        packed.setdefault((part, number), {})[value] = content
    seen = {name: unpack_seen(packed["seen", number][None]) for number, name in enumerate(names)}
    noted = annotations.unpack(packed.get(("notes", 0), {}).get(None))
    bare = scans.bare()
    answers = [unpack_read(read, packed, at, at["rows"] in bare) for read, at in zip(reads, scans.of, strict=True)]
    return answers, seen, noted


class _Scans:
    """What is read for reads: for each kind the reads that are done, as several may want the same.

    ``of``: for each read, of each part of its answer the number that it has in the statement's.
    """

    def __init__(self, reads: Sequence[Read]) -> None:
        self.kinds: dict[str, list[tuple[int, Read]]] = {}
        self.of: list[dict[str, int]] = [{} for _ in reads]
        self._count = 0
        for at, read in zip(self.of, reads, strict=True):
            for kind in _kinds_of(read):
                at[_PARTS[kind]] = self._find(kind, read)

    def _find(self, kind: str, read: Read) -> int:
        """Return the number of what answers a read, which is as often as not there already."""
        found = self.kinds.setdefault(kind, [])
        for place, (number, other) in enumerate(found):
            both = _both(kind, other, read)
            if both is not None:
                found[place] = number, both
                return number
        self._count += 1
        found.append((self._count, read))
        return self._count

    def bare(self) -> frozenset[int]:
        """The numbers of those that read counts alone."""
        return frozenset(
            number
            for kind, those in self.kinds.items()
            if _PARTS[kind] == "rows"
            for number, read in those
            if (read.measured if kind in _SHAPES else read.measurement) is None
        )


def _part_of(kind: str) -> str:
    """Return the part of a read's answer that a kind gives."""
    first, last = kind.partition("_")[0], kind.rpartition("_")[2]
    if first in ("bins", "uniques", "whole"):
        return first
    return {"split": "split", "values": "value"}.get(last, "rows")


_PARTS = {kind: _part_of(kind) for kind in KINDS}


def _both(kind: str, one: Read, other: Read) -> Read | None:
    """Return a read that answers both; None where there is none."""
    if one.event_name != other.event_name:
        return None
    if kind not in _SHAPES:
        return one if one == other else None
    if (one.level, one.start, one.end, one.edges) != (other.level, other.start, other.end, other.edges):
        return None
    if one.measured is None or other.measured is None:
        return one if other.measured is None else other
    if one.measured != other.measured:
        return None
    return replace(one, sums=one.sums or other.sums, extremes=one.extremes or other.extremes)


def _kinds_of(read: Read) -> list[str]:
    """Return the parts of the statement that answer a read."""
    if read.latest:
        return ["latest"]
    shape = "plain" if read.edges is None else "folded" if read.width is None else "binned"
    if read.only is not None:
        return [f"{shape}_only"]
    if read.where is not None and read.where.also:
        return [f"{shape}_raw", *(f"{kind}_raw" for kind in _further(read))]
    by_value = [_by_value(read, shape)] if read.split_by is not None else []
    if read.where is not None:
        return [f"{shape}_filtered", *by_value, *(f"{kind}_filtered" for kind in _further(read)), *_whole(read)]
    return [*_of_all(read, shape), *by_value, *_whole(read)]


def _of_all(read: Read, shape: str) -> list[str]:
    """Return the parts that are of all events. Hours have unique counts if any of their minutes has: they tell none."""
    further = [f"{kind}_fives" if read.by_fives else kind for kind in _further(read)]
    if read.is_total and _coarser_stretch(read)[0] is not None:
        return ["total", *("bins" if kind == "bins_fives" else kind for kind in further)]
    return ["fives" if read.by_fives else shape, *further]


def _by_value(read: Read, shape: str) -> str:
    """Return how a split is read."""
    what = "values" if read.apart else "totals_split" if read.totals else "split"
    return f"fives_{what}" if read.by_fives else f"{shape}_{what}"


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
    }
    if kind in ("total", "bins"):
        return _named(kind, columns | _key_columns(kind, reads) | _coarser_columns(reads, kind == "total"))
    columns["edges"] = [None if kind.startswith(("bins", "uniques")) else _bounds(read) for _, read in reads]
    if kind in _SHAPES or kind == "bins_fives":
        return _named(kind, columns | _key_columns(kind, reads))
    if kind.endswith("only"):
        keys = [(f"{escape(read.only[0])}:", read.only[1]) for _, read in reads if read.only is not None]
        columns |= {"label": [key + value for key, value in keys], "rest": [key + OTHER for key, _ in keys]}
    elif kind.endswith("split"):
        columns |= _coarser_columns(reads)
        columns |= {
            "prefix": [f"{escape(read.split_by or '')}:" for _, read in reads],
            "most": [read.split_values for _, read in reads],
            "without": [None if read.where is None else read.where.label for _, read in reads],
        }
    else:
        columns["measurement"] = [read.measurement for _, read in reads]
    if kind.endswith("values"):
        columns |= {
            "dimension": [read.split_by for _, read in reads],
            "most": [read.split_values for _, read in reads],
            "want": [_wanted(read) for _, read in reads],
            "extremes": [read.extremes for _, read in reads],
            "without": [None if read.where is None else read.where.value for _, read in reads],
        }
    if kind.endswith("raw"):
        columns["conditions"] = [conditions(read.where) for _, read in reads]
    if kind.endswith("filtered"):
        filters = [read.where for _, read in reads if read.where is not None]
        columns |= {name: [getattr(each, name) for each in filters] for name in FILTER}
    return _named(kind, columns)


def _named(kind: str, columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {f"{PREFIXES[kind]}_{name}": values for name, values in columns.items()}


def _key_columns(kind: str, reads: Sequence[tuple[int, Read]]) -> dict[str, list[Any]]:
    """Return the keys of what is read of a measurement: None of what is not."""
    if kind.startswith("bins"):
        return {"summed": [None for _ in reads], "spread": [read.measurement for _, read in reads]}
    return {
        "summed": [read.measurement if read.sums else None for _, read in reads],
        "spread": [read.measurement if read.extremes else None for _, read in reads],
    }


def _coarser_columns(reads: Sequence[tuple[int, Read]], always: bool = True) -> dict[str, list[Any]]:
    """Return what is read of the coarser level; unless it is ``always``, of what is one bucket. Unique counts are not:
    an hour has them if any of its minutes has."""
    coarser = [_coarser_stretch(read) if always or read.is_total else (None, read.end, read.end) for _, read in reads]
    return {
        "coarse": [level for level, _, _ in coarser],
        "first": [_moment(first) for _, first, _ in coarser],
        "last": [_moment(last) for _, _, last in coarser],
    }


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


def _bounds(read: Read) -> str | None:
    """Return the length of a read's longer buckets, or their bounds where they are not of one length."""
    if read.width is not None:
        return f"{read.width} milliseconds"
    return None if read.edges is None else _array([_moment(each) for each in read.edges])


def _array(values: Sequence[str | int | bool | None]) -> str:
    """Return an array as PostgreSQL writes one: the driver takes several times as long."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: str | int | bool | None) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "NULL" if value is None else str(value)


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
