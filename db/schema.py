"""The tables, as SQLAlchemy knows them. The migrations make them; a test holds the two together.

All times are ``timestamptz`` and read in UTC. Levels are ``raw``, ``minute``, ``hour`` and ``day``; a bucket is named
by its start.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

# Its tables are of the same metadata.
from db import access_tables as access_tables
from db.columns import json_map as _map
from db.columns import like as _like
from db.columns import metadata as metadata
from db.columns import moment as _time
from db.columns import one_of as _one_of
from db.levels import BUCKET_TYPES, LATE, LEVEL_NAMES, STORED_TYPES

# Advisory lock keys, transaction-scoped. Any number will do as long as nobody else in the database uses it.
LOCK_ROLLUP = 7_306_001
LOCK_MIGRATE = 7_306_002
LOCK_PARTITIONS = 7_306_003
LOCK_NAMES = 7_306_005
LOCK_PEOPLE = 7_306_006

# What other programs may read (``migrations``): a view of each level's buckets, which holds nothing itself.
VIEWS = tuple(f"metrics_{level}" for level in BUCKET_TYPES)


# Raw events, partitioned by UTC day of occurred_at, without a default partition (it would block detaching) and
# without a primary key: one more B-tree costs a third of the ingest rate, and the batch ledger already keeps a
# retried batch from being stored twice. `id` is the column to distribute by.
event_id = Sequence("telemetry_events_id_seq", metadata=metadata)
telemetry_events = Table(
    "telemetry_events",
    metadata,
    Column("id", BigInteger, event_id, nullable=False, server_default=event_id.next_value()),
    Column("event_name", Text, nullable=False),
    _map("measurements"),
    _map("metadata"),
    _time("occurred_at"),
    _time("inserted_at", default="now()"),
    Column("weight", Integer, nullable=False, server_default=text("1")),
    Column("kind", Text, nullable=False, server_default=text("'event'")),
    _map("aggregates"),
    Index("telemetry_events_name_time", "event_name", "occurred_at"),
    postgresql_partition_by="RANGE (occurred_at)",
)

# One row holds everything mergeable about one event name in one bucket. value_counts says how many events carried
# each measurement: an average divides by it, not by `count`. last_values has of each the time (seconds since 1970) and
# the value of its last sample, histograms a text (db.bins); both are NULL where a version before them made the bucket.
# uniques has a text (db.registers) for each metadata key that was declared when the bucket was made. sliced: it was
# folded from its slices, so they hold all of it; whoever folds it in another way, or an older version, says nothing.
telemetry_buckets = Table(
    "telemetry_buckets",
    metadata,
    Column("event_name", Text, nullable=False),
    Column("bucket_type", Text, nullable=False),
    _time("bucket_start"),
    Column("count", BigInteger, nullable=False),
    _map("sum_values"),
    _map("min_values"),
    _map("max_values"),
    _map("value_counts"),
    _map("metadata_counts"),
    _time("inserted_at", default="now()"),
    Column("last_values", JSONB),
    Column("histograms", JSONB),
    Column("uniques", JSONB),
    Column("sliced", Boolean),
    PrimaryKeyConstraint("event_name", "bucket_type", "bucket_start", name="telemetry_buckets_pkey"),
    CheckConstraint(_one_of("bucket_type", STORED_TYPES), name="telemetry_buckets_type"),
    Index("telemetry_buckets_outdated", "bucket_type", "bucket_start", postgresql_where=text("last_values IS NULL")),
    Index("telemetry_buckets_unplaced", "bucket_type", "bucket_start", postgresql_where=text("histograms IS NULL")),
)

# Of each value of a declared dimension what its bucket holds of all (``db.splits``). measurements has an array of each:
# its count, sum, minimum and maximum; histograms and uniques are as in buckets.
telemetry_splits = Table(
    "telemetry_splits",
    metadata,
    *(Column(name, Text, nullable=False) for name in ("event_name", "bucket_type", "dimension")),
    _time("bucket_start"),
    Column("value", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    *(_map(name) for name in ("measurements", "histograms", "uniques")),
    PrimaryKeyConstraint("event_name", "bucket_type", "dimension", "bucket_start", "value"),
    CheckConstraint(_one_of("bucket_type", STORED_TYPES), name="telemetry_splits_type"),
)

# The ledger: a batch whose id stands here has been committed and is not written again. The rest is what its answer was
# made from, so that it can be given again: see `db.ledger`.
ingest_batches = Table(
    "ingest_batches",
    metadata,
    Column("batch_id", Uuid, primary_key=True),
    Column("events", Integer, nullable=False),
    _time("oldest_event"),
    _time("committed_at", default="clock_timestamp()"),
    _time("newest_event", nullable=True),
    Column("submission", Uuid, nullable=True),
    Column("digest", LargeBinary, nullable=True),
    Column("refused", JSONB, nullable=True),
    Index("ingest_batches_committed", "committed_at"),
)

# And those that it has forgotten (``db.remembered``).
ingest_remembered = Table(
    "ingest_remembered",
    metadata,
    Column("day", Date, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("hashes", ARRAY(BigInteger), nullable=False),
)

ingest_quarantine = Table(
    "ingest_quarantine",
    metadata,
    Column("batch_id", Uuid, primary_key=True),
    Column("event_name", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _time("quarantined_at", default="clock_timestamp()"),
)

# Events older than raw events are held, until a pass merges them into buckets (``db.late``); marked_at: one has taken
# them. And the buckets and splits that it makes of them meanwhile: none whenever it has
# committed.
late_events = Table(
    "late_events",
    metadata,
    *_like(telemetry_events, without="id"),
    _time("marked_at", nullable=True),
    Index("late_events_name_time", "event_name", "occurred_at"),
)
late_buckets = Table(
    "late_buckets",
    metadata,
    *_like(telemetry_buckets, without="sliced"),
    Index("late_buckets_key", "event_name", "bucket_type", "bucket_start"),
)
late_splits = Table(
    "late_splits",
    metadata,
    *_like(telemetry_splits),
    Index("late_splits_key", "event_name", "bucket_type", "bucket_start"),
)

# Ten seconds of a minute each, from which it is folded while it is open (``db.slices``). cut: it had more values than
# it lists.
slice_buckets = Table(
    "slice_buckets",
    metadata,
    *_like(telemetry_buckets, without="sliced"),
    Column("cut", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("event_name", "bucket_start", name="slice_buckets_pkey"),
)
slice_splits = Table(
    "slice_splits",
    metadata,
    *_like(telemetry_splits),
    Column("samples", BigInteger, nullable=False),
    PrimaryKeyConstraint("event_name", "bucket_start", "dimension", "value", name="slice_splits_pkey"),
)

# Which five minutes of an event are not, or not yet, what the bucket of the type five says (``db.fives``), and from
# when on there are such buckets. unfoldable: they can't be added up.
stale_fives = Table(
    "stale_fives",
    metadata,
    Column("event_name", Text, nullable=False),
    _time("bucket_start"),
    Column("unfoldable", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("event_name", "bucket_start", name="stale_fives_pkey"),
)
fives_since = Table(
    "fives_since",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    _time("since"),
    CheckConstraint("singleton", name="fives_since_singleton"),
)

# An append-only log of buckets to recompute, and of minutes with late events. No unique key: no writer waits here.
# slices: of a minute, which of its slices (a bit each, from the first); all of it where that is not said.
rollup_dirty = Table(
    "rollup_dirty",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("level", Text, nullable=False),
    Column("event_name", Text, nullable=False),
    _time("bucket_start"),
    _time("marked_at", default="clock_timestamp()"),
    Column("slices", SmallInteger),
    CheckConstraint(_one_of("level", (*BUCKET_TYPES, LATE)), name="rollup_dirty_level"),
    Index("rollup_dirty_bucket", "level", "bucket_start", "event_name"),
)

# Buckets that can't be computed: each row is a mark with a next try, 'infinity' where there can't be one any more.
rollup_failures = Table(
    "rollup_failures",
    metadata,
    Column("level", Text, nullable=False),
    Column("event_name", Text, nullable=False),
    _time("bucket_start"),
    Column("reason", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("1")),
    _time("failed_at", default="clock_timestamp()"),
    _time("next_try_at"),
    PrimaryKeyConstraint("level", "event_name", "bucket_start", name="rollup_failures_pkey"),
    CheckConstraint(_one_of("level", BUCKET_TYPES), name="rollup_failures_level"),
)

# The measurements and metadata keys that an event's buckets name. A row for "__other__" says that there are more, and
# that those are counted together. A row of the kind "unique" is a metadata key whose values are counted once each, one
# of the kind "split" a dimension.
event_keys = Table(
    "event_keys",
    metadata,
    Column("event_name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    _time("first_seen_at", default="clock_timestamp()"),
    PrimaryKeyConstraint("event_name", "kind", "key", name="event_keys_pkey"),
    CheckConstraint(_one_of("kind", ("measurement", "metadata", "unique", "split")), name="event_keys_kind"),
)

# The metadata keys that are counted as a whole (``db.whole``): in buckets that begin at `since` or later, and before
# `until`, where a declaration undid it.
whole_keys = Table(
    "whole_keys",
    metadata,
    Column("event_name", Text, nullable=False),
    Column("key", Text, nullable=False),
    _time("since"),
    _time("until", nullable=True),
    _time("found_at", default="clock_timestamp()"),
    PrimaryKeyConstraint("event_name", "key", name="whole_keys_pkey"),
    CheckConstraint("until >= since", name="whole_keys_order"),
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("job", Text, nullable=False),
    _time("slot"),
    _time("started_at", default="clock_timestamp()"),
    _time("finished_at", nullable=True),
    Column("outcome", Text, nullable=True),
    Column("succeeded", Boolean, nullable=True),
    PrimaryKeyConstraint("job", "slot", name="job_runs_pkey"),
)

# ingest_floor: older events don't come into this level. recompute_floor: older buckets of the next level must not be
# recomputed, because what they would be computed from is gone. Both only rise, from minus infinity.
retention_floors = Table(
    "retention_floors",
    metadata,
    Column("level", Text, primary_key=True),
    _time("ingest_floor", default="'-infinity'"),
    _time("recompute_floor", default="'-infinity'"),
    _time("held_since", nullable=True),
    CheckConstraint(_one_of("level", LEVEL_NAMES), name="retention_floors_level"),
)

# What is known of the database's clock (``db.clock``), in one row.
retention_clock = Table(
    "retention_clock",
    metadata,
    Column("singleton", Boolean, primary_key=True, server_default=text("true")),
    _time("even_since", nullable=True),
    _time("seen_at", nullable=True),
    _time("trusted_at", nullable=True),
    CheckConstraint("singleton", name="retention_clock_singleton"),
)

# What each counter stood at last that its sender adds up for ever; times are nanoseconds since 1970, null before the
# first reading is stored.
counter_states = Table(
    "counter_states",
    metadata,
    Column("series", LargeBinary, primary_key=True),
    Column("started", BigInteger, nullable=True),
    Column("at", BigInteger, nullable=True),
    Column("count", BigInteger, nullable=True),
    Column("value", Double, nullable=True),
    Column("histogram", JSONB, nullable=True),
    _time("seen_at", default="clock_timestamp()"),
    Index("counter_states_seen", "seen_at"),
)

# What somebody says of a moment or a span of time.
annotations = Table(
    "annotations",
    metadata,
    Column("id", Text, primary_key=True),
    _time("start_at"),
    _time("end_at"),
    Column("title", Text, nullable=False, server_default=text("''")),
    Column("text", Text, nullable=False, server_default=text("''")),
    Column("tags", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("url", Text, nullable=True),
    Column("source", Text, nullable=False, server_default=text("''")),
    _time("changed_at", default="clock_timestamp()"),
    CheckConstraint("end_at >= start_at", name="annotations_order"),
    Index("annotations_start", "start_at"),
    Index("annotations_end", "end_at"),
)

# The event names of which anything is held: what "never seen" means, and what the quota counts.
event_names = Table(
    "event_names",
    metadata,
    Column("event_name", Text, primary_key=True),
    _time("first_seen_at", default="clock_timestamp()"),
)

# Those that a catalog declares, which count towards no quota.
declared_events = Table(
    "declared_events",
    metadata,
    Column("event_name", Text, primary_key=True),
    _time("declared_at", default="clock_timestamp()"),
)

# A heartbeat of each process that collects, so that every page knows what is still on its way.
collectors = Table(
    "collectors",
    metadata,
    Column("collector_id", Uuid, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    _time("started_at", default="clock_timestamp()"),
    _time("seen_at", default="clock_timestamp()"),
    _time("oldest_buffered_at", nullable=True),
    _map("accounting"),
)
