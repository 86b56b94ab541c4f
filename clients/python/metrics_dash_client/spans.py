"""``span``: an event for a block of code or a function, with how long it took."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Callable, TypeVar

Emit = Callable[[str, Mapping[str, float], Mapping[str, object]], object]
Function = TypeVar("Function", bound=Callable[..., Any])


class Span:
    """Emits an event when a block, or each call of a decorated function, ends.

    It has ``duration_ms`` and, after an exception, which goes on, ``error``: the name of its type. A coroutine or a
    generator is measured from its first step to its last. A span may be used again, also by itself within.
    """

    def __init__(self, emit: Emit, event_name: str, metadata: Mapping[str, object] | None = None) -> None:
        self._emit = emit
        self._event_name = event_name
        self._metadata = metadata
        self._starts: list[float] = []

    def __enter__(self) -> None:
        self._starts.append(time.perf_counter())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        duration_ms = (time.perf_counter() - self._starts.pop()) * 1000.0
        metadata: Any = self._metadata
        if kind is not None:
            with suppress(Exception):  # what is no mapping is for `execute` to refuse
                metadata = {**(metadata or {}), "error": kind.__name__}
        self._emit(self._event_name, {"duration_ms": duration_ms}, metadata)

    def __call__(self, function: Function) -> Function:
        """Decorate a function. Raises ``TypeError`` for an asynchronous generator."""
        if inspect.isasyncgenfunction(function):
            raise TypeError(f"span: {function!r} is an asynchronous generator; use a span within it")
        return functools.wraps(function)(_wrapper(function, self._anew))  # type: ignore[return-value]

    def _anew(self) -> Span:
        """One for each call, as calls overlap in threads."""
        return Span(self._emit, self._event_name, self._metadata)


def _wrapper(function: Callable[..., Any], span: Callable[[], Span]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):
        return _coroutine_wrapper(function, span)
    if inspect.isgeneratorfunction(function):
        return _generator_wrapper(function, span)

    def measured(*args: Any, **named: Any) -> Any:
        with span():
            return function(*args, **named)

    return measured


def _coroutine_wrapper(function: Callable[..., Any], span: Callable[[], Span]) -> Callable[..., Any]:
    async def measured(*args: Any, **named: Any) -> Any:
        with span():
            return await function(*args, **named)

    return measured


def _generator_wrapper(function: Callable[..., Any], span: Callable[[], Span]) -> Callable[..., Any]:
    def measured(*args: Any, **named: Any) -> Any:
        with span():
            return (yield from function(*args, **named))

    return measured
