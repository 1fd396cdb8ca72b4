"""What a network gives for the next letter, before and after temperature, top-k and top-p, and which letter comes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import distributions

from armod.course.labs.letters.network import Network, Numbers
from armod.course.labs.text.facts import visible
from armod.course.labs.words import Words
from armod.sampling import Adjustment

say = Words.beside(__file__)

NUM_NOISE = 12


def noise_at(noise: int, place: int) -> float:
    """A number between 0 and 1 for each place of each noise; the page makes the same ones.

    >>> noise_at(0, 0) == noise_at(0, 0) != noise_at(0, 1)
    True
    """
    mask = 0xFFFFFFFF
    t = ((noise + 1) * 0x9E3779B1 + (place + 1) * 0x85EBCA77) & mask
    t = ((t ^ t >> 15) * 0x2C1B3C6D) & mask
    t = ((t ^ t >> 12) * 0x297A2D39) & mask
    return (t ^ t >> 15) / 2**32


@dataclass(frozen=True, eq=False)
class LettersFacts:
    """A network, what is written so far, and the knobs.

    Args:
        network: gives the next letter.
        symbols: what each level stands for, K strings.
        end: the level that ends a word; None if no level does.
        most: how many letters a word has at most.
        letters: the levels of all words so far, their ends included.
        noise: which of the rows of uniform numbers draws.
        temperature: in tenths.
        top_k: how many levels stay; K, or 0, is all.
        top_p: in percent; 100 is all.
    """

    network: Network
    symbols: tuple[str, ...]
    end: int | None
    most: int
    letters: tuple[int, ...] = ()
    noise: int = 0
    temperature: int = 10
    top_k: int = 0
    top_p: int = 100

    @cached_property
    def words(self) -> list[list[int]]:
        """The levels of each word; the last one is not at its end yet."""
        found: list[list[int]] = [[]]
        for level in self.letters:
            found[-1].append(level)
            if level == self.end or len(found[-1]) == self.most:
                found.append([])
        return found

    @cached_property
    def log_probs(self) -> Numbers:
        """The network's own, of the next letter ``(K,)``."""
        return self._log_probs_after(self.words[-1])

    def _log_probs_after(self, levels: list[int]) -> Numbers:
        logits = self.network.logits(levels)
        logits = logits - logits.max()
        return np.asarray(logits - np.log(np.exp(logits).sum()))

    @cached_property
    def before(self) -> Numbers:
        """The network's own probabilities ``(K,)``."""
        return np.exp(self.log_probs)

    @cached_property
    def after(self) -> Numbers:
        """The probabilities after the knobs ``(K,)``."""
        top_k = None if self.top_k in (0, len(self.symbols)) else self.top_k
        top_p = None if self.top_p == 100 else self.top_p / 100
        adjustment = Adjustment(temperature=self.temperature / 10, top_k=top_k, top_p=top_p)
        own = distributions.Categorical(logits=torch.from_numpy(self.log_probs))
        return np.asarray(adjustment.distribution(own).probs)  # type: ignore[attr-defined]

    @property
    def next(self) -> int:
        """The level that the noise draws next, by the inverse of the distribution function."""
        return drawn(self.after, noise_at(self.noise, len(self.letters)))

    @property
    def cost(self) -> float:
        """What the letters of the last word cost in bits, as the network says without the knobs."""
        word = self.words[-1]
        return -sum(self._log_probs_after(word[:at])[level] for at, level in enumerate(word)) / np.log(2)

    @property
    def _plain(self) -> str:
        """The ending of the templates for a network without knobs."""
        is_plain = self.temperature == 10 and self.top_k in (0, len(self.symbols)) and self.top_p == 100
        return "_plain" if is_plain else ""

    @property
    def finding(self) -> str:
        """The most likely letter, in a sentence."""
        best = int(self.before.argmax())
        word = "".join(self.symbols[level] for level in self.words[-1])
        return say(
            f"finding{'' if word else '_first'}{self._plain}",
            word=visible(word),
            best=visible(self.symbols[best]),
            plain=self.before[best],
            given=self.after[best],
        )

    @property
    def detail(self) -> str:
        """What the knobs leave, what the word costs, and what comes."""
        kept, count = int((self.after > 0).sum()), len(self.symbols)
        entropies = {"before": _entropy(self.before), "after": _entropy(self.after)}
        sentences = [say(f"left{self._plain}", kept=kept, count=count, **entropies)]
        if self.words[-1]:
            sentences.append(say("cost", cost=self.cost))
        return " ".join([*sentences, say("draw", next=visible(self.symbols[self.next]))])

    def symbol_sentence(self, level: int) -> str:
        """One symbol in words."""
        return say(
            "symbol", symbol=visible(self.symbols[level]), plain=self.before[level], given=self.after[level]
        )

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        order = np.argsort(-self.before, kind="stable")[:6]
        bars = "; ".join(self.symbol_sentence(int(level)) for level in order)
        text = " ".join("".join(self.symbols[level] for level in word) for word in self.words).split()
        values = {"count": len(self.symbols), "bars": bars, "text": " ".join(text)}
        return say("description", finding=self.finding, detail=self.detail, **values)


def drawn(probabilities: Numbers, uniform: float) -> int:
    """The first level at which the sum of the probabilities is above the uniform number, or the last one that stays."""
    reached = 0.0
    for level, share in enumerate(probabilities.tolist()):
        reached += share
        if uniform < reached:
            return level
    return int(np.flatnonzero(probabilities)[-1])


def _entropy(probabilities: Numbers) -> float:
    """In bits."""
    some = probabilities[probabilities > 0]
    return float(-(some * np.log2(some)).sum()) + 0.0
