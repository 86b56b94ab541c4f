"""The clock that retention goes by, and whether a job's run did what was due."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE retention_clock (
    singleton boolean PRIMARY KEY DEFAULT true CONSTRAINT retention_clock_singleton CHECK (singleton),
    even_since timestamptz,
    seen_at timestamptz,
    trusted_at timestamptz
);
INSERT INTO retention_clock DEFAULT VALUES;
ALTER TABLE job_runs ADD COLUMN succeeded boolean;
UPDATE job_runs SET succeeded = outcome <> 'failed' WHERE finished_at IS NOT NULL;
"""

DOWN = """
ALTER TABLE job_runs DROP COLUMN succeeded;
DROP TABLE retention_clock;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
