"""Unique counts that buckets keep: of a metadata key that the catalog declares, which values there were, as hashes.

Up to ``EXACT`` values a bucket keeps all of their hashes, and counts exactly. More become a HyperLogLog of
``REGISTERS`` registers: each keeps the highest rank of the hashes that fall to it, and from all of them the number of
values follows with a standard error of 2.3 %. Merging is a union of hashes, or the maximum of registers: exact, in any
order, and as often as one likes.

The hash of a value is the first 64 bits of the SHA-256 of its text. Its lowest 11 bits are its register, and its rank
is one more than how many of the bits above them are zero before the first that is not. As text: ``e1:`` and the
hashes in hexadecimal digits, in their order, with a space between two; or ``r1:`` and one character for each register,
``0`` for none and so on in the order of ASCII. The digit is the version of all of this.

The estimator is that of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), which
needs no correction for small or large numbers. https://arxiv.org/abs/1702.01284
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EXACT = 128
BITS = 11
REGISTERS: int = 2**BITS
# Of 64 bits, those that are left for the rank.
_LEFT = 64 - BITS
_FIRST = ord("0")

Hashes = NDArray[np.int64]
Registers = NDArray[np.uint8]
Kept = Hashes | Registers


def hash_of(value: str) -> int:
    """Return the hash of a value, signed as PostgreSQL's bigint is."""
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:8], signed=True)


def hash_sql(value: str) -> str:
    """Return ``hash_of`` as SQL over the expression of a text."""
    digest = f"encode(sha256(convert_to({value}, 'UTF8')), 'hex')"
    return f"CAST(CAST('x' || substr({digest}, 1, 16) AS bit(64)) AS bigint)"


# As SQL. A source is whatever has the columns ``group``.

_REGISTER = f"CAST(hash & {REGISTERS - 1} AS int)"
# The bits above the register without their sign; the lowest of them that is set is a power of two, exactly.
_REST = f"((hash >> {BITS}) & {2**_LEFT - 1})"
_RANK = f"""CASE WHEN {_REST} = 0 THEN {_LEFT + 1}
    ELSE CAST(round(ln(CAST({_REST} & -{_REST} AS double precision)) / ln(2)) AS int) + 1 END"""


def hashes_sql(group: str, packed: str, source: str) -> str:
    """Return a query of ``group`` and ``hash`` from what a source keeps exactly; ``packed``: its text."""
    return f"""
    SELECT {group}, CAST(CAST('x' || hash AS bit(64)) AS bigint) AS hash
    FROM (SELECT {group}, string_to_table(NULLIF(substr({packed}, 4), ''), ' ') AS hash FROM {source}) AS hashed
    WHERE hash IS NOT NULL"""


def ranks_sql(group: str, packed: str, source: str) -> str:
    """Return a query of ``group``, ``register`` and ``rank`` from what a source keeps as registers."""
    return f"""
    SELECT {group}, CAST(register AS int) - 1 AS register, ascii(letter) - {_FIRST} AS rank
    FROM (SELECT {group}, {packed} AS packed FROM {source}) AS kept
        CROSS JOIN LATERAL string_to_table(substr(packed, 4), NULL) WITH ORDINALITY AS each (letter, register)
    WHERE letter <> '{chr(_FIRST)}'"""


def packed_sql(group: str, named: str, hashes: str, ranks: str) -> str:
    """Return a query of ``group`` and ``packed``, its text, for each row of ``named``, from queries of its hashes (each
    any number of times) and of its registers and ranks."""
    return f"""
    WITH hashed AS MATERIALIZED (SELECT DISTINCT {group}, hash FROM ({hashes}) AS hashed),
    ranked AS MATERIALIZED ({ranks}),
    crowded AS MATERIALIZED (
        SELECT {group} FROM hashed GROUP BY {group} HAVING count(*) > {EXACT} UNION SELECT {group} FROM ranked
    ),
    registers AS (
        SELECT {group}, string_agg(repeat('{chr(_FIRST)}', register - before - 1) || chr({_FIRST} + rank), ''
            ORDER BY register) AS packed
        FROM (
            SELECT *, lag(register, 1, -1) OVER (PARTITION BY {group} ORDER BY register) AS before
            FROM (
                SELECT {group}, register, max(rank) AS rank
                FROM (
                    SELECT {group}, register, rank FROM ranked
                    UNION ALL SELECT {group}, {_REGISTER}, {_RANK} FROM hashed JOIN crowded USING ({group})
                ) AS each
                GROUP BY {group}, register
            ) AS register
        ) AS register
        GROUP BY {group}
    ),
    listed AS (
        SELECT {group}, string_agg(lpad(to_hex(hash), 16, '0'), ' ' ORDER BY hash) AS packed
        FROM hashed LEFT JOIN (SELECT {group}, true AS crowded FROM crowded) AS crowded USING ({group})
        WHERE crowded IS NULL GROUP BY {group}
    )
    SELECT {group}, COALESCE(
        'r1:' || rpad(registers.packed, {REGISTERS}, '{chr(_FIRST)}'), 'e1:' || COALESCE(listed.packed, '')) AS packed
    FROM {named} AS named LEFT JOIN registers USING ({group}) LEFT JOIN listed USING ({group})"""


