"""The query cache in Redis: flask-caching's backend, with plain records for pickles, and a Redis that may be ill.

Nobody waits for Redis for long or twice: each step of a call has a deadline, whoever comes while a call is late goes
without, and after a failure nobody asks for some seconds. So a cache that hangs costs a moment and never a thread.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from itertools import count
from typing import Any

from flask_caching.backends.rediscache import RedisCache
from redis import Redis, RedisError, ResponseError
from redis.backoff import NoBackoff
from redis.retry import Retry

from metrics_dash.charts import records
from metrics_dash.charts.cache import CacheUnavailableError

DEADLINE_SECONDS = 0.2
PAUSE_SECONDS = 5.0
LONGEST_RECORD = 32 * 1024 * 1024


def connect(url: str) -> "Redis":
    """Return a client whose every step has a deadline. Opens nothing yet. Raises ``ValueError`` for another URL."""
    return Redis.from_url(
        url,
        socket_timeout=DEADLINE_SECONDS,
        socket_connect_timeout=DEADLINE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class Breaker:
    """Says whether to try. Not for ``pause`` seconds after a failure, then by one call alone; and not while a call is
    under way that should have ended ``patience`` seconds after its begin."""

    def __init__(
        self,
        patience: float = DEADLINE_SECONDS,
        pause: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._patience, self._pause, self._clock = patience, pause, clock
        self._closed_until: float | None = None
        self._calls: dict[int, float] = {}
        self._numbers = count()
        self._lock = threading.Lock()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Do something that may hang or fail. Raises ``CacheUnavailableError`` where it should not be tried."""
        number = self._begin()
        try:
            yield
        except (RedisError, OSError) as error:
            if not isinstance(error, ResponseError):
                self._closed_until = self._clock() + self._pause
            raise CacheUnavailableError(f"Redis fails ({type(error).__name__})") from None
        else:
            self._closed_until = None
        finally:
            self._calls.pop(number, None)

    def _begin(self) -> int:
        with self._lock:
            now = self._clock()
            if self._closed_until is not None and now < self._closed_until:
                raise CacheUnavailableError("Redis failed a moment ago")
            if any(now - began > self._patience for began in list(self._calls.values())):
                raise CacheUnavailableError("Redis does not answer in time")
            if self._closed_until is not None:
                self._closed_until = now + self._pause
            number = next(self._numbers)
            self._calls[number] = now
            return number


class RecordCache(RedisCache):
    """Values by key in Redis. ``get`` and ``set`` raise ``CacheUnavailableError`` where Redis can't be used and
    ``records.RecordError`` where it holds something else than a record of ours."""

    def __init__(self, client: "Redis", namespace: Callable[[], str]) -> None:
        super().__init__(host=client)
        self._client = client
        self._namespace = namespace
        self._breaker = Breaker()

    @classmethod
    def factory(cls, app: Any, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> "RecordCache":
        """Make one as flask-caching asks: from ``CACHE_REDIS_URL`` and ``CACHE_NAMESPACE``, a function."""
        return cls(connect(config["CACHE_REDIS_URL"]), config["CACHE_NAMESPACE"])

    def get(self, key: str) -> Any:
        """Return the value of ``key``, None where there is none."""
        name = self._name(key)
        with self._breaker.call():
            # As many bytes as a record may have and one more: what somebody put there must not fill this process.
            data: Any = self._client.getrange(name, 0, LONGEST_RECORD)
        if not data:
            return None
        if len(data) > LONGEST_RECORD:
            raise records.RecordError("longer than any record")
        return records.load(data)

    def set(self, key: str, value: Any, timeout: Any = None) -> Any:
        """Keep ``value`` for so many seconds."""
        name, data = self._name(key), records.dump(value)
        if len(data) > LONGEST_RECORD:
            return False
        with self._breaker.call():
            return self._client.set(name, data, ex=timeout or self.default_timeout)

    def _name(self, key: str) -> str:
        """Installation and build stand first, so another's numbers can't be found; the question stands as a digest."""
        return f"{self._namespace()}:{blake2b(key.encode(), digest_size=16).hexdigest()}"


def namespace(installation: Callable[[], str], build: str) -> Callable[[], str]:
    """Return the function that names what precedes every key: the program, the record format, installation, build."""
    return lambda: f"metrics_dash:{records.FORMAT}:{installation()}:{build}"
