"""Migration 0003, on a store that an older version wrote: what was right stays, what was misread is computed again."""

import json
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from db.engine import Database, use_database
from db.migrate import _config, migrate
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.support.older import store_unchecked
from tests.support.rollups import NOON, event

DAY = timedelta(days=1)
BEFORE = str(ScriptDirectory.from_config(_config()).get_revision("0003").down_revision)


@pytest.fixture
def older(empty_database: Database) -> Any:
    migrate(empty_database, BEFORE)
    use_database(empty_database)
    yield empty_database
    use_database(None)


def execute(database: Database, statement: str, **parameters: Any) -> Any:
    with database.begin() as connection:
        return connection.execute(text(statement), parameters)


def put(database: Database, labels: dict[str, int], *, level: str = "minute", name: str = "a.b", **more: Any) -> None:
    """A bucket as the older version wrote it."""
    starts = {"day": NOON.replace(hour=0)}
    row = {"value_counts": {}, "at": starts.get(level, NOON), "count": 1, **more}
    sums = json.dumps(dict.fromkeys(row["value_counts"], 1.0))
    execute(
        database,
        "INSERT INTO telemetry_buckets (event_name, bucket_type, bucket_start, count, metadata_counts, value_counts, "
        "sum_values, min_values, max_values) VALUES (:name, :level, :at, :count, CAST(:labels AS jsonb), "
        "CAST(:values AS jsonb), CAST(:sums AS jsonb), CAST(:sums AS jsonb), CAST(:sums AS jsonb))",
        name=name,
        level=level,
        at=row["at"],
        count=row["count"],
        labels=json.dumps(labels),
        values=json.dumps(row["value_counts"]),
        sums=sums,
    )


def labels(database: Database, level: str, name: str = "a.b") -> dict[str, int]:
    found: dict[str, int] = execute(
        database,
        "SELECT metadata_counts FROM telemetry_buckets WHERE bucket_type = :level AND event_name = :name",
        level=level,
        name=name,
    ).scalar_one()
    return found


def dirty(database: Database) -> list[tuple[str, str]]:
    rows = execute(database, "SELECT DISTINCT level, event_name FROM rollup_dirty ORDER BY 1, 2")
    return [(level, name) for level, name in rows]


PLAIN = {"success:true": 2, "zone:north": 1, "id:__other__": 7, "path:C\\temp": 1}


def test_labels_that_were_right_stay_as_they_are(older: Database) -> None:
    for level in ("minute", "hour", "day"):
        put(older, PLAIN, level=level)
    migrate(older)
    for level in ("minute", "hour", "day"):
        assert labels(older, level) == PLAIN


def test_backslashes_of_a_key_are_written_so_that_it_stays_this_key(older: Database) -> None:
    for level in ("minute", "hour", "day"):
        put(older, {"a\\:x": 1, "b\\c:x\\y": 2, "plain:x": 3, "v:\\:": 4}, level=level)
    migrate(older)
    for level in ("minute", "hour", "day"):
        assert labels(older, level) == {"a\\\\:x": 1, "b\\\\c:x\\y": 2, "plain:x": 3, "v:\\:": 4}


def test_what_was_misread_is_computed_again_where_raw_events_are_held(older: Database) -> None:
    store_unchecked(older, [event(metadata={"a": "b:x"}), event(metadata={"a:b": "x"})], marked=False)
    put(older, {"a:b:x": 2}, count=2)
    put(older, {"a:b:x": 2}, count=2, at=NOON - DAY)
    put(older, {"ok:true": 1}, name="c.d")
    execute(older, "UPDATE retention_floors SET recompute_floor = :at WHERE level = 'raw'", at=NOON)
    migrate(older)
    assert dirty(older) == [("minute", "a.b")]
    assert execute(older, "SELECT count(*) FROM rollup_dirty").scalar_one() == 1
    roll_up_all(older)
    found = execute(
        older,
        "SELECT metadata_counts FROM telemetry_buckets WHERE bucket_type = 'minute' AND bucket_start = :at "
        "AND event_name = 'a.b'",
        at=NOON,
    ).scalar_one()
    assert found == {"a:b:x": 1, "a\\:b:x": 1}


def test_what_buckets_name_keeps_its_place_and_what_is_too_much_is_computed_again(older: Database) -> None:
    usual = {"ms": 5, "hp": 3}
    crowd = {f"m{n}": 2 for n in range(400)}
    halves = (list(crowd)[:200], list(crowd)[200:])
    store_unchecked(older, [event(0, "c.d", **dict.fromkeys(half, 1.0)) for half in halves], marked=False)
    for level in ("minute", "hour", "day"):
        put(older, {"zone:1": 1, "zone:2": 1, "ok:true": 1}, level=level, value_counts=usual)
        put(older, {}, level=level, name="c.d", value_counts=dict.fromkeys(crowd, 1), count=2)
    migrate(older, "0003")
    rows = execute(older, "SELECT event_name, kind, key FROM event_keys WHERE event_name = 'a.b' ORDER BY 2, 3")
    assert [(kind, key) for _, kind, key in rows] == [
        ("measurement", "hp"),
        ("measurement", "ms"),
        ("metadata", "ok"),
        ("metadata", "zone"),
    ]
    assert dirty(older) == [("minute", "c.d")]
    migrate(older)
    roll_up_all(older)
    named = execute(older, "SELECT count(*) FROM event_keys WHERE event_name = 'c.d'").scalar_one()
    assert named == 257
    assert [str(each) for each in audit(older) if each.event_name != "a.b"] == []  # a.b has no raw events


def test_the_way_back_reads_as_the_older_version_wrote(older: Database) -> None:
    migrate(older)
    for level in ("minute", "hour", "day"):
        put(older, {"a:b:x": 1, "a\\:b:x": 2, "b\\\\:x": 3, "v:\\:": 4, "ok:true": 5}, level=level)
    execute(
        older,
        "INSERT INTO rollup_failures (level, event_name, bucket_start, reason, next_try_at) VALUES "
        "('minute', 'a.b', :at, 'x', now()), ('minute', 'gone', :at, 'x', 'infinity')",
        at=NOON,
    )
    migrate(older, BEFORE)
    for level in ("minute", "hour", "day"):
        assert labels(older, level) == {"a:b:x": 3, "b\\:x": 3, "v:\\:": 4, "ok:true": 5}
    assert dirty(older) == [("minute", "a.b")]
    migrate(older)
    assert labels(older, "day")["b\\\\:x"] == 3


def test_events_come_in_and_charts_are_read_while_it_runs(older: Database) -> None:
    """No lock that a flush or a reader waits for, as long as its transaction is open."""
    put(older, {"a\\:x": 1})
    store_unchecked(older, [event()])
    config = _config()
    with older.begin() as migrating, older.engine.connect() as other:
        config.attributes["connection"] = migrating
        command.upgrade(config, "0003")
        other.execute(text("SET lock_timeout = '5s'"))
        other.execute(text("SELECT FROM retention_floors WHERE level = 'raw' FOR SHARE"))
        other.execute(text("INSERT INTO telemetry_events (event_name, occurred_at) VALUES ('a.b', :at)"), {"at": NOON})
        other.execute(
            text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('minute', 'a.b', :at)"),
            {"at": NOON},
        )
        assert other.execute(text("SELECT count(*) FROM telemetry_buckets")).scalar_one() == 1
        other.commit()
