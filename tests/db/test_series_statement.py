"""The statement that reads buckets: its text depends on the kinds of reads alone."""

import pytest

from db.series_statement import KINDS, PREFIXES, statement

# Those of values rank them, too, and read what is not added up once more: they are three at once. A filter reads what
# it leaves, what it can't tell and what the bucket has in all; raw events are counted before they are looked at.
LONGEST = {"values": 3_000, "filtered": 3_600, "raw": 3_000}
# As long again is what finds from when to when fives stand, and for each time that it reads, where to read what.
FIVES = 800


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_read_has_a_short_statement_of_its_own(kind: str) -> None:
    sql = statement((kind,))
    assert len(sql) < LONGEST.get(kind.rpartition("_")[2], 2_000) + FIVES * ("fives" in kind)
    assert "  " not in sql
    for left_over in ("KIND", "SLOT", "BUCKETS", "FROM_READS", "COUNTED", "GROUPED"):
        assert left_over not in sql
    assert (f"%({PREFIXES[kind]}_" if PREFIXES[kind] else "%(seen_name)") in sql
    assert ":n" not in sql.replace("::n", "")


def test_the_same_kinds_are_the_same_statement() -> None:
    assert statement(("plain", "seen")) is statement(("plain", "seen"))
