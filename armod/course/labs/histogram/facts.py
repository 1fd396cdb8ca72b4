"""What a histogram of several pixels looks like: how the cells lie in a plane, how many are filled, two likelihoods.

Cells of any number of variables fit in a square: the first variable cuts it into B columns, the second cuts each
column into B rows, the third each of these cells into B columns again, and so on.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from armod.course.labs.words import Words
from armod.figures.numbers import counted, in_bytes
from armod.models.histogram import Histogram

say = Words.beside(__file__)
ONE_EACH = "one in every cell"


@dataclass(frozen=True, eq=False)
class HistogramFacts:
    """A histogram that has counted observations and is asked about others.

    Args:
        train: levels ``(N, D)`` that are counted.
        test: levels ``(M, D)`` that it is asked about.
        num_bins: how many bins each variable has.
        num_levels: K, the number of levels.
        imaginary: observations spread evenly over all cells before counting, or `ONE_EACH` for one in every cell
            (Laplace).
    """

    train: Tensor
    test: Tensor
    num_bins: int
    num_levels: int
    imaginary: float | str = 0.0

    @cached_property
    def model(self) -> Histogram:
        """The histogram itself."""
        model = Histogram(
            (self.train.shape[1],), self.num_bins, num_levels=self.num_levels, smoothing=self._smoothing
        )
        return model.fit(self.train)

    @property
    def _smoothing(self) -> float:
        """Imaginary observations in each cell."""
        if self.imaginary == ONE_EACH:
            return 1.0
        return float(self.imaginary) / self.num_bins ** self.train.shape[1]

    def smoothed(self, imaginary: float | str) -> HistogramFacts:
        """The same counts, which are not counted anew, with other imaginary observations."""
        other = replace(self, imaginary=imaginary)
        model = copy.copy(self.model)
        model.smoothing = other._smoothing
        vars(other)["model"] = model  # the property's own cache
        return other

    @cached_property
    def is_unseen(self) -> Tensor:
        """Bool ``(M,)``: the test observations that fall in a cell which training left empty."""
        return self.model.is_unseen(self.test)

    @cached_property
    def nats(self) -> tuple[float, float]:
        """Negative log-likelihood per variable, of the training and of the test observations."""
        train, test = (-self.model.log_prob(x).mean().item() / x.shape[1] for x in (self.train, self.test))
        return train, test

    @property
    def finding(self) -> str:
        """How many cells are filled, and how many test observations meet an empty one."""
        outside, test = int(self.is_unseen.sum()), len(self.test)
        return say(
            "finding",
            filled=f"{self.model.num_occupied:,}",
            cells=counted(self.model.num_cells),
            share="all" if outside == test else outside or "none",
            test=test,
            outside=outside,
        )

    @property
    def detail(self) -> str:
        """Both likelihoods beside the uniform distribution's, and the memory of a table."""
        train, tested = self.nats
        memory = in_bytes(self.model.dense_bytes)
        return say("detail", train=train, tested=tested, uniform=math.log(self.num_levels), memory=memory)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        values = {"bins": self.num_bins, "dimensions": self.train.shape[1]}
        return say("description", finding=self.finding, detail=self.detail, **values)


def folded(levels: Tensor, num_bins: int, num_levels: int) -> NDArray[np.float64]:
    """Where the cells of observations ``(N, D)`` lie: left and upper edges ``(N, 2)`` in a square of side 1.

    >>> import torch
    >>> folded(torch.tensor([[1, 0, 1]]), 2, 2).tolist()
    [[0.75, 0.0]]
    """
    bins = (levels.long() * num_bins // num_levels).numpy()
    edges = np.zeros((len(bins), 2))
    for variable in range(bins.shape[1]):
        edges[:, variable % 2] += bins[:, variable] / float(num_bins) ** (variable // 2 + 1)
    return edges


def cell_size(num_bins: int, num_variables: int) -> tuple[float, float]:
    """Width and height of a cell in the square of side 1.

    >>> cell_size(2, 3)
    (0.25, 0.5)
    """
    return float(num_bins) ** -((num_variables + 1) // 2), float(num_bins) ** -(num_variables // 2)
