"""The one place for colours and measures: the page's CSS variables and the figures both come from here.

The series' colours are told apart by people who are red- or green-blind too, and each stands out from its surface by at
least 3 : 1 (tests/layouts/test_theme.py measures both).
"""

import zlib
from collections.abc import Container, Iterable, Mapping, Sequence

from layouts.accent import accent_tokens
from metrics_dash.web.address import Theme

FONT = 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'

TOKENS: Mapping[Theme, Mapping[str, str]] = {
    "light": {
        "bg": "#f6f7f9",
        "surface": "#ffffff",
        "raised": "#ffffff",
        "line": "#e4e7ec",
        "line-soft": "#eef0f3",
        "text": "#171a21",
        "muted": "#586172",
        "faint": "#667084",
        "accent": "#2f5bd7",
        "accent-soft": "#e8eefc",
        "ok": "#0a795b",
        "warn": "#8f5f00",
        "warn-soft": "rgba(143,95,0,0.10)",
        "bad": "#b42318",
        "bad-soft": "rgba(180,35,24,0.09)",
        "note": "#7a3fb0",
        "note-soft": "rgba(122,63,176,0.09)",
        "ghost": "#8a93a3",
        "shadow": "0 8px 28px rgba(23,26,33,0.14)",
    },
    "dark": {
        "bg": "#0e1116",
        "surface": "#151a21",
        "raised": "#1b212a",
        "line": "#262d38",
        "line-soft": "#1f2630",
        "text": "#e7ebf2",
        "muted": "#9aa5b5",
        "faint": "#8490a1",
        "accent": "#7ea2ff",
        "accent-soft": "#1c2740",
        "ok": "#4cc9a4",
        "warn": "#e3b341",
        "warn-soft": "rgba(227,179,65,0.12)",
        "bad": "#ff8a7a",
        "bad-soft": "rgba(255,138,122,0.13)",
        "note": "#c59bf2",
        "note-soft": "rgba(197,155,242,0.12)",
        "ghost": "#6b778a",
        "shadow": "0 10px 32px rgba(0,0,0,0.5)",
    },
}

# The n-th colour is the same hue in both themes as far as contrast allows, so that a picture keeps its meaning.
SERIES: Mapping[Theme, tuple[str, ...]] = {
    "light": ("#2f5bd7", "#0b7a5c", "#c2410c", "#9588e0", "#74190b", "#0ba4a7", "#3a3469", "#5ba358"),
    "dark": ("#7ea2ff", "#3fbf9a", "#ff9d5c", "#92689d", "#c2554f", "#6ee8f7", "#126ff9", "#fed32b"),
}
ACCENT, GREEN, ORANGE = 0, 1, 2

# What a value is called decides its colour where the word carries a judgement.
MEANING: Mapping[str, int] = {"true": GREEN, "false": ORANGE}

REST = ("other", "all other")
"""What the rest of a split is called: it is no value, and so has no colour."""

BAND_OPACITY: Mapping[Theme, float] = {"light": 0.13, "dark": 0.18}
AREA_OPACITY: Mapping[Theme, float] = {"light": 0.11, "dark": 0.15}
PALE_OPACITY = 0.28
# Of a heatmap's cells, from few values to many.
HEAT_OPACITIES: Mapping[Theme, tuple[float, ...]] = {
    "light": (0.09, 0.2, 0.33, 0.48, 0.66, 0.88),
    "dark": (0.1, 0.21, 0.34, 0.49, 0.67, 0.9),
}
STACK_OPACITY = 0.45
BEFORE_OPACITY = 0.6


def accent(theme: Theme) -> str:
    """Return the colour of what needs no telling apart: the only series of a chart."""
    return SERIES[theme][ACCENT]


def split_colours(
    theme: Theme, values: Iterable[str], among: Iterable[str] = (), rest: Container[str] = REST
) -> dict[str, str]:
    """Return a colour for each value of a split, no two alike while there are enough.

    A value's colour goes by its name and not by its rank, so that it stays when another value overtakes it or comes up;
    only values that want the same colour most depend on one another. ``among``: all values that stand beside one
    another in several charts; while there are colours for all of them, a value has the same in each chart.
    ``rest``: what of ``values`` is all others together; a value may be called so, too.
    """
    own = list(values)
    named = [value for value in own if value not in rest]
    beside = list(dict.fromkeys([*named, *(value for value in among if value not in REST)]))
    places = _places(beside if len(beside) <= len(SERIES[theme]) else named, len(SERIES[theme]))
    return {value: SERIES[theme][places[value]] if value in places else TOKENS[theme]["ghost"] for value in own}


def _places(values: Sequence[str], colours: int) -> Mapping[str, int]:
    """Return a place in the palette for each value: the pairs that want one another most come first."""
    wishes = sorted((-_wish(value, place), value, place) for value in values for place in range(colours))
    places: dict[str, int] = {}
    for _, value, place in wishes:
        if value not in places and place not in places.values():
            places[value] = place
    # Of more values than colours those that are left have what they want most.
    return {value: place for _, value, place in reversed(wishes)} | places


def _wish(value: str, place: int) -> int:
    return 2**32 if MEANING.get(value) == place else zlib.crc32(f"{place}:{value}".encode())


def with_opacity(colour: str, opacity: float) -> str:
    """Return ``#rrggbb`` as an ``rgba(…)`` of that opacity (0 to 1)."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def css_variables(accent: str | None = None) -> str:
    """Both themes as CSS custom properties; ``data-bs-theme`` on the root element chooses. ``accent``: ``#rrggbb``, in
    place of the theme's own. Charts keep their palette, whose colours are told apart by everybody."""
    blocks = []
    selectors: Mapping[Theme, str] = {"light": ":root", "dark": "[data-bs-theme=dark]"}
    for theme, selector in selectors.items():
        own = accent_tokens(accent, theme, TOKENS[theme]) if accent else {}
        pairs = [f"--{name}:{value}" for name, value in {**TOKENS[theme], **own}.items()]
        pairs += [f"--s{number}:{colour}" for number, colour in enumerate(SERIES[theme], 1)]
        pairs.append(f"color-scheme:{theme}")
        blocks.append(f"{selector}{{{';'.join(pairs)}}}")
    return f":root{{--font:{FONT}}}" + "".join(blocks)


def recolouring() -> dict[str, dict[str, str]]:
    """Return for the browser: per theme every colour a figure may hold, under a key that both themes share."""
    return {theme: _figure_colours(theme) for theme in TOKENS}


def _figure_colours(theme: Theme) -> dict[str, str]:
    colours = dict(TOKENS[theme])
    opacities = {
        "band": BAND_OPACITY[theme],
        "area": AREA_OPACITY[theme],
        "pale": PALE_OPACITY,
        "stack": STACK_OPACITY,
        "before": BEFORE_OPACITY,
        **{f"heat{level}": opacity for level, opacity in enumerate(HEAT_OPACITIES[theme])},
    }
    for number, colour in enumerate((*SERIES[theme], colours["ghost"])):
        colours[f"s{number}"] = colour
        for name, opacity in opacities.items():
            colours[f"s{number}-{name}"] = with_opacity(colour, opacity)
    return colours
