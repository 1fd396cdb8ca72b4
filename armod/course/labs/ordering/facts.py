"""`OrderingFacts`: one pattern of black and white pixels made one pixel at a time, with the conditionals on its way.

All probabilities are ratios of counts. Let c(beginning) be how many observations agree with the pixels known so far;
then p(next | beginning) = c(beginning and next) / c(beginning). The product of these ratios telescopes to
c(pattern) / N in every ordering. The figure and the widget both show these numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from armod.course.labs.words import Words
from armod.figures.numbers import fixed, lowered

say = Words.beside(__file__)
Known = Mapping[int, int]


@dataclass(frozen=True)
class OrderingFacts:
    """A walk through one ordering, some pixels far; sentences count pixels from 1.

    Args:
        counts: int64 ``(2,) * D``, how often each pattern occurs.
        ordering: ``ordering[k]`` is the pixel that comes k-th.
        uniform: for each step the number in [0, 1) that draws its pixel.
        step: how many pixels are known, 0..D.
    """

    counts: Tensor
    ordering: tuple[int, ...]
    uniform: tuple[float, ...]
    step: int

    @property
    def num_pixels(self) -> int:
        """D."""
        return self.counts.dim()

    @property
    def total(self) -> int:
        """N, the number of observations."""
        return int(self.counts.sum())

    @property
    def pattern(self) -> tuple[int, ...]:
        """The values of all pixels, in the order of the pixels, once the walk is complete."""
        known: dict[int, int] = {}
        for pixel, number in zip(self.ordering, self.uniform, strict=True):
            white, all_of_them = self.count({**known, pixel: 0}), self.count(known)
            known[pixel] = 0 if number * all_of_them < white else 1
        return tuple(known[pixel] for pixel in range(self.num_pixels))

    def beginning(self, step: int) -> dict[int, int]:
        """The pixels known after `step` steps, with their values."""
        return {pixel: self.pattern[pixel] for pixel in self.ordering[:step]}

    def count(self, known: Known) -> int:
        """How many observations have these values at these pixels."""
        return count_of(self.counts, known)

    def factor(self, step: int, ordering: Sequence[int] | None = None) -> float:
        """The conditional probability of the value that was drawn at `step`, counted from 0, in any ordering."""
        order = self.ordering if ordering is None else ordering
        counts = [self.count({pixel: self.pattern[pixel] for pixel in order[:k]}) for k in (step, step + 1)]
        return counts[1] / counts[0]

    def log_prob(self, step: int) -> float:
        """The log-probability of the first `step` values, in nats."""
        return math.log(self.count(self.beginning(step)) / self.total)

    def conditional_sentence(self, step: int) -> str:
        """The conditional that draws a pixel at `step`: ``p(x₃ = 1 | x₁ = 0) = 98/301 = 0.326``."""
        known, pixel = self.beginning(step), self.ordering[step]
        given = [say("known", pixel=name(other), value=value) for other, value in sorted(known.items())]
        blacks, every = self.count({**known, pixel: 1}), self.count(known)
        template = "conditional" if given else "conditional_first"
        return say(template, pixel=name(pixel), given=given, blacks=blacks, all=every, share=blacks / every)

    @property
    def finding(self) -> str:
        """One sentence on where the walk stands."""
        if self.step == 0:
            return say("finding_first", pixel=self.ordering[0] + 1)
        last = self.ordering[self.step - 1]
        if self.step < self.num_pixels:
            values = {"value": self.pattern[last], "factor": self.factor(self.step - 1)}
            return say("finding_next", pixel=last + 1, next=self.ordering[self.step] + 1, **values)
        count, others = self.count(self.beginning(self.step)), math.factorial(self.num_pixels) - 1
        pattern = "".join(map(str, self.pattern))
        values = {"count": count, "total": self.total, "share": count / self.total}
        return say("finding", pattern=pattern, others=others, **values)

    @property
    def table(self) -> dict[str, list[str]]:
        """One row for each step taken."""
        steps = range(self.step)
        return {
            "pixel": [name(self.ordering[step]) for step in steps],
            "conditional": [self.conditional_sentence(step) for step in steps],
            "uniform number": [fixed(self.uniform[step], 3) for step in steps],
            "drawn": [str(self.pattern[self.ordering[step]]) for step in steps],
            "factor": [fixed(self.factor(step), 3) for step in steps],
            "log p so far": [fixed(self.log_prob(step + 1), 3) for step in steps],
        }

    @property
    def description(self) -> str:
        """The whole state in plain sentences."""
        steps = [
            say("step", conditional=conditional, uniform=uniform, value=drawn, so_far=so_far)
            for _, conditional, uniform, drawn, _, so_far in zip(*self.table.values(), strict=True)
        ]
        pixels = [name(pixel) for pixel in self.ordering]
        return say("description", finding=self.finding, pixels=pixels, steps=" ".join(steps))


def ordering_facts(
    patterns: Tensor,
    ordering: Sequence[int] | None = None,
    uniform: Sequence[float] | None = None,
    step: int | None = None,
) -> OrderingFacts:
    """Count patterns and walk through an ordering.

    Args:
        patterns: 0 or 1 in ``(N, D)``.
        ordering: the pixels in their order; left out, from left to right.
        uniform: for each step the number in [0, 1) that draws its pixel; left out, 0.5 each.
        step: how many pixels are known; left out, all.

    Returns:
        What the picture draws and says.

    Raises:
        ValueError: if the patterns are not such a tensor, or the ordering is no permutation of its pixels.

    >>> print(ordering_facts(torch.tensor([[0, 1], [1, 1], [1, 1], [1, 0]]), [1, 0], [0.9, 0.1]).finding)
    Pattern 01 has probability 1/4 = 0.250, here and in the other 1 orderings
    """
    counts = pattern_counts(patterns)
    size = counts.dim()
    order = tuple(range(size)) if ordering is None else tuple(int(pixel) for pixel in ordering)
    if sorted(order) != list(range(size)):
        raise ValueError(f"An ordering of {size} pixels names each of 0..{size - 1} once; got {list(order)}.")
    noise = (0.5,) * size if uniform is None else tuple(uniform)
    return OrderingFacts(counts, order, noise, size if step is None else step)


def pattern_counts(patterns: Tensor) -> Tensor:
    """How often each pattern occurs.

    Args:
        patterns: zeros and ones ``(N, D)``.

    Returns:
        The counts, int64 ``(2,) * D``.

    Raises:
        ValueError: if there is no pattern, or one holds anything but 0 and 1.

    >>> pattern_counts(torch.tensor([[0, 1], [1, 1], [1, 1]])).tolist()
    [[0, 1], [0, 2]]
    """
    if patterns.dim() != 2 or 0 in patterns.shape or not ((patterns == 0) | (patterns == 1)).all():
        raise ValueError(
            f"Patterns are zeros and ones of shape (N, D), at least one; got shape {tuple(patterns.shape)}."
        )
    size = patterns.shape[1]
    codes = patterns.long() @ 2 ** torch.arange(size - 1, -1, -1, device=patterns.device)
    return torch.bincount(codes, minlength=2**size).view((2,) * size)


def count_of(counts: Tensor, known: Known) -> int:
    """How many of the counted patterns have these values at these pixels."""
    return int(counts[tuple(known.get(pixel, slice(None)) for pixel in range(counts.dim()))].sum())


def all_orderings(num_pixels: int) -> list[tuple[int, ...]]:
    """All D! orderings, left to right first."""
    return list(itertools.permutations(range(num_pixels)))


def name(pixel: int) -> str:
    """``x₁`` for pixel 0."""
    return f"x{lowered(pixel + 1)}"
