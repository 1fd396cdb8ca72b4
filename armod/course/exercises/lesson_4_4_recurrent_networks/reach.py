"""Exercise 4: how far a gradient reaches back, by the product of Jacobians, and what a forget gate does to it."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_4_recurrent_networks.instances import normal

recurrent_reach = Exercise(
    name="recurrent-reach",
    number=4,
    title="How far does the gradient reach?",
    difficulty="medium",
    minutes=8,
    names=("gradient_by_lag", "forget_bias"),
    hints=(
        "One step is h' = tanh(a) with a = ... + U h. What is the derivative of tanh, written by its own value? What is that "
        "of a by h?",
        "One step has the Jacobian diag(1 - h'²) U, with the state *after* the step. Several steps multiply, the last step on "
        "the left. Start from the identity and take one more step into the past each time.",
        "`jacobian = jacobian @ ((1 - states[t] ** 2).unsqueeze(1) * U)` for t = T-1, T-2, ..., 1, and the `norm()` after each. "
        "For the bias: f to the power `lag` is a half; and f is the sigmoid of the bias.",
    ),
)


@recurrent_reach.check("one step back")
def one_step_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The identity, then one Jacobian."""
    states, u = _instance(generator, 2, 3)
    got, right = _asked(answer, states, u), _norms(states, u)
    if abs(float(got[0]) - math.sqrt(3)) > 1e-5:
        raise Mistake(
            f"For three units your norm at lag 0 is {float(got[0]):.4g}. How does h change with itself? And what is the norm "
            f"of that matrix, the root of the sum of its squared entries?"
        )
    if not torch.allclose(got, right, rtol=1e-5):
        raise Mistake(
            f"For the states {shown(states)} and U = {shown(u)} your norm at lag 1 is {float(got[1]):.4g}. {_why(got, states, u)}"
        )


@recurrent_reach.check("many steps back", points=3)
def many_steps_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """The product in its order."""
    for length, size in ((5, 3), (9, 2)):
        states, u = _instance(generator, length, size)
        got, right = _asked(answer, states, u), _norms(states, u)
        if not torch.allclose(got, right, rtol=1e-4):
            lag = int((~torch.isclose(got, right, rtol=1e-4)).nonzero()[0])
            raise Mistake(
                f"For {length} states of {size} units the norm at lag {lag} is {float(right[lag]):.4g}, by autograd; yours is "
                f"{float(got[lag]):.4g}. {_why(got, states, u)}"
            )


@recurrent_reach.check("the bias that remembers", points=2)
def forget_bias_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Half is left after the lag."""
    for lag in (1, int(generator.integers(5, 20)), 400):
        got = reading.number(answer.call("forget_bias", lag), f"`forget_bias({lag})`", finite=False)
        gate = 0.5 ** (1 / lag)
        right = math.log(gate / (1 - gate))
        if abs(got - right) < 1e-4:
            continue
        left = _sigmoid(got) ** lag if math.isfinite(got) else math.nan
        seen = f"With your bias {shown(got)} for lag {lag} the share {left:.3g} is left after {lag} steps."
        known = [
            (gate, "That is the gate itself. Of what is it the sigmoid?"),
            (-right, "You have one minus the gate."),
            (math.log(gate), "That is the gate's logarithm. The gate is a sigmoid, not an exponential."),
        ]
        for wrong, message in known:
            if abs(got - wrong) < 1e-4:
                raise Mistake(f"{seen} {message}")
        raise Mistake(f"{seen} It should be a half. What must the gate be, so that its power is a half?")


def _instance(generator: np.random.Generator, length: int, size: int) -> tuple[Tensor, Tensor]:
    """States ``(T, H)`` of a simple recurrent network, and its matrix."""
    u, states = normal(generator, size, size, scale=0.9), []
    h = torch.zeros(size, dtype=torch.float64)
    for _ in range(length):
        h = torch.tanh(normal(generator, size) + u @ h)
        states.append(h)
    return torch.stack(states), u


def _norms(states: Tensor, u: Tensor) -> Tensor:
    return _products(states, [(1 - h**2).unsqueeze(1) * u for h in states])


def _products(states: Tensor, steps: list[Tensor]) -> Tensor:
    """Norms of the products of the steps' Jacobians, from the last one back."""
    product = torch.eye(states.shape[1], dtype=torch.float64)
    norms = [product.norm()]
    for step in reversed(steps[1:]):
        product = product @ step
        norms.append(product.norm())
    return torch.stack(norms)


def _asked(answer: Answer, states: Tensor, u: Tensor) -> Tensor:
    reply = answer.call("gradient_by_lag", states, u)
    return reading.tensor(reply, f"`gradient_by_lag` of states {tuple(states.shape)}", shape=(len(states),))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _why(got: Tensor, states: Tensor, u: Tensor) -> str:
    steps = [(1 - h**2).unsqueeze(1) * u for h in states]
    before = [steps[0], *((1 - h**2).unsqueeze(1) * u for h in states[:-1])]
    eye = torch.eye(len(u), dtype=torch.float64)
    wrong_side, reversed_product = [eye.norm()], eye
    for step in reversed(steps[1:]):
        reversed_product = step @ reversed_product
        wrong_side.append(reversed_product.norm())
    one_by_one = torch.stack([eye.norm(), *(step.norm() for step in reversed(steps[1:]))])
    known = [
        (_products(states, [u] * len(states)), "You multiply by U only. What does tanh do to the gradient?"),
        (_products(states, before), "Your derivative of tanh is taken at the state *before* the step."),
        (_products(states, [u * (1 - h**2) for h in states]), "Your tanh derivative multiplies columns of U. To which side of U does it belong?"),
        (_products(states, [(1 - h**2).unsqueeze(1) * u.T for h in states]), "Look at U: is it transposed?"),
        (_products(states, [(1 - h).unsqueeze(1) * u for h in states]), "What is the derivative of tanh, written by its value h?"),
        (_products(states, [h.unsqueeze(1) * (1 - h).unsqueeze(1) * u for h in states]), "That is the derivative of a sigmoid."),
        (torch.stack(wrong_side), "Your Jacobians are the right ones, multiplied in the wrong order: the last step stands on the left."),
        (_products(states, [steps[0], *reversed(steps[1:])]), "You begin with the first step. Lag 1 is the *last* step."),
        (one_by_one, "That is the norm of each step by itself. Several steps multiply."),
        (torch.cat([one_by_one[:1], one_by_one[1:].cumprod(0)]), "You multiply norms. Multiply the matrices, then take the norm."),
    ]  # fmt: skip
    for wrong, message in known:
        if torch.allclose(got, wrong, rtol=1e-5):
            return message
    return "Write down the Jacobian of the last step by hand: one row for each unit after it, one column for each before."
