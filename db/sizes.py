"""How much room the database takes, and when its jobs last succeeded: what is asked once a minute, for figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from db.levels import BUCKET_TYPES
from db.schema import metadata

# A store that is fed history may have hundreds; the newest say how fast it grows.
PARTITIONS_AT_MOST = 31


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes on disk with indexes: of the database, of each table (raw events with all partitions), of the newest
    partitions by UTC day. ``partitions``: how many there are."""

    database: int
    tables: Mapping[str, int]
    days: Mapping[str, int]
    partitions: int


def read_sizes(connection: Connection) -> Sizes:
    """Ask how large everything is."""
    tables = dict.fromkeys(sorted(metadata.tables), 0)
    days: dict[str, int] = {}
    partitions = 0
    for row in connection.execute(_SIZES, {"names": list(tables)}):
        tables[row.parent] += row.bytes
        if row.name != row.parent:
            partitions += 1
            days[row.name] = row.bytes
    newest = sorted(days, reverse=True)[:PARTITIONS_AT_MOST]
    total = int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    return Sizes(total, tables, {_day(name): days[name] for name in newest}, partitions)


def _day(partition: str) -> str:
    digits = partition.rpartition("_")[2]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


_SIZES = text("""
SELECT parent.relname AS parent, parent.relname AS name, pg_total_relation_size(parent.oid) AS bytes
FROM pg_class AS parent WHERE parent.oid = ANY(SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) AS name)
UNION ALL
SELECT parent.relname, child.relname, pg_total_relation_size(child.oid)
FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid JOIN pg_class AS parent ON parent.oid = inhparent
WHERE inhparent = to_regclass('telemetry_events')
""")


def count_rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each level has; of raw events as PostgreSQL last estimated it."""
    rows = connection.execute(_ROWS, {"types": list(BUCKET_TYPES)})
    return {row.level: row.rows for row in rows}


_ROWS = text("""
SELECT bucket_type AS level, count(*) AS rows FROM telemetry_buckets
WHERE bucket_type = ANY(:types) GROUP BY bucket_type
UNION ALL
SELECT 'raw', coalesce(sum(greatest(coalesce(stat.n_live_tup, 0), child.reltuples::bigint, 0)), 0)::bigint
FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
    LEFT JOIN pg_stat_all_tables AS stat ON stat.relid = child.oid
WHERE inhparent = to_regclass('telemetry_events')
""")


def last_successes(connection: Connection) -> dict[str, float]:
    """Return when each scheduled job last succeeded in any process, in seconds since 1970."""
    rows = connection.execute(
        text("SELECT job, extract(epoch FROM max(finished_at)) AS at FROM job_runs WHERE succeeded GROUP BY job")
    )
    return {row.job: float(row.at) for row in rows}
