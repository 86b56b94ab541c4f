"""An accent that somebody chose, made fit to be read: as it is where its contrast allows, else darker or lighter."""

from collections.abc import Mapping

LEAST_CONTRAST = 4.5
_STEPS = 50
_SOFT = {"light": 0.12, "dark": 0.16}

Colour = tuple[float, float, float]


def accent_tokens(accent: str, theme: str, tokens: Mapping[str, str]) -> Mapping[str, str]:
    """Return ``accent`` and ``accent-soft``, what lies under chosen things, of the hue that was chosen.

    On each of the theme's grounds and on its own soft ground the accent has a contrast of 4.5 at least, so words in it
    and on it can be read.
    """
    chosen, surface = _parts(accent), _parts(tokens["surface"])
    towards: Colour = (0.0, 0.0, 0.0) if theme == "light" else (1.0, 1.0, 1.0)
    grounds = [_parts(tokens[name]) for name in ("bg", "surface", "raised")]
    for step in range(_STEPS + 1):
        colour = _written(_mixed(chosen, towards, step / _STEPS))
        soft = _written(_mixed(surface, _parts(colour), _SOFT[theme]))
        if all(contrast(_parts(colour), ground) >= LEAST_CONTRAST for ground in (*grounds, _parts(soft))):
            break
    return {"accent": colour, "accent-soft": soft}


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours by WCAG 2, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _parts(colour: str) -> Colour:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _written(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
