"""PixelCNN's masks decide which taps of a kernel are kept, so that no pixel sees itself or a later one.

A convolution looks all around a pixel. In raster order only the rows above and the pixels to the left are known, so all
other taps are masked. At the centre is the pixel itself. Its channels come one after another (R, then G, then B), so the
features of every layer are divided into as many *groups*, and group c may depend only on earlier channels of its own
pixel. Mask A of the first layer reads levels: group c sees strictly earlier channels. Mask B of all later layers reads
features, which already respect their group: group c sees the groups up to c. (van den Oord, Kalchbrenner, Kavukcuoglu
2016, "Pixel Recurrent Neural Networks", section 3.4 and figure 2.) The models multiply their weights by these masks in
every pass.
"""

from __future__ import annotations

import torch
from torch import Tensor

from armod.settings import shown, whole_numbers

_ONE_GROUP = torch.zeros(1, dtype=torch.int64)


def channel_groups(width: int, num_channels: int) -> Tensor:
    """Divide features into one group for each channel.

    Args:
        width: number of features.
        num_channels: number of channels of the image.

    Returns:
        The group ``0..num_channels-1`` of each feature, ascending, int64 ``(width,)``. The sizes of the groups differ by at
        most one.

    >>> channel_groups(7, 3).tolist()
    [0, 0, 0, 1, 1, 2, 2]
    """
    return torch.arange(width) * num_channels // width


def pixel_mask(
    kernel_size: int, mask_type: str, above: Tensor = _ONE_GROUP, below: Tensor = _ONE_GROUP
) -> Tensor:
    """Make the mask of a k x k kernel.

    Args:
        kernel_size: k, an odd number.
        mask_type: "A" for the first layer, "B" for all later ones.
        above: group of each output of the layer (`channel_groups`); by default one output, as for a grey image.
        below: group of each input; those of an image's own channels are 0, 1, 2.

    Returns:
        A boolean tensor ``(features above, features below, k, k)``; True keeps a weight.

    Raises:
        ValueError: if the kernel size is even, or the type is not "A" or "B".

    >>> pixel_mask(3, "B")[0, 0].int().tolist()
    [[1, 1, 1], [1, 1, 0], [0, 0, 0]]
    >>> pixel_mask(3, "A", torch.arange(3), torch.arange(3))[:, :, 1, 1].int().tolist()  # R, G, B of one pixel
    [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    """
    kernel_size = check_kernel_size(kernel_size)
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
    """Make the mask of the vertical stack, which sees whole rows.

    Mask A of the first layer leaves out the pixel's own row. Mask B of later layers includes it; leaving it out again in
    every layer would bring the blind spot back. (van den Oord et al. 2016, "Conditional Image Generation with PixelCNN
    Decoders", section 2.2.)

    Args:
        kernel_size: k, an odd number.
        mask_type: "A" for the first layer, "B" for all later ones.

    Returns:
        A boolean tensor ``(1, 1, k, k)``; True keeps a weight.

    Raises:
        ValueError: as `pixel_mask`.

    >>> vertical_mask(3, "A")[0, 0].int().tolist()
    [[1, 1, 1], [0, 0, 0], [0, 0, 0]]
    >>> vertical_mask(3, "B")[0, 0].int().tolist()
    [[1, 1, 1], [1, 1, 1], [0, 0, 0]]
    """
    mask = pixel_mask(kernel_size, mask_type)
    mask[:, :, mask.shape[-1] // 2] = mask_type == "B"
    return mask


def horizontal_mask(
    kernel_size: int, mask_type: str, above: Tensor = _ONE_GROUP, below: Tensor = _ONE_GROUP
) -> Tensor:
    """Make the mask of the horizontal stack, which is the middle row of `pixel_mask`.

    Args:
        kernel_size: k, an odd number.
        mask_type: "A" for the first layer, "B" for all later ones.
        above: group of each output of the layer.
        below: group of each input.

    Returns:
        A boolean tensor ``(features above, features below, 1, k)``; True keeps a weight.

    Raises:
        ValueError: as `pixel_mask`.

    >>> horizontal_mask(5, "B")[0, 0].int().tolist()
    [[1, 1, 1, 0, 0]]
    """
    half = kernel_size // 2
    return pixel_mask(kernel_size, mask_type, above, below)[:, :, half : half + 1]


def check_kernel_size(kernel_size: int) -> int:
    """Return the size of a kernel with a centre, and raise a ValueError for any other."""
    size = next(iter(whole_numbers([kernel_size]) or [0]))
    if size < 1 or size % 2 == 0:
        raise ValueError(
            f"kernel_size is an odd number, such as 3, so that a kernel has a centre; not {shown(kernel_size)}."
        )
    return size
