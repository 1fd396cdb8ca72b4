"""Exercise 1: how much does each output see? Numbers of the learner's own."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from armod import orderings
from armod.course.exercises import Exercise
from armod.orderings import positions

D = 7

made_counts = Exercise(
    name="made-counts",
    number=1,
    title="Count before you build",
    difficulty="easy",
    minutes=8,
    names=("inputs_seen", "weights_kept", "fewest_units"),
    hints=(
        "Draw the three rows of units: inputs, hidden units, outputs. Write a degree on each. What does the ordering say "
        "about the degree of an input?",
        "For one output: cross out the hidden units that it may not use. Which inputs do the others see, all together? "
        "An input that is seen twice is still one input.",
        "The unit with the largest degree sees all that the others see, and perhaps more. So an output sees as many "
        "inputs as the largest degree that it may use. In a mask, count unit by unit: how many weights to inputs "
        "does a hidden unit of degree m keep, and how many to outputs?",
    ),
)


def own_network(student: int) -> tuple[Tensor, Tensor]:
    """Draw ordering and degrees as the given cell of the notebook does.

    The ordering is one cycle, and 7 is odd: so for nobody it agrees with its inverse on who sees how much. And 9 units have 63
    weights, an odd number: for nobody the two masks keep equally many. With degrees up to 4 they never add up to 36, where two
    mistakes would give the same numbers.

    Args:
        student: the number that they follow from.

    Returns:
        Ordering ``(7,)`` and degrees ``(9,)``.
    """
    cycle = orderings.random((D,), seed=student)
    ordering = torch.empty_like(cycle)
    ordering[cycle] = cycle.roll(1)
    return ordering, (orderings.random((4,), seed=student)[:3] + 1).repeat(3)


def inputs_seen(
    ordering: Tensor,
    degrees: Tensor,
    *,
    rank: Callable[[Tensor], Tensor] = positions,
    may_use: Callable[[Tensor, Tensor], Tensor] = torch.gt,
    count: Callable[[Tensor, Tensor], Tensor] = lambda usable, degrees: (usable * degrees).amax(1),
) -> Tensor:
    """The largest degree strictly below the output's place, 0 if there is none; every option is a mistake."""
    return count(may_use(rank(ordering)[:, None] + 1, degrees), degrees)


def weights_kept(ordering: Tensor, degrees: Tensor) -> Tensor:
    """A unit of degree m keeps m weights below and D - m above."""
    return torch.stack([degrees.sum(), (D - degrees).sum()])


def fewest_units(ordering: Tensor, degrees: Tensor) -> int:
    """One for each degree from 1 to D - 1."""
    return D - 1


def _seen(got: Tensor, right: Tensor, ordering: Tensor, degrees: Tensor) -> str:
    output = int((got != right).nonzero()[0])
    return (
        f"In your network output {output} stands at place {int(positions(ordering)[output]) + 1} of the ordering, and you let "
        f"it see {int(got[output])} inputs."
    )


def _how_many_weights(got: Tensor, right: Tensor, ordering: Tensor, degrees: Tensor) -> str:
    into_hidden = bool(got[0] != right[0])
    return (
        f"Look at the {'first' if into_hidden else 'second'} number. The first unit of your layer has degree {int(degrees[0])}: how "
        f"many of the {D} {'inputs may it see' if into_hidden else 'outputs may use it'}? Then add up over the units."
    )


def _how_many_units(got: int, right: int, *_: Tensor) -> str:
    if got > right:
        return "Those are more than needed. Which degrees do they have, and which degree occurs twice?"
    return (
        f"So some degree between 1 and {D - 1} does not occur; call it m. How many inputs does the output at place m + 1 see "
        f"then?"
    )


made_counts.asks(
    inputs_seen,
    "how many inputs each output sees",
    points=2,
    own=own_network,
    seen=_seen,
    wrong={
        "Some hidden unit that you let it use has seen this very variable. Look at the inequality of the output mask once more.": dict(may_use=torch.ge),
        "You seem to have taken its number for its place. Entry d of your list belongs to variable d; look up in `ordering` when that one comes.": dict(rank=lambda ordering: torch.arange(D)),
        "You seem to have read `ordering` the wrong way round: `ordering[k]` is the variable that comes k-th.": dict(rank=lambda ordering: ordering),
        "That is the number of paths. Two hidden units may bring the same input: how many *different* ones arrive?": dict(count=lambda usable, degrees: (usable * degrees).sum(1)),
        "That is the number of hidden units that it may use. How many inputs do those units see together?": dict(count=lambda usable, degrees: usable.sum(1)),
        "That many come before it. Do the degrees in your hidden layer bring all of them up to it?": lambda ordering, degrees: positions(ordering),
    },
    otherwise="Which hidden units may it use, and which inputs do those see together?",
)  # fmt: skip
made_counts.asks(
    weights_kept,
    "how many weights survive in each mask",
    points=2,
    own=own_network,
    wrong={
        "These are the right numbers the other way round. The hidden layer's number is the first.": lambda *own: weights_kept(*own).flip(0),
        "You keep all weights into the hidden layer. Which of them does the mask remove?": (
            lambda ordering, degrees: torch.full((2,), D * len(degrees)),
            lambda ordering, degrees: weights_kept(ordering, degrees).index_fill(0, torch.tensor(0), D * len(degrees)),
        ),
        "Take a unit of degree 1: by your first number it sees nothing. What does the inequality say when both degrees are equal?": (
            lambda ordering, degrees: weights_kept(ordering, degrees) - torch.tensor([len(degrees), 0]),
            lambda ordering, degrees: weights_kept(ordering, degrees) + torch.tensor([-len(degrees), len(degrees)]),
        ),
        "With your second number a unit of degree m serves the output at place m. May that output use it?": lambda ordering, degrees: weights_kept(ordering, degrees) + torch.tensor([0, len(degrees)]),
    },
    otherwise=_how_many_weights,
)  # fmt: skip
made_counts.asks(
    fewest_units,
    "how few hidden units are enough",
    own=own_network,
    wrong={
        f"They would do, but one of them does nothing. What does a unit of degree {D} see, and which output may use it?": D,
        "There are so many pairs of an output and an earlier variable. But one unit serves many pairs: which ones does a unit of degree 3 serve?": D * (D - 1) // 2,
    },
    otherwise=_how_many_units,
)  # fmt: skip
