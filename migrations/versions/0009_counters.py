"""What counters stood at last that their senders add up for ever."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE counter_states (
    series bytea PRIMARY KEY,
    started bigint,
    at bigint,
    count bigint,
    value double precision,
    histogram jsonb,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX counter_states_seen ON counter_states (seen_at);
"""

DOWN = "DROP TABLE counter_states;"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
