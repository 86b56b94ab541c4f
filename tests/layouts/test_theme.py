"""The palette is measured: contrast to its surface, and what remains of it for people who see fewer colours."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from layouts import theme
from layouts.theme import REST, SERIES, TOKENS, accent, css_variables, split_colours, with_opacity
from metrics_dash.web.address import Theme

Vector = NDArray[np.float64]

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SIGHT = {
    "trichromat": np.eye(3),
    "protanope": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranope": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])

# CIE76 in Lab: 2.3 is just noticeable; thin lines need far more.
LEAST_DIFFERENCE = 20.0

THEMES: tuple[Theme, ...] = ("light", "dark")


def linear(colour: str) -> Vector:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """WCAG 2 relative luminance."""
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lab(rgb: Vector) -> Vector:
    scaled = _TO_XYZ @ np.clip(rgb, 0, 1) / _WHITE
    x, y, z = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("name", THEMES)
def test_every_series_stands_out_from_its_surface(name: Theme) -> None:
    for colour in SERIES[name]:
        assert contrast(colour, TOKENS[name]["surface"]) >= 3, colour


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_series_are_told_apart_by_everybody(name: Theme, sight: str) -> None:
    for one, other in combinations(SERIES[name], 2):
        difference = np.linalg.norm(lab(SIGHT[sight] @ linear(one)) - lab(SIGHT[sight] @ linear(other)))
        assert difference >= LEAST_DIFFERENCE, (one, other, difference)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("surface", ["bg", "surface", "raised"])
def test_words_can_be_read(name: Theme, surface: str) -> None:
    for token in ("text", "muted", "faint", "accent", "ok", "warn", "bad"):
        assert contrast(TOKENS[name][token], TOKENS[name][surface]) >= 4.5, token


@pytest.mark.parametrize("name", THEMES)
def test_what_is_chosen_can_be_read_on_its_tint_and_on_the_accent(name: Theme) -> None:
    assert contrast(TOKENS[name]["accent"], TOKENS[name]["accent-soft"]) >= 4.5
    assert contrast(TOKENS[name]["surface"], TOKENS[name]["accent"]) >= 4.5


@pytest.mark.parametrize("name", THEMES)
def test_the_period_before_is_pale_but_there(name: Theme) -> None:
    assert contrast(TOKENS[name]["ghost"], TOKENS[name]["surface"]) >= 3


def test_both_themes_have_the_same_tokens_and_as_many_colours() -> None:
    assert TOKENS["light"].keys() == TOKENS["dark"].keys()
    assert len(SERIES["light"]) == len(SERIES["dark"])


def test_the_page_and_the_figures_share_one_table() -> None:
    css = css_variables()
    for name in THEMES:
        for colour in (*SERIES[name], *TOKENS[name].values()):
            assert colour in css


ZONES = ["desert", "forest", "harbour", "market", "sea", "steppe"]


@pytest.mark.parametrize("name", THEMES)
def test_what_needs_no_telling_apart_has_the_accent_of_the_page(name: Theme) -> None:
    assert accent(name) == TOKENS[name]["accent"]


def test_a_value_with_a_meaning_keeps_its_colour_whatever_stands_beside_it() -> None:
    for name in THEMES:
        alone, beside = split_colours(name, ["false"]), split_colours(name, [*ZONES, "true", "false"])
        assert beside["false"] == alone["false"]
        assert beside["true"] == split_colours(name, ["true", "other"])["true"] != beside["false"]


def test_no_two_values_are_alike_and_the_rest_has_no_colour() -> None:
    for name in THEMES:
        found = split_colours(name, [*ZONES, "true", "false", *REST])
        assert len({found[value] for value in (*ZONES, "true", "false")}) == 8
        assert {found[value] for value in REST} == {TOKENS[name]["ghost"]}


def test_a_value_that_is_called_as_the_rest_is_has_a_colour_and_the_rest_has_none() -> None:
    for name in THEMES:
        found = split_colours(name, ["north", *REST], among=["north", *REST], rest={"all other"})
        assert found["all other"] == TOKENS[name]["ghost"]
        assert len({*found.values()}) == 3
        assert {found["north"], found["other"]} <= set(SERIES[name])


def test_a_value_has_the_same_place_in_both_themes_whatever_its_rank() -> None:
    light, dark = split_colours("light", ZONES), split_colours("dark", reversed(ZONES))
    assert [SERIES["light"].index(light[zone]) for zone in ZONES] == [
        SERIES["dark"].index(dark[zone]) for zone in ZONES
    ]


def test_a_value_has_one_colour_in_all_charts_that_stand_beside_one_another() -> None:
    whole = split_colours("light", ZONES)
    for few in combinations(ZONES, 2):
        assert split_colours("light", few, among=ZONES) == {zone: whole[zone] for zone in few}


def test_with_more_values_than_colours_a_chart_still_tells_its_own_apart() -> None:
    others = [f"zone {number}" for number in range(20)]
    assert len(set(split_colours("light", ZONES, among=others).values())) == len(ZONES)
    assert set(split_colours("dark", others).values()) == set(SERIES["dark"])
    assert len(split_colours("dark", others)) == len(others)


def test_one_more_value_moves_few_of_the_others() -> None:
    moved = 0
    for number in range(200):
        values = [f"{number}/{each}" for each in range(6)]
        before, after = split_colours("light", values[:5]), split_colours("light", values)
        moved += sum(before[value] != after[value] for value in values[:5])
    assert moved <= 0.12 * 1000


def test_a_colour_is_given_an_opacity() -> None:
    assert with_opacity("#2f5bd7", 0.13) == "rgba(47,91,215,0.13)"


def test_no_colour_means_two_things_when_figures_change_their_theme() -> None:
    """Figures are recoloured by value: the same value for two names of a theme must also be one value in the other."""
    tables = theme.recolouring()
    for one, other in (("light", "dark"), ("dark", "light")):
        targets: dict[str, set[str]] = {}
        for name, colour in tables[one].items():
            if name in {"bg", "surface", "raised", "shadow", "accent", "accent-soft"}:
                continue
            targets.setdefault(colour, set()).add(tables[other][name])
        assert {colour: found for colour, found in targets.items() if len(found) > 1} == {}
