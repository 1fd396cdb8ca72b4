"""Numbers as text, written in sentences and in the pages of the widgets alike."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def raised(number: int) -> str:
    """The number as a superscript, for powers of ten and names.

    >>> raised(-12)
    '⁻¹²'
    """
    return str(number).translate(_RAISED)


def lowered(number: int) -> str:
    """The number as a subscript, for names such as x₁.

    >>> lowered(12)
    '₁₂'
    """
    return str(number).translate(_LOWERED)


def fixed(number: float, digits: int) -> str:
    """Write a number with a fixed number of decimals, a true minus sign, and ∞ for infinity.

    Ties are rounded away from zero, like JavaScript's ``toFixed``; Python's format rounds them to even.

    Args:
        number: any number.
        digits: decimals.

    Returns:
        The text.

    >>> fixed(0.125, 2), fixed(-2.5, 1), fixed(-0.001, 2), fixed(float("-inf"), 2)
    ('0.13', '−2.5', '0.00', '−∞')
    """
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    size = Decimal(abs(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{'−' if number < 0 and size else ''}{size}"


def rounded(number: float, digits: int = 3) -> str:
    """Write a number for a sentence, with a few significant digits, and as a power of ten from ten million on.

    Args:
        number: any number; a whole number below ten million keeps all its digits.
        digits: significant digits.

    Returns:
        The text.

    >>> rounded(1444), rounded(0.01136), rounded(2.50), rounded(-1e-5), rounded(8 * 16**12)
    ('1,444', '0.0114', '2.5', '−1 × 10⁻⁵', '2.25 × 10¹⁵')
    """
    if not math.isfinite(number) or number == 0:
        return fixed(number, 0)
    mantissa, exponent = f"{abs(number):.{digits - 1}e}".split("e")
    power = int(exponent)
    is_plain = -4 <= power < 7
    text = f"{abs(number):,.{max(0, digits - 1 - power)}f}" if is_plain else mantissa
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    scale = "" if is_plain else f" × 10{raised(power)}"
    return f"{'−' if number < 0 else ''}{text}{scale}"


def counted(number: int) -> str:
    """Write a whole number in full, or as a power of ten from ten million on.

    >>> counted(4096), counted(16**12)
    ('4,096', '2.8 × 10¹⁴')
    """
    return rounded(number, 2)


def in_bytes(number: int) -> str:
    """Write a number of bytes in units of powers of 1,000.

    >>> in_bytes(512), in_bytes(8 * 16**12), in_bytes(8 * 27**12)
    ('512 bytes', '2.3 PB', '1.2 EB')
    """
    power = min(len(_UNITS) - 1, (len(str(number)) - 1) // 3)
    value = number / 1000**power
    return f"{value:.1f} {_UNITS[power]}" if power and value < 10 else f"{value:.0f} {_UNITS[power]}"
