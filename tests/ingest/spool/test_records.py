"""Records: everything of a batch comes back, and wrong bytes cost the batch that they belong to and no other."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.batches import Batch
from db.rows import EVENT, SAMPLE, Counter, More, Row, encode_row
from metrics_dash.ingest.spool import records
from metrics_dash.ingest.spool.records import Damage, Record, encode, read

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)


def row(number: int, **metadata: object) -> Row:
    return encode_row("game.tick", {"n": number}, metadata, NOW)


def record(number: int, events: int = 2) -> Record:
    return Record(Batch(UUID(int=number), [row(number + n, text="line\nbreak") for n in range(events)]), number)


def ids(data: bytes) -> list[int]:
    """The numbers of the batches that can be read."""
    return [each.batch.batch_id.int for each in read(data) if isinstance(each, Record)]


def test_everything_of_a_batch_comes_back() -> None:
    histogram = {"scale": 5, "zero": 1, "positive": [3, [1, 2]]}
    counter = Counter(b"\0series", "value", 1, 2, 3.5, 4, histogram, counts=True, monotonic=False)
    plain = encode_row("game.tick", {"n": 1.5}, {"zone": "ä\n"}, NOW)
    rows: list[Row] = [
        plain,
        (*plain[:3], More(3, SAMPLE, b'{"a":{"count":2}}')),
        (*plain[:3], More(1, EVENT, b"{}", counter)),
    ]
    batch = Batch(
        uuid4(), rows, [0, 2, 5], ((1, "invalid: no"), (3, "too")), b"\1\2", uuid4(), 2**70, {"Not A Name \ud800": 2}
    )
    (found,) = read(encode(Record(batch, 17, is_report=True)))
    assert isinstance(found, Record)
    assert (found.arrived, found.is_report) == (17, True)
    assert (found.batch.batch_id, found.batch.rows, found.batch.places) == (batch.batch_id, rows, [0, 2, 5])
    assert (found.batch.refused, found.batch.digest) == (batch.refused, batch.digest)
    assert found.batch.refused_names == batch.refused_names
    assert (found.batch.submission, found.batch.newest) == (batch.submission, 2**63 - 1)


def test_a_batch_of_nothing_but_refusals_comes_back() -> None:
    batch = Batch(uuid4(), [], [], ((0, "invalid: no"),), b"digest")
    (found,) = read(encode(Record(batch, 0)))
    assert isinstance(found, Record)
    assert (list(found.batch.rows), found.batch.refused) == ([], batch.refused)


def test_a_time_of_another_epoch_comes_back() -> None:
    batch = Batch(uuid4(), [("a.b", b'{},"",{}', -(2**66))])
    (found,) = read(encode(Record(batch, 0)))
    assert isinstance(found, Record)
    assert found.batch.rows == batch.rows


def test_a_file_torn_at_any_byte_keeps_what_stands_before() -> None:
    whole = [encode(record(number)) for number in (1, 2, 3)]
    data = b"".join(whole)
    ends = [sum(map(len, whole[:count])) for count in range(4)]
    for length in range(len(data)):
        found = list(read(data[:length]))
        assert ids(data[:length]) == [1, 2, 3][: sum(end <= length for end in ends[1:])]
        assert all(each.end == length for each in found if isinstance(each, Damage))


def test_a_bit_flipped_anywhere_costs_its_own_record_and_no_other() -> None:
    whole = [encode(record(number)) for number in (1, 2, 3)]
    data = bytearray(b"".join(whole))
    start, end = len(whole[0]), len(whole[0]) + len(whole[1])
    for place in range(start, end):
        for bit in range(8):
            data[place] ^= 1 << bit
            found = list(read(bytes(data)))
            assert ids(bytes(data)) == [1, 3], (place, bit)
            assert [(each.start, each.end) for each in found if isinstance(each, Damage)] == [(start, end)]
            data[place] ^= 1 << bit
    assert ids(bytes(data)) == [1, 2, 3]


def test_zeros_that_a_crash_left_behind_are_no_records() -> None:
    data = encode(record(1)) + bytes(1000)
    assert ids(data) == [1]
    assert [type(each) for each in read(data)] == [Record, Damage]


def test_a_mark_within_a_record_is_not_taken_for_one() -> None:
    spoiled = bytearray(encode(Record(Batch(UUID(bytes=records.MARK * 4), [row(1)]), 0)))
    spoiled[-1] ^= 1
    assert ids(bytes(spoiled) + encode(record(2))) == [2]


@given(st.binary(max_size=300))
def test_nonsense_holds_no_record(data: bytes) -> None:
    assert ids(data + encode(record(7))) == [7]


def test_what_a_later_version_wrote_is_not_guessed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_FORMAT", 2)
    data = encode(record(1))
    monkeypatch.undo()
    (found,) = read(data)
    assert isinstance(found, Damage)
    assert found.reason == "UnknownFormatError: format 2 is another version's"


def test_events_take_a_fraction_of_their_room() -> None:
    rows = [encode_row("game.player.login", {"n": n}, {"zone": "algoroc", "ok": True}, NOW) for n in range(1000)]
    assert len(encode(Record(Batch(uuid4(), rows), 0))) < 20 * len(rows)
