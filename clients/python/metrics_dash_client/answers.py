"""What an answer of the server means for the batch that it is about."""

from __future__ import annotations

import json
import re
from collections import Counter
from enum import Enum

from metrics_dash_client.transport import Answer

_REASON = re.compile(r"[a-z][a-z_]{0,39}(?=:|$)")
UNNAMED_REASON = "invalid"
_OVERLOAD = frozenset({408, 425, 429})


class Verdict(Enum):
    """What to do with a batch."""

    SETTLE = "the server has it"
    RETRY = "later, the same again"
    RETRY_SLOWLY = "the token is not accepted now, but somebody may mend that"
    SPLIT = "it is too large"
    REFUSE = "no repetition would change the answer"


class UnreadableAnswerError(Exception):
    """A success without the server's figures: a proxy's page, another server, or an answer cut short."""


def judge(status: int) -> Verdict:
    """Tell what a status means."""
    if 200 <= status < 300:
        return Verdict.SETTLE
    if status in _OVERLOAD or status >= 500:
        return Verdict.RETRY
    if status in (401, 403):
        return Verdict.RETRY_SLOWLY
    return Verdict.SPLIT if status == 413 else Verdict.REFUSE


def refusals(answer: Answer, events: int) -> tuple[Counter[str], str]:
    """Count the refused ones of a batch's ``events`` by reason; also the first reason in full, or "".

    Raises ``UnreadableAnswerError``.
    """
    try:
        document = json.loads(answer.body)
        accepted, rejected = document["accepted"], document["rejected"]
        reasons = {int(one["index"]): str(one["reason"]) for one in rejected}
        valid = type(accepted) is int and all(0 <= index < events for index in reasons)
    except (ValueError, KeyError, TypeError, RecursionError):
        valid = False
    if not valid:
        raise UnreadableAnswerError(f"{answer.status} without figures that can be read: {excerpt(answer.body)}")
    return Counter(map(_name, reasons.values())), next(iter(reasons.values()), "")


def reason_of(answer: Answer) -> str:
    """Return the status and what the server gave as its reason, short enough for a log line."""
    try:
        reason = ascii(str(json.loads(answer.body)["error"])[:200])
    except (ValueError, KeyError, TypeError, RecursionError):
        reason = excerpt(answer.body)
    return f"{answer.status} {reason}"


def excerpt(body: bytes) -> str:
    """Return the beginning of something unknown, in plain ASCII."""
    return ascii(body[:100].decode(errors="replace"))


def _name(reason: str) -> str:
    """The word that a reason begins with, as in ``too_old: …``, to count it under."""
    found = _REASON.match(reason)
    return found.group() if found else UNNAMED_REASON
