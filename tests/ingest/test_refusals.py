"""What is reported as refused: every event once, named only by names that are known, in a bounded number of rows."""

from db.collectors import REFUSED_EVENT
from db.rows import decode_maps, more_of
from metrics_dash.ingest.refusals import PAIRS, Refusals


def told(refusals: Refusals) -> list[tuple[dict[str, str], int]]:
    rows = refusals.report(0)
    assert {row[0] for row in rows} <= {REFUSED_EVENT}
    return [(decode_maps(row[1])[1], more_of(row).weight) for row in rows]


def test_each_event_is_told_once_by_reason_and_by_its_name_where_that_is_known() -> None:
    refusals = Refusals({"a.b"})
    refusals.add("invalid", 5, {"a.b": 2, "<script>": 1})
    refusals.add("invalid", 1)
    assert told(refusals) == [
        ({"reason": "invalid"}, 4),
        ({"reason": "invalid", "event": "a.b", "what": "a.b invalid"}, 2),
    ]
    assert (bool(refusals), told(refusals), refusals.total) == (False, [], {"invalid": 6})


def test_past_the_most_frequent_pairs_the_rest_are_told_without_a_name() -> None:
    names = {f"a.n{number}": number + 1 for number in range(PAIRS + 7)}
    refusals = Refusals(names.keys())
    refusals.add("too_old", sum(names.values()), names)
    rows = told(refusals)
    assert len(rows) == PAIRS + 1
    assert rows[0] == ({"reason": "too_old"}, sum(range(1, 8)))
    assert sum(count for _, count in rows) == sum(names.values())
