"""The ledger keeps what an answer was made from; what it held before stays, with nothing known of its answers.

New columns without a default: the table is locked for a moment and not rewritten, however many batches it holds.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = """
ALTER TABLE ingest_batches
    ADD COLUMN newest_event timestamptz,
    ADD COLUMN submission uuid,
    ADD COLUMN digest bytea,
    ADD COLUMN refused jsonb;
"""

DOWN = """
ALTER TABLE ingest_batches
    DROP COLUMN newest_event,
    DROP COLUMN submission,
    DROP COLUMN digest,
    DROP COLUMN refused;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
