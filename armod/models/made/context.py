"""How a context enters a MADE: every unit of every layer adds a linear function of it, without a mask.

The context is known before the first variable, so no connection from it has to be cut (Papamakarios, Pavlakou, Murray
2017, "Masked Autoregressive Flow for Density Estimation", section 3.4). Germain et al. 2015 have no context. With one
there are also hidden units of degree 0, which look at nothing else: without them the first variable would be a linear
function of the context, up to the likelihood.

A local context has a vector for each position. A unit reads the one at the variable that it helps to make next: an output
at its own variable, and a hidden unit of degree m, which may look at m variables, at the variable after these. So
variables and context meet in the hidden units, the weights are those of a global context, and a local context that is the
same everywhere means the same as a global one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def next_variables(ordering: Tensor, degrees: Sequence[Tensor]) -> list[Tensor]:
    """Find the variables at which the units of each layer read a local context.

    Args:
        ordering: permutation ``(D,)``.
        degrees: degrees of each hidden layer, from the input up.

    Returns:
        Flat indices of variables: ``(size,)`` for each hidden layer, then ``(D,)`` for the outputs.

    >>> [layer.tolist() for layer in next_variables(torch.tensor([2, 0, 1]), [torch.tensor([1, 1, 2])])]
    [[0, 0, 1], [0, 1, 2]]
    """
    return [*(ordering[layer] for layer in degrees), torch.arange(len(ordering), device=ordering.device)]


def from_context(context: Tensor, weight: Tensor, variables: Tensor) -> Tensor:
    """Compute what the units of a layer add for the context.

    Args:
        context: ``(N, C)``, or local, ``(N, C, T)`` or ``(N, C, H, W)``, in the dtype of the weight. All channels of a pixel
            read the context of the pixel.
        weight: ``(units, C)``.
        variables: the variable at which each unit reads a local context, or each group of units of the same size.

    Returns:
        A tensor ``(N, units)``.

    >>> local, weight = torch.tensor([[[10.0, 20.0, 30.0]]]), torch.ones(4, 1)
    >>> from_context(local, weight, torch.tensor([2, 0])).tolist()
    [[30.0, 30.0, 10.0, 10.0]]
    """
    if context.dim() == 2:
        return F.linear(context, weight)
    of_positions = context.flatten(2)
    of_variables = of_positions[:, :, variables % of_positions.shape[2]]
    groups = weight.view(len(variables), -1, weight.shape[1])
    return torch.einsum("ncv,vuc->nvu", of_variables, groups).flatten(1)
