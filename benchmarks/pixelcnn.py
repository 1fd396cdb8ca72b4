"""PixelCNN's speed promise: 16 images of 28 x 28 by 15 residual blocks of 16 channels."""

from __future__ import annotations

from armod import PixelCNN, likelihoods
from benchmarks.measure import Result
from benchmarks.pixels import IMAGES, SHAPE, sampled


def sampling(repeats: int = 5) -> list[Result]:
    """Cached against naive, which is measured on some of its steps."""
    model = PixelCNN(SHAPE, 16, 15, likelihood=likelihoods.Bernoulli())
    h, (_, height, width) = model.channels, SHAPE
    # of each pixel: the first layer's four taps, in each block 1x1, five taps, 1x1, then the two last layers
    of_a_pixel = 4 * 2 * h + 15 * (2 * h * h + 5 * h * h + h * 2 * h) + 2 * h * 2 * h + 2 * h
    name = f"PixelCNN 15 x 16, {IMAGES} images, against naive"
    return [sampled(model, name, 100, IMAGES * height * width * of_a_pixel, repeats)]
