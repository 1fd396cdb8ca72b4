"""Exercise 4: how far a gradient reaches back, by the product of Jacobians, and what a forget gate does to it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, shown
from armod.course.exercises.engine.draws import normal

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


def _jacobian(h: Tensor, before: Tensor, U: Tensor) -> Tensor:
    """Of one step, from the states ``(H,)`` after and before it."""
    return (1 - h**2).unsqueeze(1) * U


def gradient_by_lag(
    states: Tensor,
    U: Tensor,
    *,
    step: Callable[[Tensor, Tensor, Tensor], Tensor] = _jacobian,
    product: Callable[[Tensor, Tensor], Tensor] = torch.matmul,
    norm: Callable[[Tensor], Tensor] = torch.linalg.matrix_norm,
) -> Tensor:
    """Norms ``(T,)``; ``product`` gets what was found so far, and the Jacobian of one more step into the past."""
    found = torch.eye(len(U), dtype=U.dtype)
    norms = [norm(found)]
    for t in range(len(states) - 1, 0, -1):
        found = product(found, step(states[t], states[t - 1], U))
        norms.append(norm(found))
    return torch.stack(norms)


def _norms_multiplied(states: Tensor, U: Tensor) -> Tensor:
    norms = gradient_by_lag(states, U, product=lambda found, one: one)
    return torch.cat([norms[:1], norms[1:].cumprod(0)])


def forget_bias(lag: int) -> float:
    """The logit of the gate whose power is a half."""
    gate = 0.5 ** (1 / lag)
    return math.log(gate / (1 - gate))


def _walks(generator: np.random.Generator, *sizes: tuple[int, int]) -> Iterator[tuple[Tensor, Tensor]]:
    """So many states ``(T, H)`` of a simple recurrent network, and its matrix."""
    for length, size in sizes:
        U, states = normal(generator, size, size, scale=0.9), []
        h = torch.zeros(size, dtype=torch.float64)
        for _ in range(length):
            h = torch.tanh(normal(generator, size) + U @ h)
            states.append(h)
        yield torch.stack(states), U


def _seen(got: Tensor, right: Tensor, states: Tensor, U: Tensor) -> str:
    lag = int((~torch.isclose(got, right, rtol=1e-4, atol=1e-5)).nonzero()[0])
    yours = f"{float(got[lag]):.4g}"
    if len(states) == 2:
        return f"For the states {shown(states)} and U = {shown(U)} your norm at lag {lag} is {yours}."
    about = f"For {len(states)} states of {len(U)} units"
    return f"{about} the norm at lag {lag} is {float(right[lag]):.4g}, by autograd; yours is {yours}."


def _bias_seen(got: float, right: float, lag: int) -> str:
    left = float(torch.tensor(got, dtype=torch.float64).sigmoid()) ** lag
    return f"With your bias {shown(got)} for lag {lag} the share {left:.3g} is left after {lag} steps."


asked_gradient = recurrent_reach.asks(
    gradient_by_lag,
    instances=lambda generator: _walks(generator, (5, 3), (9, 2)),
    called=lambda states, U: f"`gradient_by_lag` of states {tuple(states.shape)}",
    seen=_seen,
    rtol=1e-4,
    wrong={
        "You multiply by U only. What does tanh do to the gradient?": dict(step=lambda h, before, U: U),
        "Your derivative of tanh is taken at the state *before* the step.": dict(step=lambda h, before, U: _jacobian(before, h, U)),
        "Your tanh derivative multiplies columns of U. To which side of U does it belong?": dict(step=lambda h, before, U: U * (1 - h**2)),
        "Look at U: is it transposed?": lambda states, U: gradient_by_lag(states, U.T),
        "What is the derivative of tanh, written by its value h?": dict(step=lambda h, before, U: (1 - h).unsqueeze(1) * U),
        "That is the derivative of a sigmoid.": dict(step=lambda h, before, U: (h * (1 - h)).unsqueeze(1) * U),
        "Your Jacobians are the right ones, multiplied in the wrong order: the last step stands on the left.": dict(product=lambda found, one: one @ found),
        "You begin with the first step. Lag 1 is the *last* step.": lambda states, U: gradient_by_lag(torch.cat([states[:1], states[1:].flip(0)]), U),
        "That is the norm of each step by itself. Several steps multiply.": dict(product=lambda found, one: one),
        "You multiply norms. Multiply the matrices, then take the norm.": _norms_multiplied,
        "How does h change with itself? And what is the norm of that matrix, the root of the sum of its squared entries?": (dict(norm=lambda matrix: torch.linalg.matrix_norm(matrix, 2)), lambda states, U: gradient_by_lag(states, U) * (torch.arange(len(states)) > 0)),
    },
    otherwise="Write down the Jacobian of the last step by hand: one row for each unit after it, one column for each before.",
)  # fmt: skip
recurrent_reach.add("one step back", asked_gradient.on(lambda generator: _walks(generator, (2, 3))))
recurrent_reach.add("many steps back", asked_gradient.examine, points=3)
recurrent_reach.asks(
    forget_bias,
    "the bias that remembers",
    points=2,
    instances=lambda generator: [(1,), (int(generator.integers(5, 20)),), (400,)],
    seen=_bias_seen,
    atol=1e-4,
    wrong={
        "That is the gate itself. What is it the sigmoid of?": lambda lag: 0.5 ** (1 / lag),
        "You have one minus the gate.": lambda lag: -forget_bias(lag),
        "That is the gate's logarithm. The gate is a sigmoid, not an exponential.": lambda lag: math.log(0.5) / lag,
    },
    otherwise="It should be a half. What must the gate be, so that its power is a half?",
)  # fmt: skip
