"""Roles of the database, one for each thing that a process does: what each may, and the statements that give it.

They are groups: who logs in is a member. PostgreSQL lets only the owner of ``telemetry_events`` make the partition of a
day, so a group of its own (``raw``) owns it, and whoever stores events belongs to that; nothing else is theirs.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from db.schema import VIEWS

Kind = Literal["owner", "raw", "ingest", "rollup", "viewer", "reader"]
KINDS: Mapping[Kind, str] = {
    "owner": "owns everything, and migrates",
    "raw": "owns raw events and their partitions; ingest and rollup belong to it, nobody else should",
    "ingest": "stores events: programs that collect by themselves, and import",
    "rollup": "collects, rolls up and purges: run, worker and gunicorn",
    "viewer": "reads everything and changes no number: METRICS_ROLE=web",
    "reader": "reads the views: Grafana, Metabase, Superset",
}
# People, their sessions, tokens and links: what is no measurement.
ACCOUNTS = "auth_attempts", "auth_links", "auth_roles", "auth_sessions", "auth_tokens", "auth_users", "auth_walls"
_EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"
# What each may do with each table; a test asks for a row of every table. The owner may do everything, and so may raw
# with what it owns.
PRIVILEGES: Mapping[str, Mapping[Kind, str]] = {
    "alembic_version": {"ingest": "SELECT", "viewer": "SELECT"},
    # Whoever serves the page lets people in, and writes down what they do; nobody rewrites that.
    **{table: {"rollup": _EVERYTHING, "viewer": _EVERYTHING} for table in ACCOUNTS},
    "audit_log": {"rollup": "SELECT, INSERT", "viewer": "SELECT, INSERT"},
    "annotations": {"ingest": _EVERYTHING, "rollup": _EVERYTHING, "viewer": _EVERYTHING},
    "collectors": {"ingest": _EVERYTHING, "viewer": "SELECT"},
    "counter_states": {"ingest": _EVERYTHING, "rollup": _EVERYTHING, "viewer": "SELECT"},
    "declared_events": {"ingest": "SELECT, INSERT", "rollup": _EVERYTHING, "viewer": "SELECT"},
    "event_keys": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "event_names": {"ingest": "SELECT, INSERT", "rollup": "DELETE", "viewer": "SELECT"},
    "fives_since": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "ingest_batches": {"ingest": "SELECT, INSERT, UPDATE", "rollup": "DELETE", "viewer": "SELECT"},
    "ingest_quarantine": {"ingest": "SELECT, INSERT", "rollup": "DELETE", "viewer": "SELECT"},
    "ingest_remembered": {"ingest": "SELECT", "rollup": _EVERYTHING, "viewer": "SELECT"},
    "job_runs": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "retention_clock": {"ingest": "SELECT", "rollup": "UPDATE", "viewer": "SELECT"},
    # Whoever stores events locks raw's floor against a purge, and PostgreSQL asks for the right to change something.
    "retention_floors": {"ingest": "SELECT, UPDATE (held_since)", "rollup": "UPDATE", "viewer": "SELECT"},
    "late_buckets": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "late_splits": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "late_events": {"ingest": "INSERT", "rollup": _EVERYTHING, "viewer": "SELECT"},
    "rollup_dirty": {"ingest": "SELECT, INSERT", "rollup": "DELETE", "viewer": "SELECT"},
    "rollup_failures": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "slice_buckets": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "slice_splits": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "stale_fives": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "telemetry_buckets": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "telemetry_events": {"viewer": "SELECT"},
    "telemetry_splits": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    "whole_keys": {"rollup": _EVERYTHING, "viewer": "SELECT"},
    **{view: {"viewer": "SELECT", "reader": "SELECT"} for view in VIEWS},
}
FUNCTIONS = ["audit_log_is_append_only", "fives_are_stale", "metrics_percentile"]
SEQUENCES: Mapping[str, Kind] = {"rollup_dirty_id_seq": "ingest"}
RAW = "telemetry_events"
_MEMBERS: tuple[tuple[Kind, Kind], ...] = (
    ("raw", "owner"), ("raw", "ingest"), ("raw", "rollup"), ("ingest", "rollup"),
)  # fmt: skip
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,40}")


class RoleNameError(ValueError):
    """A prefix that makes no names of roles."""


def groups(kind: Kind) -> tuple[Kind, ...]:
    """Return a kind, and those whose rights it has too because it belongs to them."""
    above = (each for group, member in _MEMBERS if member == kind for each in groups(group))
    return tuple(dict.fromkeys((kind, *above)))


@dataclass(frozen=True, slots=True)
class Role:
    """A role as the server has it. ``members``: who belongs to it; None where there is no such role."""

    kind: Kind
    name: str
    members: tuple[str, ...] | None


def names(prefix: str) -> dict[Kind, str]:
    """Return each kind's role. Raises ``RoleNameError``."""
    if not _NAME.fullmatch(prefix):
        raise RoleNameError(f"{prefix!r} is no beginning of a role's name: small letters, digits and _ only")
    return {kind: f"{prefix}{kind}" for kind in KINDS}


