"""Redis shares answers and nothing else: what stands in it runs nothing, and one that is ill costs speed only."""

import logging
import os
import pickle
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from app import create_app
from db.engine import Database
from db.identity import Installation
from db.migrate import migrate
from metrics_dash.catalog import load_catalog
from metrics_dash.charts import records, redis_cache
from metrics_dash.charts.cache import CacheUnavailableError, SharedCache
from metrics_dash.charts.data import TabData
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.redis_cache import LONGEST_RECORD, Breaker, RecordCache, connect, namespace
from metrics_dash.charts.timerange.windows import TabWindows
from metrics_dash.settings import load_settings
from tests.support.charts import Clock, assert_same, at, logins, players, statements, store
from tests.support.redis_server import RedisServer, redis_server

NOON = at("2026-03-10T12:00+00:00")
QUERY = {"event_name": "bezgelor.auth.login_complete", "from": "2026-03-10T11:00:00Z", "to": "2026-03-10T13:00:00Z"}


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def empty(redis: RedisServer) -> RedisServer:
    redis.client.flushall()
    return redis


def queries_on(database: Database, clock: Clock, url: str, build: str = "build") -> Queries:
    cache = RecordCache(connect(url), namespace(Installation(database).word, build))
    return Queries(database, load_catalog(), load_settings({}), cache, clock=clock)


def found(redis: RedisServer) -> list[bytes]:
    """The keys that stand in it."""
    return list(redis.client.scan_iter())


def asked(queries: Queries) -> TabData:
    moment = queries.moment()
    return queries.tab("auth", queries.window("24h", moment=moment), compare="day", moment=moment)


def test_what_one_process_asked_another_finds_whole(database: Database, clock: Clock, empty: RedisServer) -> None:
    store(database, *logins(NOON, 3, success=True), *players(NOON, 5, 7))
    first, second = (queries_on(database, clock, empty.url) for _ in range(2))
    for tab in ("auth", "server"):
        mine = first.tab(tab, first.window("24h"), compare="day")
        second.cache.outcomes.clear()
        with statements(database) as sent:
            theirs = second.tab(tab, second.window("24h"), compare="day")
        assert not [one for one in sent if "telemetry_buckets" in one or "retention_floors" in one]
        assert second.cache.outcomes["hit"] > 0
        assert mine.answers(theirs.tab, TabWindows(theirs.window, theirs.window), "day")
        assert (theirs.refused, theirs.complete_through) == (mine.refused, mine.complete_through)
        for one, other in zip(mine.charts, theirs.charts, strict=True):
            assert_same(one, other)
            assert all(not array.flags.writeable for series in other.series for array in (series.t, series.v))
    assert first.moment() == second.moment()


def test_two_installations_and_two_builds_never_answer_each_other(
    database: Database, empty_database: Database, clock: Clock, empty: RedisServer
) -> None:
    migrate(empty_database)
    store(database, *logins(NOON, 3))
    mine, other = queries_on(database, clock, empty.url), queries_on(empty_database, clock, empty.url)
    later = queries_on(database, clock, empty.url, build="later")
    assert asked(mine).charts[0].headline.value == 3
    assert asked(other).charts[0].headline.value in (None, 0)
    asked(later)
    assert later.cache.outcomes["hit"] == 0
    keys = {key.decode().rpartition(":")[0] for key in found(empty)}
    assert len(keys) == 3
    assert all(key.startswith(f"metrics_dash:{records.FORMAT}:") for key in keys)


class Bomb:
    """Runs something where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.path),)


def replace_all(redis: RedisServer, value: bytes) -> None:
    for key in found(redis):
        redis.client.set(key, value)


def lists(redis: RedisServer) -> None:
    for key in found(redis):
        redis.client.delete(key)
        redis.client.rpush(key, b"x")


def shortened(redis: RedisServer) -> None:
    for key in found(redis):
        redis.client.set(key, bytes(redis.client.get(key) or b"")[:-7])  # type: ignore[arg-type]


def swapped(redis: RedisServer) -> None:
    """Records of ours, each under another's key."""
    keys = found(redis)
    values = [redis.client.get(key) for key in keys]
    for key, value in zip(keys, [*values[1:], values[0]], strict=True):
        redis.client.set(key, value)


