"""What the role that is logged in lacks for its work, as statements that would give it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from db.roles import ACCOUNTS, PRIVILEGES, RAW, SEQUENCES, groups
from db.schema import VIEWS

# What a process does that serves, collects and rolls up, and what one does that only looks.
Work = Literal["rollup", "viewer"]
_ACCESS = (*ACCOUNTS, "audit_log")
_WHOLE = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE)\b(?! \()")


@dataclass(frozen=True, slots=True)
class Lacking:
    """The statements that would give the role what it lacks: for tables (``rows``), and to make and drop partitions
    (``partitions``), which is needed at the latest when a day begins that has none yet."""

    rows: tuple[str, ...]
    partitions: tuple[str, ...] = ()


def needed(work: Work, *, login: bool) -> Mapping[str, tuple[str, ...]]:
    """Return the privileges that ``work`` takes on each table. ``login``: people log in, and it lets them in."""
    kinds = groups(work)
    found = {}
    for table, granted in PRIVILEGES.items():
        if table in VIEWS or (table in _ACCESS and not login):
            continue
        # Whoever stores raw events owns them; what is asked here is what a row takes.
        whole = "SELECT, INSERT, UPDATE, DELETE" if table == RAW and "raw" in kinds else ""
        own = _WHOLE.findall(", ".join([whole, *(granted[kind] for kind in kinds if kind in granted)]))
        if own:
            found[table] = tuple(dict.fromkeys(own))
    return found


def lacking(connection: Connection, work: Work, *, login: bool = True) -> Lacking:
    """Ask which rights the role lacks for ``work``. Nothing is lacking where ``migrate`` ran as the same role."""
    schema = connection.execute(_UNSEEN_SCHEMA).scalar()
    if schema is not None:
        return Lacking((f"GRANT USAGE ON SCHEMA {schema} TO {_role(connection)}", *_all(connection, work, login)))
    wanted = [(table, privilege) for table, own in needed(work, login=login).items() for privilege in own]
    asked = {"tables": [table for table, _ in wanted], "privileges": [privilege for _, privilege in wanted]}
    rows = (*_grants(connection, connection.execute(_ROWS, asked)), *_sequences(connection, work))
    partitions = connection.execute(_PARTITIONS).scalars() if work == "rollup" else ()
    return Lacking(rows, tuple(partitions))


def _role(connection: Connection) -> str:
    return str(connection.execute(text("SELECT quote_ident(current_user)")).scalar_one())


def _all(connection: Connection, work: Work, login: bool) -> Iterable[str]:
    """Of a schema that the role can't see into, what it lacks there can't be known: all of it may be."""
    wanted = needed(work, login=login)
    return _grants(connection, [(table, privilege) for table, own in wanted.items() for privilege in own])


def _grants(connection: Connection, lacks: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return as few statements as there are kinds of rights."""
    by_table: dict[str, list[str]] = {}
    for table, privilege in lacks:
        by_table.setdefault(table, []).append(privilege)
    by_rights: dict[str, list[str]] = {}
    for table, own in by_table.items():
        by_rights.setdefault(", ".join(own), []).append(table)
    role = _role(connection)
    return tuple(f"GRANT {rights} ON {', '.join(tables)} TO {role}" for rights, tables in by_rights.items())


def _sequences(connection: Connection, work: Work) -> tuple[str, ...]:
    kinds = groups(work)
    names = [name for name, kind in SEQUENCES.items() if kind in kinds] + ([f"{RAW}_id_seq"] if "raw" in kinds else [])
    return tuple(connection.execute(_SEQUENCES, {"names": names}).scalars())


# Our tables are there, and the role may not look into their schema: PostgreSQL then says that they are not.
_UNSEEN_SCHEMA = text(f"""
SELECT quote_ident(nspname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relname = '{RAW}' AND to_regclass('{RAW}') IS NULL AND NOT has_schema_privilege(pg_namespace.oid, 'USAGE')
LIMIT 1
""")
_ROWS = text("""
SELECT relation::text, privilege
FROM unnest(CAST(:tables AS text[]), CAST(:privileges AS text[])) WITH ORDINALITY AS wanted (name, privilege, place),
    to_regclass(name) AS relation
WHERE relation IS NOT NULL AND NOT has_table_privilege(relation, privilege)
ORDER BY place
""")
_SEQUENCES = text("""
SELECT format('GRANT USAGE ON SEQUENCE %s TO %I', relation, current_user)
FROM unnest(CAST(:names AS text[])) AS name, to_regclass(name) AS relation
WHERE relation IS NOT NULL AND NOT has_sequence_privilege(relation, 'USAGE')
""")
# Attaching needs the table's owner, and dropping the partition's. Where a group owns them, its member may do both.
_PARTITIONS = text(f"""
WITH owned AS (
    SELECT relation, rolname AS owner, rolcanlogin AS alone,
        has_schema_privilege(rolname, current_schema(), 'CREATE') AS makes
    FROM (
        SELECT to_regclass('{RAW}') AS relation
        UNION ALL SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = to_regclass('{RAW}')
    ) AS tables JOIN pg_class ON pg_class.oid = relation JOIN pg_roles ON pg_roles.oid = relowner
)
SELECT format('GRANT CREATE ON SCHEMA %I TO %I', current_schema(), current_user)
WHERE NOT has_schema_privilege(current_schema(), 'CREATE') AND NOT EXISTS (SELECT FROM owned WHERE makes AND NOT alone)
UNION ALL
SELECT DISTINCT CASE WHEN alone THEN format('ALTER TABLE %s OWNER TO %I', relation, current_user)
    ELSE format('GRANT %I TO %I', owner, current_user) END
FROM owned WHERE NOT pg_has_role(owner, 'USAGE')
""")
