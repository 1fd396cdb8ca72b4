"""The small MADE of the histogram lab: trained once on the lab's twelve pixels, and shipped in half precision.

``python -m armod.course.labs.histogram.made`` trains it again and writes the file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from armod import data
from armod.likelihoods import Categorical
from armod.models.made import MADE

NUM_VARIABLES, NUM_LEVELS, NUM_UNITS = 12, 16, 64
_FILE = Path(__file__).with_name("made.npz")
_NAMES = ("layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias")


@cache
def shipped_made() -> MADE:
    """The trained network, in evaluation mode and double precision."""
    made = _new()
    with np.load(_FILE) as stored, torch.no_grad():
        for name in _NAMES:
            made.get_parameter(name).copy_(torch.from_numpy(stored[name].astype(np.float32)))
    return made.double().eval()


def weights() -> NDArray[np.float16]:
    """All its weights, masked, and biases, one after another: what the page computes with."""
    with np.load(_FILE) as stored:
        return np.concatenate([stored[name].ravel() for name in _NAMES])


@cache
def pixels() -> tuple[Tensor, Tensor]:
    """Levels ``(N, 12)`` of the lab's twelve pixels, of the training and of the test digits."""
    digits = data.load("digits8").quantize(NUM_LEVELS)
    train, test = (images[:, 0, 2:5, 2:6].flatten(1) for images in (digits.train, digits.test))
    return train, test


def _new() -> MADE:
    return MADE((NUM_VARIABLES,), [NUM_UNITS], likelihood=Categorical(NUM_LEVELS), seed=0)


def _train() -> None:
    from armod.training import fit

    train, _ = pixels()
    # every tenth digit tells when to stop
    is_valid = torch.arange(len(train)) % 10 == 9
    made = _new().start_from_marginals(train[~is_valid])
    options: dict[str, Any] = {"epochs": 40, "learning_rate": 3e-3, "patience": 6, "progress": False}
    fit(made, train[~is_valid], valid=train[is_valid], seed=0, **options)
    masked = {name: made.get_parameter(name).detach().clone() for name in _NAMES}
    for layer in (0, 1):
        masked[f"layers.{layer}.weight"] *= made.get_buffer(f"mask_{layer}")[0]
    halves: dict[str, Any] = {name: each.numpy().astype(np.float16) for name, each in masked.items()}
    np.savez_compressed(_FILE, **halves)


if __name__ == "__main__":
    _train()
