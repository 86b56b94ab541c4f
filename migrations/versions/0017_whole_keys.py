"""Since when a metadata key is counted as a whole, because it shows too many values to tell them apart."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE whole_keys (
    event_name text NOT NULL,
    key text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT whole_keys_pkey PRIMARY KEY (event_name, key),
    CONSTRAINT whole_keys_order CHECK (until >= since)
);
"""

# A pass reads and writes the table last: who drops it waits for the pass first, and not with the table in hand.
DOWN = """
SELECT pg_advisory_xact_lock(7306001);
DROP TABLE whole_keys;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
