"""Exercise 5: what a sample at a lower temperature costs, and under which model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise
from armod.course.exercises.engine.draws import normal

images_tempered = Exercise(
    name="images-tempered",
    number=5,
    title="The likelihood of a tempered model",
    difficulty="medium",
    minutes=12,
    names=("tempered_nats", "sharpened"),
    hints=(
        "`sample(temperature=T)` divides the logits of each variable by T and draws from what comes out. That is a distribution of its own: what is its log-probability of x?",
        "Probabilities to the power of 1/T no longer add up to 1. Each conditional has to be normalised again, variable by variable.",
        "`(logits / temperature).log_softmax(-1)` holds the new log-probabilities; `gather` those of x. For a whole table of pictures: "
        "`(log_p / temperature).log_softmax(0)`.",
    ),
)


def tempered_nats(
    logits: Tensor,
    x: Tensor,
    temperature: float,
    *,
    log_probs: Callable[[Tensor, float], Tensor] = lambda logits, T: (logits / T).log_softmax(-1),
    total: Callable[[Tensor], Tensor] = lambda each: each.sum(1),
) -> Tensor:
    """Nats ``(N,)`` of observations under the tempered model; every option is a mistake."""
    return -total(log_probs(logits, temperature).gather(-1, x[..., None]).squeeze(-1))


def sharpened(log_p: Tensor, temperature: float) -> Tensor:
    """Log-probabilities ``(M,)`` of whole pictures, if the *joint* distribution is tempered."""
    return (log_p / temperature).log_softmax(0)


def _logits(generator: np.random.Generator) -> list[tuple[Tensor, Tensor, float]]:
    """A temperature below 1 and one above."""
    return [
        (
            normal(generator, num, size, 3, scale=1.5) + 0.7,
            torch.from_numpy(generator.integers(0, 3, (num, size))),
            float(generator.uniform(*limits)),
        )
        for num, size, limits in ((3, 2, (0.4, 0.7)), (2, 4, (1.4, 2.0)))
    ]


def _tables(generator: np.random.Generator) -> list[tuple[Tensor, float]]:
    return [
        (normal(generator, size).log_softmax(0), float(generator.uniform(*limits)))
        for size, limits in ((4, (0.4, 0.7)), (6, (1.4, 2.0)))
    ]


asked_tempered = images_tempered.asks(
    tempered_nats,
    "nats of the tempered model",
    points=3,
    instances=_logits,
    wrong={
        "Those are the nats of the model as it was, at temperature 1.": dict(log_probs=lambda logits, T: logits.log_softmax(-1)),
        "You divide the old nats by the temperature. Then the probabilities no longer add up to 1.": dict(log_probs=lambda logits, T: logits.log_softmax(-1) / T),
        "You multiply the logits by the temperature. A low one has to make them larger.": dict(log_probs=lambda logits, T: (logits * T).log_softmax(-1)),
        "You never normalise: these are logits, not log-probabilities.": dict(log_probs=lambda logits, T: logits / T),
        "That is a mean over the variables. A picture costs their sum.": dict(total=lambda each: each.mean(1)),
        "The sign is the wrong way round: nats are a cost.": dict(total=lambda each: -each.sum(1)),
        "Those are bits. Nats are asked for.": dict(total=lambda each: each.sum(1) / float(torch.tensor(2.0).log())),
        "You normalise over the variables. Each variable has a distribution over its levels.": dict(log_probs=lambda logits, T: (logits / T).log_softmax(1)),
    },
    otherwise="Take one variable with two levels of probability 0.8 and 0.2, and temperature 1/2. Which two numbers are in proportion to their squares and add up to 1?",
)  # fmt: skip
images_tempered.asks(
    sharpened,
    "the joint distribution, tempered",
    points=2,
    instances=_tables,
    wrong={
        "These don't add up to 1 any more. Divide by their sum.": lambda log_p, T: log_p / T,
        "That is the distribution as it was.": lambda log_p, T: log_p.clone(),
        "Those are probabilities. Logarithms are asked for.": lambda log_p, T: sharpened(log_p, T).exp(),
        "A temperature below 1 makes the probable pictures *more* probable.": lambda log_p, T: sharpened(log_p, 1 / T),
    },
    otherwise="Raise all probabilities to the power of 1/T, and divide by their sum.",
)  # fmt: skip
images_tempered.add(
    "temperature 1, and a single level",
    asked_tempered.on(
        lambda generator: [
            (normal(generator, 2, 3, 4), torch.from_numpy(generator.integers(0, 4, (2, 3))), 1.0),
            (normal(generator, 2, 3, 1), torch.zeros(2, 3, dtype=torch.long), 0.5),
        ]
    ),
)
