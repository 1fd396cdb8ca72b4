"""Exercise 1: the likelihood of a model whose samples were drawn with a temperature."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake

sequence_tempered = Exercise(
    name="sequence-tempered",
    number=1,
    title="The likelihood of a temperature",
    difficulty="medium",
    minutes=10,
    names=("tempered_nats",),
    hints=(
        "A temperature changes every conditional. What has to be true of the changed one, before you may take its logarithm?",
        "Divide the logits by the temperature first. Then the probabilities of a step have to sum to 1 again.",
        "`(logits / temperature).log_softmax(-1)` has the log-probabilities; `gather` takes those of the levels.",
    ),
)


def tempered_nats(
    logits: Tensor,
    levels: Tensor,
    temperature: float,
    *,
    scales: str = "divide",
    is_normalised: bool = True,
    is_summed: bool = True,
    unit: float = 1.0,
) -> float:
    """Minus the log-likelihood of a sequence; the options are mistakes.

    Args:
        logits: the model's logits at each step, ``(T, K)``.
        levels: the sequence, ``(T,)``.
        temperature: of the samples.
        scales: what the temperature does to the logits.
        is_normalised: whether the changed probabilities sum to 1.
        is_summed: or averaged.
        unit: nats of the unit.

    Returns:
        Nats of the whole sequence.
    """
    factor = {"divide": 1 / temperature, "multiply": temperature, "nothing": 1.0}[scales]
    log_probs = (logits * factor).log_softmax(-1) if is_normalised else logits.log_softmax(-1) * factor
    taken = -log_probs.gather(-1, levels[:, None])[:, 0]
    return float(taken.sum() if is_summed else taken.mean()) / unit


def _cases(generator: np.random.Generator) -> list[tuple[Tensor, Tensor, float]]:
    found = []
    for temperature in (0.5, 0.8, 1.6):
        logits = torch.from_numpy(generator.normal(size=(3, 4)) * 2).round(decimals=1)
        found.append((logits, torch.from_numpy(generator.integers(0, 4, 3)), temperature))
    return found


asked_nats = sequence_tempered.asks(
    tempered_nats,
    "nats of a sequence under the changed model",
    points=2,
    instances=_cases,
    called=lambda logits, levels, temperature: (
        f"`tempered_nats` for {len(logits)} steps at temperature {temperature}"
    ),
    wrong={
        "You divide the *log-probabilities* by the temperature. Then the probabilities of a step no longer sum to 1.": dict(is_normalised=False),
        "You never normalise: these are logits, not log-probabilities.": lambda logits, levels, temperature: -float(logits.gather(-1, levels[:, None]).sum()) / temperature,
        "You multiply by the temperature. A low temperature should make the probable more probable.": dict(scales="multiply"),
        "That is the model at temperature 1. Where does the temperature come in?": dict(scales="nothing"),
        "That is the mean of a step. The nats of a sequence are a sum.": dict(is_summed=False),
        "Those are bits. The sum of natural logarithms is asked for.": dict(unit=float(np.log(2))),
        "A likelihood of at most 1 has a logarithm below 0, so its nats are positive.": lambda *case: -tempered_nats(*case),
    },
    otherwise="Change the logits, make a distribution of each step, and add up minus the logarithms for the levels that came.",
)  # fmt: skip


@sequence_tempered.check("the probabilities of all sequences sum to 1")
def it_is_a_model(answer: Answer, generator: np.random.Generator) -> None:
    """All nine sequences of two steps."""
    logits = torch.from_numpy(generator.normal(size=(2, 3)) * 2)
    nats = [
        asked_nats.reply(answer, logits, torch.tensor([first, second]), 0.6)
        for first in range(3)
        for second in range(3)
    ]
    total = float(np.exp(-np.array(nats)).sum())
    if abs(total - 1) > 1e-6:
        raise Mistake(
            f"The probabilities of all nine sequences of two steps sum to {total:.3f}, so this is no likelihood. "
            f"{asked_nats.why(answer, generator)}"
        )
