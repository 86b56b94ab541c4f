"""A key with too many values is counted as a whole from the next bucket on, and what is computed again stays as it was,
whoever finds it, in whatever order, however often a pass is undone."""

import threading
from datetime import UTC, timedelta
from itertools import count
from typing import Any

from sqlalchemy import text

from db import rollups
from db.declared import Declared
from db.engine import Database
from db.events import insert_events
from db.fold import KEYS_PER_EVENT
from db.labels import OTHER
from db.levels import LEVELS
from db.repairs import mark_between
from db.whole import VALUES_AT_ONCE, WholeKey, whole_keys
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.retention import purge
from metrics_dash.jobs.rollup import roll_up, roll_up_all, run_pass
from tests.support.rollups import NOON, buckets, event, transaction

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
WIDE = VALUES_AT_ONCE + 1
REST = f"who:{OTHER}"
_IDS = count()


def shown(minute: float, values: int = WIDE, often: int = 2, name: str = "a.b") -> list[dict[str, Any]]:
    """Events of a minute whose ids were never seen before, and some of one that is more frequent."""
    ids = [f"id-{next(_IDS)}" for _ in range(values - (often > 0))]
    return [event(minute, name, {"who": who}) for who in [*ids, *["ann"] * often]]


def who(database: Database, level: str = "minute", name: str = "a.b") -> dict[float, dict[str, int]]:
    """What is counted of the key in each bucket, by its minute."""
    return {
        (bucket["bucket_start"] - NOON) / MINUTE: {
            label: number for label, number in bucket["metadata_counts"].items() if label.startswith("who:")
        }
        for bucket in buckets(database, level, name)
    }


def send(database: Database, *events: dict[str, Any], declared: Declared | None = None) -> None:
    insert_events(events, database=database)
    roll_up_all(database, declared=declared or Declared())


def found(database: Database) -> dict[tuple[str, str], float]:
    """The minutes from which on keys are counted as a whole."""
    with database.reading() as connection:
        return {(each.event_name, each.key): (each.since - NOON) / MINUTE for each in whole_keys(connection)}


def compute_again(database: Database) -> None:
    """Compute every bucket again of which raw events are held."""
    with database.begin() as connection:
        for level in LEVELS:
            mark_between(connection, level, NOON - 10 * DAY, NOON + 10 * DAY)
    roll_up_all(database)


def test_a_key_with_too_many_values_in_a_minute_is_counted_as_a_whole_from_the_next_on(database: Database) -> None:
    send(database, *shown(0, often=3))
    send(database, *shown(1, values=1, often=5))
    assert who(database) == {0: {"who:ann": 3, REST: WIDE - 1}, 1: {REST: 5}}
    for level in ("hour", "day"):
        assert list(who(database, level).values()) == [{"who:ann": 3, REST: WIDE + 4}]
    assert found(database) == {("a.b", "who"): 1}
    assert audit(database) == []


def test_a_key_with_as_many_values_as_are_told_apart_stays_so(database: Database) -> None:
    send(database, *shown(0, values=VALUES_AT_ONCE), *shown(1, values=VALUES_AT_ONCE))
    send(database, *shown(2, values=1))
    assert found(database) == {}
    assert who(database)[2] == {"who:ann": 2}


def test_only_the_key_that_is_wide_and_only_of_its_event_is_counted_as_a_whole(database: Database) -> None:
    send(database, *shown(0), event(0, "c.d", {"who": "x"}), event(0, metadata={"land": "de"}))
    send(database, event(1, metadata={"who": "x", "land": "de"}), event(1, "c.d", {"who": "x"}))
    assert buckets(database)[-1]["metadata_counts"] == {REST: 1, "land:de": 1}
    assert who(database, name="c.d")[1] == {"who:x": 1}


def test_an_open_minute_that_grows_wide_is_told_apart_however_often_it_is_folded(database: Database) -> None:
    for _ in range(3):
        send(database, *shown(0, values=150))
    assert who(database)[0] == {"who:ann": 6, REST: 3 * 149}
    assert found(database) == {("a.b", "who"): 1}


