"""Exercise 4: dilation by folding time into the batch, along the wrong axis and along the right one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.engine.draws import normal

wavenet_folding = Exercise(
    name="wavenet-folding",
    number=4,
    title="Find the bug: dilated along the wrong axis",
    difficulty="medium",
    minutes=9,
    names=("wrong_taps", "fold", "unfold"),
    hints=(
        "Take two sequences of 6 samples and dilation 2, and write down the rows that `chunks` and `end_to_end` make. What "
        "stands to the left of each sample?",
        "Each row must hold every d-th sample of *one* sequence. Split time into an axis of T / d and one of d: which of the "
        "two becomes part of the batch? For other lengths put a few zeros at one end first.",
        "`x.view(N, T // d, d)` has the samples of one row along its middle axis: bring that one to the end by `transpose`, then "
        "merge the other two. `unfold` does the same backwards and then cuts off the zeros that `fold` has put in.",
    ),
)
NUM = 3  # sequences of the learner's own


def own_sizes(student: int) -> tuple[int, int]:
    """Dilation and T, as the given cell of the notebook draws them."""
    dilation = 3 + student % 3
    return dilation, dilation * (5 + student // 3 % 4)


def wrong_taps(dilation: int, length: int) -> Tensor:
    """How many outputs of `chunks` and of `end_to_end` read a wrong sample.

    In chunks every output but the first of a sequence reads its neighbour in time or a wrong zero; end to end, in each
    of d rows all sequences but the first begin by reading the end of the one before.

    Args:
        dilation: d.
        length: T, the samples of a sequence.

    Returns:
        Both counts, int64 ``(2,)``.
    """
    return torch.tensor([NUM * (length - 1), (NUM - 1) * dilation])


def _look(got: Tensor, right: Tensor, dilation: int, length: int) -> str:
    if got[0] != right[0]:
        return "Take the first sequence in `chunks`: what stands to the left of each of its samples?"
    return "What stands to the left of a sequence's first sample in a row of `end_to_end`? And of the others?"


wavenet_folding.asks(
    wrong_taps,
    "how many taps read the wrong sample",
    points=2,
    own=own_sizes,
    wrong={
        "Those are the right numbers the other way round. That of `chunks` is first.": lambda d, T: wrong_taps(d, T).flip(0),
        "In `chunks`, is there not one output of each sequence that reads a zero, and rightly so?": lambda d, T: torch.tensor([NUM * T, (NUM - 1) * d]),
        "In `chunks`, an output that reads a zero, and should read a sample, counts too. So does one that should read a zero.": lambda d, T: torch.tensor([NUM * (T - d), (NUM - 1) * d]),
        f"One sequence of `chunks` has that many, and there are {NUM}.": lambda d, T: torch.tensor([T - 1, (NUM - 1) * d]),
        "No output of `chunks` looks ahead, and that is right. But which sample does output 2 read, and how far back is that?": lambda d, T: torch.tensor([0, (NUM - 1) * d]),
        "In `end_to_end`, does the first sequence have anything to its left?": lambda d, T: torch.tensor([NUM * (T - 1), NUM * d]),
        "Look at all rows of `end_to_end`: each of them has such borders.": lambda d, T: torch.tensor([NUM * (T - 1), NUM - 1]),
        "In each row of `end_to_end` several sequences follow each other. How many borders are there?": lambda d, T: torch.tensor([NUM * (T - 1), d]),
        "Inside a sequence `end_to_end` is right. Follow one row to where the next sequence begins.": lambda d, T: torch.tensor([NUM * (T - 1), 0]),
    },
    otherwise=_look,
)  # fmt: skip


@wavenet_folding.check("each row is every d-th sample of one sequence", points=2)
def rows_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Lengths that the dilation divides."""
    for num, length, dilation in ((2, 6, 2), (3, 12, 3), (1, 8, 4), (2, 4, 1)):
        _check_rows(answer, num, length, dilation)


@wavenet_folding.check("and back, after a convolution", points=2)
def way_back_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """An ordinary causal convolution of the rows is a dilated one of the sequences."""
    for num, length, dilation in ((2, 6, 2), (3, 12, 3)):
        _check_convolution(answer, generator, num, length, dilation)


