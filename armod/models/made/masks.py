"""MADE's masks decide which weights are kept, so that no output sees its own variable or a later one.

Every unit of the network has a *degree*: how far along the ordering it may look. The degree of an input is its position
in the ordering, 1..D. A hidden unit may look at all variables up to its degree, and output ``d`` only at those strictly
before it. A context is known before all variables: its degree is 0, and everything may look at it. (Germain et al. 2015, "MADE: Masked Autoencoder for Distribution Estimation", equations 8 and 9; for any depth,
"Deep MADE", equations 12 and 13.) `armod.MADE` multiplies its weights by these masks in every pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from armod.orderings import positions
from armod.settings import check_whole, generator_of, shown, whole_numbers


def hidden_degrees(
    num_variables: int,
    hidden_sizes: Sequence[int],
    *,
    degrees: str = "random",
    seed: int = 0,
    has_context: bool = False,
) -> list[Tensor]:
    """Choose one degree for every hidden unit.

    With a single variable there is nothing to look at, and every degree is 0. With a context the degrees begin at 0 too:
    units of degree 0 look at the context only, so that even the first variable is a nonlinear function of it.

    Args:
        num_variables: D.
        hidden_sizes: units in each hidden layer.
        degrees: "random" draws each degree uniformly from the smallest degree of the layer below (1 for the first layer)
            up to D - 1, so that no unit is cut off from all inputs. "sequential" spreads them evenly over 1..D-1. With a
            context no unit is cut off, and both take 0..D-1 in every layer.
        seed: seed of the random degrees.
        has_context: whether the units also look at a context.

    Returns:
        One int64 tensor ``(size,)`` for each hidden layer.

    Raises:
        ValueError: if a size is below 1, or `degrees` is another word.

    >>> [layer.tolist() for layer in hidden_degrees(5, [4, 3], degrees="sequential")]
    [[1, 2, 3, 4], [1, 2, 3]]
    """
    (num_variables,), sizes = check_whole(num_variables=num_variables), whole_numbers(hidden_sizes)
    if num_variables < 1 or sizes is None or min(sizes, default=1) < 1:
        raise ValueError(
            "MADE needs at least one variable and one unit in each hidden layer; "
            f"got num_variables={num_variables} and hidden_sizes={shown(hidden_sizes)}."
        )
    if not isinstance(degrees, str) or degrees not in ("random", "sequential"):
        raise ValueError(f'degrees is "random" or "sequential", not {degrees!r}.')
    generator = generator_of(seed)
    lowest, highest = 0 if has_context else min(1, num_variables - 1), num_variables - 1
    layers = []
    for size in sizes:
        if degrees == "sequential":
            layer = lowest + torch.arange(size) * (highest - lowest + 1) // size
        else:
            layer = torch.randint(lowest, highest + 1, (size,), generator=generator)
            lowest = 0 if has_context else int(layer.min())
        layers.append(layer)
    return layers


def masks(ordering: Tensor, degrees: Sequence[Tensor]) -> list[Tensor]:
    """Make the masks of all weight matrices.

    A weight between inputs or hidden units is kept if the degree above is *at least* the degree below. A weight to an
    output is kept only if the degree above is *strictly greater*, so that no variable sees itself. Inputs and outputs are
    numbered like the variables, whatever the ordering.

    Args:
        ordering: permutation ``(D,)``.
        degrees: degrees of each hidden layer, as `hidden_degrees` returns them.

    Returns:
        One boolean mask ``(units above, units below)`` per layer, from the inputs up; True keeps a weight.

    >>> first, last = masks(torch.tensor([1, 0]), [torch.tensor([1])])
    >>> first.tolist(), last.tolist()
    ([[False, True]], [[True], [False]])
    """
    inputs = positions(ordering) + 1
    layers = [inputs, *degrees]
    hidden = [above[:, None] >= below[None, :] for below, above in pairwise(layers)]
    output = inputs[:, None] > layers[-1][None, :]
    return [*hidden, output]


def stacked_masks(
    orderings: Tensor, degrees: Sequence[Tensor], num_features: int, num_parameters: int
) -> list[Tensor]:
    """Make the masks of all members of an ensemble, for variables that are several inputs or outputs each.

    Args:
        orderings: permutations ``(M, D)``.
        degrees: degrees ``(M, size)`` of each hidden layer.
        num_features: inputs for each variable.
        num_parameters: outputs for each variable.

    Returns:
        One boolean ``(M, units above, units below)`` for each layer, from the inputs up.

    >>> first, last = stacked_masks(torch.tensor([[0, 1]]), [torch.tensor([[1]])], 2, 1)
    >>> first.tolist(), last.tolist()
    ([[[True, True, False, False]]], [[[False], [True]]])
    """
    members = [
        masks(ordering, [layer[number] for layer in degrees]) for number, ordering in enumerate(orderings)
    ]
    stacked = [torch.stack(layer_masks) for layer_masks in zip(*members, strict=True)]
    stacked[0] = stacked[0].repeat_interleave(num_features, dim=2)
    stacked[-1] = stacked[-1].repeat_interleave(num_parameters, dim=1)
    return stacked


def who_sees_whom(layer_masks: Sequence[Tensor]) -> Tensor:
    """Count the paths from each input to each output, which is the product of the masks.

    Args:
        layer_masks: the masks from the inputs up.

    Returns:
        The number of paths from input j to output i at [i, j], int64 ``(D, D)``.

    >>> who_sees_whom(masks(torch.tensor([1, 0]), [torch.tensor([1])])).tolist()
    [[0, 1], [0, 0]]
    """
    paths = layer_masks[0].to(torch.int64)
    for mask in layer_masks[1:]:
        paths = mask.to(torch.int64) @ paths
    return paths
