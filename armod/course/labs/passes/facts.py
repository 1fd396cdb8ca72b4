"""What a fixed-point iteration made final in which pass, and what the filters alone promise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from armod.course.labs.words import Words

say = Words.beside(__file__)


@dataclass(frozen=True, eq=False)
class PassesFacts:
    """A black and white image after every pass, and its waves.

    Args:
        guesses: 0 or 1, ``(P, H, W)``; the last one is the sample.
        waves: the wave of each pixel from 1 on, ``(H, W)``.
        number: the pass that is looked at, 0 to P.
        row: of the chosen pixel, from 0.
        column: of the chosen pixel, from 0.

    Raises:
        ValueError: if the shapes do not fit, or there are other numbers.
    """

    guesses: NDArray[np.int64]
    waves: NDArray[np.int64]
    number: int = 0
    row: int = 0
    column: int = 0

    def __post_init__(self) -> None:
        shape = self.guesses.shape
        if len(shape) != 3 or 0 in shape or self.waves.shape != shape[1:]:
            raise ValueError(
                f"A map of passes needs guesses (P, H, W) and waves (H, W); got {shape} and {self.waves.shape}."
            )
        if not np.isin(self.guesses, (0, 1)).all() or self.waves.min() < 1:
            raise ValueError("Guesses are 0 or 1, and waves whole numbers from 1.")

    @cached_property
    def final(self) -> NDArray[np.int64]:
        """The pass after which each pixel never changes again, ``(H, W)``, from 1."""
        lasts = np.cumprod((self.guesses == self.guesses[-1])[::-1], axis=0).sum(0)
        return len(self.guesses) - lasts + 1

    @property
    def guess(self) -> NDArray[np.int64]:
        """The image after the pass that is looked at; white before the first."""
        return self.guesses[self.number - 1] if self.number else np.zeros_like(self.guesses[0])

    @property
    def finding(self) -> str:
        """How many pixels are final, in a sentence."""
        if self.number == 0:
            return say("finding_start")
        counts = {
            "final": int((self.final <= self.number).sum()),
            "waves": int((self.waves <= self.number).sum()),
        }
        return say("finding", number=self.number, last=len(self.guesses), size=self.waves.size, **counts)

    @property
    def detail(self) -> str:
        """The chosen pixel."""
        place = self.row, self.column
        values = {"pass": int(self.final[place]), "wave": int(self.waves[place])}
        return say("detail", row=self.row + 1, column=self.column + 1, **values)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        height, width = self.waves.shape
        half = {
            name: int(np.sort(each, axis=None)[(each.size - 1) // 2])
            for name, each in (("half_pass", self.final), ("half_wave", self.waves))
        }
        values = {
            "last": len(self.guesses),
            "last_wave": int(self.waves.max()),
            "height": height,
            "width": width,
        }
        return say("description", finding=self.finding, detail=self.detail, **half, **values)
