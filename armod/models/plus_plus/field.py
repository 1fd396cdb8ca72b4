"""How far a PixelCNN++ sees: the windows of its layers, one after the other, with all that down-sampling does to them.

Light up one pixel of a dark image and let it spread through the layers as wide as each window allows. Strides make the
answer depend on whether a row or column is even, so no formula is simpler than this.

It is a promise made from windows alone, and takes no notice of what the layers hand to each other: a network that
feeds its rightward stream from the wrong place breaks the promise, and the oracle shows which pixels are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from armod.models.plus_plus.layers import Block, Gated, Resampling, Start


def field(layers: Iterable[nn.Module], height: int, width: int) -> Tensor:
    """Boolean ``(H * W, H * W)``: [i, j] is True where pixel j lies in the field of pixel i, in raster order.

    height, width: of the padded image, multiples of every layer's scale.
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
            # the rightward stream shall know all that the downward one knows at the same place
            right = _through(layer.right, right, [down, *(earlier[1] for earlier in joins)])
        seen.append((down, right))
    return (right.flatten(1) > 0).T


def _through(half: Gated, below: Tensor, others: Sequence[Tensor]) -> Tensor:
    hidden = half.first.spread(below)
    for other in others:
        hidden = torch.maximum(hidden, other)
    return torch.maximum(below, half.second.spread(hidden))
