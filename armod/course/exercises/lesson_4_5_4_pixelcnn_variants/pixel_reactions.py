"""One pixel of an image changed at a time, and what moves with it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine.draws import normal


def one_pixel_changed(generator: np.random.Generator, height: int, width: int) -> Tensor:
    """One image ``(1 + H * W, 1, H, W)``, and after it a copy for each pixel in which that pixel alone has changed."""
    image = normal(generator, height * width)
    copies = torch.cat([image.unsqueeze(0), image + 2 * torch.eye(height * width, dtype=torch.float64)])
    return copies.view(-1, 1, height, width)


def reactions(features: Tensor) -> Tensor:
    """Which features move with which pixel of `one_pixel_changed`.

    Args:
        features: ``(1 + H * W, p, H, W)``, of the image and its copies.

    Returns:
        Boolean ``(H * W, H * W)``: whether the features at pixel i move with pixel j, at [i, j].
    """
    moved = (features[1:] - features[:1]).abs().amax(1).flatten(1)
    return moved.T > 1e-8
