"""PixelCNN++'s speed promises: 16 grey images of 28 x 28 by 3.4 million parameters, and cost linear in pixels.

The peer is the textbook loop over our own network at equal weights: one pass over the whole image for each of its
pixels. Its passes all cost the same, so some are measured and the rest is multiplication.
"""

from __future__ import annotations

import statistics
import time

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from armod import PixelCNNPlusPlus, likelihoods, load_pretrained
from benchmarks.measure import Result, exponent, interleaved

SIZE, CHANNELS, IMAGES = 28, 60, 16
NAIVE_STEPS = 5  # measured of 784, at even distances
SIZES = (12, 20, 28, 40)


def sampling(repeats: int = 3) -> list[Result]:
    """Sixteen images, cached against naive."""
    model = _model(SIZE)
    (cached,) = interleaved([lambda: _sample(model)], repeats)
    seconds, agreement = _naive_steps(model, _sample(model))
    return [
        Result(
            f"cached sampling of {IMAGES} images, PixelCNN++ of {_millions(model)} M parameters, against naive",
            cached,
            seconds * model.num_variables,
            at_least=200,
            note=f"{agreement}; naive measured on {NAIVE_STEPS} steps",
            multiply_adds=_multiply_adds(model),
        )
    ]


def linear_cost(repeats: int = 3) -> list[Result]:
    """Seconds against the number of pixels: an exponent of 1."""
    models = [_model(size) for size in SIZES]
    seconds = interleaved([lambda model=model: _sample(model) for model in models], repeats)
    pixels = [model.num_variables for model in models]
    return [
        Result(
            f"PixelCNN++, seconds a pixel at {SIZES[-1]} x {SIZES[-1]}, against {SIZES[0]} x {SIZES[0]}",
            seconds[-1] / pixels[-1],
            seconds[0] / pixels[0],
            at_most=1.25,
            note=f"seconds ~ pixels^{exponent(pixels, seconds):.3f}",
        )
    ]


def fused(repeats: int = 5) -> list[Result]:
    """Photographs and grey images, against the same walk with a draw for each channel by itself."""
    works = {
        "photographs of 16 x 16": load_pretrained("pixelcnn-plus-plus-photos16"),
        "grey images of 28 x 28": _model(SIZE),
    }
    results = []
    for name, model in works.items():
        for num in (1, IMAGES):
            ours, by_channel = (
                lambda method=method, model=model, num=num: model.sample(  # type: ignore[misc]
                    num, generator=_seeded(), method=method
                )
                for method in ("cached", _by_channel)
            )
            is_same = torch.equal(ours(), by_channel())
            results.append(
                Result(
                    f"{num} {name}, a pixel's channels drawn at once, against one by one",
                    *interleaved([ours, by_channel], repeats),
                    at_least=1.3 if model.event_shape[0] == 3 else None,
                    note="identical samples" if is_same else "samples differ by rounding",
                )
            )
    return results


@torch.inference_mode()
def _by_channel(model: PixelCNNPlusPlus, uniform: Tensor, *_: object) -> Tensor:
    """A sampler: the loop that serves whoever watches the levels, without anybody who does."""
    view = model.incremental(len(uniform))
    steps, levels, drawn = view.steps(), None, []
    for noise in view.likelihood.noise(uniform.T.contiguous(), view.dtype):
        levels = view.draw(steps.send(levels), noise)
        drawn.append(levels)
    sample = torch.empty(len(uniform), model.num_variables, dtype=torch.int64)
    sample[:, model.ordering] = view.joined(drawn)
    return sample.view(-1, *model.event_shape)


@torch.no_grad()
def _naive_steps(model: PixelCNNPlusPlus, sample: Tensor) -> tuple[float, str]:
    """CPU seconds of one naive step, and what it says of the same variables of a cached sample.

    Raises:
        AssertionError: where a level differs that does not lie within 1e-5 of the threshold.
    """
    noise = torch.rand(len(sample), model.num_variables, dtype=torch.float64, generator=_seeded())
    seconds, apart = [], 0
    for step in torch.linspace(0, model.num_variables - 1, NAIVE_STEPS).long().tolist():
        unfinished = sample.flatten(1).clone()
        unfinished[:, step:] = 0
        begin = time.process_time()
        conditional = likelihoods.pick(model.conditionals(unfinished.view(sample.shape)), step)
        level = likelihoods.inverse_cdf(conditional, noise[:, step])
        seconds.append(time.process_time() - begin)
        differs = level != sample.flatten(1)[:, step]
        threshold = conditional.cdf(torch.minimum(level, sample.flatten(1)[:, step]))
        distance = (threshold - noise[:, step]).abs()[differs]
        assert (distance < 1e-5).all(), f"samples differ {distance.max():.1e} away from a threshold"
        apart += int(differs.sum())
    agreement = f"{apart} draws on a threshold" if apart else "identical samples"
    return statistics.median(seconds), agreement


def _multiply_adds(model: PixelCNNPlusPlus) -> float:
    """Of one pass over all images: what a sample needs at least."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.conditionals(torch.zeros(IMAGES, *model.event_shape))
    return counter.get_total_flops() / 2


def _model(size: int) -> PixelCNNPlusPlus:
    return PixelCNNPlusPlus((1, size, size), CHANNELS)


def _millions(model: PixelCNNPlusPlus) -> str:
    return f"{sum(parameter.numel() for parameter in model.parameters()) / 1e6:.1f}"


def _sample(model: PixelCNNPlusPlus) -> Tensor:
    return model.sample(IMAGES, generator=_seeded())


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)