def test_of_a_backlog_the_first_minute_is_told_apart_and_the_others_are_not(database: Database) -> None:
    send(database, *(each for minute in range(20) for each in shown(minute)))
    assert found(database) == {("a.b", "who"): 1}
    assert who(database) == {0: {"who:ann": 2, REST: WIDE - 1}} | {n: {REST: WIDE + 1} for n in range(1, 20)}
    before = {level.name: buckets(database, level.name) for level in LEVELS}
    compute_again(database)
    for level, stored in before.items():
        for each, again in zip(stored, buckets(database, level), strict=True):
            assert {**each, "inserted_at": None} == {**again, "inserted_at": None}
    assert audit(database) == []


def test_a_key_that_grows_wide_in_a_backlog_is_counted_as_a_whole_in_a_later_part_of_it(database: Database) -> None:
    quiet = [each for minute in range(3) for each in shown(minute, values=1)]
    send(database, *quiet, *(each for minute in range(3, 30) for each in shown(minute)))
    # Parts are of one minute, of seven, of the rest.
    assert found(database) == {("a.b", "who"): 8}
    assert [minute for minute, counts in who(database).items() if "who:ann" in counts] == list(range(8))


def test_what_was_told_apart_stays_so_when_late_events_make_an_older_minute_wide(database: Database) -> None:
    send(database, *(each for minute in range(10) for each in shown(minute, values=1)))
    send(database, *shown(3))
    send(database, *shown(10, values=1))
    assert found(database) == {("a.b", "who"): 10}
    before = who(database)
    assert before[3] == {"who:ann": 4, REST: WIDE - 1}
    assert before[5] == {"who:ann": 2}
    assert before[10] == {REST: 2}
    compute_again(database)
    assert who(database) == before
    assert audit(database) == []


def test_minutes_before_the_first_wide_one_are_told_apart_when_their_events_come_later(database: Database) -> None:
    send(database, *shown(0))
    send(database, *shown(-5, values=3), *shown(5, values=3))
    assert who(database)[-5].keys() > {"who:ann"}
    assert REST not in who(database)[-5]
    assert who(database)[5] == {REST: 4}


def test_keys_that_find_no_place_are_not_recorded(database: Database) -> None:
    names = [f"k{number}" for number in range(KEYS_PER_EVENT)]
    first = [event(0, metadata=dict.fromkeys(names[start : start + 64], "v")) for start in range(0, len(names), 64)]
    send(database, *first)
    send(database, *shown(0))
    assert found(database) == {}
    assert audit(database) == []


# Declarations

DECLARED = Declared(split={"a.b": ["who"]})


def test_a_declared_dimension_is_told_apart_however_many_values_it_has(database: Database) -> None:
    send(database, *shown(0), declared=DECLARED)
    send(database, *shown(1, values=1), declared=DECLARED)
    assert found(database) == {}
    assert who(database)[1] == {"who:ann": 2}


def test_a_declaration_undoes_it_as_far_back_as_raw_events_are_held(database: Database) -> None:
    send(database, *shown(0))
    send(database, *shown(1, values=1))
    send(database, *shown(2), declared=DECLARED)
    assert who(database) == {0: {"who:ann": 2, REST: 200}, 1: {"who:ann": 2}, 2: {"who:ann": 2, REST: 200}}
    send(database, *shown(3, values=1))
    assert found(database) == {}
    assert who(database)[3] == {"who:ann": 2}
    assert audit(database) == []


def test_what_only_buckets_know_stays_counted_as_a_whole_after_a_declaration(database: Database) -> None:
    """Also with late events: a few of its values would pass for all."""
    send(database, *shown(0))
    send(database, *shown(1, values=1), event(24 * 60, metadata={"who": "ann"}))
    with database.begin() as connection:
        connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'"))
    purge(database, {"raw": DAY, "minute": 9 * DAY, "hour": 9 * DAY, "day": 9 * DAY}, NOON + 2 * DAY)
    send(database, event(24 * 60 + 1, metadata={"who": "ann"}), declared=DECLARED)
    send(database, event(1, metadata={"who": "ann"}))
    assert who(database) == {
        0: {"who:ann": 2, REST: 200},
        1: {REST: 3},
        24 * 60: {"who:ann": 1},
        24 * 60 + 1: {"who:ann": 1},
    }
    assert audit(database) == []


