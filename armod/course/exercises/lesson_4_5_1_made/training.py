"""Exercise 9: train a MADE within a budget, and hand in a receipt that anyone can check."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

from armod import data
from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.likelihoods import Bernoulli
from armod.models.made import MADE
from armod.sampling.threads import one_thread

SHAPE, HIDDEN, NUM_STEPS = (1, 8, 8), 64, 200
BOUND = 22.0  # nats; the solution needs about 20, independent pixels 25.3
CLOSE = 0.02  # nats: more than float32 and another order of adding make

made_training = Exercise(
    name="made-training",
    number=9,
    title="Train within a budget, and sign for it",
    difficulty="medium",
    minutes=20,
    names=("train",),
    hints=(
        "The loss of a step is the mean of -log p over some of the training digits. Which digits may the steps see, and which only the "
        "receipt?",
        "Adam's usual learning rate of 0.001 is too careful for 200 steps. The receipt comes last, when the weights have stopped moving: "
        "on the test digits, under `torch.no_grad()`.",
        "`rows = torch.randint(len(train_digits), (100,))`, `loss = -model.log_prob(train_digits[rows]).mean()`, then "
        "`optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`, with a learning rate of 0.01. Return "
        "`-model.log_prob(test_digits).mean().item()`.",
    ),
)


@cache
def _digits(split: str) -> Tensor:
    bits: Tensor = getattr(data.load("digits8").binarize(), split)
    return bits


def _nats(model: MADE, digits: Tensor) -> float:
    with torch.no_grad():
        return -float(model.log_prob(digits).mean())


def _fresh(generator: np.random.Generator) -> tuple[MADE, int]:
    seed = int(generator.integers(1000))
    return MADE(SHAPE, [HIDDEN], likelihood=Bernoulli(), seed=seed), seed


def _trained(answer: Answer, seed: int, num_steps: int, test: Tensor) -> tuple[MADE, float]:
    """The model after the learner's training, rebuilt here from its weights alone, and the receipt for it."""
    bits = answer.make("likelihoods.Bernoulli")
    twin = answer.make("MADE", list(SHAPE), [HIDDEN], likelihood=bits, seed=seed)
    with one_thread(torch.device("cpu")):  # so small a network only waits for a second one
        reply = answer.call("train", twin, _digits("train"), test, num_steps)
    receipt = reading.number(reply, "The receipt, what `train` returns,")
    rebuilt = MADE(SHAPE, [HIDDEN], likelihood=Bernoulli(), seed=seed)
    reading.weights(twin.call("state_dict"), rebuilt, "The model")
    return rebuilt, receipt


@made_training.check("the receipt is that of the weights", points=2)
def the_receipt_is_true(answer: Answer, generator: np.random.Generator) -> None:
    """Recomputed from the weights, on the test digits."""
    fresh, seed = _fresh(generator)
    test = _digits("test")[torch.from_numpy(generator.permutation(176)[:150])]
    model, receipt = _trained(answer, seed, 60, test)
    nats, in_train = _nats(model, test), _nats(model, _digits("train"))
    if abs(receipt - nats) <= CLOSE:
        return
    known = {
        "That is the log-likelihood; a receipt states its negative.": -nats,
        "That is the number in bits: you have divided by log 2.": nats / math.log(2),
        "That is a mean over the pixels. What does the chain rule do with their logarithms?": nats / 64,
        "That is the sum over all test digits; the mean over them is due.": nats * len(test),
        "That is what the model needs for the digits it has learnt from.": in_train,
        "That is what it needed before it was trained.": _nats(fresh, test),
    }
    why = "Was it computed after the last step, on all test digits, and without a change of the weights afterwards?"
    why = next((said for said, each in known.items() if abs(receipt - each) <= CLOSE), why)
    raise Mistake(
        f"Your receipt says {shown(round(receipt, 3))}; by its weights the model needs {nats:.3f} nats for a test digit. {why}"
    )


@made_training.check(f"below {BOUND:g} nats after {NUM_STEPS} steps", points=3)
def it_has_learnt(answer: Answer, generator: np.random.Generator) -> None:
    """On digits that the learner's code has never been given."""
    fresh, seed = _fresh(generator)
    model, _ = _trained(answer, seed, NUM_STEPS, _digits("test"))
    before, after = (_nats(each, _digits("valid")) for each in (fresh, model))
    if after < BOUND:
        return
    if all(torch.equal(*pair) for pair in zip(fresh.parameters(), model.parameters(), strict=True)):
        why = "The weights have not changed at all. Does the optimizer hold the model's weights, and does it take a step?"
    elif after > before:
        why = f"Before it needed {before:.1f}: it has become worse. Which sign does your loss have?"
    else:
        why = (
            "It has learnt, but too little. Are the gradients set to zero in each step, is each batch a new one, and how long are the "
            "steps?"
        )
    raise Mistake(
        f"After {NUM_STEPS} steps your model needs {after:.1f} nats for a digit that it has never seen. {why}"
    )


@made_training.check("the budget is num_steps")
def the_budget_is_kept(answer: Answer, generator: np.random.Generator) -> None:
    """With none it learns nothing."""
    fresh, seed = _fresh(generator)
    model, _ = _trained(answer, seed, 0, _digits("test"))
    if not all(torch.equal(*pair) for pair in zip(fresh.parameters(), model.parameters(), strict=True)):
        raise Mistake("With num_steps = 0 the weights have changed. Who counts the steps?")


@made_training.check("no step has seen a test digit", points=2)
def test_digits_are_for_testing(answer: Answer, generator: np.random.Generator) -> None:
    """Their places are taken by digits in white on black, which nobody can know who was never shown one."""
    _, seed = _fresh(generator)
    strange = 1 - _digits("test")
    model, _ = _trained(answer, seed, 100, strange)
    nats = _nats(model, strange)
    if nats < 40:  # 44.4 are fair coins, and who has seen training digits only is far worse
        raise Mistake(
            f"The check has put digits in white on black in the place of the test digits, and your model needs only {nats:.1f} nats for "
            f"one. It can only have learnt that from the test digits. Which digits do your steps see?"
        )
