"""Three samplers on their way to the same image: how far each is after so many passes, or so many conditionals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from armod.course.labs.words import Words

say = Words.beside(__file__)
CLOCKS = ("passes", "conditionals")
NAMES = ("naive", "cached", "guess")


@dataclass(frozen=True, eq=False)
class RaceFacts:
    """One image, drawn pixel by pixel in raster order.

    Args:
        image: 0 or 1, ``(H, W)``.
        accepted: how many pixels each pass of guess and verify made final.
        positions: conditionals that all its passes computed together.
        clock: what is equal for all three, "passes" or "conditionals".
        time: how many of these have gone by, 0 to the number of pixels.

    Raises:
        ValueError: if the image is none, the passes do not make all pixels, or there is no such clock.
    """

    image: NDArray[np.int64]
    accepted: Sequence[int]
    positions: int
    clock: str = "passes"
    time: int = 0

    def __post_init__(self) -> None:
        if self.image.ndim != 2 or not self.image.size or not np.isin(self.image, (0, 1)).all():
            raise ValueError(f"The race needs an image (H, W) of 0 and 1; got the shape {self.image.shape}.")
        if sum(self.accepted) != self.image.size or min(self.accepted) < 1 or self.positions < 1:
            raise ValueError(
                f"The passes make {sum(self.accepted)} pixels of {self.image.size} final, each of them 1 or more, and compute "
                f"conditionals; got {self.positions} of these."
            )

    @property
    def ends(self) -> list[tuple[int, int]]:
        """Passes and conditionals that each sampler takes to the end."""
        size = self.image.size
        return [(size, size * size), (size, size), (len(self.accepted), self.positions)]

    @property
    def now(self) -> list[tuple[int, int, int]]:
        """Pixels that each sampler has drawn, its passes and its conditionals."""
        made = [*accumulate(self.accepted, initial=0)]
        found = []
        for name, (passes, conditionals) in zip(NAMES, self.ends, strict=True):
            # whole numbers only, so that the page computes the same
            gone = self.time if self.clock == "passes" else self.time * passes // conditionals
            gone = min(gone, passes)
            found.append((made[gone] if name == "guess" else gone, gone, gone * conditionals // passes))
        return found

    @property
    def finding(self) -> str:
        """How far each has come, in a sentence."""
        pixels = {name: now[0] for name, now in zip(NAMES, self.now, strict=True)}
        return say(f"finding_{self.clock}", time=self.time, **pixels)

    @property
    def detail(self) -> str:
        """What each takes to the end."""
        (size, naive), _, (passes, guess) = self.ends
        return say("detail", size=f"{size:,}", naive=f"{naive:,}", passes=passes, guess=f"{guess:,}")

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        height, width = self.image.shape
        return say("description", finding=self.finding, height=height, width=width, detail=self.detail)
