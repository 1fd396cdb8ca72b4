"""Exercise 7: train a PixelCNN within a budget, and hand in its receipt, which is computed again from the weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading
from armod.data import load
from armod.likelihoods import Bernoulli
from armod.models.base import AutoregressiveModel
from armod.models.raster.pixelcnn import PixelCNN
from armod.sampling.threads import one_thread

SHAPE = (1, 8, 8)
NUM_STEPS, FEW_STEPS, NUM_TRAIN, NUM_TEST = 60, 12, 800, 200
BOUND = 24.0  # nats per digit; independent pixels need about 25.2, the solutions 22
CLOSE = 0.02  # nats; float32 sums in another order differ by far less

HINTS = (
    "The loss of a step is the mean of -log p over a batch of digits. `model.log_prob(x)` is differentiable. Which three calls "
    "make a step of it?",
    "60 steps are few, so each has to be a large one: Adam with a learning rate of 0.02 to 0.03, on batches of 50 digits that are "
    "drawn anew for each step.",
    "The receipt: `with torch.no_grad(): nats = -model.log_prob(test).mean().item()`, *after* the last step, over the digits that "
    "were not trained on.",
)

pixelcnn_training = Exercise(
    name="pixelcnn-training",
    number=7,
    title="Train within a budget",
    difficulty="medium",
    minutes=15,
    names=("train",),
    hints=HINTS,
)


def hands_in_a_receipt(
    exercise: Exercise, family: type[AutoregressiveModel], *sizes: int, **options: Any
) -> None:
    """Give an exercise the two checks of a training within a budget: that it learns, and that its receipt is right.

    Args:
        exercise: asks for ``train(model, digits, test, num_steps)``, which returns the receipt.
        family: of the model, a class of armod's.
        sizes: of the model, after the shape of a digit.
        options: of the model.
    """

    def rebuilt() -> AutoregressiveModel:
        return family(SHAPE, *sizes, likelihood=Bernoulli(), seed=0, **options)

    def trained(
        answer: Answer, train: Tensor, test: Tensor, num_steps: int
    ) -> tuple[AutoregressiveModel, float]:
        """The model after the learner's training, rebuilt here from its weights, and the receipt that was handed in."""
        likelihood = answer.make("likelihoods.Bernoulli")
        theirs = answer.make(family.__name__, SHAPE, *sizes, likelihood=likelihood, seed=0, **options)
        with one_thread(torch.device("cpu")):  # so small a network only waits for a second one
            reply = answer.call("train", theirs, train, test, num_steps)
        stated = reading.number(reply, "What `train` returns")
        model = rebuilt()
        reading.weights(theirs.call("state_dict"), model, "The model")
        return model, stated

    @exercise.check(f"below {BOUND:.0f} nats per digit after {NUM_STEPS} steps", points=3)
    def it_learns(answer: Answer, generator: np.random.Generator) -> None:
        """The likelihood comes from the weights; nothing that is said of them is believed."""
        train, test = _digits(generator)
        for _ in range(2):  # batches may be drawn by chance, and a right training may be unlucky once
            model, _ = trained(answer, train, test, NUM_STEPS)
            nats = _nats(model, test)
            if nats < BOUND:
                return
        raise Mistake(
            f"After `train` with {NUM_STEPS} steps a new digit costs {nats:.1f} nats by the model's weights; below "
            f"{BOUND:.0f} is due. {_why(model, rebuilt(), nats, test)}"
        )

    @exercise.check("the receipt is that of the weights", points=2)
    def receipt_is_right(answer: Answer, generator: np.random.Generator) -> None:
        """Other digits, so that no number can be typed in; a few steps are enough."""
        # those with the most ink are the test: they never happen to cost as much as those that it learns from
        digits = torch.cat(_digits(generator))
        train, test = digits[digits.flatten(1).sum(1).argsort()].split([NUM_TRAIN, NUM_TEST])
        model, stated = trained(answer, train, test, FEW_STEPS)
        due = _nats(model, test)
        if not abs(stated - due) <= CLOSE:
            raise Mistake(
                f"`train` returned {stated:.4g}; by the weights that it left a test digit costs {due:.2f} nats. "
                + _slip(stated, due, _nats(model, train))
            )


def _digits(generator: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Digits to learn from and digits to test on, a choice of their own for each learner: ``(N, 1, 8, 8)`` of bits as float32."""
    everything = load("digits8").binarize()
    pool = torch.cat([everything.train, everything.test])
    chosen = torch.from_numpy(generator.permutation(len(pool))[: NUM_TRAIN + NUM_TEST])
    return pool[chosen].float().split([NUM_TRAIN, NUM_TEST])


def _nats(model: AutoregressiveModel, x: Tensor) -> float:
    """The mean cost of a digit."""
    with torch.no_grad():
        return -model.log_prob(x).double().mean().item()


def _slip(stated: float, due: float, on_train: float) -> str:
    """What else the number could be."""
    slips = {
        "Your number is below 0: a cost is -log p.": -due,
        "Those are bits, it seems. The question asks for nats.": due / math.log(2),
        "That is nats for each pixel. The question asks for the whole digit.": due / 64,
        "That is bits for each pixel. The question asks for nats for the whole digit.": due
        / 64
        / math.log(2),
        "That is the sum over all test digits. The question asks for the mean.": due * NUM_TEST,
        "That is the cost of the digits that it was trained on.": on_train,
    }
    for why, slip in slips.items():
        if abs(stated - slip) <= CLOSE * max(1.0, abs(slip) / due):
            return why
    return "Was it computed after the last step, on all of `test`, and for the model that was handed in?"


def _why(model: AutoregressiveModel, untrained: AutoregressiveModel, nats: float, test: Tensor) -> str:
    """Why it has not learnt."""
    if all(torch.equal(a, b) for a, b in zip(model.parameters(), untrained.parameters(), strict=True)):
        return "The weights have not changed at all. Does the optimiser hold the weights of `model`, and does it take a step?"
    if nats > _nats(untrained, test):
        return "That is more than before the training. Which sign has the loss?"
    return "Are the gradients set to zero in each step, is the learning rate large enough for so few steps, and is each batch another one?"


hands_in_a_receipt(pixelcnn_training, PixelCNN, 8, 2, kernel_size=5)
