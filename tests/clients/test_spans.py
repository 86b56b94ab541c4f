"""Spans: a block, a function, a coroutine, a generator, and how long it took."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from metrics_dash_client.spans import Span


class Emitted(list[tuple[str, Any, Any]]):
    def __call__(self, name: str, measurements: Any, metadata: Any) -> bool:
        assert measurements.pop("duration_ms") >= 0
        assert measurements == {}
        self.append((name, measurements, metadata))
        return True

    def span(self, metadata: Any = None) -> Span:
        return Span(self, "test.span", metadata)

    @property
    def metadata(self) -> list[Any]:
        return [metadata for _, _, metadata in self]


def test_a_block_emits_when_it_ends() -> None:
    emitted = Emitted()
    with emitted.span({"zone": 7}):
        assert emitted == []
    assert emitted == [("test.span", {}, {"zone": 7})]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_an_exception_goes_on_and_leaves_the_name_of_its_type(error: BaseException) -> None:
    emitted, tags = Emitted(), {"zone": 7}
    with pytest.raises(type(error)), emitted.span(tags):
        raise error
    assert emitted.metadata == [{"zone": 7, "error": type(error).__name__}]
    assert tags == {"zone": 7}


def test_an_exception_is_named_without_other_metadata_too() -> None:
    emitted = Emitted()
    with pytest.raises(ValueError), emitted.span():
        raise ValueError
    assert emitted.metadata == [{"error": "ValueError"}]


def test_metadata_that_is_no_map_is_left_to_execute_and_the_exception_goes_on() -> None:
    emitted = Emitted()
    with pytest.raises(ValueError), emitted.span([1]):
        raise ValueError
    assert emitted.metadata == [[1]]


def test_a_decorated_function_keeps_its_name_and_result_and_emits_at_each_call() -> None:
    emitted = Emitted()

    @emitted.span()
    def double(number: int) -> int:
        """Twice."""
        return 2 * number

    assert [double(1), double(number=2)] == [2, 4]
    assert (double.__name__, double.__doc__) == ("double", "Twice.")
    assert len(emitted) == 2


def test_calls_that_overlap_and_calls_within_calls_are_each_measured() -> None:
    emitted, both = Emitted(), threading.Barrier(2)

    @emitted.span()
    def meet(depth: int) -> None:
        both.wait(30)
        if depth:
            meet(depth - 1)

    threads = [threading.Thread(target=meet, args=(1,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(emitted) == 4


def test_one_span_may_be_used_again_and_within_itself() -> None:
    emitted = Emitted()
    span = emitted.span()
    with span, span:
        pass
    with span:
        pass
    assert len(emitted) == 3


def test_a_coroutine_is_measured_to_its_end() -> None:
    emitted = Emitted()

    @emitted.span()
    async def wait(event: asyncio.Event) -> str:
        await event.wait()
        return "done"

    async def run() -> str:
        event = asyncio.Event()
        task = asyncio.create_task(wait(event))
        await asyncio.sleep(0)
        assert emitted == []
        event.set()
        return await task

    assert asyncio.iscoroutinefunction(wait)
    # In a thread of its own: in that of the tests a browser's loop may run already.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, run()).result() == "done"
    assert len(emitted) == 1


def test_a_generator_is_measured_to_its_end() -> None:
    emitted = Emitted()

    @emitted.span()
    def count() -> Iterator[int]:
        yield 1
        yield 2

    numbers = count()
    assert next(numbers) == 1
    assert emitted == []
    assert list(numbers) == [2]
    assert emitted.metadata == [None]


def test_an_asynchronous_generator_is_refused_when_it_is_decorated() -> None:
    async def count() -> AsyncIterator[int]:
        yield 1

    with pytest.raises(TypeError, match="count"):
        Emitted().span()(count)
