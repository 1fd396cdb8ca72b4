"""Gradient ascent step by step, as a ball that the labs of likelihoods let climb; climb.js takes the same steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

STEP_SIZES = tuple(2.0**power for power in range(-6, 5))
MOST_STEPS = 80
AT_REST = 1e-5  # a step that moves less than this ends the ascent

Place = tuple[float, ...]


@dataclass(frozen=True)
class Climb:
    """Where an ascent came.

    Args:
        path: the places, the start first.
        off: where the next step would land, if that is no place to be; None if the ascent did not jump off.
        rests: whether the last step hardly moved.
    """

    path: tuple[Place, ...]
    off: Place | None
    rests: bool

    def template(self, number: int) -> str:
        """The name of the sentence that says where the ascent stands after so many steps."""
        if number < len(self.path) - 1:
            return "climb_on" if number else "climb_start"
        if self.off is not None:
            return "climb_off"
        return "climb_rests" if self.rests else "climb_on"


def climb(start: Place, step: Callable[[Place], Place], is_place: Callable[[Place], bool]) -> Climb:
    """Take steps until they jump off, come to rest, or are `MOST_STEPS`.

    >>> climb((1.0,), lambda place: (place[0] / 2,), lambda place: place[0] > 0.2)
    Climb(path=((1.0,), (0.5,), (0.25,)), off=(0.125,), rests=False)
    """
    path = [start]
    if not is_place(start):
        return Climb((start,), None, True)
    for _ in range(MOST_STEPS):
        there = step(path[-1])
        if not is_place(there):
            return Climb(tuple(path), there, False)
        moved = max(abs(a - b) for a, b in zip(there, path[-1], strict=True))
        path.append(there)
        if moved < AT_REST:
            return Climb(tuple(path), None, True)
    return Climb(tuple(path), None, False)
