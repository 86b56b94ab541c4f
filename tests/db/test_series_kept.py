"""What buckets keep as text is sent with how many there are and the moment that each is of."""

import struct
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from db.engine import Database
from db.series_kept import BETWEEN_UNIQUES, BINS, NO_PLACE, UNIQUES, kept_sql

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MOMENTS = [EPOCH + timedelta(minutes=each) for each in (0, 3, 1)]


def sent(database: Database, texts: list[str], between: str) -> bytes | None:
    with database.reading() as connection:
        query = f"""
            SELECT {kept_sql("moment", "packed", between)}
            FROM unnest(CAST(:moments AS timestamptz[]), CAST(:texts AS text[])) AS kept (moment, packed)"""
        found = connection.execute(text(query), {"moments": MOMENTS[: len(texts)], "texts": texts}).scalar_one()
        return None if found is None else bytes(found)


def moments(content: bytes) -> list[datetime]:
    count, *microseconds = struct.unpack(f">{1 + int.from_bytes(content[:8])}q", content[: 8 + 8 * content[7]])
    assert count == len(microseconds)
    return [EPOCH + timedelta(microseconds=each) for each in microseconds]


def test_of_nothing_nothing_is_sent(database: Database) -> None:
    assert sent(database, [], BINS) is None


def test_histograms_are_numbers_with_what_is_no_place_between(database: Database) -> None:
    content = sent(database, ["7:1 -9:2", "0:5", "7:30"], BINS)
    assert content is not None
    assert moments(content) == MOMENTS
    assert content[8 + 8 * 3 :].decode() == f"7:1 -9:2 {NO_PLACE} 0:5 {NO_PLACE} 7:30"


def test_unique_counts_have_a_letter_between_that_no_register_has(database: Database) -> None:
    highest = chr(ord("0") + 64)
    content = sent(database, ["e1:", f"r1:{highest}", "é"], UNIQUES)
    assert content is not None
    assert moments(content) == MOMENTS
    assert content[8 + 8 * 3 :].decode().split("|") == ["e1:", f"r1:{highest}", "é"]
    assert highest < BETWEEN_UNIQUES
