"""Short ways to make a model of each family with weights that matter, and models that a user of `armod` might write."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, distributions, nn

from armod import (
    MADE,
    AutoregressiveModel,
    GatedPixelCNN,
    MultiScale,
    PixelCNN,
    PixelCNNPlusPlus,
    RecurrentModel,
    Subscale,
    Transformer,
    WaveNet,
    likelihoods,
)
from armod.likelihoods import Likelihood
from armod.models.histogram import Histogram
from armod.models.ngram import NGram

M = TypeVar("M", bound=nn.Module)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def lively(model: M, seed: int = 0, scale: float = 0.8) -> M:
    """Large random weights and biases, so that every conditional depends visibly on what it may see."""
    generator = seeded(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(noise * scale)
    return model


def made(
    event_shape: tuple[int, ...] = (5,),
    hidden: tuple[int, ...] = (16,),
    num_levels: int = 0,
    likelihood: likelihoods.Likelihood | None = None,
    scale: float = 0.8,
    **options,
) -> MADE:
    """A lively MADE in float64; without a likelihood given, `num_levels` 0 is Bernoulli."""
    if likelihood is None:
        likelihood = likelihoods.Categorical(num_levels) if num_levels else likelihoods.Bernoulli()
    return lively(MADE(event_shape, hidden, likelihood=likelihood, **options), scale=scale).double()


def recurrent(event_shape: tuple[int, ...], likelihood: likelihoods.Likelihood, **options) -> RecurrentModel:
    """A lively recurrent network of five units in float64."""
    return lively(RecurrentModel(event_shape, 5, likelihood=likelihood, **options)).double()


def transformer(event_shape: tuple[int, ...], likelihood: likelihoods.Likelihood, **options) -> Transformer:
    """A lively Transformer of width 6, by default with two layers and three heads, in float64."""
    options = {"num_layers": 2, "num_heads": 3, **options}
    return lively(Transformer(event_shape, 6, likelihood=likelihood, **options)).double()


def wavenet(
    event_shape: tuple[int, ...], likelihood: likelihoods.Likelihood, dilations: list[int], **options
) -> WaveNet:
    """A lively WaveNet of three channels in float64."""
    model = WaveNet(event_shape, 3, dilations=dilations, likelihood=likelihood, **options)
    return lively(model).double()


def pixelcnn_plus_plus(event_shape: tuple[int, int, int], num_levels: int, **options) -> PixelCNNPlusPlus:
    """A lively PixelCNN++ of width 4 in float64, as small as it can be."""
    options = {"num_resnets": 1, "num_mixtures": 2} | options
    return lively(PixelCNNPlusPlus(event_shape, 4, num_levels=num_levels, **options), scale=0.3).double()


def histogram(
    event_shape: tuple[int, ...], num_bins: int, *, num_observations: int = 60, **options
) -> Histogram:
    """A histogram of random observations; few of them leave cells unseen."""
    model = Histogram(event_shape, num_bins, **options)
    skewed = torch.rand(num_observations, *event_shape, generator=seeded(3)).square()
    return model.fit((skewed * model.likelihood.num_levels).long())


def ngram(event_shape: tuple[int, ...], order: int, num_levels: int, **options) -> NGram:
    """An n-gram that counted a few random observations."""
    model = NGram(event_shape, order, num_levels=num_levels, **options)
    skewed = torch.rand(9, *event_shape, generator=seeded(3)).square()
    return model.fit((skewed * num_levels).long())


def context_for(model: AutoregressiveModel, num: int, *, local: bool = False) -> Tensor | None:
    """A context for `num` observations, of the model's own type: ``(N, C)``, or local with all positions after that."""
    if not model.context_size:
        return None
    positions = model.event_shape[1:] if len(model.event_shape) >= 3 else model.event_shape
    shape = (num, model.context_size, *(positions if local else ()))
    dtype = next(parameter.dtype for parameter in model.parameters())
    return torch.randn(shape, generator=seeded(11), dtype=torch.float64).to(dtype)


def pixelcnn(
    shape: tuple[int, ...], likelihood: Likelihood, channels: int = 4, num_layers: int = 2, **options
) -> PixelCNN:
    """A lively PixelCNN in float64; the wider it is, the smaller its weights."""
    model = PixelCNN(shape, channels, num_layers, likelihood=likelihood, **options)
    return lively(model, scale=min(0.5, 2 / channels)).double()


def gated(
    shape: tuple[int, ...], likelihood: Likelihood, channels: int = 4, num_layers: int = 2, **options
) -> GatedPixelCNN:
    """A lively Gated PixelCNN in float64; the wider it is, the smaller its weights."""
    model = GatedPixelCNN(shape, channels, num_layers, likelihood=likelihood, **options)
    return lively(model, scale=min(0.5, 4 / channels)).double()


def multi_scale(
    shape: tuple[int, ...], likelihood: Likelihood, channels: int = 5, num_layers: int = 1, **options
) -> MultiScale:
    """A lively multi-scale model in float64."""
    model = MultiScale(shape, channels, num_layers, likelihood=likelihood, **options)
    return lively(model, scale=0.4).double()


def subscale(shape: tuple[int, ...], scale: int, likelihood: Likelihood, **options) -> Subscale:
    """A lively Subscale of width 4 in float64."""
    model = Subscale(shape, scale, 4, options.pop("num_layers", 2), likelihood=likelihood, **options)
    return lively(model, scale=0.4).double()


class UserBits(AutoregressiveModel):
    """Logistic regression of each bit on the earlier ones, with plain attributes, `likelihood` left unsaid."""

    num_levels = 2

    def __init__(self, num_variables: int = 4, ordering: list[int] | None = None) -> None:
        super().__init__()
        self.event_shape = torch.Size([num_variables])
        self.ordering = torch.tensor(ordering if ordering is not None else list(range(num_variables)))
        self.weight = nn.Parameter(torch.randn(num_variables, num_variables, generator=seeded(1)))
        self.bias = nn.Parameter(torch.randn(num_variables, generator=seeded(2)))

    def may_see(self) -> Tensor:
        place = torch.argsort(self.ordering)
        return place[:, None] > place[None, :]

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        weight = self.weight * self.may_see()
        return distributions.Bernoulli(logits=x.to(weight.dtype) @ weight.T + self.bias)


class UserSingle(UserBits):
    """As users write it: the input is cast to float32, whatever the model's own type."""

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        weight = self.weight * self.may_see()
        return distributions.Bernoulli(logits=nn.functional.linear(x.float(), weight, self.bias))


class UserLevels(AutoregressiveModel):
    """No parameters at all: each of 2 x 2 pixels of 3 levels depends on the sum of the pixels before it."""

    num_levels = 3
    event_shape = torch.Size([2, 2])
    ordering = torch.tensor([3, 1, 0, 2])

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        in_order = x.flatten(1)[:, self.ordering].double()
        logits = torch.empty(len(x), 4, 3, dtype=torch.float64)
        sums = in_order.cumsum(1) - in_order
        logits[:, self.ordering] = sums[..., None] * torch.tensor([0.3, -0.4, 0.2]) + torch.tensor(
            [0.0, 0.5, 1]
        )
        return distributions.Categorical(logits=logits.view(-1, 2, 2, 3), validate_args=False)
