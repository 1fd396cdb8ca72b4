"""Digits with holes, what several ways to complete them drew there, and what the true pixels cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armod.course.labs.words import Words

say = Words.beside(__file__)


@dataclass(frozen=True, eq=False)
class PaintFacts:
    """Completions of P digits with Q holes by M methods, S each, and the ones that are chosen.

    Args:
        digits: black and white images, ``(P, H, W)``.
        holes: True where a pixel is hidden, ``(Q, H, W)``.
        completions: black and white images, ``(P, Q, M, S, H, W)``.
        nats: what the true pixels of a hole cost, ``(P, Q, M)``.
        methods: the names of the methods.
        digit: the digit, from 0.
        hole: the hole, from 0.
        method: the method, from 0.

    Raises:
        ValueError: if the shapes do not fit, or a completion changes a known pixel.
    """

    digits: NDArray[np.bool_]
    holes: NDArray[np.bool_]
    completions: NDArray[np.bool_]
    nats: NDArray[np.float64]
    methods: tuple[str, ...]
    digit: int = 0
    hole: int = 0
    method: int = 0

    def __post_init__(self) -> None:
        shape = (len(self.digits), len(self.holes), len(self.methods))
        fits = (
            self.completions.ndim == 6
            and min(self.completions.shape, default=0) > 0
            and self.completions.shape[:3] == shape == self.nats.shape
            and self.completions.shape[4:] == self.digits.shape[1:] == self.holes.shape[1:]
        )
        if not fits:
            raise ValueError(
                "The paint lab needs digits (P, H, W), holes (Q, H, W), completions (P, Q, M, S, H, W) and nats (P, Q, M) of "
                f"M methods; got {self.digits.shape}, {self.holes.shape}, {self.completions.shape} and {self.nats.shape} "
                f"of {len(self.methods)}."
            )
        changed = self.completions != self.digits[:, None, None, None]
        if (changed & ~self.holes[None, :, None, None]).any():
            raise ValueError("In the paint lab, completions keep every pixel outside of their hole.")

    @property
    def shown(self) -> NDArray[np.bool_]:
        """The completions that are seen, ``(S, H, W)``."""
        return self.completions[self.digit, self.hole, self.method]

    @property
    def costs(self) -> list[float]:
        """Nats of the true pixels by method."""
        return [float(each) for each in self.nats[self.digit, self.hole]]

    @property
    def finding(self) -> str:
        """What the true pixels cost by the chosen method."""
        return say("finding", method=self.methods[self.method], nats=self.costs[self.method])

    @property
    def detail(self) -> str:
        """The hole, and what the true pixels cost by each method."""
        hidden = self.holes[self.hole]
        costs = [
            say("cost", method=name, nats=nats) for name, nats in zip(self.methods, self.costs, strict=True)
        ]
        return say(
            "detail",
            digit=self.digit + 1,
            hole=self.hole + 1,
            hidden=int(hidden.sum()),
            pixels=hidden.size,
            others=costs,
        )

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        return say("description", finding=self.finding, detail=self.detail, count=len(self.shown))
