"""Exercise 3: k/n once for each context, a table of next symbols from real counts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown

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


@likelihood_transitions.check("each row is a distribution")
def rows_add_up(answer: Answer, generator: np.random.Generator) -> None:
    """Also where a symbol was never followed by anything."""
    x, num_levels = _sequences(generator, 4, unseen=1)
    table = _asked(answer, x, num_levels, finite=False)
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
                f"For x = {shown(x)} row {row} of your table is {shown(table[row])}, with the total {total:.4g}. {_why(table, x)}"
            )


@likelihood_transitions.check("the counts are right", points=2)
def the_table_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Pairs within sequences only, from the symbol before to the symbol after."""
    for num_levels in (3, 4):
        x, _ = _sequences(generator, num_levels)
        table, right = _asked(answer, x, num_levels), _table(_counts(x, num_levels))
        if not torch.allclose(table, right, atol=1e-5):
            row, column = divmod(int((table - right).abs().argmax()), num_levels)
            raise Mistake(
                f"For x = {shown(x)} you say that {row} is followed by {column} with probability {float(table[row, column]):.4g}. "
                f"{_why(table, x)}"
            )


@likelihood_transitions.check("a symbol never followed by anything")
def unseen_rows_are_uniform(answer: Answer, generator: np.random.Generator) -> None:
    """No data, no preference; and the last symbol of a sequence has no next one."""
    for unseen in (1, 2):
        x, num_levels = _sequences(generator, 4, unseen=unseen)
        table, right = _asked(answer, x, num_levels, finite=False), _table(_counts(x, num_levels))
        row = num_levels - 1
        if not torch.allclose(table[row], right[row], atol=1e-5):
            last = "only as the last symbol of a sequence" if bool((x == row).any()) else "nowhere"
            raise Mistake(
                f"In x = {shown(x)} symbol {row} stands {last}, and its row in your table is {shown(table[row])}. Nothing is "
                f"known about what follows it: what shall the row be?"
            )
        if not torch.allclose(table, right, atol=1e-5):
            raise Mistake(
                f"With a symbol that is never followed by anything the other rows are wrong. {_why(table, x)}"
            )


def _sequences(generator: np.random.Generator, num_levels: int, *, unseen: int = 0) -> tuple[Tensor, int]:
    """Sequences ``(4, 5)``; with ``unseen`` the last symbol is nowhere (1), or at the end of a sequence only (2)."""
    while True:
        x = torch.from_numpy(generator.integers(0, num_levels - bool(unseen), (4, 5)))
        if unseen == 2:
            x[1, -1] = num_levels - 1
        counts = _counts(x, num_levels)
        rows = counts.sum(1)[: num_levels - bool(unseen)]
        tables = [_table(counts), *(table for table, _ in _known(x, num_levels))]
        # the wrong tables must differ from the right one, or a mistake would pass
        if bool((rows > 0).all()) and not any(torch.allclose(tables[0], table) for table in tables[1:5]):
            return x, num_levels


def _counts(x: Tensor, num_levels: int) -> Tensor:
    counts = torch.zeros(num_levels, num_levels, dtype=torch.float64)
    for row in x.tolist():
        for before, after in pairwise(row):
            counts[before, after] += 1
    return counts


def _table(counts: Tensor) -> Tensor:
    rows = counts.sum(1, keepdim=True)
    return torch.where(rows > 0, counts / rows.clamp(min=1), 1 / len(counts))


def _known(x: Tensor, num_levels: int) -> list[tuple[Tensor, str]]:
    counts = _counts(x, num_levels)
    across = _counts(x.flatten().unsqueeze(0), num_levels)
    everywhere = torch.bincount(x.flatten(), minlength=num_levels).double().clamp(min=1)
    return [
        (_table(across), "You count pairs from the end of one sequence to the beginning of the next. Those never met."),
        (_table(counts.T), "Your table is the other way round: rows are for the symbol *before*."),
        (counts / counts.sum(), "You divide by all pairs: that is how likely a pair is. Given the first symbol, what is the total?"),
        (
            counts / everywhere.unsqueeze(1),
            "You divide by how often a symbol occurs. But the last one of a sequence is followed by nothing.",
        ),
        (_table(counts + 1), "You add 1 to every count: smoothing is useful, but it is not the maximum of the likelihood."),
        (_table(counts).T, "Your table is transposed: rows are for the symbol *before*."),
        (counts / counts.sum(0).clamp(min=1), "Your columns add up to 1, but the rows must: of what is a row the distribution?"),
        (counts, "Those are counts. Divide."),
    ]  # fmt: skip


def _why(table: Tensor, x: Tensor) -> str:
    for wrong, message in _known(x, len(table)):
        if torch.allclose(table, wrong, atol=1e-5):
            return message
    return "Count by hand how often this symbol is followed by each of the others, and by anything at all."


def _asked(answer: Answer, x: Tensor, num_levels: int, *, finite: bool = True) -> Tensor:
    reply = answer.call("fit_transitions", x, num_levels)
    what = f"`fit_transitions` of x with shape {tuple(x.shape)} and {num_levels} symbols"
    return reading.tensor(reply, what, shape=(num_levels, num_levels), finite=finite)
