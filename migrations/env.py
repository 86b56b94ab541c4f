"""Alembic's entry: the whole way up or down is one transaction under one lock.

``db.migrate`` hands over its connection; the ``alembic`` command connects to the default database.
"""

from alembic import context
from sqlalchemy import Connection, text

from db.engine import default_database
from db.schema import LOCK_MIGRATE, metadata


def migrate(connection: Connection) -> None:
    # Two processes that start at once: the second waits here and then finds nothing to do.
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_MIGRATE})
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with default_database().begin() as connection:
        migrate(connection)
