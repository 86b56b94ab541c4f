"""The simulated game server: the same for the same seed, believable, and without a seam."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from db.rows import decode_maps
from metrics_dash.catalog import load_catalog
from metrics_dash.demo.simulation import HOUR, SAMPLE_SECONDS, Happening, Simulation, players_expected, slice_of
from metrics_dash.ingest.event import parse_row


def at(day: int, hour: int, minute: int = 0) -> int:
    """An epoch second of the week of Monday, 5 January 2026."""
    return int(datetime(2026, 1, 4 + day, hour, minute, tzinfo=UTC).timestamp())


MONDAY, TUESDAY, WEDNESDAY, SATURDAY = 1, 2, 3, 6
EVENING = Simulation().hour(at(TUESDAY, 20))


def test_the_same_seed_and_hour_are_the_same_events() -> None:
    assert Simulation(7).hour(at(MONDAY, 9))[:50] == Simulation(7).hour(at(MONDAY, 9))[:50]


def test_another_seed_is_another_game() -> None:
    one, other = (Counter(h.event_name for h in Simulation(seed).hour(at(MONDAY, 9))) for seed in (1, 2))
    assert one != other


def test_every_event_is_valid_and_in_the_catalog_with_its_dimensions() -> None:
    catalog = load_catalog()
    now = datetime.fromtimestamp(at(TUESDAY, 21), UTC)
    for happening in EVENING:
        name, maps, _ = parse_row(happening.as_event(), now)
        measurements, metadata = decode_maps(maps)
        declared = catalog.events[name]
        assert set(measurements) == set(declared.measurements)
        assert set(declared.dimensions) <= set(metadata)


def test_an_hour_has_every_event_of_the_catalog() -> None:
    assert {happening.event_name for happening in EVENING} == set(load_catalog().events)


def test_an_hour_keeps_to_its_bounds_and_order() -> None:
    moments = [happening.at for happening in EVENING]
    assert moments == sorted(moments)
    assert at(TUESDAY, 20) <= moments[0]
    assert moments[-1] < at(TUESDAY, 21)


def test_gauges_are_sampled_regularly() -> None:
    samples = [happening.at for happening in EVENING if happening.event_name == "bezgelor.server.players"]
    assert samples == list(range(at(TUESDAY, 20), at(TUESDAY, 21), SAMPLE_SECONDS))


def test_slices_put_together_are_the_hour() -> None:
    start = at(TUESDAY, 20)
    slices: list[Happening] = []
    for offset in range(0, HOUR, 10):
        slices += slice_of(EVENING, start + offset, start + offset + 10)
    assert slices == EVENING


def test_evenings_are_fuller_than_nights_and_saturdays_than_tuesdays() -> None:
    assert players_expected(at(TUESDAY, 20)) > 3 * players_expected(at(TUESDAY, 5))
    assert players_expected(at(SATURDAY, 20)) > 1.2 * players_expected(at(TUESDAY, 20))


def test_nobody_plays_during_maintenance() -> None:
    assert players_expected(at(WEDNESDAY, 6, 30)) == 0
    maintenance = Simulation().hour(at(WEDNESDAY, 6))
    assert {happening.event_name for happening in maintenance} == {
        "bezgelor.server.players",
        "bezgelor.server.creatures",
        "bezgelor.server.zones",
    }
    assert all(sum(happening.measurements.values()) == 0 for happening in maintenance)


def test_the_curve_has_no_step_at_midnight() -> None:
    for day in range(1, 8):
        midnight = at(day, 0)
        assert players_expected(midnight - 1) == pytest.approx(players_expected(midnight), rel=0.02)


def test_a_month_has_about_a_million_events() -> None:
    day = sum(len(Simulation().hour(at(TUESDAY, hour))) for hour in range(24))
    assert 800_000 < 30 * day < 1_400_000


def test_rate_multiplies_what_players_do_and_not_how_often_they_are_counted() -> None:
    usual, tenfold = (Counter(h.event_name for h in Simulation(1, rate).hour(at(TUESDAY, 20))) for rate in (1, 10))
    assert tenfold["bezgelor.server.players"] == usual["bezgelor.server.players"]
    assert 7 < tenfold["bezgelor.creature.killed"] / usual["bezgelor.creature.killed"] < 13


def test_some_log_ins_fail_and_only_the_others_start_a_session() -> None:
    log_ins = [h for h in EVENING if h.event_name == "bezgelor.auth.login_complete"]
    good = sum(h.metadata["success"] for h in log_ins)
    assert 0 < good < len(log_ins)
    assert good == sum(h.event_name == "bezgelor.realm.session_start" for h in EVENING)


def test_an_hour_must_begin_at_its_start() -> None:
    with pytest.raises(ValueError, match="is not the start of an hour"):
        Simulation().hour(at(MONDAY, 9, 30))
