"""Cached answers as plain data, and back: typed records of JSON, arrays as their bytes.

Reading one can run nothing and can make nothing but the records named here, with every field checked against its type;
so whoever else can write to the cache can give a wrong number at worst, and anything misshapen is a ``RecordError``.
"""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from db.status import PipelineStatus
from metrics_dash.charts.data import TabData

# Part of every record: it changes with what a record means, so that versions that run side by side don't mix.
FORMAT = 8

_KINDS: dict[str, TypeAdapter[Any]] = {
    "tab": TypeAdapter(TabData),
    "pipeline": TypeAdapter(PipelineStatus),
    "flag": TypeAdapter(bool),
}
_KIND_OF: dict[type, str] = {TabData: "tab", PipelineStatus: "pipeline", bool: "flag"}


class RecordError(ValueError):
    """Bytes that are no record of ours, or a value that can't become one."""


def dump(value: object) -> bytes:
    """Return a value as bytes. Raises ``RecordError`` for a type that is not cached."""
    kind = _KIND_OF.get(type(value))
    if kind is None:
        raise RecordError(f"a {type(value).__name__} is not cached")
    return _head(kind) + _KINDS[kind].dump_json(value)


def load(data: bytes) -> Any:
    """Return the value that ``dump`` made these bytes of. Raises ``RecordError`` for any others."""
    for kind, adapter in _KINDS.items():
        head = _head(kind)
        if data.startswith(head):
            try:
                return adapter.validate_json(data[len(head) :])
            except (ValidationError, RecursionError) as error:
                raise RecordError(f"no {kind}: {type(error).__name__}") from None
    raise RecordError("no record of this version")


def begins_like_one(data: bytes) -> bool:
    """Return whether these first bytes are a record's; nothing (it may have expired) is taken for one."""
    return not data or any(data.startswith(_head(kind)) for kind in _KINDS)


def _head(kind: str) -> bytes:
    return f"metrics_dash {FORMAT} {kind}\n".encode()
