"""Whether the simulated game server is feeding this store.

The demo sends an event of its own with every live batch, through the same pipeline as all others. So any process that
reads the store knows, and what it knows survives a restart.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from db.engine import Database
from db.events import query_events

HEARTBEAT = "metrics_dash.demo.heartbeat"

# Four live batches, and what a busy pipeline may add.
FRESH_FOR = timedelta(seconds=60)


def demo_active(database: Database, now: datetime | None = None) -> bool:
    """Return whether the demo has sent within the last minute. One index look-up; False when the database can't say."""
    now = now or datetime.now(UTC)
    try:
        return bool(query_events(HEARTBEAT, now - FRESH_FOR, now + FRESH_FOR, 1, database=database))
    except (SQLAlchemyError, OSError):
        return False
