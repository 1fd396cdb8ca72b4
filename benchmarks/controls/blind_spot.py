"""Lesson 4.5.4: what does the blind spot cost on digits, if nothing else is taken away?

Three Gated PixelCNNs learn the binary digits of 28x28 pixels, with three seeds each. In one of them the vertical stack may not
read to the right in its own row: from the second layer on one of its six taps is masked. A step to the right is then possible
only together with a step up, as in a single stack, and the network sees exactly what a plain PixelCNN of the same depth sees.
Another one lacks one tap as well, the middle one of the row above, which hides nothing: so much for a lost tap by itself.

``python -m benchmarks.controls.blind_spot`` trains whatever `blind_spot.json` does not have yet, on one thread (about three
minutes in all).
"""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path
from typing import Any

import torch

import armod
from armod.training.schedules import Cosine

RESULTS = Path(__file__).with_suffix(".json")
NAMES = ("two stacks", "blind spot back", "one tap less")
MASKED = {
    "blind spot back": (1, 2),
    "one tap less": (0, 1),
}  # its own row, to the right; the row above, in the middle
SEEDS, CHANNELS, LAYERS, EPOCHS, BATCH = range(3), 8, 6, 2, 16


def network(
    name: str, seed: int, shape: tuple[int, int, int] = (1, 28, 28), layers: int = LAYERS
) -> armod.GatedPixelCNN:
    """One of the networks.

    Args:
        name: of `NAMES`.
        seed: of the first weights.
        shape: of an image.
        layers: how many gated layers.

    Returns:
        The network, not trained.
    """
    model = armod.GatedPixelCNN(shape, CHANNELS, layers, likelihood=armod.likelihoods.Bernoulli(), seed=seed)
    if name in MASKED:
        row, column = MASKED[name]
        for layer in model.gated_layers[1:]:
            layer.vertical.mask[:, :, row, column] = 0
    return model


def run(name: str, seed: int) -> dict[str, Any]:
    """Train one network.

    Args:
        name: of `NAMES`.
        seed: of the weights and the batches.

    Returns:
        Nats per test digit and their standard error.
    """
    digits = armod.data.load("digits28").binarize(128)
    model = network(name, seed)
    armod.fit(
        model,
        digits.train,
        epochs=EPOCHS,
        batch_size=BATCH,
        learning_rate=4e-3,
        schedule=Cosine(EPOCHS * math.ceil(len(digits.train) / BATCH)),
        average=0.99,
        precision="bfloat16",
        seed=seed,
        progress=False,
    )
    receipt = armod.evaluate(model, digits, seed=seed)
    return {
        "model": name,
        "seed": seed,
        "test_nats": round(receipt.nats, 2),
        "standard_error": round(receipt.standard_error, 2),
    }


def main() -> None:
    """Add the runs that are missing."""
    torch.set_num_threads(1)
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    done = {(one["model"], one["seed"]) for one in found}
    for seed, name in product(SEEDS, NAMES):
        if (name, seed) not in done:
            found.append(run(name, seed))
            print(found[-1], flush=True)
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
