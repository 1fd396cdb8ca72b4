"""Colourings of grey patches, and what each pixel of colour cost the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from armod.course.labs.words import Words

say = Words.beside(__file__)


@dataclass(frozen=True, eq=False)
class ColourFacts:
    """A patch, one of its colourings, and a pixel of colour.

    Args:
        greys: the grey patches, ``(P, H, W)`` from 0 to 255.
        colours: the colourings of each patch, ``(P, S + 1, H, W, 3)`` from 0 to 255; the last ones are the true colours.
        nats: what each pixel of chroma cost, ``(P, S + 1, 2, h, w)``.
        patch: the patch, from 0.
        colouring: the colouring, from 0; S is the truth.
        row: of the chosen pixel of chroma, from 0.
        column: of the chosen pixel of chroma, from 0.

    Raises:
        ValueError: if the shapes do not fit, or there is no colouring.
    """

    greys: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    nats: NDArray[np.float64]
    patch: int = 0
    colouring: int = 0
    row: int = 0
    column: int = 0

    def __post_init__(self) -> None:
        patches, colourings = self.nats.shape[:2] if self.nats.ndim == 5 else (0, 0)
        fits = self.nats.shape[2:3] == (2,) and self.colours.shape == (
            patches,
            colourings,
            *self.greys.shape[1:],
            3,
        )
        if not fits or not patches or colourings < 2 or len(self.greys) != patches:
            raise ValueError(
                "The colour lab needs patches with one colouring or more and the true colours, and nats (P, S + 1, 2, h, w); "
                f"got {self.greys.shape}, {self.colours.shape} and {self.nats.shape}."
            )

    @property
    def num_samples(self) -> int:
        """S, the number of colourings that the model drew for a patch."""
        return self.nats.shape[1] - 1

    @property
    def surprise(self) -> NDArray[np.float64]:
        """Nats of each pixel of this colouring, both chroma together, ``(h, w)``."""
        return self.nats[self.patch, self.colouring].sum(0)

    @property
    def total(self) -> NDArray[np.float64]:
        """Nats of each colouring of this patch, ``(S + 1,)``."""
        return self.nats[self.patch].sum((1, 2, 3))

    @property
    def name(self) -> str:
        """What the colouring is called."""
        if self.colouring == self.num_samples:
            return say("truth")
        return say("sample", number=self.colouring + 1, count=self.num_samples)

    @property
    def finding(self) -> str:
        """What the colouring cost, in a sentence."""
        values = {"patch": self.patch + 1, "nats": float(self.total[self.colouring])}
        if self.colouring == self.num_samples:
            return say("finding_truth", **values)
        return say("finding", name=self.name, truth=float(self.total[-1]), **values)

    @property
    def detail(self) -> str:
        """The chosen pixel."""
        orange, green = self.nats[self.patch, self.colouring, :, self.row, self.column].tolist()
        return say("detail", row=self.row + 1, column=self.column + 1, orange=orange, green=green)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        row, column = np.unravel_index(self.surprise.argmax(), self.surprise.shape)
        values = {"row": int(row) + 1, "column": int(column) + 1, "most": float(self.surprise.max())}
        return say("description", finding=self.finding, detail=self.detail, **values)
