"""How many messages a protobuf message holds, told from its bytes before memory is taken for them.

Two bytes may be an empty message, which decoded takes some seventy: four MiB of them, four kilobytes compressed, would
be 140 MB. Wire format: https://protobuf.dev/programming-guides/encoding
"""

from functools import cache
from typing import Any, TypeAlias

from google.protobuf.message import Message

# Four MiB of ordinary spans have 380,000: each attribute is two, its key and its value.
MOST_MESSAGES = 500_000
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_WIDTHS = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}

# The descriptors of the messages within one, by the tag of their field. (C's or Python's; they share no type.)
Within: TypeAlias = dict[int, Any]


def too_many_messages(body: bytes, kind: type[Message]) -> bool:
    """Return whether the bytes of a message of a kind holds more than ``MOST_MESSAGES``, at whatever depth.

    What is no message of that kind holds what was counted before that showed; decoding says what is wrong with it.
    """
    return len(body) > 2 * MOST_MESSAGES and _exceeds(body, kind.DESCRIPTOR, MOST_MESSAGES)


def _exceeds(body: bytes, kind: Any, most: int) -> bool:
    """Whether there are more than so many."""
    position, end, inner, number = 0, len(body), _messages_of(kind), 0
    outer: list[tuple[int, Within]] = []
    try:
        while number <= most:
            while position >= end:
                if not outer:
                    return False
                end, inner = outer.pop()
            tag, position = _varint(body, position)
            form = tag & 7
            if form == _VARINT:
                _, position = _varint(body, position)
            elif form == _LENGTH:
                length, position = _varint(body, position)
                if (found := inner.get(tag)) is None:
                    position += length
                else:
                    number += 1
                    outer.append((end, inner))
                    end, inner = min(position + length, end), _messages_of(found)
            else:
                position += _WIDTHS.get(form, 0)
    except IndexError:
        return False
    return True


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """The number at a position, and where the next begins. Raises ``IndexError`` past the end."""
    value = body[position]
    position += 1
    if value < 0x80:
        return value, position
    value &= 0x7F
    for shift in range(7, 70, 7):
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return value, position


@cache
def _messages_of(kind: Any) -> Within:
    """The fields that are messages, by the tag that each begins with."""
    return {field.number << 3 | _LENGTH: field.message_type for field in kind.fields if field.message_type is not None}
