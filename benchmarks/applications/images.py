"""Super-resolution and colorization beside their baselines, on the test splits.

``python -m benchmarks.applications.images`` measures the shipped models in a few minutes of one thread, and keeps the result in
`images.json`. Nats and bits are likelihoods; errors are root mean squares over all pixels and channels, in units
of Co and Cg for chroma. The baselines that have to be trained are trained here: independent pixels with
the encoder of the model that they are compared with, and a regressor of the chroma on squared errors.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import armod
from armod import encoders
from armod.data import Dataset
from armod.data.views import chroma_values, low_resolution
from armod.likelihoods import Bernoulli, Likelihood
from armod.pretrained import receipt, recipe_path
from armod.pretrained.recipe import read_recipe

RESULTS = Path(__file__).with_suffix(".json")


class Independent(armod.AutoregressiveModel):
    """Pixels that are independent of each other, each with a distribution of its own given the input.

    Args:
        event_shape: ``(C, H, W)``.
        likelihood: the family of the distributions.
        encoder: the arguments of the encoder that it is compared with.
    """

    context_size = None

    def __init__(self, event_shape: torch.Size, likelihood: Likelihood, encoder: dict[str, Any]) -> None:
        super().__init__()
        self.event_shape, self.likelihood = event_shape, likelihood
        self.register_buffer("ordering", torch.arange(math.prod(event_shape)))
        arguments = {**encoder, "out_channels": event_shape[0] * likelihood.num_parameters}
        self.network = encoders.images(**arguments)

    def conditionals(self, x: Tensor | None, context: Tensor | None = None) -> Any:
        """The distributions, whatever `x` is."""
        assert self.likelihood is not None
        parameters = self.network(context).unflatten(1, (self.event_shape[0], -1)).movedim(2, -1)
        return self.likelihood.distribution(parameters)


def super_resolution(name: str, likelihood: Likelihood, factor: int, epochs: int) -> dict[str, float]:
    """Measure a model of super-resolution.

    Args:
        name: name of the weights.
        likelihood: of the independent pixels.
        factor: pixels along a side of a block.
        epochs: of the independent pixels.

    Returns:
        Nats, errors and consistency, by their names.
    """
    recipe, stated = read_recipe(recipe_path(name)), receipt(name)
    data, model = recipe.load_data(), armod.load_pretrained(name)
    assert data.context is not None and recipe.encoder is not None and stated.nats_without_context is not None
    encoder = {key: value for key, value in recipe.encoder.items() if key != "family"}
    alone = Independent(data.event_shape, likelihood, encoder)
    armod.fit(alone, data, epochs=epochs, batch_size=50, learning_rate=5e-3, average=0.99, progress=False)
    x, given, highest = data.test.float(), data.context["test"], data.num_levels - 1
    drawn = [model.sample(context=given, generator=_seeded(k)).float() for k in range(4)]
    with torch.no_grad():
        independent = alone.conditionals(None, given)
    low = highest * given
    pictures = {
        "nearest": F.interpolate(low, scale_factor=factor),
        "bicubic": F.interpolate(low, scale_factor=factor, mode="bicubic").clamp(0, highest),
        "independent pixels, mean": independent.mean,
        "sample": drawn[0],
        "mean of 4 samples": torch.stack(drawn).mean(0),
    }
    cells = low_resolution(drawn[0], factor)
    found = {
        "nats": stated.nats,
        "nats without the input": stated.nats_without_context,
        "nats of independent pixels": armod.evaluate(alone, data).nats,
        "bits per dimension": stated.bits_per_dim,
        "bits per dimension without the input": stated.nats_without_context / math.log(2) / x[0].numel(),
        "most nats that the input can save": given[0].numel() * math.log(_cell_levels(data, factor)),
        "root mean square of the sample's cells minus the given ones": _rms(cells - low),
        "share of cells that are exact": (cells - low).abs().lt(1e-4).double().mean().item(),
    }
    return found | {f"error of {name}": _rms(picture - x) for name, picture in pictures.items()}


def photographs(name: str = "super-resolution-photos16", factor: int = 4) -> dict[str, float]:
    """Measure how far answers agree with their thumbnail, and what it costs to make them agree by projection.

    The projection moves all pixels of a cell by what its mean lacks. The model then says how much less probable than a draw of
    its own the moved picture is.

    Args:
        name: name of the weights.
        factor: pixels along a side of a block.

    Returns:
        Nats, and root mean squares of the cells minus the given ones, by their names.
    """
    data, model, stated = (
        read_recipe(recipe_path(name)).load_data(),
        armod.load_pretrained(name),
        receipt(name),
    )
    assert data.context is not None and stated.nats_without_context is not None
    x, given = data.test, data.context["test"]
    low = low_resolution(x, factor)
    smooth = F.interpolate(low, scale_factor=factor, mode="bicubic").clamp(0, 255)
    drawn = [model.sample(context=given, generator=_seeded(k)) for k in range(2)]
    sharper = model.sample(context=given, generator=_seeded(0), temperature=0.9)
    moved = [_moved(each, low, factor) for each in drawn]
    cost = torch.stack(
        [_nats(model, a, given) - _nats(model, b, given) for a, b in zip(moved, drawn, strict=True)]
    )
    of_cells = "root mean square of the cells minus the given ones"
    return {
        "nats": stated.nats,
        "nats without the input": stated.nats_without_context,
        "bits per dimension": stated.bits_per_dim,
        f"{of_cells}: sample": _rms(torch.cat([low_resolution(each, factor) - low for each in drawn])),
        f"{of_cells}: temperature 0.9": _rms(low_resolution(sharper, factor) - low),
        f"{of_cells}: bicubic": _rms(low_resolution(smooth, factor) - low),
        f"{of_cells}: projection": _rms(torch.cat([low_resolution(each, factor) - low for each in moved])),
        "nats that the projection costs": cost.mean().item(),
        "standard error of that": cost.mean(0).std().item() / math.sqrt(len(x)),
        "error of sample": _rms(drawn[0] - x),
        "error of bicubic": _rms(smooth - x),
    }


def _moved(x: Tensor, low: Tensor, factor: int) -> Tensor:
    """The pictures whose cells have the given means, as nearly as whole levels from 0 to 255 allow."""
    moved = x.double()
    for _ in range(4):  # what is cut off at 0 or 255 is made up for by the other pixels
        lacking = low - low_resolution(moved, factor)
        moved = (moved + F.interpolate(lacking.double(), scale_factor=factor)).clamp(0, 255)
    return moved.round().long()


@torch.no_grad()
def _nats(model: armod.AutoregressiveModel, x: Tensor, given: Tensor) -> Tensor:
    pairs = zip(x.split(100), given.split(100), strict=True)
    return -torch.cat([model.log_prob(*pair) for pair in pairs]).double()


def _cell_levels(data: Dataset, factor: int) -> int:
    """How many values a cell of the input has: a byte, or a count of ink."""
    return factor**2 + 1 if data.num_levels == 2 else data.num_levels


def colorization(steps: int = 1500, num: int = 8) -> dict[str, float]:
    """Measure the model of colours, beside a regressor with the same encoder."""
    name = "colorization-chroma8"
    data, model, stated = armod.data.load("chroma8"), armod.load_pretrained(name), receipt(name)
    assert data.context is not None and stated.nats_without_context is not None
    given, truth = data.context["test"], chroma_values(data.test)
    regressor = _regressor(data, steps)
    with torch.no_grad():
        guess = 128 * regressor(given)
    levels = model.sample(len(given) * num, given.repeat(num, 1, 1, 1), generator=_seeded(0))
    drawn = chroma_values(levels).unflatten(0, (num, -1))
    of_each = (drawn - truth).square().mean((2, 3, 4))
    to_bits = 1 / (math.log(2) * data.test[0].numel())
    return {
        "nats": stated.nats,
        "nats without the grey": stated.nats_without_context,
        "bits per chroma": stated.bits_per_dim,
        "bits per chroma without the grey": stated.nats_without_context * to_bits,
        "bits per chroma of a histogram": _histogram_nats(data) * to_bits,
        "error of no colour": _rms(truth),
        "error of the regressor": _rms(guess - truth),
        "error of a sample": _rms(drawn[0] - truth),
        f"error of the mean of {num} samples": _rms(drawn.mean(0) - truth),
        f"error of the best of {num} samples": of_each.min(0).values.mean().sqrt().item(),
        "distance of two samples": _rms(drawn[0] - drawn[1]),
        "saturation of the truth": _saturation(truth),
        "saturation of samples": _saturation(drawn),
        "saturation of the regressor": _saturation(guess),
    }


def _regressor(data: Dataset, steps: int) -> nn.Module:
    """The mean chroma given the grey, learnt on squared errors of 1/128 of the chroma."""
    assert data.context is not None
    regressor = encoders.images(1, 2, scale=1 / 4, channels=32, num_layers=4)
    optimizer = torch.optim.Adam(regressor.parameters(), lr=3e-3)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    goal, given, generator = chroma_values(data.train) / 128, data.context["train"], _seeded(1)
    for _ in range(steps):
        rows = torch.randint(len(goal), (32,), generator=generator)
        loss = (regressor(given[rows]) - goal[rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay.step()
    return regressor


def _histogram_nats(data: Dataset) -> float:
    """Nats of a test observation if every number is drawn from its channel's histogram."""
    total = 0.0
    for channel in range(data.event_shape[0]):
        counts = data.train[:, channel].flatten().bincount(minlength=data.num_levels).double() + 1
        surprise = -(counts / counts.sum()).log()
        total += surprise[data.test[:, channel].long()].flatten(1).sum(1).mean().item()
    return total


def _saturation(values: Tensor) -> float:
    """The mean length of the chroma."""
    return values.double().square().sum(-3).sqrt().mean().item()


def _rms(difference: Tensor) -> float:
    return difference.double().square().mean().sqrt().item()


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


MEASURED = {
    "digits": lambda: super_resolution("super-resolution-digits28", Bernoulli(), 7, epochs=16),
    "photos": photographs,
    "colours": colorization,
}


def main() -> None:
    """Measure what the arguments name, or all, and keep the rest of the file."""
    torch.set_num_threads(1)
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in sys.argv[1:] or MEASURED:
        torch.manual_seed(0)
        found[name] = {what: round(value, 4) for what, value in MEASURED[name]().items()}
        print(name, json.dumps(found[name], indent=1))
        RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