@wavenet_folding.check("lengths that the dilation does not divide")
def other_lengths_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """A few zeros at one end; sequences shorter than the dilation."""
    for num, length, dilation in ((2, 7, 2), (3, 5, 4), (2, 3, 5)):
        _check_rows(answer, num, length, dilation)
        _check_convolution(answer, generator, num, length, dilation)


def _counting(num: int, length: int) -> Tensor:
    """Sequences 101, 102, ... and 201, 202, ...: each sample tells where it is from."""
    return torch.arange(1, length + 1).float() + 100 * torch.arange(1, num + 1).unsqueeze(1)


def _folded(answer: Answer, x: Tensor, dilation: int) -> Tensor:
    """The learner's rows."""
    shape = (len(x) * dilation, -(-x.shape[1] // dilation))
    what = f"`fold` of {len(x)} sequences of length {x.shape[1]} with dilation {dilation}"
    return reading.tensor(answer.call("fold", x, dilation), what, shape=shape)


def _check_rows(answer: Answer, num: int, length: int, dilation: int) -> None:
    x = _counting(num, length)
    rows = _folded(answer, x, dilation)
    about = f"`fold(x, {dilation})` of sequences {', '.join(f'{100 * n + 101} to {100 * n + 100 + length}' for n in range(num))}"
    for number, row in enumerate(rows):
        seen = f"{about} has the row {number}: {shown(row)}."
        samples = row.nonzero().flatten()
        held = row[samples]
        if len(held) and len(held) < int(samples[-1] - samples[0]) + 1:
            raise Mistake(f"{seen} There are zeros between its samples; fill up at one end only.")
        if len((held // 100).unique()) > 1:
            raise Mistake(f"{seen} It holds samples of several sequences: one would read the other.")
        steps = held.diff()
        if bool((steps == 1).any()) and dilation > 1:
            raise Mistake(
                f"{seen} Neighbours in it are neighbours in time. How far apart must they be for dilation {dilation}?"
            )
        if bool((steps != dilation).any()):
            raise Mistake(
                f"{seen} Its neighbours must be {dilation} steps apart, the earlier one on the left."
            )
    if not torch.equal(rows[rows != 0].sort().values, x.flatten().double()):
        raise Mistake(f"{about}: some samples are missing, or there twice. The rows are {shown(rows)}.")
    starts = rows[:, 0] == 0
    if bool(starts.any()) and bool((rows[:, -1] == 0).any()) and length > dilation:
        raise Mistake(f"{about} has zeros at both ends: {shown(rows)}. Fill up at one end only.")


def _check_convolution(
    answer: Answer, generator: np.random.Generator, num: int, length: int, dilation: int
) -> None:
    # float32, as a learner's own zeros are
    x, (older, newer) = normal(generator, num, length).float(), normal(generator, 2).float()
    rows = _folded(answer, x, dilation).float()
    done = older * F.pad(rows[:, :-1], (1, 0)) + newer * rows
    about = f"With {num} sequences of length {length} and dilation {dilation}"
    convolved = older * F.pad(x, (dilation, 0))[:, :length] + newer * x
    for name, given, right in (
        ("`unfold(fold(x, d), d, T)`", rows, x),
        ("the convolution of the rows, unfolded,", done, convolved),
    ):
        got = reading.tensor(answer.call("unfold", given, dilation, length), f"{about} {name}", shape=x.shape)
        if torch.allclose(got, right.double(), atol=1e-4):
            continue
        row, step = (got - right).abs().gt(1e-4).nonzero()[0].tolist()
        seen = f"{about} {name} has {shown(float(got[row, step]))} instead of {shown(float(right[row, step]))} at step {step} of sequence {row}."
        if length % dilation:
            raise Mistake(f"{seen} At which end has `fold` put zeros, and at which does `unfold` cut?")
        if torch.allclose(got, given.reshape(x.shape).double(), atol=1e-4):
            raise Mistake(
                f"{seen} You only reshape: the samples stay in the order of the rows. Which axis has to move back?"
            )
        raise Mistake(
            f"{seen} Take each step of `fold` back, the last one first. Does `fold` give each sequence its own rows?"
        )
