"""Numbers as people read them: few digits, thin spaces before units, a true minus."""

import math

_SCALES = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"))
THIN_SPACE = "\u202f"
MINUS = "\u2212"


def short_number(value: float) -> str:
    """Return ``61,408``, ``148.3``, ``1.24 M``, ``0.05``, ``3.2e−6``: at most six digits, a scale from a million on;
    ``–`` for NaN."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    for scale, letter in _SCALES:
        if size >= scale * 0.9995:
            return _signed(f"{_three_digits(value / scale)}{THIN_SPACE}{letter}")
    if value == int(value) or size >= 1000:
        return _signed(f"{value:,.0f}")
    return _signed(_three_digits(value) if size < 100 else f"{value:.1f}")


def change_text(change: float) -> str:
    """Return a relative change (0.082) as ``+8.2 %``; without decimals from 100 % on, a tripling as ``× 3.1``."""
    if change >= 2:
        return f"×{THIN_SPACE}{change + 1:.1f}" if change < 99 else f"×{THIN_SPACE}{change + 1:,.0f}"
    percent = change * 100
    digits = 0 if abs(percent) >= 99.95 else 1
    text = f"{abs(percent):.{digits}f}{THIN_SPACE}%"
    if float(f"{percent:.{digits}f}") == 0:
        return f"±{text}"
    return f"{'+' if percent > 0 else MINUS}{text}"


def _three_digits(value: float) -> str:
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 0.9995:
        return f"{value:.2f}"
    return f"{value:.3g}" if size >= 1e-4 else _power_of_ten(value)


def _power_of_ten(value: float) -> str:
    """Return ``3.2e−6``, as the axis has it."""
    digits, _, exponent = f"{value:.1e}".partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent)}"


def _signed(text: str) -> str:
    return text.replace("-", MINUS)
