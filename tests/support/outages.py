"""A database that is away for a while: who is connected is cut off, and nobody gets in."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from db.engine import Database

_CUT = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :name"


@contextmanager
def outage(database: Database) -> Iterator[None]:
    """Keep everybody out of ``database`` until the block ends."""
    name = database.url.database
    engine = create_engine(database.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"))
            connection.execute(text(_CUT), {"name": name})
            try:
                yield
            finally:
                connection.execute(text(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"))
    finally:
        engine.dispose()
