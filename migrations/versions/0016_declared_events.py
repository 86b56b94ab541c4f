"""Events that a catalog declares are let in however many other names there are."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE declared_events (
    event_name text NOT NULL,
    declared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT declared_events_pkey PRIMARY KEY (event_name)
);
"""

# Flushes, heartbeats and passes read or write the table last: who drops it while they go on waits for them first, and
# not with the table in hand.
DOWN = """
SELECT pg_advisory_xact_lock(7306001);
LOCK TABLE collectors, retention_floors, ingest_batches IN ACCESS EXCLUSIVE MODE;
DROP TABLE declared_events;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
