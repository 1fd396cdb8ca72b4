"""What k heads in n flips say about a coin: the likelihood of every p, its maximiser and the width of its peak."""

from __future__ import annotations

import math
from dataclasses import dataclass

from armod.course.labs.coin.climb import Climb, Place, climb
from armod.course.labs.words import Words

say = Words.beside(__file__)
WAYS = ("p", "the logit")  # in which the ascent follows the slope


@dataclass(frozen=True)
class CoinFacts:
    """Heads and tails of a coin, and one candidate for its probability of heads.

    Args:
        heads: k, how many flips are heads.
        flips: n, how many flips there are.
        p: the candidate.

    Raises:
        ValueError: unless ``0 <= heads <= flips``, ``flips >= 1`` and ``0 <= p <= 1``.
    """

    heads: int
    flips: int
    p: float

    def __post_init__(self) -> None:
        if not (0 <= self.heads <= self.flips and self.flips >= 1 and 0 <= self.p <= 1):
            raise ValueError(
                "A coin shows 0 to n heads in n >= 1 flips, with a probability of heads from 0 to 1; "
                f"got {self.heads} heads in {self.flips} flips, p = {self.p}."
            )

    @property
    def best(self) -> float:
        """The maximum-likelihood estimate, k/n."""
        return self.heads / self.flips

    def log_likelihood(self, p: float) -> float:
        """``k log p + (n - k) log(1 - p)`` in nats, where 0 log 0 is 0."""
        terms = ((self.heads, p), (self.flips - self.heads, 1 - p))
        return sum(count * math.log(share) if share else -math.inf for count, share in terms if count)

    @property
    def below_best(self) -> float:
        """How far the candidate's log-likelihood lies below the maximum, in nats."""
        return self.log_likelihood(self.best) - self.log_likelihood(self.p)

    @property
    def slope(self) -> float:
        """``k/p - (n - k)/(1 - p)``, the derivative of the log-likelihood at the candidate."""
        terms = ((self.heads, self.p, 1), (self.flips - self.heads, 1 - self.p, -1))
        return sum(sign * (count / share if share else math.inf) for count, share, sign in terms if count)

    @property
    def spread(self) -> float:
        """The width of the peak, ``sqrt(best (1 - best) / n)``: one over the root of minus the curvature."""
        return math.sqrt(self.best * (1 - self.best) / self.flips)

    def ascent(self, way: str, size: float) -> Climb:
        """Gradient ascent on ℓ/n from the candidate, by ``size`` slopes at each step.

        Args:
            way: "p" to move p itself, "the logit" to move its logit.
            size: of a step, the learning rate.

        Returns:
            The places of the ball, until it stands still or is thrown off.
        """
        share = self.heads / self.flips

        def step(place: Place) -> Place:
            (p,) = place
            if way == "p":
                return (p + size * (share / p - (1 - share) / (1 - p)),)
            return (1 / (1 + math.exp(-(math.log(p / (1 - p)) + size * (share - p)))),)

        return climb((self.p,), step, lambda place: 0 < place[0] < 1)

    def climb_sentence(self, way: str, size: float, number: int) -> str:
        """Where the ascent stands after so many steps."""
        ascent = self.ascent(way, size)
        to = ascent.off[0] if ascent.off else 0.0
        return say(ascent.template(number), way=way, size=size, number=number, to=to)

    @property
    def finding(self) -> str:
        """The maximiser in a sentence, and what is odd about it at an edge."""
        template = "finding" if 0 < self.heads < self.flips else "finding_edge"
        return say(template, heads=self.heads, flips=self.flips, best=self.best)

    @property
    def detail(self) -> str:
        """What the candidate makes of the flips."""
        value = self.log_likelihood(self.p)
        template = "detail_impossible" if math.isinf(value) else "detail"
        return say(template, p=self.p, value=value, below=self.below_best, slope=self.slope)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        return say(
            "description", finding=self.finding, detail=self.detail, best=self.best, spread=self.spread
        )
