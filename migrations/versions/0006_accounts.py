"""Who may come in: people, their sessions, tokens of senders, read-only links, and what was done, kept for ever.

Secrets are kept as hashes: of passwords by argon2, of what is 256 random bits by SHA-256.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UP = """
CREATE TABLE auth_roles (
    role text PRIMARY KEY,
    permissions text[] NOT NULL
);
INSERT INTO auth_roles VALUES
    ('viewer', '{server.view_logs}'),
    ('editor', '{server.view_logs,server.annotate}'),
    ('admin', '{server.view_logs,server.annotate,server.manage}');

CREATE TABLE auth_users (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CONSTRAINT auth_users_name UNIQUE,
    source text NOT NULL CONSTRAINT auth_users_source CHECK (source IN ('password', 'oidc', 'proxy')),
    subject text CONSTRAINT auth_users_subject UNIQUE,
    role text NOT NULL CONSTRAINT auth_users_role REFERENCES auth_roles (role),
    password_hash text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz,
    disabled_at timestamptz
);

CREATE TABLE auth_sessions (
    digest bytea PRIMARY KEY,
    user_id bigint NOT NULL CONSTRAINT auth_sessions_user REFERENCES auth_users (user_id) ON DELETE CASCADE,
    address text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX auth_sessions_of_user ON auth_sessions (user_id);

CREATE TABLE auth_tokens (
    token_id text PRIMARY KEY,
    name text NOT NULL,
    digest bytea NOT NULL,
    scopes text[] NOT NULL,
    prefixes text[] NOT NULL DEFAULT '{}',
    events_per_second double precision,
    bytes_per_second double precision,
    events_level double precision NOT NULL DEFAULT 0,
    bytes_level double precision NOT NULL DEFAULT 0,
    level_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz,
    last_used_from text
);

CREATE TABLE auth_links (
    link_id text PRIMARY KEY,
    digest bytea NOT NULL,
    tabs text[] NOT NULL DEFAULT '{}',
    longest interval,
    kiosk boolean NOT NULL DEFAULT false,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    revoked_at timestamptz
);

CREATE TABLE auth_walls (
    digest bytea PRIMARY KEY,
    link_id text NOT NULL CONSTRAINT auth_walls_link REFERENCES auth_links (link_id) ON DELETE CASCADE,
    address text NOT NULL,
    tab text NOT NULL DEFAULT '',
    version text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX auth_walls_of_link ON auth_walls (link_id);

CREATE TABLE auth_attempts (
    key text PRIMARY KEY,
    level double precision NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    address text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'::jsonb
);
"""

# A restore makes them, too: see db.migrate.functions.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
"""

TRIGGERS = """
CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
"""

DOWN = """
DROP TABLE audit_log;
DROP FUNCTION audit_log_is_append_only();
DROP TABLE auth_attempts, auth_walls, auth_links, auth_tokens, auth_sessions, auth_users, auth_roles;
"""


def upgrade() -> None:
    for statements in (UP, FUNCTIONS, TRIGGERS):
        op.execute(statements)


def downgrade() -> None:
    op.execute(DOWN)
