"""Exercise 6: train a network within a budget, and state its likelihood; the weights are asked whether it is true."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

import armod
from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.lesson_4_4_recurrent_networks.bits import bits_per_character
from armod.sampling.threads import one_thread

SIZE, BATCH, NUM_BATCHES, FEW = 48, 64, 80, 8
BOUND = 3.2  # bits per character; the solution reaches about 3.05, counts of pairs of letters 3.37

recurrent_training = Exercise(
    name="recurrent-training",
    number=6,
    title="Train, and hand in a receipt",
    difficulty="hard",
    minutes=15,
    names=("train",),
    hints=(
        "Each batch makes one step. What is the loss, whose gradients are wanted, and who changes the weights?",
        "The loss is `-model.log_prob(x).mean()`. Adam's usual learning rate of 0.001 is too careful for 80 steps: how much can you "
        "dare? For the receipt you have a function already: exercise 1.",
        "`optimizer = torch.optim.Adam(model.parameters(), lr=0.02)`; for each `x` of `batches` the three lines `optimizer.zero_grad()`, "
        "`loss.backward()`, `optimizer.step()`. Then, under `torch.no_grad()`, "
        "`bits_per_character(model.log_prob_per_variable(held_out), held_out)`.",
    ),
)


def new_model(seed: int) -> armod.RecurrentModel:
    """The untrained network."""
    return armod.RecurrentModel((12,), SIZE, likelihood=armod.likelihoods.Categorical(27), seed=seed)


@cache
def _names() -> tuple[Tensor, Tensor]:
    """To learn from, and held out."""
    names = armod.data.load("names")
    return names.train.long(), names.valid.long()


def batches_of(generator: np.random.Generator, number: int) -> list[Tensor]:
    """So many batches of names, ``(64, 12)`` each."""
    names, _ = _names()
    return [names[torch.from_numpy(generator.integers(0, len(names), BATCH))] for _ in range(number)]


def bits_of(model: armod.RecurrentModel, x: Tensor) -> float:
    """Bits per character of names."""
    with torch.no_grad():
        return bits_per_character(model.log_prob_per_variable(x), x)


def _trained(
    answer: Answer, generator: np.random.Generator, num_batches: int
) -> tuple[armod.RecurrentModel, float, list[Tensor], Tensor]:
    """The network after the learner's training, rebuilt here from its weights; what the learner says; the data."""
    seed, batches = int(generator.integers(1000)), batches_of(generator, num_batches)
    _, held_out = _names()
    held_out = held_out[torch.from_numpy(generator.permutation(len(held_out))[:400])]
    likelihood = answer.make("likelihoods.Categorical", 27)
    model = answer.make("RecurrentModel", (12,), SIZE, likelihood=likelihood, seed=seed)
    with one_thread(torch.device("cpu")):  # so small a network only waits for a second one
        said = reading.number(answer.call("train", model, batches, held_out), "`train(...)`")
    rebuilt = new_model(seed)
    reading.weights(model.call("state_dict"), rebuilt, "The network")
    if all(map(torch.equal, rebuilt.parameters(), new_model(seed).parameters())):
        raise Mistake(
            f"After `train` with {num_batches} batches no weight has changed. Does the optimiser hold the parameters of this "
            "`model`, and does it take a step?"
        )
    return rebuilt, said, batches, held_out


@recurrent_training.check("the receipt is what the weights say", points=2)
def the_receipt_is_true(answer: Answer, generator: np.random.Generator) -> None:
    """After a few batches, so that every slip of the unit shows."""
    model, said, batches, held_out = _trained(answer, generator, FEW)
    bits = bits_of(model, held_out)
    if not abs(said - bits) < 6e-4:  # three decimals are enough
        raise Mistake(
            f"You state {said:.4g} bits per character of `held_out`; with your weights it is {bits:.4g}. "
            f"{_slip(said, model, batches, held_out)}"
        )


def _slip(said: float, model: armod.RecurrentModel, batches: list[Tensor], x: Tensor) -> str:
    """What the number is instead."""
    with torch.no_grad():
        log_prob = model.log_prob_per_variable(x)
    bits, total = bits_per_character(log_prob, x), -float(log_prob.sum())
    slips = {
        "Those are nats. How many bits is a nat?": bits * math.log(2),
        "You divide by the right number, but the padding is still in the sum.": total
        / math.log(2)
        / int(((x == 0).long().cumsum(1) - (x == 0).long() == 0).sum()),
        "You divide by all places, padding included.": total / math.log(2) / x.numel(),
        "Those are nats per place, padding included.": total / x.numel(),
        "Those are bits of a whole name. How many characters does a name have?": total / math.log(2) / len(x),
        "Those are nats of a whole name.": total / len(x),
        "It is negative: a cost is positive.": -bits,
        "Those are the names that it learnt from. Which names were held out?": bits_of(
            model, torch.cat(batches)
        ),
        "That is the last batch that it learnt from. Which names were held out?": bits_of(model, batches[-1]),
        "That is the perplexity, which is 2 to the power of the bits.": 2**bits,
    }
    near = [sentence for sentence, number in slips.items() if abs(said - number) < 6e-4 * max(1, abs(number))]
    if near:
        return near[0]
    if abs(said - bits) < 0.0501:
        return "Do you round it? Hand it in with three decimals at least."
    return "Is it measured after the last step, and over exactly the characters of exercise 1?"


@recurrent_training.check(f"below {BOUND} bits per character after {NUM_BATCHES} batches", points=3)
def it_has_learnt(answer: Answer, generator: np.random.Generator) -> None:
    """Other weights and other batches, so that nothing can be typed in."""
    model, _, _, held_out = _trained(answer, generator, NUM_BATCHES)
    bits = bits_of(model, held_out)
    if not bits < BOUND:
        raise Mistake(
            f"After {NUM_BATCHES} batches the held-out names cost {shown(round(bits, 2))} bits per character; below {BOUND} is due. {_why(bits)}"
        )


def _why(bits: float) -> str:
    if not bits < math.log2(27):
        return "Fair dice with 27 faces cost 4.75. Which sign does the loss have?"
    if bits > 4.2:
        return "That is little better than the frequencies of letters. Does every batch make a step?"
    return "It learns, but slowly. Is the learning rate daring enough for so few steps, and are the gradients set to zero in each?"
