"""A batch: its bytes and its key are the same for life, and those of its halves follow from it."""

import gzip
import json

from metrics_dash_client.batch import Batch
from metrics_dash_client.events import take


def batch(events: int) -> Batch:
    return Batch.seal([take("test.event", {"n": n}, None, None) for n in range(events)], 600 * events)


def numbers(part: Batch) -> list[int]:
    return [json.loads(line)["measurements"]["n"] for line in gzip.decompress(part.body).splitlines()]


def test_the_body_is_made_once() -> None:
    made = batch(3)
    assert made.body is made.body
    assert numbers(made) == [0, 1, 2]


def test_every_batch_has_a_key_of_its_own() -> None:
    assert len({batch(1).key for _ in range(100)}) == 100


def test_splitting_again_makes_the_same_halves() -> None:
    made = batch(5)
    first, again = made.split(), made.split()
    assert [(half.key, half.body) for half in first] == [(half.key, half.body) for half in again]
    assert len({made.key, *(half.key for half in first)}) == 3


def test_halves_hold_every_event_once_whether_the_body_was_made_before_or_not() -> None:
    for is_made in (False, True):
        made = batch(5)
        assert not is_made or made.body
        first, second = made.split()
        assert numbers(first) + numbers(second) == [0, 1, 2, 3, 4]
        assert len(first) + len(second) == 5
        assert first.size + second.size == made.size
