"""What fewer passes save: digits from a multi-scale model against a cached PixelCNN, a few and many at a time."""

from __future__ import annotations

import torch

import armod
from armod import AutoregressiveModel, MultiScale, likelihoods
from benchmarks.measure import Result, interleaved
from benchmarks.pixels import SHAPE

AT_LEAST = {1: 6.0, 16: None, 64: None}  # images at a time, and how many times faster a sample must be


def sampling(repeats: int = 9) -> list[Result]:
    """16 passes against 784 cached steps, with as many layers and channels as the shipped weights have."""
    ours = MultiScale(SHAPE, 32, 5, likelihood=likelihoods.Bernoulli(), coordinates=True)
    reference = armod.load_pretrained("pixelcnn-digits28")
    results = []
    for count, at_least in AT_LEAST.items():
        works = [_sampler(model, count) for model in (ours, reference)]
        seconds = interleaved(works, repeats)
        name = f"multi-scale 5 x 32, {count} images, against cached pixelcnn-digits28"
        results.append(
            Result(name, *seconds, at_least=at_least, note=f"{ours.num_passes} passes for 784 steps")
        )
    return results


def _sampler(model: AutoregressiveModel, count: int):
    return lambda: model.sample(count, generator=torch.Generator().manual_seed(0))
