"""What the reach lab shows: the gradient that arrives at every lag, and the sentences that read it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from armod.course.labs.words import Words
from armod.measures.gradient_reach import CELL_NAMES, LAGS, gradient_reach, random_recurrence
from armod.measures.recall_table import recall_table

say = Words.beside(__file__)
# The pictures' logarithmic axis, in powers of 10; what lies beyond its ends is drawn at them.
LEAST, MOST = -6, 3
AXIS = {3: "1,000 times", 0: "as at lag 1", -3: "1/1,000", -6: "1/1,000,000"}


@dataclass(frozen=True)
class ReachFacts:
    """One setting of the lab's knobs."""

    cell: str
    scale: float
    gate_bias: float = 0.0

    @cached_property
    def shares(self) -> list[float]:
        """The gradient at lags 1, 2, ..., divided by that at lag 1."""
        reach = gradient_reach(random_recurrence(self.cell, scale=self.scale, gate_bias=self.gate_bias))
        return [float(f"{share:.3g}") for share in (reach / reach[0]).tolist()]

    @property
    def powers(self) -> list[float]:
        """The decimal logarithms of the shares, cut to what a picture has room for: LEAST to MOST."""
        return [round(min(max(math.log10(share), LEAST), MOST), 3) for share in self.shares]

    @property
    def name(self) -> str:
        """The network in words."""
        values = {"cell": CELL_NAMES[self.cell], "scale": f"{self.scale:g}", "bias": f"{self.gate_bias:g}"}
        return say("name_rnn" if self.cell == "rnn" else "name", **values)

    @property
    def finding(self) -> str:
        """The last lag against the first."""
        name = self.name[0].upper() + self.name[1:]
        return say("finding", name=name, lags=LAGS, words=self.words[-1])

    @property
    def words(self) -> list[str]:
        """The shares lag by lag, as the sentences say them."""
        return [in_words(share) for share in self.shares]

    @property
    def factors(self) -> list[str]:
        """By how much each step back multiplies the gradient, on average on the way from lag 1; none at lag 1 itself."""
        steps = enumerate(self.shares[1:], start=1)
        return ["", *(f"{share ** (1 / count):.2f}" for count, share in steps)]

    def lag_sentence(self, lag: int) -> str:
        """One lag against the first; `lag` counts from 1."""
        values = {"lag": lag, "words": self.words[lag - 1], "factor": self.factors[lag - 1]}
        return say("lag_first" if lag == 1 else "lag", **values)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        some = [lag for lag in (2, 6, 12, 18) if lag < LAGS]
        parts = "; ".join(f"lag {lag} {self.words[lag - 1]} it" for lag in some)
        return say("description", finding=self.finding, lags=LAGS, parts=parts)

    @property
    def table(self) -> Mapping[str, list[float]]:
        """Lag by lag."""
        return {"lag": [*range(1, LAGS + 1)], "gradient, share of lag 1": self.shares}


def recall_sentence(cell: str, gate_bias: int, distance: int) -> str:
    """Who of three seeds learned to recall a symbol at a distance."""
    ends = [line[-1] for line in recall_table()[cell, gate_bias, distance]]
    name = say("recall_rnn" if cell == "rnn" else "recall_name", cell=CELL_NAMES[cell], bias=gate_bias)
    return say("recall", name=name, distance=distance, learned=sum(bits < 1 for bits in ends), bits=ends)


def in_words(share: float) -> str:
    """How many times, or what part of.

    >>> in_words(0.00062), in_words(0.42), in_words(1.0), in_words(1234.0)
    ('1/1,600 of', '0.42 of', '1.0 times', '1,200 times')
    """
    if share >= 0.095:
        return f"{share:.2f} of" if share < 0.995 else f"{_two_digits(share)} times"
    return f"1/{_two_digits(1 / share)} of"


def _two_digits(number: float) -> str:
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:.1f}"
