"""Numbers as words, written in Python exactly as a widget's page writes them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal


def fixed(number: float, digits: int) -> str:
    """The number with so many decimals, a true minus sign, ∞ for what has no end; ties away from zero.

    JavaScript's ``toFixed`` rounds ties away from zero where Python's format rounds them to even.

    >>> fixed(0.125, 2), fixed(-2.5, 1), fixed(-0.001, 2), fixed(float("-inf"), 2)
    ('0.13', '−2.5', '0.00', '−∞')
    """
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    size = Decimal(abs(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{'−' if number < 0 and size else ''}{size}"
