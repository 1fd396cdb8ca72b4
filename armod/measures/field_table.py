"""What each pixel of a small image sees through a stack of masked convolutions, as the oracle measured it.

The oracle takes up to a few seconds per stack, and there are sixty stacks here. So the results are stored in a file beside
this one. ``python -m armod.measures.field_table`` measures them again and writes the file, and the tests verify it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from armod.likelihoods import Bernoulli
from armod.measures.dependency import dependency_matrix
from armod.models.raster.gated_pixelcnn import GatedPixelCNN
from armod.models.raster.masked_convolution import MaskedConvolution, without_unseen
from armod.models.raster.pixel_masks import horizontal_mask, pixel_mask, vertical_mask
from armod.models.raster.pixelcnn import PixelCNN

SIZE = 13  # rows and columns of the image
STACKS = ("plain", "gated")
FIRST_MASKS = ("A", "B")
KERNEL_SIZES = (3, 5, 7)
DEPTHS = range(2, 7)

Setting = tuple[str, str, int, int]

_FILE = Path(__file__).with_name("field_table.npz")


def settings() -> Iterator[Setting]:
    """Generate every (stack, first mask, kernel size, depth) of the table, in its order."""
    yield from product(STACKS, FIRST_MASKS, KERNEL_SIZES, DEPTHS)


def small_stack(
    stack: str, first_mask: str, kernel_size: int, depth: int, size: int = SIZE
) -> PixelCNN | GatedPixelCNN:
    """Build a narrow model of grey images that the oracle can test.

    Args:
        stack: "plain" for a `PixelCNN`, "gated" for a `GatedPixelCNN`.
        first_mask: "A" is right; "B" also uses the mask of later layers in the first one, which leaks.
        kernel_size: 3, 5 or 7.
        depth: number of masked layers, the first included; at least 2.
        size: rows and columns of the image.

    Returns:
        A model of event shape ``(1, size, size)``.

    >>> from armod import check_autoregressive
    >>> print(check_autoregressive(small_stack("plain", "B", 3, 2, size=3)))
    NOT autoregressive: 9 leaks, e.g. variable 0 sees variable 0; 2 blind pairs; 0 pairs out of reach.
    """
    shape = (1, size, size)
    if stack == "plain":
        plain = PixelCNN(shape, 1, depth - 1, kernel_size=kernel_size, likelihood=Bernoulli())
        _put_mask(plain.first, pixel_mask(kernel_size, first_mask))
        return plain
    gated = GatedPixelCNN(shape, 2, depth, kernel_size=kernel_size, likelihood=Bernoulli())
    first = gated.gated_layers[0]
    _put_mask(first.vertical, vertical_mask(kernel_size, first_mask))
    _put_mask(first.horizontal, horizontal_mask(kernel_size, first_mask))
    return gated


@cache
def field_table() -> dict[Setting, NDArray[np.bool_]]:
    """Load the table: for each setting a boolean ``(D, D)``, D = SIZE * SIZE, True at [i, j] if pixel i sees pixel j."""
    packed = np.load(_FILE)["sees"]
    num_pixels = SIZE * SIZE
    matrices = np.unpackbits(packed, axis=1, count=num_pixels**2).astype(bool)
    return dict(zip(settings(), matrices.reshape(-1, num_pixels, num_pixels), strict=True))


def _put_mask(layer: MaskedConvolution, mask: Tensor) -> None:
    layer.mask.copy_(without_unseen(mask))


def _measure() -> None:
    matrices = [dependency_matrix(small_stack(*setting)).flatten().numpy() for setting in settings()]
    np.savez_compressed(_FILE, sees=np.packbits(np.stack(matrices), axis=1))


if __name__ == "__main__":
    _measure()
