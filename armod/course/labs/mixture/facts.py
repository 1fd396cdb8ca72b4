"""A discretized logistic mixture, level by level: what each component gives, and what lies beyond the edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from armod.course.labs.words import Words
from armod.likelihoods import DiscretizedLogisticMixture

say = Words.beside(__file__)
BEYOND = 6  # bins that the picture shows on either side of the levels
MOST_COMPONENTS = 3

Component = tuple[float, float, float]


def mixture(components: Sequence[Component], num_levels: int) -> DiscretizedLogisticMixture:
    """The mixture of (mean, scale, weight), means and scales in levels, in float64; weights need not add up to 1.

    >>> mixture([(0, 1, 1), (3, 1, 1)], 4).cdf(torch.tensor(1))
    tensor(0.5000, dtype=torch.float64)
    """
    means, scales, weights = torch.tensor(components, dtype=torch.float64).T
    half_range = (num_levels - 1) / 2
    return DiscretizedLogisticMixture(
        weights.log(), (means - half_range) / half_range, (scales / half_range).log(), num_levels
    )


@dataclass(frozen=True)
class MixtureFacts:
    """A mixture on levels, and perhaps real data on the same levels.

    Args:
        components: (mean, scale, weight) of one to three, means and scales in levels.
        num_levels: K; the levels are ``0..K-1``.
        counts: how many data have each level; empty for no data.

    Raises:
        ValueError: for other numbers of components, scales or weights of 0 or less, or counts that do not fit.
    """

    components: tuple[Component, ...]
    num_levels: int
    counts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.components) <= MOST_COMPONENTS:
            raise ValueError(
                f"The picture shows 1 to {MOST_COMPONENTS} components; got {len(self.components)}."
            )
        if any(scale <= 0 or weight <= 0 for _, scale, weight in self.components):
            raise ValueError(
                f"Scales and weights are above 0; got (mean, scale, weight) = {list(self.components)}."
            )
        if self.counts and (len(self.counts) != self.num_levels or not sum(self.counts)):
            raise ValueError(f"Data on {self.num_levels} levels has as many counts; got {len(self.counts)}.")

    @cached_property
    def distribution(self) -> DiscretizedLogisticMixture:
        """The mixture as the library has it."""
        return mixture(self.components, self.num_levels)

    @cached_property
    def by_component(self) -> NDArray[np.float64]:
        """What each component adds to the probability of each level, ``(components, levels)``."""
        each = self.distribution.component_log_prob(torch.arange(self.num_levels))
        return (each + self.distribution.logits.log_softmax(-1)).exp().numpy().T

    @cached_property
    def raw(self) -> NDArray[np.float64]:
        """The same before the edges are closed, on ``-BEYOND .. num_levels-1+BEYOND``: every bin one level wide."""
        places = torch.arange(-BEYOND, self.num_levels + BEYOND, dtype=torch.float64)
        rows = []
        for (mean, scale, _), share in zip(self.components, self.shares, strict=True):
            rows.append(share * (_below(places + 0.5, mean, scale) - _below(places - 0.5, mean, scale)))
        return torch.stack(rows).numpy()

    @property
    def shares(self) -> list[float]:
        """The weights, normalised."""
        total = sum(weight for _, _, weight in self.components)
        return [weight / total for _, _, weight in self.components]

    @cached_property
    def beyond(self) -> tuple[float, float]:
        """The mass of the whole mixture below the first bin and above the last."""
        below = above = 0.0
        for (mean, scale, _), share in zip(self.components, self.shares, strict=True):
            below += share * float(_below(torch.tensor(-0.5, dtype=torch.float64), mean, scale))
            end = torch.tensor(2 * mean - (self.num_levels - 0.5), dtype=torch.float64)
            above += share * float(_below(end, mean, scale))
        return below, above

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Of every level."""
        return np.asarray(self.by_component.sum(0))

    @property
    def bits(self) -> float:
        """The mean code length of the data in bits: the cross-entropy between its histogram and the mixture."""
        log_prob = self.distribution.log_prob(torch.arange(self.num_levels)).numpy() / np.log(2)
        return float(-(np.array(self.counts) * log_prob).sum() / sum(self.counts))

    @property
    def entropy(self) -> float:
        """The entropy of the data's own histogram in bits, which no model of it can beat."""
        shares = np.array([count / sum(self.counts) for count in self.counts if count])
        return float(-(shares * np.log2(shares)).sum())

    @property
    def finding(self) -> str:
        """How far the mixture is from the data; without data, what its outer levels hold."""
        if self.counts:
            return say("finding_data", bits=self.bits, gap=self.bits - self.entropy, entropy=self.entropy)
        first, last = self.probabilities[[0, -1]].tolist()
        return say("finding", first=first, last=last)

    @property
    def detail(self) -> str:
        """What the two outer levels take from beyond the edges."""
        below, above = self.beyond
        total = float(self.probabilities.sum())
        return say("detail", below=below, last=self.num_levels - 1, above=above, total=total)

    def level_sentence(self, level: int) -> str:
        """One level in words."""
        values = {
            "level": level,
            "share": self.probabilities[level],
            "parts": self.by_component[:, level].tolist(),
        }
        if not self.counts:
            return say("level", **values)
        return say("level_data", **values, data=self.counts[level] / sum(self.counts))

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        listed = "; ".join(
            say("component", mean=f"{mean:g}", scale=f"{scale:g}", share=share)
            for (mean, scale, _), share in zip(self.components, self.shares, strict=True)
        )
        return say(
            "description",
            finding=self.finding,
            detail=self.detail,
            levels=self.num_levels,
            components=len(self.components),
            listed=listed,
            data=self.counts,
        )


def _below(end: Tensor, mean: float, scale: float) -> Tensor:
    return torch.sigmoid((end - mean) / scale)
