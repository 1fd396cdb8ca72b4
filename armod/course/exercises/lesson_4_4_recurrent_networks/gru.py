"""Exercise 2: a gated recurrent unit from its four equations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, shown
from armod.course.exercises.engine.draws import normal

recurrent_gru = Exercise(
    name="recurrent-gru",
    number=2,
    title="A cell from its equations",
    difficulty="medium",
    minutes=9,
    names=("gru_step",),
    hints=(
        "Compute the two products `x @ W.T + b` and `h @ U.T + c` once, for all three parts, and look at their shapes.",
        "`.chunk(3, dim=1)` takes each of them apart into r, z and n. The reset gate multiplies one of these six pieces only: "
        "which?",
        "r and z are sigmoids of a sum of two pieces; n is the tanh of one piece plus r times the other, its bias included. "
        "In the last line z says how much of the *old* state stays.",
    ),
)
Cell = tuple[Tensor, ...]  # x (N, F), h (N, H), W (3H, F), U (3H, H), b (3H,), c (3H,)


def gru_step(
    x: Tensor,
    h: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    c: Tensor,
    *,
    order: str = "rzn",
    candidate: Callable[..., Tensor] = lambda from_x, from_h, r, *_: torch.tanh(from_x + r * from_h),
    mix: Callable[..., Tensor] = lambda r, z, n, h: (1 - z) * n + z * h,
) -> Tensor:
    """The new states; ``candidate`` gets its two products, r, and what it takes to compute the second one: h, U_n, c_n."""
    from_x, from_h = (
        dict(zip(order, part.chunk(3, dim=1), strict=True)) for part in (x @ W.T + b, h @ U.T + c)
    )
    r, z = (torch.sigmoid(from_x[gate] + from_h[gate]) for gate in "rz")
    n = candidate(from_x["n"], from_h["n"], r, h, U.chunk(3)[2], c.chunk(3)[2])
    return mix(r, z, n, h)


def _cell(
    generator: np.random.Generator,
    num_rows: int = 2,
    num_inputs: int = 2,
    num_units: int = 3,
    *,
    z: float = 0,
    r: float = 0,
) -> Cell:
    """Inputs, states as a cell leaves them, and weights; ``r`` and ``z`` are added to the biases of these gates."""
    x, h = normal(generator, num_rows, num_inputs), normal(generator, num_rows, num_units).tanh()
    size = 3 * num_units
    weights = [normal(generator, size, *shape) for shape in ((num_inputs,), (num_units,), (), ())]
    weights[2] += torch.tensor([r, z, 0.0]).repeat_interleave(num_units)
    return x, h, *weights


def _steps(generator: np.random.Generator) -> Iterator[Cell]:
    """One sequence alone, more inputs than units; what one step returns is what the next one takes."""
    x, h, *weights = _cell(generator, 1, 4, 2)
    for _ in range(3):
        yield x, h, *weights
        x, h = normal(generator, 1, 4), gru_step(x, h, *weights)


def _seen(got: Tensor, right: Tensor, x: Tensor, h: Tensor, *_: Tensor) -> str:
    return f"For x = {shown(x[0])} and h = {shown(h[0])} the new state is {shown(got[0])} instead of {shown(right[0])}."


def _otherwise(got: Tensor, right: Tensor, *cell: Tensor) -> str:
    parts = gru_step(*cell, mix=lambda *parts: torch.stack(parts))[:3, 0]
    written = ", ".join(
        f"{name} = {shown(part.round(decimals=4))}" for name, part in zip("rzn", parts, strict=True)
    )
    return f"By the equations {written} there. Which of them is the first to differ, or is it the last line?"


asked_step = recurrent_gru.asks(
    gru_step,
    instances=lambda generator: [_cell(generator), _cell(generator)],
    seen=_seen,
    called=lambda *_: "`gru_step(...)`",
    wrong={
        "Your gate z works the other way round (papers differ, here z says how much of the *old* state stays).": dict(mix=lambda r, z, n, h: z * n + (1 - z) * h),
        "You reset the state before U sees it, as the first paper did. In these equations r comes after U.": dict(candidate=lambda from_x, from_h, r, h, U, c: torch.tanh(from_x + (r * h) @ U.T + c)),
        "The bias c of the candidate stands inside the brackets that r multiplies.": dict(candidate=lambda from_x, from_h, r, h, U, c: torch.tanh(from_x + r * (h @ U.T) + c)),
        "Where is your reset gate?": dict(candidate=lambda from_x, from_h, *_: torch.tanh(from_x + from_h)),
        "Your reset gate multiplies what x brings, too.": dict(candidate=lambda from_x, from_h, r, *_: torch.tanh(r * (from_x + from_h))),
        "You take the rows in the order z, r, n; they are stacked as r, z, n.": dict(order="zrn"),
        "The candidate is a tanh, not a sigmoid.": dict(candidate=lambda from_x, from_h, r, *_: torch.sigmoid(from_x + r * from_h)),
        "That is the candidate n. What stays of the old state?": dict(mix=lambda r, z, n, h: n),
        "r, z and n are right; the mix of n and the old state is the new state as it is, not squashed again.": dict(mix=lambda r, z, n, h: torch.tanh((1 - z) * n + z * h)),
        "You leave the biases out.": lambda x, h, W, U, b, c: gru_step(x, h, W, U, 0 * b, 0 * c),
        "You leave the bias c out.": lambda x, h, W, U, b, c: gru_step(x, h, W, U, b, 0 * c),
        "What has become of the old state's share?": dict(mix=lambda r, z, n, h: (1 - z) * n),
    },
    otherwise=_otherwise,
)  # fmt: skip
recurrent_gru.add(
    "z = 1 keeps the state",
    asked_step.on(
        lambda generator: [_cell(generator, z=60)],
        seen=lambda got, right, x, h, *_: (
            f"With so large a bias that z = 1 the state {shown(h[0])} became {shown(got[0])}."
        ),
    ),
)
recurrent_gru.add(
    "r = 0 forgets what U brings",
    asked_step.on(
        lambda generator: [_cell(generator, r=-60, z=-60)],
        seen=lambda got, right, *_: (
            f"With biases so low that r = z = 0 the new state is {shown(got[0])}; from x alone it would be {shown(right[0])}."
        ),
    ),
)
recurrent_gru.add("one step, as the equations say", asked_step.examine, points=3)
recurrent_gru.add("other sizes, one step after another", asked_step.on(_steps))