# As arrays


def unpack(packed: str) -> Kept:
    """Return the hashes of a text, or its registers."""
    if packed.startswith("e1:"):
        return np.array([int(each, 16) for each in packed[3:].split()], dtype=np.uint64).view(np.int64)
    return _registers_in(packed)


def _registers_in(packed: str) -> Registers:
    if packed.startswith("r1:") and len(packed) == 3 + REGISTERS:
        return np.frombuffer(packed[3:].encode(), dtype=np.uint8) - np.uint8(_FIRST)
    raise ValueError(f"{packed[:3]!r} begins no unique count of this version")


@dataclass(frozen=True)
class Several:
    """What several texts keep. ``known``: whether it is one, and not nothing. ``sizes``: how many of ``hashes`` are of
    it, in this order. ``registers``: those that have no hashes, each with its place."""

    known: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    hashes: Hashes
    registers: tuple[tuple[int, Registers], ...]


def unpack_all(packed: Sequence[str]) -> Several:
    """Return what ``unpack`` does of each text; the hashes of all are read at once. One that is empty keeps nothing."""
    exact = [each[3:] if each.startswith("e1:") else "" for each in packed]
    return Several(
        np.array([each != "" for each in packed], dtype=np.bool_),
        (np.array([len(each) for each in exact], dtype=np.int64) + 1) // 17,
        np.frombuffer(bytes.fromhex(" ".join(exact)), dtype=">i8").astype(np.int64),
        tuple((at, _registers_in(each)) for at, each in enumerate(packed) if each and not each.startswith("e1:")),
    )


def count(kept: Iterable[Kept]) -> float:
    """Return how many different values there are in all of these together: exactly where all are hashes of at most
    ``EXACT``, else the whole number that is nearest to what is estimated."""
    kept = list(kept)
    hashes = [each for each in kept if each.dtype == np.int64]
    registers = [each for each in kept if each.dtype == np.uint8]
    union = np.unique(np.concatenate(hashes)) if hashes else np.array([], dtype=np.int64)
    if not registers and len(union) <= EXACT:
        return float(len(union))
    return float(round(estimate(np.maximum.reduce([*registers, _registers_of(union)]))))


def _registers_of(hashes: Hashes) -> Registers:
    rest = (hashes >> BITS) & (2**_LEFT - 1)
    lowest = np.maximum(rest & -rest, 1).astype(np.float64)
    ranks = np.where(rest == 0, _LEFT + 1, np.log2(lowest).astype(np.int64) + 1)
    registers = np.zeros(REGISTERS, dtype=np.uint8)
    np.maximum.at(registers, hashes & (REGISTERS - 1), ranks.astype(np.uint8))
    return registers


def estimate(registers: Registers) -> float:
    """Return how many different values fell into registers, with a standard error of 2.3 %."""
    having = np.bincount(registers, minlength=_LEFT + 2).tolist()
    total = REGISTERS * _tau(1 - having[_LEFT + 1] / REGISTERS)
    for number in reversed(having[1 : _LEFT + 1]):
        total = (total + number) / 2
    total += REGISTERS * _sigma(having[0] / REGISTERS)
    return REGISTERS**2 / (2 * math.log(2) * total)


def _sigma(x: float) -> float:
    if x == 1:
        return math.inf
    total, step, before = x, 1.0, None
    while total != before:
        x, before = x * x, total
        total, step = total + x * step, step * 2
    return total


def _tau(x: float) -> float:
    if x in (0, 1):
        return 0.0
    total, step, before = 1 - x, 1.0, None
    while total != before:
        x, before, step = math.sqrt(x), total, step / 2
        total -= (1 - x) ** 2 * step
    return total / 3
