"""The two switches of the explorer: every pixel given all others, which is no distribution, and bets before each step."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from torch import Tensor

from armod.course.labs.ordering.facts import OrderingFacts, count_of, name, say


@dataclass(frozen=True)
class OthersFacts:
    """One pattern, each of its pixels predicted from all others at once, without an ordering.

    Args:
        facts: the walk, whose pattern is looked at.
    """

    facts: OrderingFacts

    def share(self, pixel: int) -> tuple[int, int]:
        """How many of the observations with the other pixels of the pattern have this pixel black, and how many there are."""
        known = {other: value for other, value in enumerate(self.facts.pattern) if other != pixel}
        return self.facts.count({**known, pixel: 1}), self.facts.count(known)

    def conditional_sentence(self, step: int) -> str:
        """The conditional of the pixel that stands at this place of the ordering."""
        pixel = self.facts.ordering[step]
        blacks, every = self.share(pixel)
        given = [
            say("known", pixel=name(other), value=value)
            for other, value in enumerate(self.facts.pattern)
            if other != pixel
        ]
        return say(
            "conditional", pixel=name(pixel), given=given, blacks=blacks, all=every, share=blacks / every
        )

    @property
    def finding(self) -> str:
        """What the products of all patterns sum to."""
        total = sum(products_given_others(self.facts.counts).values())
        template = "others_fit" if abs(total - 1) < 0.005 else "others"
        return say(template, patterns=2**self.facts.num_pixels, total=total)


def products_given_others(counts: Tensor) -> dict[tuple[int, ...], float]:
    """For each pattern the product of its pixels' conditionals given all others; 0 for a pattern that never occurs.

    >>> import torch
    >>> from armod.course.labs.ordering.facts import pattern_counts
    >>> products_given_others(pattern_counts(torch.tensor([[0, 0], [1, 1]])))
    {(0, 0): 1.0, (0, 1): 0.0, (1, 0): 0.0, (1, 1): 1.0}
    """
    products = {}
    for pattern in itertools.product((0, 1), repeat=counts.dim()):
        count = count_of(counts, dict(enumerate(pattern)))
        others = [
            count_of(counts, {other: value for other, value in enumerate(pattern) if other != pixel})
            for pixel in range(counts.dim())
        ]
        products[pattern] = math.prod(count / each for each in others) if count else 0.0
    return products


@dataclass(frozen=True)
class BetFacts:
    """Bets on the pixels of a walk.

    Args:
        facts: the walk.
        bets: for each step taken the probability in percent that was bet on a 1.
    """

    facts: OrderingFacts
    bets: tuple[int, ...]

    @property
    def yours(self) -> float:
        """What the bets cost in nats."""
        values = [self.facts.pattern[pixel] for pixel in self.facts.ordering]
        return -sum(
            math.log((bet if value else 100 - bet) / 100)
            for bet, value in zip(self.bets, values, strict=False)
        )

    @property
    def finding(self) -> str:
        """Which pixel is bet on next, or what all bets have cost."""
        counts = -self.facts.log_prob(self.facts.step)
        if self.facts.step == self.facts.num_pixels:
            return say("scored", yours=self.yours, counts=counts)
        return say("bet", pixel=self.facts.ordering[self.facts.step] + 1, yours=self.yours, counts=counts)
