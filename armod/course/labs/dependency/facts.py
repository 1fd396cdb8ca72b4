"""What the oracle finds in one model, as a kind for every pair of variables, and sentences about a chosen variable.

The kinds are those of the field lab: an earlier variable is *seen*, in the *blind spot*, or *out of reach*; the variable
itself and all later ones are *not generated yet*, and if one of them is seen, that is a *leak*.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from armod.course.labs.dependency.kinds import KINDS
from armod.course.labs.words import Words
from armod.measures.dependency import Pairs, check_autoregressive
from armod.models.base import AutoregressiveModel
from armod.models.checks import check_model

say = Words.beside(__file__)
MOST_VARIABLES, MOST_PIXELS, MOST_CHANNELS = 64, 16, 3
_SEEN, _BLIND, _FAR, _LEAK, _LATER = range(len(KINDS))


@dataclass(frozen=True, eq=False)
class Dependencies:
    """What the oracle found in one model of D variables.

    Args:
        model: the name of its class.
        event_shape: shape of one observation.
        shape: it as ``(C, H, W)``; a sequence is one row.
        ordering: the permutation ``(D,)``.
        kinds: the kind of each pair ``(D, D)``, an index of `KINDS`; [i, j] is what variable j is to variable i.
        verdict: the sentence of `armod.check_autoregressive`.
        field_is_known: whether the model states its field; if not, no earlier variable is out of reach.
    """

    model: str
    event_shape: tuple[int, ...]
    shape: tuple[int, int, int]
    ordering: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    verdict: str
    field_is_known: bool

    @cached_property
    def position(self) -> NDArray[np.int64]:
        """The place of each variable in the ordering ``(D,)``, from 0."""
        return np.argsort(self.ordering)

    @property
    def sentence(self) -> str:
        """The verdict, with the name of who gives it."""
        return say("verdict", verdict=self.verdict)

    @property
    def leaks(self) -> int:
        """How many pairs leak."""
        return int((self.kinds == _LEAK).sum())

    @property
    def sees(self) -> NDArray[np.bool_]:
        """[i, j]: does the conditional of i react to j?"""
        return np.isin(self.kinds, (_SEEN, _LEAK))

    @property
    def interesting(self) -> int:
        """The variable to begin with: one with most leaks, or else the largest blind spot, or else past the middle."""
        middle = len(self.ordering) * 9 // 16
        for kind in (_LEAK, _BLIND):
            counts = (self.kinds == kind).sum(1)
            if counts.any():
                most = np.flatnonzero(counts == counts.max())
                return int(most[abs(self.position[most] - middle).argmin()])
        return int(self.ordering[middle])

    def names(self) -> dict[str, str]:
        """What the kinds are called."""
        return dict(KINDS) if self.field_is_known else {**KINDS, "blind": say["open"]}

    def name(self, variable: int) -> str:
        """What a variable is called, from 1: by row and column in an image."""
        channels, height, width = self.shape
        if height == channels == 1:
            return say("variable", number=variable + 1)
        channel, pixel = divmod(variable, height * width)
        row, column = divmod(pixel, width)
        template = "pixel" if channels == 1 else "channel"
        return say(template, row=row + 1, column=column + 1, channel=channel + 1)


def dependencies(
    model: AutoregressiveModel, lab: str, *, context: Tensor | None = None, seed: int = 0
) -> Dependencies:
    """Ask the oracle about a model that is small enough to be shown; a bar shows when that takes over two seconds.

    Args:
        model: the model; it does not change.
        lab: how messages call the lab.
        context: as in `armod.check_autoregressive`.
        seed: as there.

    Returns:
        What it found.

    Raises:
        ValueError: if it is no model, has too many variables, or no conditionals, such as an ensemble of several orderings.
    """
    check_model(model)
    shape = tuple(model.event_shape)
    is_image = len(shape) in (2, 3)
    channels, height, width = (1, 1, *shape)[-3:] if is_image else (1, 1, math.prod(shape))
    fits_as_image = is_image and max(height, width) <= MOST_PIXELS and channels <= MOST_CHANNELS
    if channels * height * width > MOST_VARIABLES and not fits_as_image:
        raise ValueError(
            f"The {lab} shows models of up to {MOST_VARIABLES} variables, or of images of up to {MOST_PIXELS} x {MOST_PIXELS} "
            f"pixels with up to {MOST_CHANNELS} channels; event_shape is {shape}. Give it a smaller model of the same kind."
        )
    ordering = model.ordering.detach().cpu().numpy()
    report = check_autoregressive(model, context=context, seed=seed, progress=True)
    position = np.argsort(ordering)
    kinds = np.where(position[:, None] > position[None, :], _SEEN, _LATER).astype(np.uint8)
    for kind, pairs in ((_LEAK, report.leaks), (_BLIND, report.blind_spot), (_FAR, report.out_of_reach)):
        kinds[_indices(pairs)] = kind
    name, planes = type(model).__name__, (channels, height, width)
    return Dependencies(name, shape, planes, ordering, kinds, str(report), report.field_is_known)


def _indices(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    return rows, columns


@dataclass(frozen=True, eq=False)
class DependencyFacts:
    """One model, and one of its variables.

    Args:
        found: what the oracle found.
        chosen: the variable, a flat index from 0; sentences count from 1.
    """

    found: Dependencies
    chosen: int

    @property
    def counts(self) -> dict[str, int]:
        """How many variables of each kind there are to the chosen one."""
        row = self.found.kinds[self.chosen]
        return {kind: int((row == number).sum()) for number, kind in enumerate(KINDS)}

    @property
    def finding(self) -> str:
        """What the chosen variable sees, in a sentence."""
        counts, before = self.counts, int(self.found.position[self.chosen])
        sees_itself = self.found.kinds[self.chosen, self.chosen] == _LEAK
        if counts["leak"]:
            template = "finding_itself" if sees_itself and counts["leak"] == 1 else "finding_leak"
        elif before == 0:
            template = "finding_first"
        elif counts["seen"] == before:
            template = "finding_all"
        else:
            template = "finding_not_one" if before == 1 else "finding"
        name, own = _capital(self.found.name(self.chosen)), "yes" if sees_itself else "no"
        return say(template, name=name, before=before, own=own, **counts)

    @property
    def detail(self) -> str:
        """All counts of the past."""
        template = "detail" if self.found.field_is_known else "detail_open"
        return say(template, before=int(self.found.position[self.chosen]), **self.counts)

    def pair_sentence(self, variable: int, other: int) -> str:
        """What one variable is to another."""
        kind = list(KINDS)[self.found.kinds[variable, other]]
        if kind == "blind" and not self.found.field_is_known:
            kind = "open"
        name = _capital(self.found.name(variable))
        return say(
            f"{'own' if variable == other else 'pair'}_{kind}", name=name, other=self.found.name(other)
        )

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        names = self.found.names()
        totals = [
            f"{int((self.found.kinds == number).sum())} {names[kind]}" for number, kind in enumerate(KINDS)
        ]
        return say(
            "description",
            finding=self.finding,
            detail=self.detail,
            verdict=self.found.sentence,
            counts=totals,
        )

    @property
    def table(self) -> Mapping[str, list[int | str]]:
        """Every variable with what it is to the chosen one."""
        names = self.found.names()
        kinds = [names[list(KINDS)[kind]] for kind in self.found.kinds[self.chosen]]
        variables = [self.found.name(variable) for variable in range(len(kinds))]
        return {"variable": [*variables], "kind": [*kinds]}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
