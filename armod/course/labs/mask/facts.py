"""`MaskFacts`: all that a picture of MADE's masks says, as numbers and sentences; the figure and the lab both show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from armod.course.labs.words import Words
from armod.models.made.masks import masks, who_sees_whom
from armod.orderings import as_permutation, positions

say = Words.beside(__file__)


@dataclass(frozen=True)
class MaskFacts:
    """One MADE and one of its outputs; levels count from the inputs, 0, over the hidden layers to the outputs.

    Args:
        ordering: permutation ``(D,)``.
        degrees: one tensor a level.
        masks: ``masks[l]`` is ``(units of level l + 1, units of level l)``.
        output: the chosen variable, from 0; sentences count variables from 1, as the literature does.
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
    def is_measured(self) -> bool:
        """Whether the oracle found what is seen; if not, it is the product of the masks."""
        return False

    @property
    def sizes(self) -> list[int]:
        """Units of each hidden layer."""
        return [len(layer) for layer in self.degrees[1:-1]]

    @property
    def kept(self) -> list[tuple[int, int]]:
        """Of each mask how many of its weights it keeps."""
        return [(int(mask.sum()), mask.numel()) for mask in self.masks]

    @property
    def seen(self) -> list[int]:
        """The inputs that the chosen output sees, as variable numbers from 1."""
        return _numbers(self.sees[self.output])

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
        seen, before = set(self.seen), {variable + 1 for variable in self.ordering[:position].tolist()}
        if seen - before:
            template = "finding_leak"
        elif not before:
            template = "finding_first"
        elif seen == before:
            template = "finding_all"
        else:
            template = "finding_not_one" if position == 1 else "finding"
        values = {"seen": len(seen), "before": position, "after": self.num_variables - 1 - position}
        return say(template, output=self.output + 1, leaked=len(seen - before), **values)

    @property
    def final_steps(self) -> list[list[int]]:
        """After how many draws each unit is final, level by level: then it is computed, and kept."""
        place = positions(self.ordering) + 1
        return [
            [
                max(place[self.ancestors(level, unit)[0]].tolist(), default=0)
                for unit in range(len(self.degrees[level]))
            ]
            for level in range(len(self.degrees))
        ]

    def sampling_pass(self, drawn: int) -> tuple[str, str]:
        """Finding and detail of a sampling pass after so many draws."""
        *hidden, outputs = self.final_steps[1:]
        computed = [step for layer in (*hidden, outputs) for step in layer]
        order = [variable + 1 for variable in self.ordering.tolist()]
        # variables whose outputs wait for themselves or a later one: at the first the pass stops for good
        stuck = [
            variable for before, variable in enumerate(order[: drawn + 1]) if outputs[variable - 1] > before
        ]
        values: dict[str, int] = {
            "drawn": drawn,
            "size": len(order),
            "all": len(computed),
            "product": len(computed) * len(order),
            "final": sum(step <= drawn for step in computed),
            "hidden": sum(step == drawn for layer in hidden for step in layer),
            "outputs": outputs.count(drawn),
            "variable": order[drawn - 1] if drawn else 1,
            "next": [*stuck, *order[drawn:], 0][0],
        }
        detail = say("pass_detail" if drawn else "pass_first", **values)
        if stuck or drawn == len(order):
            return say("pass_waits" if stuck else "pass_end", **values), detail
        return say("pass", **values), f"{detail} {say('pass_next', **values)}"

    @property
    def pairs(self) -> tuple[int, int]:
        """How many pairs (output, input) are connected, and how many the ordering allows."""
        return int(self.sees.sum()), self.num_variables * (self.num_variables - 1) // 2

    def unit_sentence(self, level: int, unit: int) -> str:
        """What feeds one unit, and what it feeds."""
        kind = "input" if level == 0 else "output" if level == len(self.masks) else "hidden"
        sees, feeds = (
            _numbers(lit) for lit in (self.ancestors(level, unit)[0], self.descendants(level, unit)[-1])
        )
        degree = int(self.degrees[level][unit])
        return say(kind, unit=unit + 1, level=level, degree=degree, sees=sees, feeds=feeds)

    @property
    def description(self) -> str:
        """What the picture shows, for those who do not see it."""
        hidden = self.degrees[1:-1]
        natural = torch.equal(self.ordering, torch.arange(self.num_variables))
        layers = [
            say("layer", number=number, degrees=layer.tolist())
            for number, layer in enumerate(hidden, start=1)
        ]
        masks = [
            say("mask", number=number, kept=kept, all=whole)
            for number, (kept, whole) in enumerate(self.kept, start=1)
        ]
        return say(
            "description",
            finding=self.finding,
            inputs=self.num_variables,
            sizes=self.sizes,
            ordering="natural" if natural else " then ".join(f"x{d + 1}" for d in self.ordering.tolist()),
            degrees="; ".join(layers),
            masks="; ".join(masks),
            output=self.output + 1,
            seen=self.seen,
        )

    @property
    def table(self) -> dict[str, list[object]]:
        """One row for each output: its variable, its position in the ordering, and what it sees (all from 1)."""
        seen = [_numbers(row) for row in self.sees]
        return {
            "output": list(range(1, self.num_variables + 1)),
            "position": (positions(self.ordering) + 1).tolist(),
            "inputs before it": positions(self.ordering).tolist(),
            "inputs seen": [len(row) for row in seen],
            "sees": [", ".join(map(str, row)) for row in seen],
        }


def mask_facts(
    ordering: Tensor | Sequence[int],
    degrees: Sequence[Tensor],
    output: int | None = None,
    layer_masks: Sequence[Tensor] | None = None,
) -> MaskFacts:
    """The facts of a MADE with this ordering and these degrees of its hidden units.

    Args:
        ordering: permutation ``(D,)``.
        degrees: those of the hidden layers, as `armod.models.made.masks.hidden_degrees` gives them.
        output: the chosen variable, from 0; left out, one a little past the middle of the ordering.
        layer_masks: other masks than `armod.models.made.masks.masks` would make of the degrees - wrong ones, say, to
            look at their leak.

    Returns:
        What the picture draws and says.

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


def as_text(masks: Sequence[Tensor]) -> list[list[str]]:
    """Masks as pages have them: a row of zeros and ones for each unit.

    >>> as_text([torch.tensor([[True, False]])])
    [['10']]
    """
    return [["".join("01"[bool(kept)] for kept in row) for row in mask.tolist()] for mask in masks]


def _numbers(lit: Tensor) -> list[int]:
    """Of those that are lit, counted from 1."""
    numbers: list[int] = (lit.nonzero().flatten() + 1).tolist()
    return numbers
