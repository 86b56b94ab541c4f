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

DOWN = "DROP TABLE declared_events;"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
