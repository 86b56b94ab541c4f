"""Names of other systems as names of events: lower case, and what is no letter, digit or dot becomes ``_``.

The original stays in the metadata wherever it differs. Two that become one name are seen, and said once in the log.
"""

import logging
import re
import unicodedata
import zlib
from functools import lru_cache

from db.rows import InvalidEventError, quote
from metrics_dash.ingest.formats.properties import LONGEST_TEXT

log = logging.getLogger(__name__)

# Under which the metadata of an event has the name that its sender gave it.
ORIGINAL_NAME = "original_name"
# Originals that are remembered, to tell when another one becomes the same name.
REMEMBERED = 10_000

_OTHERS = re.compile(r"[^a-z0-9_]+")
_originals: dict[str, str] = {}


@lru_cache(4096)
def event_name(original: str) -> str:
    """Return the name of the events that another system calls ``original``.

    Accents are dropped. A name without a letter or digit that could stay becomes ``event_`` and a number made of it.
    """
    plain = unicodedata.normalize("NFKD", original).encode("ascii", "ignore").decode() or original
    segments = (_segment(part) for part in plain.lower().split("."))
    name = ".".join(part for part in segments if part)
    return name or f"event_{zlib.crc32(original.encode(errors='replace')):08x}"


def named(original: str, metadata: dict[str, object]) -> str:
    """Return the name for ``original``, which is kept in ``metadata`` where it differs.

    Raises ``InvalidEventError`` for one that is too long to be remembered.
    """
    if len(original) > LONGEST_TEXT:
        raise InvalidEventError(f"the name {quote(original)} is longer than {LONGEST_TEXT} characters")
    name = event_name(original)
    if name != original:
        metadata.setdefault(ORIGINAL_NAME, original)
    _notice(name, original)
    return name


def _segment(part: str) -> str:
    segment = _OTHERS.sub("_", part)
    return segment if segment == part else segment.strip("_")


def _notice(name: str, original: str) -> None:
    known = _originals.get(name)
    if known is None:
        if len(_originals) < REMEMBERED:
            _originals[name] = original
    elif known != original:
        _say(name, known, original)


@lru_cache(REMEMBERED)
def _say(name: str, known: str, original: str) -> None:
    """Say it once for each pair."""
    log.warning("%.80r and %.80r are both counted as the event %.80s", known, original, name)
