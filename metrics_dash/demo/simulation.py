"""The demo's game server as arithmetic: what happens in any hour follows from the seed and the hour alone.

History and the live feed come from the same function, so no seam can show where one ends and the other begins, and an
hour sent twice is the same hour. All times are UTC; rates are events per minute.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

HOUR = 3600
SAMPLE_SECONDS = 30

# Players online, by hour of the day, as a share of the evening peak; straight lines between the hours.
_DAILY_CURVE = (0.52, 0.40, 0.31, 0.25, 0.21, 0.20, 0.22, 0.27, 0.33, 0.38, 0.42, 0.46,
                0.50, 0.53, 0.56, 0.61, 0.68, 0.77, 0.87, 0.95, 1.00, 0.97, 0.85, 0.68)  # fmt: skip
_PEAK_PLAYERS = 260.0
_WEDNESDAY = 2
_WEEKEND_SHARE = {4: 1.08, 5: 1.28, 6: 1.22}

# Weekly maintenance: the world is down from 06:00 to 07:30 UTC on Wednesdays, fills within the hour after, and is
# busier than usual that evening because there is something new to see.
_PATCH_BEGINS, _PATCH_ENDS, _PATCH_REFILL = 6.0, 7.5, 1.0
_PATCH_EVENING_SHARE = 1.18

_REALMS = ("Bezgelor", "Drusera", "Entity", "Jabbit")
_ZONES = ("algoroc", "celestion", "deradune", "ellevar", "galeras", "whitevale", "wilderrun", "malgrave",
          "thayd", "illium", "grimvault", "farside")  # fmt: skip
_ZONE_SHARE = np.array([16, 13, 12, 11, 9, 8, 7, 6, 6, 5, 4, 3], dtype=float) / 100
_TIERS = ("minion", "standard", "champion", "elite", "boss")
_TIER_SHARE = np.array([30, 48, 14, 7, 1], dtype=float) / 100
_TIER_XP = np.array([70, 120, 210, 360, 900], dtype=float)
_DAMAGE_TYPES = ("physical", "tech", "magic")
_DAMAGE_SHARE = np.array([45, 30, 25], dtype=float) / 100
_FAILURES = ("wrong_password", "banned", "realm_full", "time_out")
_FAILURE_SHARE = np.array([78, 6, 9, 7], dtype=float) / 100
_ACCOUNTS = 6000

# Events a minute for each player online.
_LOGINS, _KILLS, _DAMAGE, _QUESTS = 0.0112, 0.029, 0.036, 0.0095
_COMPLETED_SHARE, _ABANDONED_SHARE = 0.74, 0.14


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """One simulated event. ``at`` is in epoch seconds, to the millisecond."""

    at: float
    event_name: str = field(compare=False)
    measurements: dict[str, float] = field(compare=False)
    metadata: dict[str, Any] = field(compare=False)

    def as_event(self) -> dict[str, Any]:
        """Return the event as ``POST /api/v1/events`` takes it."""
        moment = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        return {
            "event_name": self.event_name,
            "measurements": self.measurements,
            "metadata": self.metadata,
            "occurred_at": moment,
        }


def players_expected(at: float) -> float:
    """Return players online that the time of day, the weekday and the patch day lead one to expect, at epoch second
    ``at``."""
    moment = datetime.fromtimestamp(at, UTC)
    hour = moment.hour + moment.minute / 60 + moment.second / 3600
    whole = int(hour)
    curve = _DAILY_CURVE[whole] + (hour - whole) * (_DAILY_CURVE[(whole + 1) % 24] - _DAILY_CURVE[whole])
    # The weekend fades in and out over the day, so that midnight has no step.
    today, tomorrow = _day_share(moment.weekday()), _day_share((moment.weekday() + 1) % 7)
    fade = max(0.0, (hour - 18) / 6)
    return _PEAK_PLAYERS * curve * (today + fade * (tomorrow - today)) * _patch_share(moment.weekday(), hour)


def _day_share(weekday: int) -> float:
    return _WEEKEND_SHARE.get(weekday, 1.0)


def _patch_share(weekday: int, hour: float) -> float:
    """Return how much of the usual crowd is there on patch day: nobody during maintenance, more than usual at night."""
    if weekday != _WEDNESDAY or hour < _PATCH_BEGINS - 0.25:
        return 1.0
    if hour < _PATCH_BEGINS:  # warned, they leave
        return (_PATCH_BEGINS - hour) / 0.25
    if hour < _PATCH_ENDS:
        return 0.0
    evening = 1 + (_PATCH_EVENING_SHARE - 1) * math.sin(math.pi * (hour - _PATCH_ENDS) / (24 - _PATCH_ENDS))
    return min(1.0, (hour - _PATCH_ENDS) / _PATCH_REFILL) * evening


class Simulation:
    """The game server. ``rate`` multiplies what players do, not how many there are nor how often they are counted."""

    def __init__(self, seed: int = 1, rate: float = 1.0) -> None:
        if rate <= 0:
            raise ValueError(f"rate {rate!r} is not above zero")
        self.seed = seed
        self.rate = rate

    def hour(self, start: int) -> list[Happening]:
        """Return everything that happens in the hour from epoch second ``start`` (a multiple of 3600), oldest first."""
        if start % HOUR:
            raise ValueError(f"{start!r} is not the start of an hour")
        return _hour(self.seed, self.rate, start)


@lru_cache(maxsize=4)
def _hour(seed: int, rate: float, start: int) -> list[Happening]:
    draw = np.random.default_rng([seed, start // HOUR])
    minutes = np.array([players_expected(start + 60 * minute + 30) for minute in range(60)])
    happenings = [
        *_gauges(draw, seed, start),
        *_arrivals(draw, start, minutes * _LOGINS * rate),
        *_kills(draw, start, minutes * _KILLS * rate),
        *_damage(draw, start, minutes * _DAMAGE * rate),
        *_quests(draw, start, minutes * _QUESTS * rate),
    ]
    return sorted(happenings)


def _gauges(draw: Generator, seed: int, start: int) -> Iterator[Happening]:
    """Yield players, creatures and zones, sampled regularly. A slow wave of its own makes no two days alike."""
    for at in range(start, start + HOUR, SAMPLE_SECONDS):
        expected = players_expected(at)
        wave = 1 + 0.035 * math.sin(at / 2700 + seed) + 0.025 * math.sin(at / 9100 + 2 * seed)
        online = max(0, round(expected * wave + draw.normal(0, 0.02 * expected)))
        spawned = 1850 + 2.4 * online + 60 * math.sin(at / 1300) + draw.normal(0, 9) if expected else 0
        active = min(len(_ZONES), math.ceil(len(_ZONES) * (1 - math.exp(-online / 42)) + draw.normal(0, 0.3)))
        yield Happening(at, "bezgelor.server.players", {"online": online}, {})
        yield Happening(at, "bezgelor.server.creatures", {"spawned": max(0, round(spawned))}, {})
        yield Happening(at, "bezgelor.server.zones", {"active": max(min(1, online), active) if online else 0}, {})


def _arrivals(draw: Generator, start: int, rates: NDArray[np.float64]) -> Iterator[Happening]:
    """Log-ins; of those that succeed the session, and of most sessions the way into the world, seconds later."""
    moments = _moments(draw, start, rates)
    count = len(moments)
    accounts = draw.integers(1000, 1000 + _ACCOUNTS, count)
    succeeds = draw.random(count) < 0.93
    enters = draw.random(count) < 0.96
    failures = draw.choice(len(_FAILURES), count, p=_FAILURE_SHARE)
    realms, zones = _choices(draw, _REALMS, count), _choices(draw, _ZONES, count, _ZONE_SHARE)
    log_in, session, load = draw.lognormal(4.9, 0.4, count), draw.lognormal(3.6, 0.5, count), _load(draw, count)
    pauses = draw.uniform(0.5, 12, (2, count))
    end = start + HOUR - 0.001
    for i, at in enumerate(moments):
        who = {"account_id": int(accounts[i])}
        outcome = {"success": True} if succeeds[i] else {"success": False, "reason": _FAILURES[failures[i]]}
        yield Happening(at, "bezgelor.auth.login_complete", _ms(log_in[i]), who | outcome)
        if not succeeds[i]:
            continue
        began = min(at + float(pauses[0, i]), end)
        yield Happening(began, "bezgelor.realm.session_start", _ms(session[i]), who | {"realm": realms[i]})
        if enters[i]:
            entered = min(began + float(pauses[1, i]) + float(load[i]) / 1000, end)
            yield Happening(entered, "bezgelor.world.player_entered", _ms(load[i]), who | {"zone": zones[i]})


def _load(draw: Generator, count: int) -> NDArray[np.float64]:
    return np.minimum(draw.lognormal(8.0, 0.45, count), 30_000)


def _kills(draw: Generator, start: int, rates: NDArray[np.float64]) -> Iterator[Happening]:
    moments = _moments(draw, start, rates)
    count = len(moments)
    tiers = draw.choice(len(_TIERS), count, p=_TIER_SHARE)
    rewards = _TIER_XP[tiers] * draw.uniform(0.8, 1.25, count)
    zones, accounts = _choices(draw, _ZONES, count, _ZONE_SHARE), draw.integers(1000, 1000 + _ACCOUNTS, count)
    for i, at in enumerate(moments):
        where = {"account_id": int(accounts[i]), "zone": zones[i], "creature_tier": _TIERS[tiers[i]]}
        yield Happening(at, "bezgelor.creature.killed", {"xp_reward": round(float(rewards[i]))}, where)


def _damage(draw: Generator, start: int, rates: NDArray[np.float64]) -> Iterator[Happening]:
    moments = _moments(draw, start, rates)
    count = len(moments)
    critical = draw.random(count) < 0.18
    amounts = draw.lognormal(6.2, 0.35, count) * np.where(critical, 1.9, 1.0)
    types, accounts = _choices(draw, _DAMAGE_TYPES, count, _DAMAGE_SHARE), draw.integers(1000, 1000 + _ACCOUNTS, count)
    for i, at in enumerate(moments):
        how = {"account_id": int(accounts[i]), "damage_type": types[i], "critical": bool(critical[i])}
        yield Happening(at, "bezgelor.combat.damage", {"damage_amount": round(float(amounts[i]))}, how)


def _quests(draw: Generator, start: int, rates: NDArray[np.float64]) -> Iterator[Happening]:
    """Quests accepted, and at rates of their own those completed and abandoned: most began in another hour."""
    for name, share in (("accepted", 1.0), ("completed", _COMPLETED_SHARE), ("abandoned", _ABANDONED_SHARE)):
        moments = _moments(draw, start, rates * share)
        count = len(moments)
        zones, accounts = _choices(draw, _ZONES, count, _ZONE_SHARE), draw.integers(1000, 1000 + _ACCOUNTS, count)
        quests, took = draw.integers(1, 900, count), draw.lognormal(13.3, 0.6, count)
        rewards = draw.lognormal(6.9, 0.35, count)
        for i, at in enumerate(moments):
            where = {"account_id": int(accounts[i]), "zone": zones[i], "quest_id": int(quests[i])}
            numbers = _ms(took[i]) | {"xp_reward": round(float(rewards[i]))} if name == "completed" else {}
            yield Happening(at, f"bezgelor.quest.{name}", numbers, where)


def _moments(draw: Generator, start: int, rates: NDArray[np.float64]) -> list[float]:
    """Return moments of a Poisson process whose rate is ``rates[i]`` in minute i of the hour."""
    counts = draw.poisson(rates)
    offsets = np.repeat(np.arange(60) * 60.0, counts) + draw.random(int(counts.sum())) * 60
    return [float(moment) for moment in np.minimum(start + offsets, start + HOUR - 0.001).round(3)]


def _choices(
    draw: Generator, names: tuple[str, ...], count: int, shares: NDArray[np.float64] | None = None
) -> list[str]:
    return [names[i] for i in draw.choice(len(names), count, p=shares)]


def _ms(duration: float) -> dict[str, float]:
    return {"duration_ms": round(float(duration), 1)}


def slice_of(happenings: Iterable[Happening], start: float, end: float) -> list[Happening]:
    """Return those of ``happenings`` with ``start <= at < end``."""
    return [happening for happening in happenings if start <= happening.at < end]
