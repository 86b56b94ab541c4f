"""Names that a process knows: a new one costs a place, a known one nothing, and the store has the last word."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from db.rows import InvalidEventError
from metrics_dash.ingest.names import KnownNames, NameQuotaError


def known(*names: str, quota: int = 3) -> KnownNames:
    made = KnownNames(quota)
    for name in names:
        made.admit(name)
    return made


def nothing() -> Iterable[str]:
    return ()


def admitted(known: KnownNames, name: str) -> bool:
    try:
        known.admit(name)
    except NameQuotaError:
        return False
    return True


def test_names_are_admitted_until_the_quota_is_used_up_and_known_ones_ever_after() -> None:
    names = known()
    assert [admitted(names, name) for name in ("a.a", "a.b", "a.c", "a.d", "a.a", "a.c")] == [
        True,
        True,
        True,
        False,
        True,
        True,
    ]
    assert names.names == {"a.a", "a.b", "a.c"}


def test_a_name_that_is_none_takes_no_place() -> None:
    names = known()
    for bad in ("Not A Name", "", "a" * 1000):
        with pytest.raises(InvalidEventError):
            names.admit(bad)
    assert names.names == set()


def test_a_name_of_a_class_of_its_own_is_kept_as_plain_text() -> None:
    class Named(str):
        __slots__ = ()

    (kept,) = known(Named("a.b")).names
    assert type(kept) is str


def test_what_the_store_knows_is_known_here_however_many_that_is() -> None:
    names = known()
    stored = {f"old.n{number}" for number in range(10)}
    names.learn(stored, set(), nothing)
    assert all(admitted(names, name) for name in stored)
    assert not admitted(names, "one.more")


def test_what_the_store_refused_or_forgot_makes_room() -> None:
    names = known("a.refused", "a.forgotten", "a.stored")
    names.learn({"a.stored"}, set(), nothing)
    assert names.names == {"a.stored"}
    assert admitted(names, "a.new")


def test_what_waits_to_be_stored_is_not_forgotten() -> None:
    names = known("a.waiting", "a.refused")
    names.learn({"b.stored"}, set(), lambda: {"a.waiting"})
    assert names.names == {"a.waiting", "b.stored"}


def test_who_waits_is_asked_only_where_a_name_would_be_forgotten() -> None:
    """The answer takes the lock of those who emit."""
    asked: list[None] = []

    def waiting() -> Iterable[str]:
        asked.append(None)
        return ()

    names = known("a.a")
    names.learn({"a.a", "a.b"}, set(), waiting)
    assert asked == []
    names.learn({"a.b"}, set(), waiting)
    assert asked == [None]


def test_who_holds_the_set_sees_every_change_of_it() -> None:
    names = known("a.a")
    held = names.names
    names.admit("a.b")
    names.learn({"a.c"}, set(), nothing)
    assert held is names.names
    assert held == {"a.c"}


def test_threads_that_come_at_once_do_not_pass_the_quota() -> None:
    names, together = known(quota=50), Barrier(8, timeout=60)

    def admit(thread: int) -> int:
        together.wait()
        return sum(admitted(names, f"t{thread}.n{number}") for number in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(admit, range(8))) == len(names.names) == 50


def test_declared_names_cost_no_place_and_are_known_before_their_first_event() -> None:
    names = known("a.junk", "b.junk")
    names.learn({"a.junk", "b.junk"}, {"shop.sale", "shop.visit"}, nothing)
    assert admitted(names, "c.junk")
    assert not admitted(names, "d.junk")
    assert admitted(names, "shop.sale")
    assert {"shop.sale", "shop.visit"} < names.names


def test_who_held_a_place_gives_it_back_once_it_is_declared() -> None:
    names = known("a.a", "a.b", "a.c")
    assert not admitted(names, "a.d")
    names.learn({"a.a", "a.b", "a.c"}, {"a.b"}, nothing)
    assert admitted(names, "a.d")
    assert not admitted(names, "a.e")
