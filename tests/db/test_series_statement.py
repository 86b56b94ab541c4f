"""The statement that reads buckets: its text depends on the kinds of reads alone."""

import pytest

from db.series_statement import KINDS, PREFIXES, statement


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_read_has_a_short_statement_of_its_own(kind: str) -> None:
    sql = statement((kind,)).text
    # That of values ranks them, too, and reads what is not added up once more: it is three at once.
    assert len(sql) < (2_700 if kind.endswith("values") else 2_000)
    assert "  " not in sql
    for left_over in ("KIND", "SLOT", "BUCKETS", "FROM_READS", "COUNTED", "GROUPED"):
        assert left_over not in sql
    assert (f":{PREFIXES[kind]}_" if PREFIXES[kind] else ":seen_name") in sql


def test_the_same_kinds_are_the_same_statement() -> None:
    assert statement(("plain", "seen")) is statement(("plain", "seen"))
