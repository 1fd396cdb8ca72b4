"""What a model of text gave at one step of a stream, before and after temperature, top-k and top-p."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributions

from armod.course.labs.words import Words
from armod.sampling import Adjustment

say = Words.beside(__file__)

GRAIN = 16  # log-probabilities are kept in steps of 1 / 16 nat, from 0 to 255 of them
SHOWN = 12  # bars
TAIL = 18  # characters of the text in the finding


@dataclass(frozen=True, eq=False)
class TextFacts:
    """One step of a stream of text.

    Args:
        symbols: what each level stands for, K strings.
        prompt: the text before the first step.
        levels: the levels that the model drew, ``(S,)``.
        costs: minus the log-probability of each level at each step, in sixteenths of a nat, ``(S, K)``.
        continuations: for each step and each of its J most probable levels, the text that the model wrote after it.
        step: the step, from 0.
        choice: 0 for the level that was drawn, or j for the j-th most probable one.
        temperature: in tenths.
        top_k: how many levels stay; K is all.
        top_p: in percent; 100 is all.

    Raises:
        ValueError: if the shapes do not fit.
    """

    symbols: tuple[str, ...]
    prompt: str
    levels: NDArray[np.int64]
    costs: NDArray[np.uint8]
    continuations: tuple[tuple[str, ...], ...]
    step: int = 0
    choice: int = 0
    temperature: int = 10
    top_k: int | None = None
    top_p: int = 100

    def __post_init__(self) -> None:
        num_steps, num_symbols = len(self.levels), len(self.symbols)
        counts = {len(texts) for texts in self.continuations}
        fits = self.costs.shape == (num_steps, num_symbols) and len(self.continuations) == num_steps
        if not fits or not num_steps or len(counts) != 1 or not 1 <= counts.pop() <= num_symbols:
            raise ValueError(
                f"The text lab needs steps, each with {num_symbols} log-probabilities and as many continuations as the others; "
                f"got {num_steps} levels, costs {self.costs.shape} and continuations of {len(self.continuations)} steps."
            )

    @property
    def num_choices(self) -> int:
        """J, how many levels can be forced."""
        return len(self.continuations[0])

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The levels from the most probable one on; of equal ones the lowest first."""
        return np.argsort(self.costs[self.step].astype(int), kind="stable")

    @cached_property
    def before(self) -> NDArray[np.float64]:
        """The model's probabilities ``(K,)``."""
        return self._adjusted(Adjustment())

    @cached_property
    def after(self) -> NDArray[np.float64]:
        """The probabilities after the knobs ``(K,)``."""
        top_k = None if self.top_k in (None, len(self.symbols)) else self.top_k
        top_p = None if self.top_p == 100 else self.top_p / 100
        return self._adjusted(Adjustment(temperature=self.temperature / 10, top_k=top_k, top_p=top_p))

    def _adjusted(self, adjustment: Adjustment) -> NDArray[np.float64]:
        logits = torch.from_numpy(self.costs[self.step].astype(float)) / -GRAIN
        given = adjustment.distribution(distributions.Categorical(logits=logits))
        probabilities: NDArray[np.float64] = given.probs.numpy()  # type: ignore[attr-defined]
        return probabilities

    @property
    def level(self) -> int:
        """The level that was drawn or forced."""
        return int(self.levels[self.step] if self.choice == 0 else self.order[self.choice - 1])

    @property
    def written(self) -> str:
        """The text before this step."""
        return self.prompt + "".join(self.symbols[level] for level in self.levels[: self.step])

    @property
    def continuation(self) -> str:
        """What the model wrote after a forced level."""
        return self.continuations[self.step][self.choice - 1] if self.choice else ""

    @property
    def text(self) -> str:
        """The text with this step's symbol and what follows it."""
        return self.written + self.symbols[self.level] + self.continuation

    @property
    def finding(self) -> str:
        """What the knobs do to this symbol, in a sentence."""
        return say(
            "finding",
            end=self.written[-TAIL:].replace("\n", "⏎"),
            kept=int((self.after > 0).sum()),
            count=len(self.symbols),
            symbol=visible(self.symbols[self.level]),
            plain=float(self.before[self.level]),
            given=float(self.after[self.level]),
        )

    @property
    def detail(self) -> str:
        """The step, what was drawn, and how uncertain it was."""
        return say(
            "forced" if self.choice else "drawn",
            step=self.step + 1,
            count=len(self.levels),
            symbol=visible(self.symbols[self.level]),
            before=_entropy(self.before),
            after=_entropy(self.after),
        )

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        bars = "; ".join(
            f"{visible(self.symbols[level])} {self.before[level]:.1%} to {self.after[level]:.1%}"
            for level in self.order[:SHOWN]
        )
        shown = min(SHOWN, len(self.symbols))
        values = {"shown": shown, "bars": bars, "text": " ".join(self.text.split())}
        return say("description", finding=self.finding, detail=self.detail, **values)


def visible(symbol: str) -> str:
    """A symbol in quotes, whose blanks and line ends can be seen."""
    return "“" + symbol.replace(" ", "␣").replace("\n", "⏎") + "”"


def _entropy(probabilities: NDArray[np.float64]) -> float:
    """In bits."""
    some = probabilities[probabilities > 0]
    return float(-(some * np.log2(some)).sum()) + 0.0
