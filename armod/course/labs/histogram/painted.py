"""Twelve painted pixels: how many training digits share their cell, and what the small MADE of the lab says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from armod.course.labs.histogram.facts import HistogramFacts, say
from armod.course.labs.histogram.made import shipped_made


def painted(facts: HistogramFacts, levels: Sequence[int]) -> tuple[int, float, float]:
    """Ask a histogram and the MADE about one painted observation.

    Args:
        facts: the histogram of the first D pixels.
        levels: all twelve.

    Returns:
        How many training digits share its cell, and both log-probabilities of its first D pixels, in nats.
    """
    x = torch.tensor([list(levels)])
    first = x[:, : facts.train.shape[1]]
    bins = (torch.cat([facts.train, first]).long() * facts.num_bins) // facts.num_levels
    count = int((bins[:-1] == bins[-1]).all(1).sum())
    with torch.no_grad():
        made = shipped_made().log_prob_per_variable(x)[0, : first.shape[1]].sum().item()
    return count, facts.model.log_prob(first).item(), made


def painted_sentence(facts: HistogramFacts, levels: Sequence[int]) -> str:
    """What the page says of it."""
    count, counted, made = painted(facts, levels)
    size = facts.train.shape[1]
    numbers = {"made": -made / size, "counted": -counted / size if counted > -math.inf else math.inf}
    return say("painted", count=count, train=f"{len(facts.train):,}", **numbers)
