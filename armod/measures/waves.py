"""Which variable waits for which: the passes that a model needs if each makes all variables that can be made.

A variable can be made as soon as everything is known that its conditional depends on. So its wave is one more than the latest
wave among these, and the last wave is the longest chain of variables that wait for each other. Only the architecture decides
this, not the weights. A sampler that guesses can need fewer passes, because a guess may be right by luck.
"""

from __future__ import annotations

from typing import Protocol, cast

import torch
from torch import Tensor

from armod.measures.dependency import dependency_matrix
from armod.models.base import AutoregressiveModel


class Parallel(Protocol):
    """A model that is not made variable by variable, and says itself which of its variables need which others.

    >>> from armod.distillation import FlowStudent
    >>> student: Parallel = FlowStudent(4, dilations=[1])
    >>> student.dependencies().any()
    tensor(False)
    """

    def dependencies(self) -> Tensor:
        """Return a boolean ``(D, D)``: [i, j] is True where variable i can't be made without variable j."""


def waves(model: AutoregressiveModel | Parallel, *, context: Tensor | None = None, seed: int = 0) -> Tensor:
    """Find the earliest pass in which each variable can be made, from what the oracle sees of the model.

    Args:
        model: the model, which does not change; or one that says its dependencies itself (`armod.measures.waves.Parallel`), as a
            `armod.distillation.FlowStudent` does.
        context: what one observation is given, as in `armod.dependency_matrix`.
        seed: seed of the oracle's random weights and observations.

    Returns:
        Numbers of passes from 1 on, int64 ``(D,)``, by flat (row-major) index. Their maximum is the number of passes that are
        needed, and their counts say how many variables each pass makes.

    Raises:
        ValueError: if the model has no conditionals of its own, or leaks, so that some variables wait for themselves.

    In a WaveNet everything waits for the sample before, and in a PixelCNN the blind spot lets the rows overlap:

    >>> import armod
    >>> bits = armod.likelihoods.Bernoulli()
    >>> waves(armod.WaveNet((5,), 4, dilations=[1], likelihood=bits)).tolist()
    [1, 2, 3, 4, 5]
    >>> waves(armod.PixelCNN((1, 3, 4), 8, 1, likelihood=bits)).view(3, 4).tolist()
    [[1, 2, 3, 4], [3, 4, 5, 6], [5, 6, 7, 8]]
    """
    if not isinstance(model, AutoregressiveModel) and hasattr(model, "dependencies"):
        dependencies = model.dependencies()
        return waves_of(dependencies, torch.arange(len(dependencies)))
    model = cast(AutoregressiveModel, model)  # what is neither is refused by the oracle
    return waves_of(dependency_matrix(model, context=context, seed=seed), model.ordering.cpu())


def waves_of(dependencies: Tensor, ordering: Tensor) -> Tensor:
    """Find the earliest pass of each variable from a matrix of dependencies.

    Args:
        dependencies: boolean ``(D, D)``; [i, j] is True where variable i needs variable j.
        ordering: permutation ``(D,)`` in which every variable comes after those that it needs.

    Returns:
        Numbers of passes from 1 on, int64 ``(D,)``.

    Raises:
        ValueError: if a variable needs itself or a later one.

    >>> needs = torch.tensor([[False, False, False], [True, False, False], [True, False, False]])
    >>> waves_of(needs, torch.arange(3)).tolist()
    [1, 2, 2]
    """
    in_order = dependencies[ordering][:, ordering]
    if in_order.triu().any():
        i, j = (ordering[place].item() for place in in_order.triu().nonzero()[0])
        raise ValueError(
            f"Variable {i} needs variable {j}, which does not come before it, so nothing says when it can be made; "
            "armod.check_autoregressive lists all leaks."
        )
    passes = torch.zeros(len(ordering), dtype=torch.int64)
    for step, needed in enumerate(in_order):
        passes[step] = 1 + (passes * needed).max()
    found = torch.empty_like(passes)
    found[ordering] = passes
    return found
