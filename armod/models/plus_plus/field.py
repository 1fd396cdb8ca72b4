"""How far a PixelCNN++ sees: the windows of its layers, one after the other, including the effect of down-sampling.

Light up one pixel of a dark image and let it spread through the layers as far as each window allows. Because of the
strides, the result depends on whether a row or column is even, so no formula is simpler than this.

The result follows from the windows alone. It does not look at how the layers are connected. If a network is connected
wrongly, it sees less than this, and the oracle shows which pixels are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from armod.models.plus_plus.layers import Block, Gated, Resampling, Start


def field(layers: Iterable[nn.Module], height: int, width: int) -> Tensor:
    """Compute the field of every pixel.

    Args:
        layers: the network, as `build_layers` makes it.
        height: rows of the padded image, a multiple of every layer's scale.
        width: columns of the padded image, likewise.

    Returns:
        A boolean tensor ``(H * W, H * W)``: [i, j] is True where pixel j lies in the field of pixel i, in raster order.
    """
    first, *others = layers
    assert isinstance(first, Start)
    spots = torch.eye(height * width).view(-1, 1, height, width).to(first.down.weight)
    down = first.down.spread(spots)
    right = torch.maximum(first.above.spread(spots), first.left.spread(spots))
    seen = [(down, right)]
    for layer in others:
        if isinstance(layer, Resampling):
            down, right = layer.down.spread(down), layer.right.spread(right)  # type: ignore[operator]
        elif isinstance(layer, Block):
            joins = [] if layer.shortcut is None else [seen[layer.shortcut]]
            down = _through(layer.down, down, [earlier[0] for earlier in joins])
            # the rightward stream is meant to know all that the downward stream knows at the same pixel
            right = _through(layer.right, right, [down, *(earlier[1] for earlier in joins)])
        seen.append((down, right))
    return (right.flatten(1) > 0).T


def _through(half: Gated, below: Tensor, others: Sequence[Tensor]) -> Tensor:
    hidden = half.first.spread(below)
    for other in others:
        hidden = torch.maximum(hidden, other)
    return torch.maximum(below, half.second.spread(hidden))
