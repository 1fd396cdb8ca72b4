"""Exercise 2: a gated recurrent unit from its four equations."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_4_recurrent_networks.instances import normal

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
Cell = tuple[Tensor, Tensor, Tensor, Tensor]  # W (3H, F), U (3H, H), b (3H,), c (3H,)


@recurrent_gru.check("z = 1 keeps the state")
def a_closed_gate_keeps(answer: Answer, generator: np.random.Generator) -> None:
    """What makes gradients reach far."""
    x, h, cell = _instance(generator)
    size = h.shape[1]
    cell[2][size : 2 * size] += 60
    got = _asked(answer, x, h, cell)
    if not torch.allclose(got, h, atol=1e-5):
        raise Mistake(
            f"With so large a bias that z = 1 the state {shown(h[0])} became {shown(got[0])}. {_why(got, x, h, cell)}"
        )


@recurrent_gru.check("r = 0 forgets what U brings")
def a_closed_reset_forgets(answer: Answer, generator: np.random.Generator) -> None:
    """With r = z = 0 the new state depends on x only."""
    x, h, cell = _instance(generator)
    cell[2][: 2 * h.shape[1]] -= 60
    got, right = _asked(answer, x, h, cell), torch.gru_cell(x, h, *cell)
    if not torch.allclose(got, right, atol=1e-5):
        raise Mistake(
            f"With so low biases that r = z = 0 the new state is {shown(got[0])}; from x alone it would be {shown(right[0])}. "
            f"{_why(got, x, h, cell)}"
        )


@recurrent_gru.check("one step, as the equations say", points=3)
def a_step_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Equal to torch's own cell, biases far from 0."""
    for _ in range(2):
        x, h, cell = _instance(generator)
        got, right = _asked(answer, x, h, cell), torch.gru_cell(x, h, *cell)
        if not torch.allclose(got, right, atol=1e-5):
            raise Mistake(
                f"For x = {shown(x[0])} and h = {shown(h[0])} the new state is {shown(got[0])} instead of {shown(right[0])}. "
                f"{_why(got, x, h, cell)}"
            )


@recurrent_gru.check("other sizes, one step after another")
def steps_follow_each_other(answer: Answer, generator: np.random.Generator) -> None:
    """One sequence alone, more inputs than units; what one step returns is what the next one takes."""
    _, h, cell = _instance(generator, num_rows=1, num_inputs=4, num_units=2)
    for step in range(3):
        x, before = normal(generator, 1, 4), h
        h, right = _asked(answer, x, before, cell), torch.gru_cell(x, before, *cell)
        if not torch.allclose(h, right, atol=1e-5):
            raise Mistake(
                f"In step {step} of one sequence, with 4 inputs and 2 units, the state {shown(before[0])} became {shown(h[0])}. "
                f"{_why(h, x, before, cell)}"
            )


def _instance(
    generator: np.random.Generator, *, num_rows: int = 2, num_inputs: int = 2, num_units: int = 3
) -> tuple[Tensor, Tensor, Cell]:
    """Inputs ``(N, F)``, states ``(N, H)`` as a cell leaves them, and weights."""
    cell = (
        normal(generator, 3 * num_units, num_inputs),
        normal(generator, 3 * num_units, num_units),
        normal(generator, 3 * num_units),
        normal(generator, 3 * num_units),
    )
    return normal(generator, num_rows, num_inputs), normal(generator, num_rows, num_units).tanh(), cell


def _asked(answer: Answer, x: Tensor, h: Tensor, cell: Cell) -> Tensor:
    return reading.tensor(answer.call("gru_step", x, h, *cell), "`gru_step(...)`", shape=h.shape)


def _why(got: Tensor, x: Tensor, h: Tensor, cell: Cell) -> str:
    w, u, b, c = cell
    from_x, from_h = x @ w.T + b, h @ u.T + c
    (x_r, x_z, x_n), (h_r, h_z, h_n) = from_x.chunk(3, dim=1), from_h.chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    u_n, c_n = u.chunk(3)[2], c.chunk(3)[2]

    def new(n: Tensor, gate: Tensor = z) -> Tensor:
        return (1 - gate) * n + gate * h

    n = torch.tanh(x_n + r * h_n)
    swapped_n = torch.tanh(x_n + z * h_n)
    known = [
        (new(n, 1 - z), "Your gate z works the other way round (papers differ, here z says how much of the *old* state stays)."),
        (new(torch.tanh(x_n + (r * h) @ u_n.T + c_n)), "You reset the state before U sees it, as the first paper did. In these equations r comes after U."),
        (new(torch.tanh(x_n + r * (h @ u_n.T) + c_n)), "The bias c of the candidate stands inside of the brackets that r multiplies."),
        (new(torch.tanh(x_n + h_n)), "Where is your reset gate?"),
        (new(torch.tanh(r * (x_n + h_n))), "Your reset gate multiplies what x brings, too."),
        (new(swapped_n, r), "You take the rows in the order z, r, n; they are stacked as r, z, n."),
        (new(torch.sigmoid(x_n + r * h_n)), "The candidate is a tanh, not a sigmoid."),
        (n, "That is the candidate n. What stays of the old state?"),
        (torch.tanh(new(n)), "r, z and n are right; the mix of n and the old state is the new state as it is, not squashed again."),
        (torch.gru_cell(x, h, w, u), "You leave the biases out."),
        (torch.gru_cell(x, h, w, u, b, torch.zeros_like(c)), "You leave the bias c out."),
        ((1 - z) * n, "What has become of the old state's share?"),
    ]  # fmt: skip
    for wrong, message in known:
        if torch.allclose(got, wrong, atol=1e-5):
            return message
    parts = ", ".join(
        f"{name} = {shown(part[0].round(decimals=4))}" for name, part in zip("rzn", (r, z, n), strict=True)
    )
    return f"By the equations {parts} there. Which of them differs first, or does the last line?"
