"""Lesson 4.2: is it worth anything on names that a network need not forget?

Two WaveNets learn the names letter by letter. Both use the same weights at every place, and both have three layers of the same size.
They differ by their dilations alone: one sees three letters of the past, as a 4-gram does, the other seven.

``python -m benchmarks.controls.names`` trains whatever `names.json` does not have yet, on one thread (about a minute in all).
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import torch

import armod

RESULTS = Path(__file__).with_suffix(".json")
DILATIONS = {"3 letters": [1, 1, 1], "7 letters": [1, 2, 4]}
SEEDS = range(3)


def nats(name: str, seed: int) -> float:
    """Train one network.

    Args:
        name: of `DILATIONS`.
        seed: of the weights and the batches.

    Returns:
        Nats per test name, by the weights that are best on the validation names.
    """
    names = armod.data.load("names")
    letters = armod.likelihoods.Categorical(27)
    model = armod.WaveNet((12,), 64, dilations=DILATIONS[name], likelihood=letters, seed=seed)
    options: dict[str, Any] = {"epochs": 10, "learning_rate": 5e-3, "seed": seed, "progress": False}
    armod.fit(model, names.train, valid=names.valid, **options)
    return armod.evaluate(model, names).nats


def main() -> None:
    """Train what is missing, and keep each result at once."""
    torch.set_num_threads(1)
    found: list[dict[str, Any]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    done = {(one["past"], one["seed"]) for one in found}
    for name, seed in product(DILATIONS, SEEDS):
        if (name, seed) not in done:
            found.append({"past": name, "seed": seed, "nats": round(nats(name, seed), 3)})
            RESULTS.write_text("[\n" + ",\n".join(" " + json.dumps(one) for one in found) + "\n]\n")
            print(found[-1], flush=True)


if __name__ == "__main__":
    main()
