"""How the samplers of raster models are measured: naive on a documented part of its steps, which all cost the same."""

from __future__ import annotations

import statistics
import time

import torch
from torch import Tensor

from armod import AutoregressiveModel
from armod.models.base import Recomputing
from benchmarks.measure import Result, interleaved

SHAPE, IMAGES, NAIVE_STEPS = (1, 28, 28), 16, 8


def sampled(
    model: AutoregressiveModel, name: str, at_least: float, multiply_adds: float, repeats: int
) -> Result:
    """Seconds of cached sampling against those of one pass for each variable, and whether the two agree."""
    (ours,) = interleaved([lambda: sample(model)], repeats)
    naive = _naive_seconds_of_a_step(model) * model.num_variables
    note = (
        f"naive measured on {NAIVE_STEPS} of {model.num_variables} steps; {agreement(model, sample(model))}"
    )
    return Result(name, ours, naive, None, at_least, note, multiply_adds)


def sample(model: AutoregressiveModel) -> Tensor:
    """Cached, from the noise of seed 0."""
    return model.sample(IMAGES, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def agreement(model: AutoregressiveModel, drawn: Tensor) -> str:
    """Holds every draw against the network's own conditional: one pass over the finished sample gives them all.

    For bits. If no draw differs, the naive loop would have made this very sample.

    Raises:
        AssertionError: where a draw differs further from its threshold than rounding explains.
    """
    noise = torch.rand(
        len(drawn), model.num_variables, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    zero = (1 - torch.sigmoid(model.conditionals(drawn).logits.double())).flatten(1)[:, model.ordering]
    differs = (noise >= zero).long() != drawn.flatten(1)[:, model.ordering]
    if not differs.any():
        return "identical samples"
    distance = (noise - zero).abs()[differs].max().item()
    assert distance < 1e-5, f"samples differ {distance:.1e} away from a threshold"
    return f"{int(differs.sum())} draws differ, within {distance:.0e} of their thresholds"


@torch.no_grad()
def _naive_seconds_of_a_step(model: AutoregressiveModel) -> float:
    """Median over the first steps of the naive loop: one pass of all images, and a draw."""
    view, seconds = Recomputing(model, IMAGES), []
    generator = torch.Generator().manual_seed(0)
    for _ in range(NAIVE_STEPS):
        begin = time.process_time()
        view.append(torch.rand(IMAGES, generator=generator) < view.conditional().probs)
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds)
