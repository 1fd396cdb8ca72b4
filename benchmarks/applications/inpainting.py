"""Completions of digits: nats of the hidden truth by mask, for four ways to complete, on the test split.

``python -m benchmarks.applications.inpainting`` takes some minutes of one thread, most of it for the particles, and keeps the result
in `inpainting.json`; with the argument ``painter`` it only measures how long a learner waits in the paint lab. All numbers are nats of the hidden pixels of binary digits28 given the known ones, as far as a way
makes use of them; lower is better. "raster", "told the mask" and "order-agnostic" are exact log-probabilities of what is
drawn. "particles" is an estimate of log p(hidden | known) of the raster model, and flatters it on average.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import armod
from armod.course.labs.paint.completing import METHODS, complete
from armod.masks import HOLES, mask, masked_input

RESULTS = Path(__file__).with_suffix(".json")
RASTER, TOLD = "gated-pixelcnn-coordinates-digits28", "inpainting-digits28"
ORDERS = 8
EXACT = ("bottom", "everything")  # known pixels come first, so that particles change nothing


def by_mask(particles: int = 64, num: int = 100, epochs: int = 40) -> dict[str, Any]:
    """Measure all ways on all masks.

    Args:
        particles: for each digit.
        num: digits that are completed by particles, the first ones of the test split; all other ways complete all.
        epochs: of the order-agnostic MADE, which is trained here.

    Returns:
        Means and standard errors by mask and way, and how they came about.
    """
    data = armod.data.load("digits28").binarize()
    raster, told = armod.load_pretrained(RASTER), armod.load_pretrained(TOLD)
    agnostic = order_agnostic(epochs)
    x, few = data.test, data.test[:num]
    found: dict[str, Any] = {
        "digits": len(x),
        "digits of particles": num,
        "particles": particles,
        "parameters of the raster model": _size(raster),
        "parameters of the model told the mask": _size(told),
        "parameters of the order-agnostic model": _size(agnostic),
    }
    for hole in HOLES:
        known = mask(hole)
        given = masked_input(x, known)
        # as random as the orderings of its training, but that the known pixels come first
        orderings = [
            armod.orderings.known_first(known, armod.orderings.random(known.shape, k)) for k in range(ORDERS)
        ]
        each = torch.stack([completion_nats(agnostic.with_ordering(one), x, known) for one in orderings])
        blind = completion_nats(raster, x, known)
        row = {
            "raster": blind,
            "told the mask": completion_nats(told, x, known, given),
            "order-agnostic": each[0],
            f"order-agnostic, mixture of {ORDERS}": math.log(ORDERS) - torch.logsumexp(-each, 0),
        }
        if hole not in EXACT:
            generator = torch.Generator().manual_seed(0)
            estimate = completion_nats(raster, few, known, particles=particles, generator=generator)
            row |= {"particles": estimate, "raster minus particles": blind[:num] - estimate}
        found[hole] = {way: _with_error(nats) for way, nats in row.items()}
        print(hole, {way: value["nats"] for way, value in found[hole].items()}, flush=True)
    return found


def painter(repetitions: int = 7) -> dict[str, dict[str, float]]:
    """Measure the first completion of a painted hole, with 64 particles.

    Args:
        repetitions: of which the quickest counts.

    Returns:
        CPU seconds of one thread by hole and method, the nats of the truth included.
    """
    digit = armod.data.load("digits28").binarize().test[3]
    found: dict[str, dict[str, float]] = {}
    for hole in ("top", "left", "box"):
        hidden = ~mask(hole)[0][None]
        for method in METHODS:
            seconds = []
            for _ in range(repetitions):
                begin = time.process_time()
                complete(digit, hidden, methods=(method,), num=1)
                seconds.append(time.process_time() - begin)
            found.setdefault(hole, {})[method] = round(min(seconds), 2)
    return found


def order_agnostic(epochs: int) -> armod.MADE:
    """Train a MADE with a new ordering in each step.

    Args:
        epochs: passes through the training split.

    Returns:
        The model.
    """
    data = armod.data.load("digits28").binarize()
    model = armod.MADE((1, 28, 28), [500, 500], likelihood=armod.likelihoods.Bernoulli(), order_agnostic=True)
    model.start_from_marginals(data.train)
    armod.fit(
        model,
        data.train,
        epochs=epochs,
        batch_size=50,
        learning_rate=2e-3,
        learning_rate_decay=0.95,
        average=0.99,
        progress=False,
    )
    return model


def completion_nats(
    model: armod.AutoregressiveModel, x: Tensor, known: Tensor, given: Tensor | None = None, **options: Any
) -> Tensor:
    """Compute `-armod.completion_log_prob` in portions, without gradients.

    Args:
        model: the model.
        x: digits.
        known: the mask.
        given: the input of a model that is told the mask.
        **options: of `armod.completion_log_prob`.

    Returns:
        Nats, ``(N,)``.
    """
    parts = []
    with torch.no_grad():
        for rows in torch.arange(len(x)).split(100):
            context = None if given is None else given[rows]
            parts.append(-armod.completion_log_prob(model, x[rows], known, context, **options))
    return torch.cat(parts).double()


def _with_error(nats: Tensor) -> dict[str, float]:
    error = nats.std().item() / math.sqrt(len(nats))
    return {"nats": round(nats.mean().item(), 2), "standard error": round(error, 2)}


def _size(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


if __name__ == "__main__":
    torch.set_num_threads(1)
    results = json.loads(RESULTS.read_text()) if sys.argv[1:] == ["painter"] else by_mask()
    results["CPU seconds of the first completion"] = painter()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    sys.stdout.write(RESULTS.read_text())