HEAD = f"metrics_dash {records.FORMAT} "
FOREIGN: dict[str, Callable[[RedisServer], None]] = {
    "nothing": lambda redis: replace_all(redis, b""),
    "text": lambda redis: replace_all(redis, b"hello"),
    "null": lambda redis: replace_all(redis, f"{HEAD}pipeline\nnull".encode()),
    "flag": lambda redis: replace_all(redis, f"{HEAD}flag\ntrue".encode()),
    "empty object": lambda redis: replace_all(redis, f"{HEAD}tab\n{{}}".encode()),
    "deep": lambda redis: replace_all(redis, f"{HEAD}tab\n".encode() + b"[" * 100_000),
    "another format": lambda redis: replace_all(redis, b"metrics_dash 0 tab\n{}"),
    "flask-caching's pickle": lambda redis: replace_all(redis, b"!" + pickle.dumps({"a": 1})),
    "a number": lambda redis: replace_all(redis, b"1"),
    "too long": lambda redis: replace_all(redis, b"x" * (LONGEST_RECORD + 2)),
    "lists": lists,
    "cut short": shortened,
    "each other's": swapped,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_somebody_else_wrote_under_a_key_is_a_miss(
    database: Database, clock: Clock, empty: RedisServer, kind: str
) -> None:
    store(database, *logins(NOON, 3))
    mine = asked(queries_on(database, clock, empty.url))
    FOREIGN[kind](empty)
    again = queries_on(database, clock, empty.url)
    for one, other in zip(mine.charts, asked(again).charts, strict=True):
        assert_same(one, other)
    assert again.cache.outcomes["hit"] == 0


def test_a_value_in_redis_runs_nothing(database: Database, clock: Clock, empty: RedisServer, tmp_path: Path) -> None:
    asked(queries_on(database, clock, empty.url))
    for head in (b"", b"!", f"{HEAD}tab\n".encode()):
        replace_all(empty, head + pickle.dumps(Bomb(tmp_path / "ran")))
        asked(queries_on(database, clock, empty.url))
    assert not (tmp_path / "ran").exists()


def test_a_frozen_redis_costs_a_moment_and_no_thread(
    database: Database, clock: Clock, empty: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    store(database, *logins(NOON, 3))
    queries = queries_on(database, clock, empty.url)
    asked(queries)
    caplog.set_level(logging.WARNING)
    with empty.frozen(), ThreadPoolExecutor(16) as pool:
        clock.now += timedelta(seconds=10)
        window = queries.window("24h")
        answers = list(pool.map(lambda _: queries.chart("login-rate", window), range(64)))
    assert [answer.headline.value for answer in answers] == [3] * 64
    lines = [record for record in caplog.records if record.name == "metrics_dash.charts.cache"]
    assert len(lines) == 1
    assert "Redis" in lines[0].getMessage()


def test_a_redis_that_is_away_costs_speed_only(database: Database, clock: Clock) -> None:
    store(database, *logins(NOON, 3))
    assert asked(queries_on(database, clock, "redis://127.0.0.1:1/0")).charts[0].headline.value == 3


def test_each_step_has_a_fifth_of_a_second_and_no_second_try() -> None:
    """Whatever the client library's own defaults are; a test of how long it takes would test the machine."""
    options = connect("redis://cache/0").connection_pool.connection_kwargs
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (0.2, 0.2)
    assert options["retry"].get_retries() == 0


def test_a_redis_that_takes_no_connection_costs_a_moment() -> None:
    """As behind a firewall that drops what comes: nobody says no."""
    with socket.socket() as deaf, ExitStack() as waiting:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(8):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(deaf.getsockname())
        cache = RecordCache(connect(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"), lambda: "here")
        with pytest.raises(CacheUnavailableError, match=r"Redis fails \(TimeoutError\)"):
            cache.get("key")


def test_a_value_of_another_type_keeps_nobody_from_the_others(empty: RedisServer) -> None:
    cache = RecordCache(connect(empty.url), lambda: "here")
    cache.set("theirs", True)
    lists(empty)
    cache.set("ours", True)
    with pytest.raises(CacheUnavailableError):
        cache.get("theirs")
    assert cache.get("ours") is True


def test_no_more_of_a_value_is_fetched_than_a_record_may_have(
    empty: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_cache, "LONGEST_RECORD", 1000)
    cache = RecordCache(connect(empty.url), lambda: "here")
    cache.set("key", True)
    replace_all(empty, b"x" * 5_000_000)
    before = sent_by(empty)
    with pytest.raises(records.RecordError, match="longer"):
        cache.get("key")
    assert sent_by(empty) - before < 1_000_000


def sent_by(redis: RedisServer) -> int:
    """How many bytes it has sent so far."""
    found: Any = redis.client.info("stats")
    return int(found["total_net_output_bytes"])


def test_the_application_names_installation_and_build_in_its_keys(database: Database, empty: RedisServer) -> None:
    client = create_app(load_settings({"REDIS_URL": empty.url}), database=database).server.test_client()
    assert client.get("/api/v1/query", query_string=QUERY).status_code == 200
    version = client.get("/admin/metrics/version").json["version"]
    expected = f"metrics_dash:{records.FORMAT}:{Installation(database).word()}:{version}"
    assert {key.decode().rpartition(":")[0] for key in found(empty)} == {expected}


def test_the_application_answers_by_way_of_it_and_without_it(database: Database, empty: RedisServer) -> None:
    store(database, *logins(NOON, 3))
    client = create_app(load_settings({"REDIS_URL": empty.url}), database=database).server.test_client()
    assert client.get("/api/v1/query", query_string=QUERY).status_code == 200
    assert found(empty)
    replace_all(empty, b"!" + pickle.dumps(["foreign"]))
    with empty.frozen():
        for _ in range(3):
            answer = client.get("/api/v1/query", query_string=QUERY)
            assert answer.status_code == 200
            assert sum(value or 0 for value in answer.json["series"][0]["v"]) == 3
        assert client.get("/healthz").status_code == 200


# The breaker


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker) -> None:
    with pytest.raises(CacheUnavailableError), breaker.call():
        raise RedisConnectionError("connection to 10.0.0.7 with secret refused")


def tries(breaker: Breaker) -> bool:
    try:
        with breaker.call():
            return True
    except CacheUnavailableError:
        return False


def test_after_a_failure_nobody_tries_for_some_seconds_and_then_one_alone() -> None:
    seconds = Seconds()
    breaker = Breaker(patience=0.2, pause=5, clock=seconds)
    fail(breaker)
    assert not tries(breaker)
    seconds.now = 5
    with breaker.call():
        assert not tries(breaker)
    assert tries(breaker)


def test_nobody_waits_behind_a_call_that_is_late() -> None:
    seconds = Seconds()
    breaker = Breaker(patience=0.2, pause=5, clock=seconds)
    with breaker.call():
        assert tries(breaker)
        seconds.now = 0.3
        assert not tries(breaker)
    assert tries(breaker)


def test_a_cache_that_fails_is_told_of_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    class Down:
        def get(self, key: str) -> Any:
            raise CacheUnavailableError("Redis fails (TimeoutError)")

        def set(self, key: str, value: Any, timeout: int | None = None) -> Any:
            raise CacheUnavailableError("Redis fails (TimeoutError)")

    seconds = Seconds()
    cache = SharedCache(Down(), 10, clock=seconds)
    for moment in (0.0, 1.0, 59.0):
        seconds.now = moment
        assert cache.get("key", lambda: 1) == 1
    assert len(caplog.records) == 1
    seconds.now = 60.0
    assert cache.get("key", lambda: 1) == 1
    assert len(caplog.records) == 2
    assert cache.outcomes["miss"] == 4
