"""What the ledger forgets stays known for as long as its events could still be counted."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE ingest_remembered (
    day date NOT NULL,
    part integer NOT NULL,
    hashes bigint[] NOT NULL,
    CONSTRAINT ingest_remembered_pkey PRIMARY KEY (day, part)
);
"""

DOWN = "DROP TABLE ingest_remembered;"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
