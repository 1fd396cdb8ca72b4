"""Views of images: what is left at a low resolution, in grey, or of the colour alone.

Super-resolution and colorization give a model one view and ask for another. Colours are seen as YCoCg (Malvar and
Sullivan 2003, "YCoCg-R: A Color Space with RGB Reversibility and Low Dynamic Range"): the grey
``Y = (R + 2 G + B) / 4`` and the chroma ``Co = (R - B) / 2`` (orange against blue) and ``Cg = (2 G - R - B) / 4`` (green
against purple). The eye is content with a chroma of low resolution under a grey of full resolution (Guadarrama and others
2017, "PixColor: Pixel Recursive Colorization", section 3.1).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from armod.inputs import described
from armod.settings import check_sizes, shown

CHROMA_LEVELS = 24
_LARGEST = 128.0  # |Co| and |Cg| of 8-bit colours are at most 127.5


def low_resolution(images: Tensor, factor: int) -> Tensor:
    """Average each block of pixels; of a black and white image that is the share of ink.

    Args:
        images: levels ``(N, C, H, W)``.
        factor: pixels along a side of a block, a divisor of H and of W.

    Returns:
        The means of the blocks in levels, float32 ``(N, C, H / factor, W / factor)``.

    Raises:
        ValueError: if the images have another number of dimensions, or do not divide into such blocks.

    >>> low_resolution(torch.tensor([[[[0, 2, 4, 4], [0, 2, 4, 8]]]]), 2)
    tensor([[[[1., 5.]]]])
    """
    images = _images("images", images, None)
    (factor,) = check_sizes(factor=factor)
    height, width = images.shape[2:]
    if height % factor or width % factor:
        raise ValueError(
            f"factor must divide the {height} x {width} pixels of the images; {factor} does not."
        )
    return F.avg_pool2d(images, factor) if len(images) else images[..., ::factor, ::factor]


def grey(photos: Tensor) -> Tensor:
    """Compute the grey of colours, ``Y = (R + 2 G + B) / 4``.

    Args:
        photos: levels 0 to 255, ``(N, 3, H, W)``: red, green, blue.

    Returns:
        Grey from 0 to 255, float32 ``(N, 1, H, W)``.

    Raises:
        ValueError: if `photos` has another shape.

    >>> grey(torch.tensor([255, 128, 3]).view(1, 3, 1, 1)).item()
    128.5
    """
    red, green, blue = _images("photos", photos, 3).unbind(1)
    return ((red + 2 * green + blue) / 4)[:, None]


def chroma(photos: Tensor, factor: int = 1, *, num_levels: int = CHROMA_LEVELS) -> Tensor:
    """Compute the chroma of colours at a low resolution, in levels that are fine near grey.

    A chroma c is a mean of Co or Cg over a block. Its level divides ``sign(c) sqrt(|c| / 128)``, from -1 to 1, into
    `num_levels` equal cells.

    Args:
        photos: levels 0 to 255, ``(N, 3, H, W)``: red, green, blue.
        factor: pixels along a side of a block, a divisor of H and of W.
        num_levels: K, the number of cells.

    Returns:
        Levels ``0..K-1``, uint8 ``(N, 2, H / factor, W / factor)``: Co, then Cg.

    Raises:
        ValueError: if `photos` has another shape, does not divide into such blocks, or K is not from 2 to 256.

    >>> chroma(torch.tensor([200, 100, 0]).view(1, 3, 1, 1)).flatten().tolist()
    [22, 12]
    """
    num_levels = _num_levels(num_levels)
    red, green, blue = _images("photos", photos, 3).unbind(1)
    means = low_resolution(torch.stack([(red - blue) / 2, (2 * green - red - blue) / 4], dim=1), factor)
    companded = means.sign() * (means.abs() / _LARGEST).sqrt()
    return ((companded + 1) * (num_levels / 2)).floor().clamp(0, num_levels - 1).to(torch.uint8)


def chroma_values(levels: Tensor, *, num_levels: int = CHROMA_LEVELS) -> Tensor:
    """Return the chroma in the middle of each level's cell, the inverse of `chroma` up to its rounding.

    Args:
        levels: levels ``0..K-1``, ``(N, 2, H, W)``.
        num_levels: K.

    Returns:
        Co and Cg, between -128 and 128, float32 ``(N, 2, H, W)``.

    Raises:
        ValueError: if `levels` has another shape, a value is no level, or K is not from 2 to 256.

    >>> chroma_values(torch.tensor([22, 12]).view(1, 2, 1, 1)).flatten()
    tensor([98.0000,  0.2222])
    """
    num_levels = _num_levels(num_levels)
    cells = _images("levels", levels, 2)
    if cells.numel() and not (cells.min() >= 0 and cells.max() < num_levels):
        raise ValueError(
            f"levels must lie in 0..{num_levels - 1}, but they reach from {cells.min():g} to {cells.max():g}."
        )
    companded = (2 * cells + 1) / num_levels - 1
    return _LARGEST * companded.sign() * companded.square()


def coloured(greys: Tensor, values: Tensor) -> Tensor:
    """Put chroma under grey: the chroma is interpolated to the resolution of the grey, and both become colours.

    Args:
        greys: grey from 0 to 255, ``(N, 1, H, W)``, such as that of `grey`.
        values: Co and Cg of any resolution, ``(N, 2, h, w)``, such as those of `chroma_values`.

    Returns:
        Colours, uint8 ``(N, 3, H, W)``; what lies outside 0 to 255 is clipped.

    Raises:
        ValueError: if a shape is another, or there are not as many greys as chroma.

    >>> grey_and_chroma = torch.full((1, 1, 2, 2), 100.0), torch.tensor([98.0, 0.0]).view(1, 2, 1, 1)
    >>> coloured(*grey_and_chroma)[0, :, 0, 0].tolist()
    [198, 100, 2]
    """
    greys, values = _images("greys", greys, 1), _images("values", values, 2)
    if len(greys) != len(values):
        raise ValueError(f"greys and values must be equally many, not {len(greys)} and {len(values)}.")
    if len(values):
        values = F.interpolate(values, size=greys.shape[2:], mode="bilinear")
    else:
        values = values.new_zeros(0, 2, *greys.shape[2:])
    orange, green = values.split(1, dim=1)
    colours = torch.cat([greys - green + orange, greys + green, greys - green - orange], dim=1)
    return colours.round().clamp(0, 255).to(torch.uint8)


def _images(name: str, images: Tensor, channels: int | None) -> Tensor:
    """Images as float32, once their shape is checked."""
    if not isinstance(images, Tensor) or images.ndim != 4 or channels not in (None, images.shape[1]):
        found = f"a tensor {tuple(images.shape)}" if isinstance(images, Tensor) else described(images)
        raise ValueError(f"{name} must be a tensor (N, {channels or 'C'}, H, W), not {found}.")
    return images.to(torch.float32)


def _num_levels(number: int) -> int:
    (number,) = check_sizes(2, num_levels=number)
    if number > 256:
        raise ValueError(
            f"num_levels must be 256 or less, so that levels fit into a byte, not {shown(number)}."
        )
    return number
