"""Which variable reads which, the pass in which each can be made, and the chain for which it waits longest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from armod.course.labs.words import Words

say = Words.beside(__file__)


@dataclass(frozen=True, eq=False)
class Waits:
    """Who waits for whom in one model.

    Args:
        reads: boolean ``(D, D)``; [i, j] is True where variable i reads variable j.
        shape: ``(H, W)`` of an image with D pixels, or ``(1, T)`` of a sequence.

    Raises:
        ValueError: if the sizes do not fit, or variables wait for each other in a circle.
    """

    reads: NDArray[np.bool_]
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        size = self.shape[0] * self.shape[1]
        if self.reads.shape != (size, size) or not size:
            raise ValueError(
                f"A model of {self.shape[0]} x {self.shape[1]} variables has reads ({size}, {size}); got {self.reads.shape}."
            )
        if self.waves.max() > size:
            raise ValueError("Some variables wait for each other in a circle, so none of them can be made.")

    @cached_property
    def waves(self) -> NDArray[np.int64]:
        """The earliest pass of each variable ``(D,)``, from 1."""
        waves = np.ones(len(self.reads), dtype=np.int64)
        for _ in range(len(waves) + 1):
            later = 1 + (self.reads * waves).max(1)
            if (later == waves).all():
                break
            waves = later
        return waves

    @cached_property
    def before(self) -> NDArray[np.int64]:
        """Of those that a variable waits for longest the last one by number, ``(D,)``; -1 if it waits for none."""
        size = len(self.reads)
        awaited = self.reads & (self.waves[None] == self.waves[:, None] - 1)
        last = size - 1 - awaited[:, ::-1].argmax(1)
        return np.where(awaited.any(1), last, -1)

    def chain(self, variable: int) -> list[int]:
        """The variables that have to be made one after the other before this one, and itself."""
        found = [variable]
        while self.before[found[-1]] >= 0:
            found.append(int(self.before[found[-1]]))
        return found[::-1]


@dataclass(frozen=True, eq=False)
class WaitingFacts:
    """A model, a pass and a variable.

    Args:
        models: who waits for whom, by the name of the model.
        model: the model that is looked at.
        number: the pass, from 0 to the last one of this model.
        place: number of the chosen variable, from 0.
    """

    models: Mapping[str, Waits]
    model: str
    number: int
    place: int

    @property
    def waits(self) -> Waits:
        """Those of the model that is looked at."""
        return self.models[self.model]

    @property
    def last(self) -> int:
        """The number of passes of this model."""
        return int(self.waits.waves.max())

    @property
    def finding(self) -> str:
        """How many variables are made, in a sentence."""
        made = int((self.waits.waves <= self.number).sum())
        return say(
            "finding",
            name=self.model,
            number=self.number,
            last=self.last,
            made=made,
            size=len(self.waits.waves),
        )

    @property
    def detail(self) -> str:
        """The chosen variable."""
        row, column = divmod(self.place, self.waits.shape[1])
        values = {
            "row": row + 1,
            "column": column + 1,
            "wave": int(self.waits.waves[self.place]),
            "reads": int(self.waits.reads[self.place].sum()),
            "links": len(self.waits.chain(self.place)) - 1,
        }
        return say("detail" if self.waits.shape[0] > 1 else "detail_sequence", **values)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        height, width = self.waits.shape
        return say("description", finding=self.finding, detail=self.detail, height=height, width=width)
