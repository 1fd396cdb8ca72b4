"""PixelCNN's masks: which taps of a kernel survive, so that no pixel sees itself or a later one.

A convolution would look all around a pixel. In raster order only the rows above and what lies to the left are known,
so all other taps are masked. At the centre lies the pixel itself: its channels come one after another (R, then G, then
B), so the features of every layer are divided into as many *groups*, and group c may know of its own pixel only the
channels before c. Mask A, of the first layer, reads levels: group c sees strictly earlier channels. Mask B, of all
later layers, reads features that know no more than their group may: group c sees groups up to c. (van den Oord,
Kalchbrenner, Kavukcuoglu 2016, "Pixel Recurrent Neural Networks", section 3.4 and figure 2.)
These functions are pure; the models multiply their weights by the results in every pass.
"""

from __future__ import annotations

import torch
from torch import Tensor

_ONE_GROUP = torch.zeros(1, dtype=torch.int64)


def channel_groups(width: int, num_channels: int) -> Tensor:
    """The group ``0..num_channels-1`` of each of `width` features: ``(width,)``, ascending.

    Group sizes differ by one at most, whatever the width. With fewer features than channels some groups are empty.

    >>> channel_groups(7, 3).tolist()
    [0, 0, 0, 1, 1, 2, 2]
    """
    return torch.arange(width) * num_channels // width


def pixel_mask(
    kernel_size: int, mask_type: str, above: Tensor = _ONE_GROUP, below: Tensor = _ONE_GROUP
) -> Tensor:
    """Boolean mask ``(features above, features below, k, k)`` of a kernel over the raster; True keeps a weight.

    above, below: groups of the layer's outputs and of its inputs (`channel_groups`; the groups of an image's own
    channels are 0, 1, 2). By default one of each, as for a grey image.

    Raises:
        ValueError: for an even kernel or a type other than "A" and "B".

    >>> pixel_mask(3, "B")[0, 0].int().tolist()
    [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
    >>> pixel_mask(3, "A", torch.arange(3), torch.arange(3))[:, :, 1, 1].int().tolist()  # R, G, B of one pixel
    [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    """
    check_kernel_size(kernel_size)
    if mask_type not in ("A", "B"):
        raise ValueError(f'mask_type is "A" (first layer) or "B" (later layers), not {mask_type!r}.')
    half = kernel_size // 2
    mask = torch.zeros(len(above), len(below), kernel_size, kernel_size, dtype=torch.bool)
    mask[:, :, :half] = True
    mask[:, :, half, :half] = True
    is_seen = above[:, None] > below if mask_type == "A" else above[:, None] >= below
    mask[:, :, half, half] = is_seen
    return mask


def vertical_mask(kernel_size: int, mask_type: str) -> Tensor:
    """Boolean mask ``(1, 1, k, k)`` of the vertical stack: whole rows, the own one included from the second layer on.

    The stack is so shifted down by a row once, in the first layer (A); shifting it in every layer would leave a blind
    spot again. (van den Oord et al. 2016, "Conditional Image Generation with PixelCNN Decoders", section 2.2.)

    Raises:
        ValueError: as `pixel_mask`.

    >>> vertical_mask(3, "A")[0, 0].int().tolist()
    [[1, 1, 1], [0, 0, 0], [0, 0, 0]]
    >>> vertical_mask(3, "B")[0, 0].int().tolist()
    [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
    """
    mask = pixel_mask(kernel_size, mask_type)
    mask[:, :, kernel_size // 2] = mask_type == "B"
    return mask


def horizontal_mask(
    kernel_size: int, mask_type: str, above: Tensor = _ONE_GROUP, below: Tensor = _ONE_GROUP
) -> Tensor:
    """The row of `pixel_mask` that a horizontal stack keeps: ``(features above, features below, 1, k)``.

    Raises:
        ValueError: as `pixel_mask`.

    >>> horizontal_mask(5, "B")[0, 0].int().tolist()
    [[1, 1, 1, 0, 0]]
    """
    half = kernel_size // 2
    return pixel_mask(kernel_size, mask_type, above, below)[:, :, half : half + 1]


def check_kernel_size(kernel_size: int) -> None:
    """Refuse (ValueError) a kernel without a centre."""
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(
            f"kernel_size is an odd number, such as 3, so that a kernel has a centre; not {kernel_size}."
        )
