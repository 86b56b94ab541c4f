"""The tables of who may come in, and of what was done by whom; the rest is in ``db.schema``."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Interval,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from db.columns import json_map as _map
from db.columns import metadata
from db.columns import moment as _time
from db.columns import one_of as _one_of

# Who may come in (``db.users``, ``db.sessions``, ``db.tokens``, ``db.links``, ``db.attempts``). Secrets are hashes.
auth_roles = Table(
    "auth_roles",
    metadata,
    Column("role", Text, primary_key=True),
    Column("permissions", ARRAY(Text), nullable=False),
)

auth_users = Table(
    "auth_users",
    metadata,
    Column("user_id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text, nullable=True),
    Column("role", Text, ForeignKey("auth_roles.role", name="auth_users_role"), nullable=False),
    Column("password_hash", Text, nullable=True),
    _time("created_at", default="clock_timestamp()"),
    _time("seen_at", nullable=True),
    _time("disabled_at", nullable=True),
    UniqueConstraint("name", name="auth_users_name"),
    UniqueConstraint("subject", name="auth_users_subject"),
    CheckConstraint(_one_of("source", ("password", "oidc", "proxy")), name="auth_users_source"),
)

auth_sessions = Table(
    "auth_sessions",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column(
        "user_id",
        BigInteger,
        ForeignKey("auth_users.user_id", name="auth_sessions_user", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("address", Text, nullable=False),
    _time("created_at", default="clock_timestamp()"),
    _time("seen_at", default="clock_timestamp()"),
    _time("expires_at"),
    Index("auth_sessions_of_user", "user_id"),
)

# The levels are those of a leaking bucket at ``level_at``: how much was sent of late.
auth_tokens = Table(
    "auth_tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("prefixes", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("events_per_second", Double, nullable=True),
    Column("bytes_per_second", Double, nullable=True),
    Column("events_level", Double, nullable=False, server_default=text("0")),
    Column("bytes_level", Double, nullable=False, server_default=text("0")),
    _time("level_at", default="clock_timestamp()"),
    Column("created_by", Text, nullable=False),
    _time("created_at", default="clock_timestamp()"),
    _time("expires_at", nullable=True),
    _time("revoked_at", nullable=True),
    _time("last_used_at", nullable=True),
    Column("last_used_from", Text, nullable=True),
)

# No tabs is all tabs; no longest range is any.
auth_links = Table(
    "auth_links",
    metadata,
    Column("link_id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("tabs", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("longest", Interval, nullable=True),
    Column("kiosk", Boolean, nullable=False, server_default=text("false")),
    Column("created_by", Text, nullable=False),
    _time("created_at", default="clock_timestamp()"),
    _time("expires_at", nullable=True),
    _time("revoked_at", nullable=True),
)

# Each browser that came by a link: the cookie that it got, and what it shows.
auth_walls = Table(
    "auth_walls",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column(
        "link_id",
        Text,
        ForeignKey("auth_links.link_id", name="auth_walls_link", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("address", Text, nullable=False),
    Column("tab", Text, nullable=False, server_default=text("''")),
    Column("version", Text, nullable=False, server_default=text("''")),
    _time("created_at", default="clock_timestamp()"),
    _time("seen_at", default="clock_timestamp()"),
    Index("auth_walls_of_link", "link_id"),
)

auth_attempts = Table(
    "auth_attempts",
    metadata,
    Column("key", Text, primary_key=True),
    Column("level", Double, nullable=False),
    _time("changed_at", default="clock_timestamp()"),
)

# Nothing in it is ever changed or deleted: a trigger refuses that to everybody.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _time("at", default="clock_timestamp()"),
    Column("actor", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    _map("detail"),
)
