"""What does an ordering cost? Models of the same digits that learn for the same CPU time, with the same aids.

``python -m benchmarks.strategies.equal_time NAME SECONDS SEED`` trains one model on one thread and adds a line to `equal_time.json`. The
learning rate falls along half a cosine of the *time*, so every model has a whole run. Time is CPU time of the process: on a
busy machine it hardly depends on what else runs.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import armod
from armod.models.base import AutoregressiveModel

RESULTS = Path(__file__).with_suffix(".json")
AVERAGE = 0.99  # decay of the average of the weights
BITS = armod.likelihoods.Bernoulli()
SHAPE = (1, 28, 28)
MIXTURE, COLOURS = armod.likelihoods.LogisticMixture(256, 5), (3, 16, 16)

# how to make a model from a seed, its batch size, its learning rate, and the precision of its products
MODELS: dict[str, tuple[Callable[[int], AutoregressiveModel], int, float, str]] = {
    "subscale": (
        lambda seed: armod.Subscale(SHAPE, 2, 16, 5, likelihood=BITS, coordinates=True, seed=seed),
        32,
        4e-3,
        "float32",
    ),
    "subscale, no coordinates": (
        lambda seed: armod.Subscale(SHAPE, 2, 16, 5, likelihood=BITS, seed=seed),
        32,
        4e-3,
        "float32",
    ),
    "subscale, kernel 5": (
        lambda seed: armod.Subscale(
            SHAPE, 2, 16, 5, kernel_size=5, likelihood=BITS, coordinates=True, seed=seed
        ),
        32,
        4e-3,
        "float32",
    ),
    "multi-scale": (
        lambda seed: armod.MultiScale(SHAPE, 32, 5, likelihood=BITS, coordinates=True, seed=seed),
        16,
        4e-3,
        "bfloat16",
    ),
    "multi-scale, diagonal first": (
        lambda seed: armod.MultiScale(
            SHAPE,
            32,
            5,
            likelihood=BITS,
            coordinates=True,
            order=("diagonal", "right", "below"),
            seed=seed,
        ),
        16,
        4e-3,
        "bfloat16",
    ),
    "raster, gated": (
        lambda seed: armod.GatedPixelCNN(
            SHAPE, 16, 6, kernel_size=5, likelihood=BITS, coordinates=True, seed=seed
        ),
        50,
        3e-3,
        "bfloat16",
    ),
    "multi-scale, photos": (
        lambda seed: armod.MultiScale(COLOURS, 24, 5, likelihood=MIXTURE, coordinates=True, seed=seed),
        16,
        5e-3,
        "float32",
    ),
    "PixelCNN++, photos": (
        lambda seed: armod.PixelCNNPlusPlus(COLOURS, 8, num_resnets=1, coordinates=True, seed=seed),
        16,
        5e-3,
        "float32",
    ),
}


def data_of(model: AutoregressiveModel) -> armod.data.Dataset:
    """Binary digits, or the patches of photos for a model of colours."""
    if model.event_shape == SHAPE:
        return armod.data.load("digits28").binarize(128)
    return armod.data.load("photos16")


def train(name: str, seconds: float, seed: int) -> tuple[AutoregressiveModel, dict[str, Any]]:
    """Train a model for this CPU time, and measure it on the test split."""
    make, batch_size, rate, precision = MODELS[name]
    model = make(seed)
    data = data_of(model)
    generator = torch.Generator().manual_seed(seed)
    average = {key: value.detach().clone() for key, value in model.named_parameters()}
    optimizer = torch.optim.Adam(model.parameters())
    x, step, begin = torch.as_tensor(data.train), 0, time.process_time()
    order = torch.empty(0, dtype=torch.int64)
    while (done := (time.process_time() - begin) / seconds) < 1:
        if len(order) < batch_size:
            order = torch.randperm(len(x), generator=generator)
        rows, order = order[:batch_size], order[batch_size:]
        optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * done)) / 2
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            loss = -model(x[rows]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay = min(AVERAGE, (1 + step) / (10 + step))
        with torch.no_grad():
            for key, value in model.named_parameters():
                average[key].lerp_(value, 1 - decay)
        step += 1
    model.load_state_dict(average, strict=False)
    with torch.no_grad():
        nats = -torch.cat([model.eval().log_prob(part) for part in torch.as_tensor(data.test).split(100)])
    return model, {
        "model": name,
        "cpu_seconds": seconds,
        "seed": seed,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "epochs": round(step * batch_size / len(x), 2),
        "test_nats": round(nats.mean().item(), 2),
        "standard_error": round(nats.std().item() / math.sqrt(len(nats)), 2),
    }


def main() -> None:
    """Train what the command line names, and keep the result."""
    torch.set_num_threads(1)
    name, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    _, result = train(name, seconds, seed)
    print(json.dumps(result))
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    key = ("model", "cpu_seconds", "seed")
    results = [one for one in results if any(one[each] != result[each] for each in key)] + [result]
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
