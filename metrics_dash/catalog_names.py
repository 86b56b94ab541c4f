"""Names in a catalog: what ids, keys and event names look like, as types that check themselves."""

import re
from typing import Annotated

from pydantic import AfterValidator

from db.rows import InvalidEventError, check_name

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _event_name(value: str) -> str:
    try:
        return check_name(value)
    except InvalidEventError as error:
        raise ValueError(str(error)) from None


def _identifier(value: str) -> str:
    if not _ID.fullmatch(value):
        raise ValueError(f"{value!r} is not an id: lower-case words joined by hyphens")
    return value


def _key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise ValueError(f"{value!r} is not a name of letters, digits and underscores")
    return value


EventName = Annotated[str, AfterValidator(_event_name)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Key = Annotated[str, AfterValidator(_key)]
