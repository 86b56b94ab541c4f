"""The names of events: those that the store knows, how many it may come to know, and when it forgets one.

The quota is asked for in the transaction that stores the first event of a name, under a lock that only new names need.
Every door (``execute``, HTTP, imports, ``insert_events``) writes through ``db.ledger`` and so through here: no door and
no number of processes can pass the quota, because there is no other way in.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from db.collectors import OWN_EVENTS
from db.engine import Database
from db.faults import original
from db.schema import LOCK_NAMES

NAME_QUOTA = 1000
# What the application says of itself is no name of anybody's, and a declared one was chosen by whoever runs it: neither
# costs a place, so that no sender can use up what the page is there to show.
_OURS = ", ".join(f"'{name}'" for name in OWN_EVENTS)
_COSTS_A_PLACE = f"(event_name NOT IN ({_OURS}) AND event_name NOT IN (SELECT event_name FROM declared_events))"
# How long flushes may be held up by a look for names that nothing is left of, and it by them.
FORGET_LOCK_TIMEOUT = "300ms"


def stored_names(connection: Connection) -> set[str]:
    """Return every event name that the store knows, but for the application's own."""
    return set(
        connection.execute(text(f"SELECT event_name FROM event_names WHERE event_name NOT IN ({_OURS})")).scalars()
    )


def places_taken(connection: Connection) -> int:
    """Return how many of the store's names count towards the quota."""
    return int(connection.execute(text(f"SELECT count(*) FROM event_names WHERE {_COSTS_A_PLACE}")).scalar_one())


def admit_names(driver: psycopg.Connection[Any], names: Iterable[str], quota: int) -> set[str]:
    """Make the names known, first come first served; return those that are too many.

    The caller holds raw's floor (``db.ledger``), so that no name is forgotten between this look and its commit.
    """
    unknown = _unknown(driver, list(names))
    if not unknown:
        return set()
    # From here to the commit nobody else makes a name known, so that what is counted now still holds then.
    driver.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK_NAMES,))
    driver.execute(
        f"""
        WITH new AS (
            SELECT event_name, place FROM unnest(%(names)s::text[]) WITH ORDINALITY AS new (event_name, place)
            WHERE NOT EXISTS (SELECT FROM event_names AS known WHERE known.event_name = new.event_name)
        )
        INSERT INTO event_names (event_name)
        (SELECT event_name FROM new WHERE {_COSTS_A_PLACE} ORDER BY place LIMIT greatest(
            0, %(quota)s - (SELECT count(*) FROM event_names WHERE {_COSTS_A_PLACE})
        ))
        UNION ALL SELECT event_name FROM new WHERE NOT {_COSTS_A_PLACE}
        """,
        {"names": unknown, "quota": quota},
    )
    return set(_unknown(driver, unknown))


def _unknown(driver: psycopg.Connection[Any], names: list[str]) -> list[str]:
    found = driver.execute(
        """
        SELECT name FROM unnest(%s::text[]) WITH ORDINALITY AS asked (name, place)
        WHERE NOT EXISTS (SELECT FROM event_names WHERE event_name = name) ORDER BY place
        """,
        (names,),
    )
    return [name for (name,) in found]


# Each look ends at the first row that it finds in an index, however many there are: asked for in an index's order,
# because the planner takes a name for as frequent as others are and would rather read a whole partition for none.
NOTHING_LEFT = """
    (SELECT 1 FROM telemetry_buckets AS held WHERE held.event_name = known.event_name
        ORDER BY bucket_type, bucket_start LIMIT 1) IS NULL
    AND (SELECT 1 FROM telemetry_events AS held WHERE held.event_name = known.event_name
        ORDER BY occurred_at LIMIT 1) IS NULL
    AND (SELECT 1 FROM rollup_dirty AS held WHERE held.event_name = known.event_name LIMIT 1) IS NULL
"""


def forget_names(database: Database) -> int:
    """Forget the names of which no bucket, no raw event and no mark is left; return how many.

    Held off by a flush that takes long, it forgets nothing now and all the more the next time.
    """
    with database.begin() as connection:
        gone = list(
            connection.execute(text(f"SELECT event_name FROM event_names AS known WHERE {NOTHING_LEFT}")).scalars()
        )
    if not gone:
        return 0
    try:
        with database.begin() as connection:
            return _forget(connection, gone)
    except Exception as error:
        if not isinstance(original(error), psycopg.errors.LockNotAvailable):
            raise
        return 0


def _forget(connection: Connection, names: list[str]) -> int:
    """Flushes hold raw's floor until their commit: with it in hand, what they wrote is seen by the next statement."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{FORGET_LOCK_TIMEOUT}'"))
    connection.execute(text("SELECT 1 FROM retention_floors WHERE level = 'raw' FOR NO KEY UPDATE"))
    return connection.execute(
        text(f"DELETE FROM event_names AS known WHERE event_name = ANY(:names) AND {NOTHING_LEFT}"), {"names": names}
    ).rowcount