def test_late_events_below_raw_find_nothing_to_be_wide(database: Database) -> None:
    """They are a part of their minute, and of an hour where minutes are gone."""
    send(database, event(0, metadata={"who": "ann"}), event(24 * 60))
    with database.begin() as connection:
        connection.execute(text("UPDATE ingest_batches SET committed_at = committed_at - interval '1 hour'"))
    purge(database, {"raw": DAY, "minute": 9 * DAY, "hour": 9 * DAY, "day": 9 * DAY}, NOON + 2 * DAY)
    send(database, *shown(0))
    assert who(database)[0]["who:ann"] == 3
    assert found(database) == {}


# Passes that are undone, and those that are at it at once


def test_a_pass_that_is_rolled_back_has_found_nothing(database: Database) -> None:
    insert_events(shown(0), database=database)
    with transaction(database) as killed:
        rollups.lock(killed)
        roll_up(killed)
        assert whole_keys(killed) == [WholeKey("a.b", "who", NOON + MINUTE)]
        killed.rollback()
    assert found(database) == {}
    roll_up_all(database)
    assert found(database) == {("a.b", "who"): 1}


def test_of_passes_that_meet_the_same_wide_key_one_finds_it_and_the_other_keeps_to_it(database: Database) -> None:
    insert_events(shown(0), database=database)
    with transaction(database) as first:
        rollups.lock(first)
        roll_up(first)
        insert_events(shown(1), database=database)
        assert not run_pass(database).acted
        other = threading.Thread(target=roll_up_all, args=(database,))
        other.start()
        first.commit()
    other.join()
    assert found(database) == {("a.b", "who"): 1}
    assert who(database)[1] == {REST: WIDE + 1}
    assert audit(database) == []


def test_of_two_passes_the_one_that_was_undone_leaves_the_finding_to_the_other(database: Database) -> None:
    insert_events(shown(0), database=database)
    with transaction(database) as first:
        rollups.lock(first)
        roll_up(first)
        insert_events(shown(1, values=1), database=database)
        other = threading.Thread(target=roll_up_all, args=(database,))
        other.start()
        first.rollback()
    other.join()
    # One statement folded both, so nothing was known of the one for the other.
    assert found(database) == {("a.b", "who"): 2}
    assert who(database)[1] == {"who:ann": 2}


def test_a_bucket_that_cant_be_folded_does_not_change_what_is_found(database: Database) -> None:
    send(database, *shown(0))
    before = who(database)
    with database.begin() as connection:
        connection.execute(
            text(
                "UPDATE telemetry_events SET measurements = jsonb_build_object('v', 'x') WHERE id = "
                "(SELECT min(id) FROM telemetry_events)"
            )
        )
        connection.execute(
            text("INSERT INTO rollup_dirty (level, event_name, bucket_start) VALUES ('minute', 'a.b', :noon)"),
            {"noon": NOON},
        )
    send(database, *shown(1, values=1))
    assert who(database) == {**before, 1: {REST: 2}}
    assert found(database) == {("a.b", "who"): 1}


# What is told


def test_keys_that_are_counted_as_a_whole_are_told_with_their_time_the_newest_first(database: Database) -> None:
    send(database, *shown(0), *shown(0, name="c.d"))
    send(database, *shown(5, name="e.f"))
    with database.reading() as connection:
        told = whole_keys(connection)
    assert [(each.event_name, each.since) for each in told] == [
        ("e.f", NOON + timedelta(minutes=6)),
        ("a.b", NOON + MINUTE),
        ("c.d", NOON + MINUTE),
    ]
    assert all(each.since.tzinfo is UTC for each in told)


def test_the_moment_is_never_moved(database: Database) -> None:
    """Whatever else is folded later: minutes before it and after it, all at once and again."""
    send(database, *shown(0))
    for minute in (-30, 7, -2, 90):
        send(database, *shown(minute))
        compute_again(database)
        assert found(database) == {("a.b", "who"): 1}
    assert [minute for minute, counts in who(database).items() if "who:ann" in counts] == [-30, -2, 0]
