"""A source p with one or two heaps, a bell q, and what each costs under the other; facts.js does the same sums."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from armod.course.labs.words import Words

say = Words.beside(__file__)

LEVELS = 32
FIRST, HEAP_WIDTH = 8.0, 2.0  # of the first heap of p; the second is as wide
MEANS = np.arange(0, LEVELS - 0.75, 0.25)
WIDTHS = np.arange(15, 121) / 10
SHARES = tuple(range(0, 55, 5))  # of the second heap, in percent
DISTANCES = tuple(range(19))
WAYS = ("p‖q", "q‖p")  # what q can be held at the least value of, in this order
SAME = 0.0005  # divergences below this show as 0.000

Rows = NDArray[np.float64]


def bell_logs(mean: float | Rows, width: float | Rows) -> Rows:
    """Log-probabilities of a bell on the levels: ``exp(-((x - mean) / width)^2 / 2)``, normalised, ``(..., LEVELS)``."""
    heights = -(((np.arange(LEVELS) - np.asarray(mean)[..., None]) / np.asarray(width)[..., None]) ** 2) / 2
    highest = heights.max(-1, keepdims=True)
    logs: Rows = heights - highest - np.log(np.exp(heights - highest).sum(-1, keepdims=True))
    return logs


def source_logs(share: int, distance: int) -> Rows:
    """Log-probabilities of p: a heap around level 8, and ``share`` percent of the mass in a second one ``distance`` levels on."""
    first = bell_logs(FIRST, HEAP_WIDTH)
    if not share:
        return first
    second = bell_logs(FIRST + distance, HEAP_WIDTH)
    logs: Rows = np.logaddexp(first + np.log(1 - share / 100), second + np.log(share / 100))
    return logs


@cache
def least_bells() -> NDArray[np.int64]:
    """The bell of least divergence from each source, both ways round.

    Returns:
        Indices of mean and width on the grid of the knobs, ``(ways, shares, distances, 2)``.
    """
    bells = bell_logs(MEANS[:, None], WIDTHS).reshape(-1, LEVELS)
    masses = np.exp(bells)
    sources = np.array([[source_logs(share, distance) for distance in DISTANCES] for share in SHARES])
    sources = sources.reshape(-1, LEVELS)
    # the entropy of p moves no minimum over q
    costs = (-bells @ np.exp(sources).T, (masses * bells).sum(1, keepdims=True) - masses @ sources.T)
    found = [np.unravel_index(cost.round(12).argmin(0), (len(MEANS), len(WIDTHS))) for cost in costs]
    return np.array([np.stack(each, -1) for each in found]).reshape(2, len(SHARES), len(DISTANCES), 2)


@dataclass(frozen=True)
class KLFacts:
    """A source and a bell.

    Args:
        mean: of q, in levels.
        width: of q, in levels.
        share: of p's second heap, in percent.
        distance: between p's heaps, in levels.
        held: None for a bell that somebody put there; 0 for the bell of least KL(p‖q), 1 for that of least KL(q‖p).
    """

    mean: float
    width: float
    share: int
    distance: int
    held: int | None = None

    @classmethod
    def at_least(cls, held: int, share: int, distance: int) -> KLFacts:
        """The bell of least divergence, one way or the other."""
        mean, width = least_bells()[held, SHARES.index(share), distance]
        return cls(float(MEANS[mean]), float(WIDTHS[width]), share, distance, held)

    @cached_property
    def log_p(self) -> Rows:
        """Of every level ``(LEVELS,)``."""
        return source_logs(self.share, self.distance)

    @cached_property
    def log_q(self) -> Rows:
        """Of every level ``(LEVELS,)``."""
        return bell_logs(self.mean, self.width)

    @cached_property
    def terms(self) -> tuple[Rows, Rows]:
        """What each level adds to KL(p‖q), and to KL(q‖p), in nats."""
        difference = self.log_p - self.log_q
        return np.exp(self.log_p) * difference, np.exp(self.log_q) * -difference

    @property
    def forward(self) -> float:
        """KL(p‖q) in nats."""
        return float(self.terms[0].sum())

    @property
    def reverse(self) -> float:
        """KL(q‖p) in nats."""
        return float(self.terms[1].sum())

    @property
    def entropy(self) -> float:
        """H(p) in nats, the least loss of any model."""
        return float(-(np.exp(self.log_p) * self.log_p).sum())

    @property
    def loss(self) -> float:
        """The cross-entropy in nats: what a level drawn from p costs under q on average."""
        return float(-(np.exp(self.log_p) * self.log_q).sum())

    @property
    def heaps(self) -> int:
        """How many peaks p has."""
        rises = np.diff(self.log_p) > 0
        return int((rises[:-1] & ~rises[1:]).sum())

    @property
    def met(self) -> list[bool]:
        """Of each side of the middle between p's heaps, whether q has at least half of the mass that p has there."""
        is_right = np.arange(LEVELS) > FIRST + self.distance / 2
        p, q = np.exp(self.log_p), np.exp(self.log_q)
        return [bool(q[side].sum() >= p[side].sum() / 2) for side in (~is_right, is_right)]

    @property
    def finding(self) -> str:
        """What q does, in a sentence."""
        if self.held is None:
            return say("finding", loss=self.loss, entropy=self.entropy, forward=self.forward)
        kind = "one" if self.heaps == 1 else "covers" if all(self.met) else "collapses"
        heap = say("first" if self.met[0] else "second")
        return say(f"finding_{kind}", way=WAYS[self.held], loss=self.loss, heap=heap)

    @property
    def detail(self) -> str:
        """Both divergences, and the level that adds most to each."""
        if max(self.forward, self.reverse) < SAME:
            return say("same")
        values: dict[str, float | int] = {"forward": self.forward, "reverse": self.reverse}
        for name, terms in zip("ab", self.terms, strict=True):
            level = int(terms.argmax())
            values |= {
                name: level,
                f"p{name}": np.exp(self.log_p[level]),
                f"q{name}": np.exp(self.log_q[level]),
            }
        return say("detail", **values)

    def level_sentence(self, level: int) -> str:
        """One level in words."""
        return say(
            "level",
            level=level,
            p=np.exp(self.log_p[level]),
            q=np.exp(self.log_q[level]),
            forward=self.terms[0][level],
            reverse=self.terms[1][level],
        )

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        return say(
            "description",
            finding=self.finding,
            detail=self.detail,
            levels=LEVELS,
            share=self.share,
            far=f"{FIRST + self.distance:.0f}",
            mean=self.mean,
            width=self.width,
            loss=self.loss,
            entropy=self.entropy,
            forward=self.forward,
            reverse=self.reverse,
        )
