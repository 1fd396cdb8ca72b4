"""A discretized logistic mixture, level by level: what each component gives, and what lies beyond the edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from armod.figures.numbers import fixed
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import wrapped
from armod.likelihoods import DiscretizedLogisticMixture

BEYOND = 6  # bins that the picture shows on either side of the levels
COMPONENT_COLOURS = (COLOURS["input"], COLOURS["output"], COLOURS["hidden"])

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
    """One to three `components` on ``0..num_levels-1``; `counts` of real data on the same levels, or none.

    Raises:
        ValueError: for other numbers of components, scales or weights of 0 or less, or counts that do not fit.
    """

    components: tuple[Component, ...]
    num_levels: int
    counts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= len(self.components) <= len(COMPONENT_COLOURS):
            raise ValueError(f"The picture shows 1 to 3 components; got {len(self.components)}.")
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
            gap = fixed(self.bits - self.entropy, 2)
            return (
                f"{fixed(self.bits, 2)} bits a pixel: {gap} more than the {fixed(self.entropy, 2)} of the "
                "histogram itself"
            )
        first, last = self.probabilities[[0, -1]]
        return f"The outer levels hold {fixed(100 * first, 1)}% and {fixed(100 * last, 1)}%"

    @property
    def detail(self) -> str:
        """What the two outer levels take from beyond the edges."""
        below, above = self.beyond
        return (
            f"Level 0 takes {fixed(100 * below, 1)}% from below the edge, level {self.num_levels - 1} takes "
            f"{fixed(100 * above, 1)}% from above it; all levels together hold {fixed(100 * self.probabilities.sum(), 1)}%."
        )

    def level_sentence(self, level: int) -> str:
        """One level in words."""
        parts = ", ".join(f"{fixed(100 * share, 2)}%" for share in self.by_component[:, level])
        data = (
            f"; {fixed(100 * self.counts[level] / sum(self.counts), 2)}% of the data" if self.counts else ""
        )
        return f"Level {level}: {fixed(100 * self.probabilities[level], 2)}%, by component {parts}{data}"

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        listed = "; ".join(
            f"mean {mean:g}, scale {scale:g}, share {fixed(100 * share, 0)}%"
            for (mean, scale, _), share in zip(self.components, self.shares, strict=True)
        )
        beside = " The data's histogram stands behind them as grey outlines." if self.counts else ""
        return (
            f"{self.finding}. {self.detail} Bars of the probability of {self.num_levels} levels under "
            f"{len(self.components)} logistic component{'s' * (len(self.components) != 1)}: {listed}.{beside}"
        )


def mixture_figure(
    components: Sequence[Component], num_levels: int, counts: Sequence[int] = (), title: str | None = None
) -> Picture:
    """Stacked bars of each level's probability; outlined bins beyond the edges, whose mass the outer levels take.

    ``components``: (mean, scale, weight), means and scales in levels. ``counts``: of real data, drawn as a grey
    outline. The table holds a row for each level.

    Raises:
        ValueError: as `MixtureFacts` does.

    >>> mixture_figure([(0.0, 1.0, 1.0)], 4).get_label()
    'The outer levels hold 62.2% and 7.6%'
    """
    facts = MixtureFacts(tuple(components), num_levels, tuple(counts))
    title = title or facts.finding
    heading = wrapped(title, 9.6, 14, "bold")
    with new_picture(10, 4.2 + 0.24 * len(heading)) as picture:
        height = picture.get_figheight()
        picture.set_label(title)
        for number, line in enumerate(heading):
            picture.text(0.02, 1 - (0.24 + 0.24 * number) / height, line, size=14, weight="bold", va="center")
        below_title = 1 - (0.24 * len(heading) + 0.3) / height
        picture.text(0.02, below_title, facts.detail, size=10, color=COLOURS["secondary"], va="center")
        _draw(picture.add_axes((0.08, 0.5 / height, 0.9, below_title - 0.75 / height)), facts)
        picture.describe(
            f"{title}. " * (title != facts.finding) + facts.description,
            {
                "level": list(range(num_levels)),
                "probability": facts.probabilities.tolist(),
                "data": [count / sum(counts) for count in counts] or [None] * num_levels,
            },
        )
    return picture


def _below(end: Tensor, mean: float, scale: float) -> Tensor:
    return torch.sigmoid((end - mean) / scale)


def _draw(axes: Axes, facts: MixtureFacts) -> None:
    last = facts.num_levels - 1
    levels = np.arange(facts.num_levels)
    axes.axvspan(-BEYOND - 0.5, -0.5, color=COLOURS["masked"], alpha=0.6, linewidth=0)
    axes.axvspan(last + 0.5, last + BEYOND + 0.5, color=COLOURS["masked"], alpha=0.6, linewidth=0)
    base = np.zeros(facts.num_levels)
    outside = np.r_[np.arange(-BEYOND, 0), np.arange(last + 1, last + 1 + BEYOND)]
    outside_base = np.zeros(2 * BEYOND)
    own = facts.raw[:, BEYOND:-BEYOND]
    for colour, masses, raw, full in zip(COMPONENT_COLOURS, own, facts.raw, facts.by_component, strict=False):
        axes.bar(levels, masses, 0.86, base, color=colour, linewidth=0)
        base = base + masses
        ghost = raw[outside + BEYOND]
        axes.bar(
            outside,
            ghost,
            0.86,
            outside_base,
            facecolor="none",
            edgecolor=colour,
            hatch="////",
            linewidth=0.8,
        )
        outside_base = outside_base + ghost
        taken = full - masses
        for level in (0, last):
            if taken[level] > 1e-9:
                axes.bar(
                    level, taken[level], 0.86, base[level],
                    facecolor="none", edgecolor=colour, hatch="////", linewidth=0.8,
                )  # fmt: skip
                base[level] += taken[level]
    if facts.counts:
        data = np.array(facts.counts) / sum(facts.counts)
        axes.step(
            np.r_[levels - 0.5, last + 0.5],
            np.r_[data, data[-1]],
            where="post",
            color=COLOURS["ink"],
            linewidth=1.4,
        )
    axes.set(xlim=(-BEYOND - 0.5, last + BEYOND + 0.5), ylabel="probability", xlabel="level")
    axes.set_xticks(range(0, facts.num_levels, max(1, facts.num_levels // 8)))
