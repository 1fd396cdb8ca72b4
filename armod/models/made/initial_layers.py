"""The layers of a new MADE, with weights drawn from a generator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn


def linear_layers(sizes: Sequence[int], generator: torch.Generator) -> nn.ModuleList:
    """Make linear layers with torch's usual initialisation.

    Args:
        sizes: the number of units in each layer, inputs and outputs included.
        generator: what the weights are drawn from.

    Returns:
        The layers.

    >>> [layer.out_features for layer in linear_layers([3, 8, 3], torch.Generator())]
    [8, 3]
    """
    return nn.ModuleList(
        _linear(below, above, below, generator, bias=True) for below, above in pairwise(sizes)
    )


def layers_for_context(context_size: int, sizes: Sequence[int], generator: torch.Generator) -> nn.ModuleList:
    """Make the weights of the context in each layer, initialised as if it were among the units below.

    Args:
        context_size: C, or 0 for no layers.
        sizes: the number of units in each layer, inputs and outputs included.
        generator: what the weights are drawn from.

    Returns:
        The layers, which have no biases.
    """
    if context_size == 0:
        return nn.ModuleList()
    return nn.ModuleList(
        _linear(context_size, above, below + context_size, generator, bias=False)
        for below, above in pairwise(sizes)
    )


def _linear(below: int, above: int, fan_in: int, generator: torch.Generator, *, bias: bool) -> nn.Linear:
    """A linear layer with uniform weights as usual for units with `fan_in` inputs."""
    layer = nn.utils.skip_init(nn.Linear, below, above, bias=bias)
    bound = 1 / math.sqrt(fan_in)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.uniform_(-bound, bound, generator=generator)
    return layer
