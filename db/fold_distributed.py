"""The fold from raw events where Citus spreads these over workers, and everything else stays on the coordinator.

It makes what ``db.fold`` makes. There one scan unpacks each event once and everything else reads that; here each part
scans for itself and is grouped where the events are, so that what travels is as large as buckets and not as events. On
one server that is slower, so it is taken only where ``telemetry_events`` is distributed.

Citus leaves a query to its workers where events are joined to what the coordinator sends along, each ``GROUP BY`` has
the column that they are distributed by, and every function is immutable: those that are not, such as ``convert_to``
or ``date_part`` of a timestamp, are for the coordinator. See
https://docs.citusdata.com/en/stable/develop/reference_sql.html
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from db import registers, splits
from db.bins import place_sql
from db.fold import EVENTS, INTO_SLICES, KEYS, NUMBERS, Fold, events_sql, minutes_from, slices_from


@dataclass(frozen=True, slots=True)
class Folds:
    """The statements that fold minutes, and slices of minutes, from raw events."""

    events: Fold
    slices: Fold


_COUNTED = "CASE kind WHEN 'event' THEN weight ELSE 0 END"
_OF_EVENTS = f" AND {_COUNTED} > 0"
_AGGREGATED = " AND aggregates <> '{}'"
# Seconds since 1970, as exact as `date_part` of the timestamp has them.
_MOMENT = "CAST(EXTRACT(epoch FROM occurred_at - TIMESTAMPTZ 'epoch') AS double precision)"
_NUMBERS_OF_EACH = "CROSS JOIN LATERAL jsonb_each_text(measurements) AS pair (key, number)"
_LABELS_OF_EACH = "LEFT JOIN whole USING (bucket) CROSS JOIN LATERAL jsonb_each_text(metadata) AS pair (key, carried)"
_SPLIT = "JOIN split_named USING (bucket)"
_ONCE = "JOIN counted_once USING (bucket)"
_DIMENSION = splits.value_sql("dimension", "told")


def _scan(also: str = "", where: str = "") -> str:
    """Return the events of ``spans`` as what stands after FROM; ``also``: further tables, ``where``: conditions."""
    return f"""telemetry_events AS candidate
        JOIN spans ON candidate.event_name = spans.event_name AND candidate.occurred_at >= spans.bucket_start
            AND candidate.occurred_at < spans.bucket_end
        {also}
    WHERE candidate.occurred_at >= :earliest AND candidate.occurred_at < :end{where}"""


def _grouped(group: str, what: str, source: str, where: str = "") -> str:
    """Return a query of ``group`` and of ``what`` is aggregated of it, grouped where the events are."""
    columns = ", ".join(each for each in (group, what) if each)
    return f"SELECT {columns}\n    FROM ({source}) AS event\n    {where} GROUP BY event_name, {group}"


def _numbers(group: str, also: str = "") -> str:
    """Return each number that events measured, with its place; ``group``: columns beside, ``also``: their tables."""
    columns = (
        f"candidate.event_name, bucket, key, weight, {_MOMENT} AS moment, CAST(number AS double precision) AS value"
    )
    return f"""
        SELECT *, {place_sql("value")} AS place FROM (
            SELECT {columns}{group} FROM {_scan(f"{also} {_NUMBERS_OF_EACH}")}
        ) AS measured"""


_LABEL = "CASE WHEN key = ANY(fields) THEN NULL ELSE COALESCE(carried, 'null') END AS value"
_TOLD = "bucket, dimension, told"
# What workers are asked, by the name of the part. They find which values there are, the coordinator hashes each once.
PUSHED = {
    "counts": f"SELECT bucket, sum({_COUNTED}) AS count FROM {_scan()} GROUP BY candidate.event_name, bucket",
    "aggregated": f"SELECT bucket, metadata, aggregates FROM {_scan(where=_AGGREGATED)}",
    "placed": _grouped("bucket, key, place", NUMBERS, _numbers("")),
    "labels": _grouped(
        "bucket, field, value",
        "sum(counted)::bigint AS count",
        f"SELECT candidate.event_name, bucket, key AS field, {_LABEL}, {_COUNTED} AS counted "
        f"FROM {_scan(_LABELS_OF_EACH, _OF_EVENTS)}",
    ),
    "carried": _grouped(
        "bucket, key, carried",
        "",
        f"SELECT candidate.event_name, bucket, key, metadata ->> key AS carried FROM {_scan(_ONCE, _OF_EVENTS)}",
        "WHERE carried IS NOT NULL",
    ),
    "split_counts": _grouped(
        _TOLD,
        "sum(counted) AS count, sum(weight) AS samples",
        f"SELECT candidate.event_name, bucket, dimension, {_DIMENSION}, {_COUNTED} AS counted, weight "
        f"FROM {_scan(_SPLIT)}",
    ),
    "split_placed": _grouped(
        f"{_TOLD}, key, place",
        "sum(weight) AS values, sum(weight * value) AS sum, min(value) AS min, max(value) AS max",
        _numbers(f", dimension, {_DIMENSION}", _SPLIT),
    ),
    "split_carried": _grouped(
        f"{_TOLD}, key, carried",
        "",
        f"SELECT candidate.event_name, bucket, dimension, {_DIMENSION}, key, metadata ->> key AS carried "
        f"FROM {_scan(f'{_SPLIT} {_ONCE}', _OF_EVENTS)}",
        "WHERE carried IS NOT NULL",
    ),
}

_READ = f"""
{KEYS},
spans AS MATERIALIZED (
    SELECT bucket, event_name, bucket_start, bucket_start + CAST(:width AS interval) AS bucket_end FROM keys
),
counts AS MATERIALIZED ({PUSHED["counts"]}),
aggregated AS MATERIALIZED ({PUSHED["aggregated"]})"""
_EVENTS = events_sql(
    _READ,
    PUSHED["placed"],
    f"""WITH carried AS MATERIALIZED ({PUSHED["carried"]})
    SELECT bucket, key, {registers.hash_sql("carried")} AS hash FROM carried""",
    PUSHED["labels"],
)
_SPLITS = (
    f"""WITH told AS MATERIALIZED ({PUSHED["split_counts"]})
    SELECT bucket, dimension, told AS value, count, samples FROM told""",
    f"""WITH told AS MATERIALIZED ({PUSHED["split_placed"]})
    SELECT bucket, dimension, told AS value, key, place, values, sum, min, max FROM told""",
    f"""WITH told AS MATERIALIZED ({PUSHED["split_carried"]})
    SELECT bucket, dimension, told AS value, key, {registers.hash_sql("carried")} AS hash FROM told""",
)
ON_COORDINATOR = Folds(EVENTS, INTO_SLICES)
ON_WORKERS = Folds(
    minutes_from(_EVENTS, splits.from_events(*_SPLITS)), slices_from(_EVENTS, splits.into_slices(*_SPLITS))
)

# Its table of distributed tables; of a server without Citus there is none.
_CITUS = text("SELECT to_regclass('pg_dist_partition') IS NOT NULL")
_DISTRIBUTED = text("SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrel = to_regclass('telemetry_events'))")


def folds(connection: Connection) -> Folds:
    """Return the statements for where raw events are: on this server, or on workers of Citus."""
    distributed = connection.execute(_CITUS).scalar_one() and connection.execute(_DISTRIBUTED).scalar_one()
    return ON_WORKERS if distributed else ON_COORDINATOR
