"""`MaskFacts`: all that a picture of MADE's masks says, as numbers and sentences; the figure and the lab both show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from armod.models.made.masks import masks, who_sees_whom
from armod.orderings import as_permutation, positions


@dataclass(frozen=True)
class MaskFacts:
    """One MADE and one of its outputs; levels count from the inputs, 0, over the hidden layers to the outputs.

    ``ordering``: ``(D,)`` permutation. ``degrees``: one tensor a level. ``masks``: ``masks[l]`` is ``(units of level
    l + 1, units of level l)``. ``output``: the chosen variable, from 0. Sentences count variables from 1, as the
    literature does.
    """

    ordering: Tensor
    degrees: Sequence[Tensor]
    masks: Sequence[Tensor]
    output: int

    @property
    def num_variables(self) -> int:
        """D."""
        return len(self.ordering)

    @property
    def sees(self) -> Tensor:
        """``(D, D)`` bool: does output ``i`` (row) see input ``j`` (column)?"""
        return who_sees_whom(self.masks) > 0

    @property
    def seen(self) -> list[int]:
        """The inputs that the chosen output sees, as variable numbers from 1."""
        return (self.sees[self.output].nonzero().flatten() + 1).tolist()

    def ancestors(self, level: int, unit: int) -> list[Tensor]:
        """For each level from the inputs up to `level`: which units feed the given one (bool; itself included)."""
        lit = [torch.arange(len(self.degrees[level])) == unit]
        for mask in reversed(self.masks[:level]):
            lit.insert(0, (mask & lit[0][:, None]).any(dim=0))
        return lit

    def descendants(self, level: int, unit: int) -> list[Tensor]:
        """For each level from `level` up to the outputs: which units the given one feeds (bool; itself included)."""
        lit = [torch.arange(len(self.degrees[level])) == unit]
        for mask in self.masks[level:]:
            lit.append((mask & lit[-1][None, :]).any(dim=1))
        return lit

    @property
    def finding(self) -> str:
        """One sentence: what the chosen output sees of the inputs that come before it in the ordering."""
        position = int(positions(self.ordering)[self.output])
        seen = set(self.seen)
        before = {variable + 1 for variable in self.ordering[:position].tolist()}
        name = f"Output {self.output + 1}"
        if seen - before:
            return f"{name} sees {_inputs(seen - before)} that it must not see: itself or a later one"
        if not before:
            return f"{name} sees nothing: it is the first in the ordering"
        after = "" if position == self.num_variables - 1 else ", and nothing after"
        if seen == before:
            everything = {1: "the one input", 2: "both inputs"}.get(position, f"all {position} inputs")
            return f"{name} sees {everything} before it{after}"
        if position == 1:
            return f"{name} does not see the one input before it"
        return f"{name} sees {len(seen) or 'none'} of the {position} inputs before it"

    @property
    def pairs(self) -> tuple[int, int]:
        """How many pairs (output, input) are connected, and how many the ordering allows."""
        return int(self.sees.sum()), self.num_variables * (self.num_variables - 1) // 2

    def unit_sentence(self, level: int, unit: int) -> str:
        """What feeds one unit, and what it feeds."""
        sees = f"sees {_counted('input', self.ancestors(level, unit)[0])}"
        feeds = f"feeds {_counted('output', self.descendants(level, unit)[-1])}"
        degree = int(self.degrees[level][unit])
        if level == 0:
            return f"Input {unit + 1}, number {degree} in the ordering, {feeds}"
        if level == len(self.masks):
            return f"Output {unit + 1}, number {degree} in the ordering, {sees}"
        return f"Unit {unit + 1} of hidden layer {level}, degree {degree}, {sees}; it {feeds}"

    @property
    def description(self) -> str:
        """What the picture shows, for those who do not see it."""
        hidden = [len(layer) for layer in self.degrees[1:-1]]
        natural = torch.equal(self.ordering, torch.arange(self.num_variables))
        ordering = "natural" if natural else " then ".join(f"x{d + 1}" for d in self.ordering.tolist())
        kept = "; ".join(
            f"M{number} keeps {int(mask.sum())} of {mask.numel()}"
            for number, mask in enumerate(self.masks, start=1)
        )
        degrees = "; ".join(
            f"hidden layer {number}: {_listed(layer.tolist())}"
            for number, layer in enumerate(self.degrees[1:-1], start=1)
        )
        return (
            f"{self.finding}. The connections of a MADE with {_inputs(range(self.num_variables))}, "
            f"as many outputs, and hidden layers of size {_listed(hidden)}. Ordering: {ordering}. "
            f"Degrees of {degrees}. Masks: {kept} weights. "
            f"Output {self.output + 1} sees inputs: {_listed(self.seen) or 'none'}."
        )

    @property
    def table(self) -> dict[str, list[object]]:
        """One row for each output: its variable, its position in the ordering, and what it sees (all from 1)."""
        seen = [(row.nonzero().flatten() + 1).tolist() for row in self.sees]
        return {
            "output": list(range(1, self.num_variables + 1)),
            "position": (positions(self.ordering) + 1).tolist(),
            "inputs before it": positions(self.ordering).tolist(),
            "inputs seen": [len(row) for row in seen],
            "sees": [_listed(row) for row in seen],
        }


def mask_facts(
    ordering: Tensor | Sequence[int],
    degrees: Sequence[Tensor],
    output: int | None = None,
    layer_masks: Sequence[Tensor] | None = None,
) -> MaskFacts:
    """The facts of a MADE with this ordering and these degrees of its hidden units.

    ``output``: the chosen variable, from 0; left out, one a little past the middle of the ordering. ``layer_masks``:
    other masks than `armod.models.made.masks.masks` would make of the degrees - wrong ones, say, to look at their leak.

    Raises:
        ValueError: if `ordering` is no permutation or `output` no variable.
    """
    order = as_permutation(ordering, (len(ordering),))
    num_variables = len(order)
    chosen = int(order[num_variables * 9 // 16]) if output is None else output
    if not 0 <= chosen < num_variables:
        raise ValueError(f"The chosen output is a variable in 0..{num_variables - 1}; got {output}.")
    ends = positions(order) + 1
    kept = masks(order, degrees) if layer_masks is None else [mask.bool() for mask in layer_masks]
    return MaskFacts(order, [ends, *degrees, ends], kept, chosen)


def _inputs(variables: Sequence[int] | set[int] | range) -> str:
    return f"{len(variables)} input" + ("" if len(variables) == 1 else "s")


def _counted(noun: str, lit: Tensor) -> str:
    numbers = (lit.nonzero().flatten() + 1).tolist()
    return (
        f"{len(numbers)} {noun}{'s' if len(numbers) > 1 else ''}: {_listed(numbers)}"
        if numbers
        else f"no {noun}"
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))