def roles(connection: Connection, prefix: str) -> list[Role]:
    """Return every role and who belongs to it."""
    found = connection.execute(_ROLES, {"names": list(names(prefix).values())})
    members = {name: tuple(those) for name, those in found}
    return [Role(kind, name, members.get(name)) for kind, name in names(prefix).items()]


_ROLES = text("""
SELECT rolname, ARRAY(
    SELECT member.rolname::text FROM pg_auth_members AS belongs JOIN pg_roles AS member ON member.oid = belongs.member
    WHERE belongs.roleid = role.oid ORDER BY 1
) AS members FROM pg_roles AS role WHERE rolname = ANY(:names)
""")


def statements(connection: Connection, prefix: str) -> list[str]:
    """Return what is to be done so that the roles are there and may do what they should; safe to repeat.

    What would need more rights than the owner's is left out where it was done before. Raises ``RoleNameError``.
    """
    named = names(prefix)
    schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    return [
        *_create(connection, prefix),
        *_join(connection, named),
        *_let_in(connection, named, schema),
        *_own(connection, named),
        *_grant(connection, named),
    ]


def _create(connection: Connection, prefix: str) -> Iterator[str]:
    for role in roles(connection, prefix):
        if role.members is None:
            yield f"CREATE ROLE {role.name} NOLOGIN"


def _join(connection: Connection, named: Mapping[Kind, str]) -> Iterator[str]:
    """Members of each other, and whoever gives tables away has to belong to who gets them."""
    found = connection.execute(_ROLES, {"names": list(named.values())})
    present: dict[str, list[str]] = {row.rolname: row.members for row in found}
    for group, member in _MEMBERS:
        if named[member] not in present.get(named[group], ()):
            yield f"GRANT {named[group]} TO {named[member]}"
    superuser = connection.execute(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")).scalar_one()
    current = connection.execute(text("SELECT quote_ident(current_user)")).scalar_one()
    inherited = connection.execute(_BELONGS, {"names": [named["owner"], named["raw"]]}).scalars().all()
    for name in (named["owner"], named["raw"]):
        if not superuser and name not in inherited:
            yield f"GRANT {name} TO {current}"


_BELONGS = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names) AND pg_has_role(current_user, oid, 'USAGE')")


def _let_in(connection: Connection, named: Mapping[Kind, str], schema: str) -> Iterator[str]:
    """Who owns a table has to be one who may make it there."""
    may = text(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(:names) "
        "AND has_schema_privilege(oid, current_schema(), 'CREATE')"
    )
    makers = [named["owner"], named["raw"]]
    allowed = connection.execute(may, {"names": makers}).scalars().all()
    for name in makers:
        if name not in allowed:
            yield f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {name}"
    yield f"GRANT USAGE ON SCHEMA {schema} TO {', '.join(each for each in named.values() if each not in makers)}"


def _own(connection: Connection, named: Mapping[Kind, str]) -> Iterator[str]:
    parameters = {"tables": list(PRIVILEGES), "raw": RAW, "owner_name": named["owner"], "raw_name": named["raw"]}
    for kind, relation, owner in connection.execute(_TO_OWN, parameters):
        yield f"ALTER {kind} {relation} OWNER TO {owner}"
    for function in connection.execute(_FUNCTIONS_TO_OWN, {"names": FUNCTIONS, "owner": named["owner"]}).scalars():
        yield f"ALTER FUNCTION {function} OWNER TO {named['owner']}"


_TO_OWN = text("""
SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, relation, owner
FROM (
    SELECT to_regclass(quote_ident(name)) AS relation,
        CASE WHEN name = :raw THEN :raw_name ELSE :owner_name END AS owner
    FROM unnest(CAST(:tables AS text[])) AS name
    UNION ALL SELECT to_regclass(:raw || '_id_seq'), :raw_name
    UNION ALL SELECT inhrelid::regclass, :raw_name FROM pg_inherits WHERE inhparent = to_regclass(:raw)
) AS wanted JOIN pg_class ON pg_class.oid = relation
WHERE pg_get_userbyid(relowner) <> owner
ORDER BY relkind = 'v', relation::text
""")


_FUNCTIONS_TO_OWN = text("""
SELECT oid::regprocedure::text FROM pg_proc
WHERE proname = ANY(:names) AND pronamespace = to_regnamespace(quote_ident(current_schema()))
    AND pg_get_userbyid(proowner) <> :owner
""")


def _grant(connection: Connection, named: Mapping[Kind, str]) -> Iterator[str]:
    there = text(
        "SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL"
    )
    found = set(connection.execute(there, {"names": [*PRIVILEGES, *SEQUENCES]}).scalars())
    for table, granted in PRIVILEGES.items():
        for kind, privileges in granted.items():
            if table in found:
                yield f"GRANT {privileges} ON {table} TO {named[kind]}"
    for sequence, user in SEQUENCES.items():
        if sequence in found:
            yield f"GRANT USAGE ON SEQUENCE {sequence} TO {named[user]}"


def grant(connection: Connection, prefix: str) -> None:
    """Do it all, in the caller's transaction. Raises ``RoleNameError``."""
    for statement in _create(connection, prefix):
        connection.exec_driver_sql(statement)
    for statement in statements(connection, prefix):
        connection.exec_driver_sql(statement)
