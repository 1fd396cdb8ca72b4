"""Lesson 4.5.4: why do the figures of a PixelCNN run off the page?

Two small Gated PixelCNNs learn the binary digits of 28x28 pixels for the same number of epochs, with three seeds each. One has
no coordinates, the other has the three constant planes and is the same otherwise. For each: nats per test digit, and the share of
200 samples that touch the last row.

``python -m benchmarks.controls.place`` trains whatever `place.json` does not have yet, on one thread (about two minutes in all).
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
MODELS: dict[str, dict[str, Any]] = {
    "no coordinates": {"kernel_size": 5},
    "coordinates": {"kernel_size": 5, "coordinates": True},
}
SEEDS, EPOCHS, BATCH, SAMPLES = range(3), 2, 16, 200


def run(name: str, seed: int) -> dict[str, Any]:
    """Train one model and look at its samples.

    Args:
        name: of `MODELS`.
        seed: of the weights, the batches and the samples.

    Returns:
        Nats per test digit and their standard error, and the share of samples that touch the last row.
    """
    digits = armod.data.load("digits28").binarize(128)
    bits = armod.likelihoods.Bernoulli()
    model = armod.GatedPixelCNN((1, 28, 28), 8, 4, likelihood=bits, seed=seed, **MODELS[name])
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
    drawn = model.sample(SAMPLES, generator=torch.Generator().manual_seed(seed))
    return {
        "model": name,
        "seed": seed,
        "parameters": receipt.num_parameters,
        "test_nats": round(receipt.nats, 2),
        "standard_error": round(receipt.standard_error, 2),
        "touching_the_last_row": drawn[:, 0, -1].any(1).double().mean().item(),
    }


def main() -> None:
    """Add the runs that are missing."""
    torch.set_num_threads(1)
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    done = {(one["model"], one["seed"]) for one in found}
    for name, seed in product(MODELS, SEEDS):
        if (name, seed) not in done:
            found.append(run(name, seed))
            print(found[-1], flush=True)
            RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
