"""What guessing gains for one image of a Subscale, whose slices are predictable once the first one is known."""

from __future__ import annotations

import statistics

import torch

import armod
from armod.sampling import GuessAndVerify
from benchmarks.measure import Result, interleaved

SEEDS = 10


def fixed_point(repeats: int = SEEDS) -> list[Result]:
    """One image by a fixed point with windows of a slice, against cached sampling of this model and of a PixelCNN."""
    model, raster = (armod.load_pretrained(name) for name in ("subscale-digits28", "pixelcnn-digits28"))
    guessing = GuessAndVerify(window=model.num_variables // model.scale**2 - 1)
    ratios: dict[str, list[tuple[float, float]]] = {"its own, cached": [], "pixelcnn-digits28, cached": []}
    passes = []
    for seed in range(repeats):

        def sample(one: armod.AutoregressiveModel, method: object, seed: int = seed) -> torch.Tensor:
            return one.sample(1, generator=torch.Generator().manual_seed(seed), method=method)

        works = [(model, guessing), (model, "cached"), (raster, "cached")]
        ours, own, other = interleaved([lambda w=work, s=sample: s(*w) for work in works], 3)
        assert torch.equal(sample(model, guessing), sample(model, "cached"))
        passes.append(guessing.report.evaluations)
        ratios["its own, cached"].append((ours, own))
        ratios["pixelcnn-digits28, cached"].append((ours, other))
    note = f"{statistics.mean(passes):.1f} passes on average of {repeats} seeds, identical samples"
    found = []
    for name, seconds in ratios.items():
        ours, reference = sorted(seconds, key=lambda pair: pair[1] / pair[0])[len(seconds) // 2]
        found.append(Result(f"subscale, fixed point, 1 image, against {name}", ours, reference, note=note))
    return found
