"""Exercise 1: which variable waits for which, and in which pass each can be made at the earliest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise
from armod.course.exercises.engine.draws import uneven_ordering

parallel_waiting = Exercise(
    name="parallel-waiting",
    number=1,
    title="Who waits for whom",
    difficulty="medium",
    minutes=10,
    names=("earliest_pass",),
    hints=(
        "A variable that needs no other can be made in pass 1. A variable that needs only such variables can be made in pass 2.",
        "Go through the variables in the order of `ordering`: everything that a variable needs has got its pass by then. It waits for "
        "the slowest of them.",
        "`passes = [0] * D`, and for each `i` in `ordering`: `passes[i] = 1 + max((passes[j] for j in range(D) if needs[i][j]), "
        "default=0)`.",
    ),
)


def earliest_pass(
    needs: Tensor,
    ordering: Tensor,
    *,
    sequence: Callable[[Tensor], Tensor] = lambda ordering: ordering,
    of_needed: Callable[[list[int]], int] = lambda passes: max(passes, default=0),
    first: int = 1,
) -> list[int]:
    """The longest chain of needs that ends at each variable; every option is a mistake."""
    passes = [0] * len(ordering)
    for i in sequence(ordering).tolist():
        passes[i] = first + of_needed([passes[j] for j in needs[i].nonzero().flatten().tolist()])
    return passes


def _from_zero(needs: Tensor, ordering: Tensor) -> list[int]:
    return [number - 1 for number in earliest_pass(needs, ordering)]


def _in_order(needs: Tensor, ordering: Tensor) -> list[int]:
    found = earliest_pass(needs, ordering)
    return [found[i] for i in ordering.tolist()]


def _cases(generator: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    """Sparse needs in orderings that are not their own inverse."""
    found = []
    for size, share in ((6, 0.5), (8, 0.3)):
        ordering = uneven_ordering(generator, size)
        place = ordering.argsort()
        is_earlier = place[:, None] > place
        found.append((is_earlier & torch.from_numpy(generator.random((size, size)) < share), ordering))
    return found


asked_passes = parallel_waiting.asks(
    earliest_pass,
    "the earliest pass of each variable",
    points=3,
    instances=_cases,
    called=lambda needs, ordering: f"`earliest_pass` for the ordering {ordering.tolist()}",
    wrong={
        "That is how many variables each one needs, and one more. Several of them may be made in the same pass.": lambda needs, ordering: (needs.sum(1) + 1).tolist(),
        "You seem to go through the variables as 0, 1, 2, ... Then some that are needed have no pass yet.": dict(sequence=lambda ordering: torch.arange(len(ordering))),
        "You seem to read `ordering` the wrong way round: `ordering[k]` is the variable that comes k-th.": dict(sequence=torch.argsort),
        "A variable waits for the *slowest* of those that it needs.": (dict(of_needed=lambda passes: min(passes, default=0)), dict(of_needed=lambda passes: passes[-1] if passes else 0)),
        "You add up the passes of all that a variable needs. They can be made side by side.": dict(of_needed=sum),
        "The first pass has the number 1.": _from_zero,
        "The right numbers in the order of generation. Entry i belongs to variable i.": _in_order,
        "That is the place of each variable in the ordering: it takes that long if no two are made together.": lambda needs, ordering: (ordering.argsort() + 1).tolist(),
    },
    otherwise="Begin with the variables that need no other. Which ones can be made once these are there?",
)  # fmt: skip
parallel_waiting.add(
    "all, nothing, and one after the other",
    asked_passes.on(
        lambda generator: [
            (torch.zeros(4, 4).bool(), torch.tensor([2, 0, 3, 1])),
            (torch.ones(4, 4).tril(-1).bool(), torch.arange(4)),
            (torch.ones(4, 4).diagonal(-1).diag(-1).bool(), torch.arange(4)),
            (torch.zeros(1, 1).bool(), torch.tensor([0])),
        ]
    ),
)
