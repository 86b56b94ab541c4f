"""Batches written as a flush writes them, and statements run beside it."""

from typing import Any

from sqlalchemy import text

from db.batches import Batch, Written, days_of
from db.engine import Database
from db.ledger import write_batch_bisecting, write_batches
from db.partitions import ensure_partitions


def write(database: Database, *batches: Batch, bisecting: bool = False) -> list[Written]:
    ensure_partitions(database, days_of(batches))
    with database.begin() as connection:
        if bisecting:
            return [write_batch_bisecting(connection, each) for each in batches]
        return write_batches(connection, batches)


def execute(database: Database, statement: str, **values: Any) -> Any:
    """What the statement returns first, None where it returns nothing."""
    with database.begin() as connection:
        result = connection.execute(text(statement), values)
        return result.scalar() if result.returns_rows else None
