"""Exercise 3: k/n once for each context, a table of next symbols from real counts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, shown

likelihood_transitions = Exercise(
    name="likelihood-transitions",
    number=3,
    title="k/n for every context",
    difficulty="medium",
    minutes=6,
    names=("fit_transitions",),
    hints=(
        "Make a table of counts first: how often was symbol a followed by symbol b *within* a sequence?",
        "In each row the derivation is the same as for the coin: the best probability is the count over the sum of its row. "
        "Which symbols of x have a next one at all?",
        "`pairs = x[:, :-1] * K + x[:, 1:]` numbers the pairs, `torch.bincount(pairs.flatten(), minlength=K * K)` counts "
        "them. A row without any count becomes 1/K.",
    ),
)


def fit_transitions(x: Tensor, num_levels: int) -> Tensor:
    """The share of each pair among those with the same first symbol, within sequences; 1/K where there is none."""
    return _table(_counts(x, num_levels))


def _counts(x: Tensor, num_levels: int) -> Tensor:
    counts = torch.zeros(num_levels, num_levels, dtype=torch.float64)
    for row in x.tolist():
        for before, after in pairwise(row):
            counts[before, after] += 1
    return counts


def _table(counts: Tensor) -> Tensor:
    rows = counts.sum(1, keepdim=True)
    return torch.where(rows > 0, counts / rows.clamp(min=1), 1 / len(counts))


def _of_counts(table: Callable[[Tensor], Tensor]) -> Callable[[Tensor, int], Tensor]:
    return lambda x, num_levels: table(_counts(x, num_levels))


def _sequences(generator: np.random.Generator, num_levels: int, *, unseen: int = 0) -> tuple[Tensor, int]:
    """Sequences ``(4, 5)``; with ``unseen`` the last symbol is nowhere (1), or at the end of a sequence only (2)."""
    while True:
        x = torch.from_numpy(generator.integers(0, num_levels - bool(unseen), (4, 5)))
        if unseen == 2:
            x[1, -1] = num_levels - 1
        rows = _counts(x, num_levels).sum(1)[: num_levels - bool(unseen)]
        if bool((rows > 0).all()):
            return x, num_levels


def _seen(got: Tensor, right: Tensor, x: Tensor, num_levels: int) -> str:
    row, column = divmod(int((got - right).abs().argmax()), num_levels)
    return f"For x = {shown(x)} you say that {row} is followed by {column} with probability {float(got[row, column]):.4g}."


asked_table = likelihood_transitions.asks(
    fit_transitions,
    instances=lambda generator: [_sequences(generator, num_levels) for num_levels in (3, 4)],
    called=lambda x, num_levels: f"`fit_transitions` of x with shape {tuple(x.shape)} and {num_levels} symbols",
    seen=_seen,
    finite=False,
    wrong={
        "You count pairs from the end of one sequence to the beginning of the next. Those never met.": lambda x, num_levels: fit_transitions(x.flatten().unsqueeze(0), num_levels),
        "Your table is the other way round: rows are for the symbol *before*.": _of_counts(lambda counts: _table(counts.T)),
        "You divide by all pairs: that is how likely a pair is. Given the first symbol, what is the total?": _of_counts(lambda counts: counts / counts.sum()),
        "You divide by how often a symbol occurs. But the last one of a sequence is followed by nothing.": lambda x, num_levels: _counts(x, num_levels) / torch.bincount(x.flatten(), minlength=num_levels).unsqueeze(1),
        "You add 1 to every count: smoothing is useful, but it is not the maximum of the likelihood.": _of_counts(lambda counts: _table(counts + 1)),
        "Your table is transposed: rows are for the symbol *before*.": lambda x, num_levels: fit_transitions(x, num_levels).T,
        "Your columns add up to 1, but the rows must: what is a row the distribution of?": _of_counts(lambda counts: counts / counts.sum(0).clamp(min=1)),
        "Those are counts. Divide.": _of_counts(lambda counts: counts),
    },
    otherwise="Count by hand how often this symbol is followed by each of the others, and by anything at all.",
)  # fmt: skip


@likelihood_transitions.check("each row is a distribution")
def rows_add_up(answer: Answer, generator: np.random.Generator) -> None:
    """Also where a symbol was never followed by anything."""
    x, num_levels = _sequences(generator, 4, unseen=1)
    table = asked_table.reply(answer, x, num_levels)
    if not bool(table.isfinite().all()):
        row = int((~table.isfinite()).any(1).nonzero()[0])
        raise Mistake(
            f"For x = {shown(x)} row {row} of your table is {shown(table[row])}. Symbol {row} is never followed by anything "
            f"there: what did you divide by?"
        )
    for row in range(num_levels):
        total = float(table[row].sum())
        if abs(total - 1) > 1e-5 or bool((table[row] < 0).any()):
            raise Mistake(
                f"For x = {shown(x)} row {row} of your table is {shown(table[row])}, with the total {total:.4g}. {asked_table.why(answer, generator)}"
            )


likelihood_transitions.add("the counts are right", asked_table.examine, points=2)


@likelihood_transitions.check("a symbol never followed by anything")
def unseen_rows_are_uniform(answer: Answer, generator: np.random.Generator) -> None:
    """No data, no preference; and the last symbol of a sequence has no next one."""
    for unseen in (1, 2):
        x, num_levels = _sequences(generator, 4, unseen=unseen)
        table, right = asked_table.reply(answer, x, num_levels), fit_transitions(x, num_levels)
        row = num_levels - 1
        if not torch.allclose(table[row], right[row], atol=1e-5):
            last = "only as the last symbol of a sequence" if bool((x == row).any()) else "nowhere"
            raise Mistake(
                f"In x = {shown(x)} symbol {row} stands {last}, and its row in your table is {shown(table[row])}. Nothing is "
                f"known about what follows it: what should the row be?"
            )
        if not torch.allclose(table, right, atol=1e-5):
            raise Mistake(
                f"With a symbol that is never followed by anything the other rows are wrong. {asked_table.why(answer, generator)}"
            )
