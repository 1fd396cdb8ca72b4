"""Exercise 4: find the bug: a grey photograph that is seen from one side only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Exercise
from armod.course.exercises.engine.draws import normal

images_sides = Exercise(
    name="images-sides",
    number=4,
    title="Find the bug: an input seen from one side",
    difficulty="medium",
    minutes=15,
    names=("features",),
    hints=(
        "The mask hides what is not known yet. What of the answer is known when a pixel is drawn, and what of the input?",
        "The answer needs a mask with the pixel itself left out. The input is known as a whole, so that its kernel needs no mask.",
        "Two masks in one: `mask` for the channels of the answer, ones for those of the input; `torch.cat` them along the second axis, as the channels are.",
    ),
)


def _mask(size: int, *, own: bool = False) -> Tensor:
    """Ones at the taps before the centre in raster order, and at the centre if ``own``."""
    taps = torch.arange(size * size).view(size, size)
    middle = size * size // 2
    return (taps < middle + own).double()


def features(
    x: Tensor,
    y: Tensor,
    weight: Tensor,
    bias: Tensor,
    *,
    of_x: Callable[[Tensor], Tensor] = lambda mask: mask,
    of_y: Callable[[Tensor], Tensor] = torch.ones_like,
    swapped: bool = False,
) -> Tensor:
    """Features of the first layer, ``(N, F, H, W)``; every option is a mistake."""
    size = weight.shape[-1]
    mask = _mask(size)
    masks = [of_x(mask).expand(x.shape[1], -1, -1), of_y(mask).expand(y.shape[1], -1, -1)]
    if swapped:
        masks = [of_y(mask).expand(x.shape[1], -1, -1), of_x(mask).expand(y.shape[1], -1, -1)]
    return F.conv2d(torch.cat([x, y], 1), weight * torch.cat(masks), bias, padding=size // 2)


def _images(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Odd sizes, biases that are not zero, two channels of one and one of the other."""
    for num_x, num_y, size, height, width in ((1, 1, 3, 3, 4), (2, 1, 3, 4, 3), (1, 2, 5, 5, 4)):
        weight = normal(generator, 2, num_x + num_y, size, size)
        x, y = (normal(generator, 2, channels, height, width) for channels in (num_x, num_y))
        yield x, y, weight, normal(generator, 2)


asked_features = images_sides.asks(
    features,
    "what the first layer computes",
    points=3,
    instances=_images,
    called=lambda x, y, weight, bias: f"`features` of answers {tuple(x.shape)} and inputs {tuple(y.shape)}, with kernels of {weight.shape[-1]} x {weight.shape[-1]},",
    seen=lambda got, right, x, y, weight, bias: (
        f"With kernels of {weight.shape[-1]} x {weight.shape[-1]} the features differ from those that are due by up to "
        f"{(got - right).abs().max():.2f}."
    ),
    wrong={
        "The mask still lies on the input, too: what is below and to the right in it stays unseen. That is the bug.": dict(of_y=lambda mask: mask),
        "Now nothing is masked, and the answer sees the pixels that it has yet to draw.": dict(of_x=torch.ones_like),
        "The masks are the wrong way round: it is the input that is known as a whole.": dict(swapped=True),
        "The answer sees its own pixel: in a first layer the centre of the mask is 0.": dict(of_x=lambda mask: _mask(len(mask), own=True)),
        "You mask the input with the centre left in. But what is below and to the right in it is known, too.": dict(of_y=lambda mask: _mask(len(mask), own=True)),
        "The input is seen at the pixel itself only. Its whole kernel may be used.": dict(of_y=lambda mask: _mask(len(mask), own=True) - mask),
        "The input is not seen at all.": dict(of_y=torch.zeros_like),
        "The bias is missing.": lambda x, y, weight, bias: features(x, y, weight, torch.zeros_like(bias)),
    },
    otherwise="Put a one into one pixel of the input, zeros elsewhere, and look which features change.",
)  # fmt: skip
images_sides.add("one row of one pixel", asked_features.on(lambda generator: [
    (normal(generator, 1, 1, 1, 1), normal(generator, 1, 1, 1, 1), normal(generator, 3, 2, 3, 3), normal(generator, 3)),
]))  # fmt: skip
