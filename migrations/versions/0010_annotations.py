"""What somebody says of a moment, to be seen beside the charts."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE annotations (
    id text PRIMARY KEY,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL CONSTRAINT annotations_order CHECK (end_at >= start_at),
    title text NOT NULL DEFAULT '',
    text text NOT NULL DEFAULT '',
    tags text[] NOT NULL DEFAULT '{}',
    url text,
    source text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX annotations_start ON annotations (start_at);
CREATE INDEX annotations_end ON annotations (end_at);
"""

DOWN = "DROP TABLE annotations;"


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
