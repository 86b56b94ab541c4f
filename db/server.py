"""The server around the database, as an operator asks about it: rights, connections, clock and disk."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

from db.schema import metadata


@dataclass(frozen=True, slots=True)
class Connections:
    """How many connections there are now, of everybody's, and how many an ordinary role may have."""

    used: int
    most: int


def connections(connection: Connection) -> Connections:
    """Count the server's connections."""
    row = connection.execute(
        text(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used, "
            "(SELECT sum(CASE WHEN name = 'max_connections' THEN 1 ELSE -1 END * CAST(setting AS integer)) "
            "FROM pg_settings WHERE name IN "
            "('max_connections', 'superuser_reserved_connections', 'reserved_connections')) AS most"
        )
    ).one()
    return Connections(row.used, row.most)


def clock(connection: Connection) -> datetime:
    """Return the server's time."""
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def data_folder(connection: Connection) -> Path | None:
    """Return where the server keeps its data, on its machine; None where the role may not know."""
    found = connection.execute(text("SELECT setting FROM pg_settings WHERE name = 'data_directory'")).scalar()
    return Path(found) if found else None


def database_bytes(connection: Connection) -> int:
    """Return how large the database is on disk."""
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


@dataclass(frozen=True, slots=True)
class Lacking:
    """The statements that would give the role what it lacks: to store and read (``rows``), and to make and drop
    partitions (``partitions``), which is needed at the latest when a day begins that has none yet."""

    rows: tuple[str, ...]
    partitions: tuple[str, ...]


def lacking(connection: Connection) -> Lacking:
    """Ask which rights the role lacks. Everything is there where ``migrate`` ran as the same role."""
    names = [*sorted(metadata.tables), "alembic_version"]
    rows = connection.execute(_ROWS, {"names": names}).scalars()
    partitions = connection.execute(_PARTITIONS).scalars()
    return Lacking(tuple(rows), tuple(partitions))


def lacking_to_read(connection: Connection) -> tuple[str, ...]:
    """Return the statements that would let the role read everything."""
    names = [*sorted(metadata.tables), "alembic_version"]
    return tuple(connection.execute(_READING, {"names": names}).scalars())


_READING = text("""
SELECT format('GRANT SELECT ON %s TO %I', relation, current_user)
FROM unnest(CAST(:names AS text[])) AS name, to_regclass(name) AS relation
WHERE relation IS NOT NULL AND NOT has_table_privilege(relation, 'SELECT')
""")
_ROWS = text("""
SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', relation, current_user)
FROM unnest(CAST(:names AS text[])) AS name, to_regclass(name) AS relation
WHERE relation IS NOT NULL AND NOT (has_table_privilege(relation, 'SELECT') AND has_table_privilege(relation, 'INSERT')
    AND has_table_privilege(relation, 'UPDATE') AND has_table_privilege(relation, 'DELETE'))
UNION ALL
SELECT format('GRANT USAGE ON SEQUENCE %s TO %I', relation, current_user)
FROM unnest(ARRAY['telemetry_events_id_seq', 'rollup_dirty_id_seq']) AS name, to_regclass(name) AS relation
WHERE relation IS NOT NULL AND NOT has_sequence_privilege(relation, 'USAGE')
""")
# Attaching needs the table's owner, and dropping the partition's.
_PARTITIONS = text("""
SELECT format('GRANT CREATE ON SCHEMA %I TO %I', current_schema(), current_user)
WHERE NOT has_schema_privilege(current_schema(), 'CREATE')
UNION ALL
SELECT format('ALTER TABLE %s OWNER TO %I', relation, current_user)
FROM (
    SELECT to_regclass('telemetry_events') AS relation
    UNION ALL SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = to_regclass('telemetry_events')
) AS tables JOIN pg_class ON pg_class.oid = relation
WHERE NOT pg_has_role(relowner, 'USAGE')
""")
