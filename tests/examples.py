"""Models that tests share: MADEs with weights that matter, and models that a user of `armod` might write."""

from __future__ import annotations

import itertools
from collections.abc import Callable
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
    orderings,
)
from armod.likelihoods import Likelihood
from armod.models.histogram import Histogram
from armod.models.ngram import NGram
from tests.reference import Numbers

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


def transformer(
    event_shape: tuple[int, ...], likelihood: likelihoods.Likelihood, num_layers: int = 2, **options
) -> Transformer:
    """A lively Transformer of width 6 and three heads in float64."""
    model = Transformer(event_shape, 6, num_layers=num_layers, num_heads=3, likelihood=likelihood, **options)
    return lively(model).double()


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


def every_observation(model: AutoregressiveModel) -> Tensor:
    """All K**D observations, ``(K**D, *event_shape)``."""
    num_levels = model.likelihood.num_levels if model.likelihood is not None else model.num_levels
    rows = itertools.product(range(num_levels), repeat=model.num_variables)
    return torch.tensor(list(rows)).view(-1, *model.event_shape)


def numbers(model: MADE) -> Numbers:
    """A MADE's weights, degrees and ordering, for the slow reference."""
    return Numbers(
        weights=[layer.weight.tolist() for layer in model.layers],
        biases=[layer.bias.tolist() for layer in model.layers],
        degrees=[layer[0].tolist() for layer in model.degrees],
        ordering=model.ordering.tolist(),
        num_levels=model.likelihood.num_levels,
        is_binary=isinstance(model.likelihood, likelihoods.Bernoulli),
    )


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


MODELS: dict[str, Callable[[], AutoregressiveModel]] = {
    "made, one variable": lambda: made((1,), (3,)),
    "made, one hidden unit": lambda: made((4,), (1,)),
    "made, narrow": lambda: made((6,), (2, 3)),
    "made, no hidden layer": lambda: made((5,), ()),
    "made, three hidden layers, reversed": lambda: made((5,), (9, 8, 7), ordering=orderings.reversed((5,))),
    "made, sequential degrees, arbitrary": lambda: made(
        (5,), (12,), ordering=[2, 0, 4, 1, 3], degrees="sequential"
    ),
    "made, colour image, raster": lambda: made((3, 1, 2), (20,)),
    "made, image, checkerboard": lambda: made(
        (1, 2, 3), (20, 10), ordering=orderings.checkerboard((1, 2, 3))
    ),
    "made, image, column": lambda: made((2, 3), (20,), ordering=orderings.column((2, 3))),
    "made, one level": lambda: made((3,), (4,), 1),
    "made, two levels": lambda: made((4,), (12,), 2),
    "made, three levels, random": lambda: made((4,), (12, 6), 3, ordering=orderings.random((4,), seed=5)),
    "made, 256 levels": lambda: made((2,), (8,), 256),
    "made, more levels than a byte": lambda: made((1,), (3,), 300),
    "made, logistic mixture": lambda: made(
        (4,), (12,), likelihood=likelihoods.LogisticMixture(3, 2), ordering=[2, 0, 3, 1]
    ),
    "made, logistic mixture, image": lambda: made(
        (1, 2, 2), (9, 8), likelihood=likelihoods.LogisticMixture(5, 1)
    ),
    "made, logistic mixture, 256 levels": lambda: made(
        (2,), (8,), likelihood=likelihoods.LogisticMixture(256, 5)
    ),
    "made, logistic mixture, one level": lambda: made(
        (3,), (4,), likelihood=likelihoods.LogisticMixture(1, 2)
    ),
    "mixture of one order, logistic": lambda: made(
        (3,), (12,), likelihood=likelihoods.LogisticMixture(4, 2), num_masks=3, ordering=[2, 0, 1]
    ),
    "mixture of one order": lambda: made((4,), (12,), num_masks=3, ordering=[1, 3, 0, 2]),
    "mixture of one order, three levels": lambda: made((3,), (12,), 3, num_masks=4, ordering=[2, 0, 1]),
    "recurrent, bits": lambda: recurrent((6,), likelihoods.Bernoulli()),
    "recurrent, gru, two layers, reversed": lambda: recurrent(
        (4,), likelihoods.Categorical(3), cell="gru", num_layers=2, ordering=orderings.reversed((4,))
    ),
    "recurrent, rnn, arbitrary": lambda: recurrent(
        (5,), likelihoods.Categorical(2), cell="rnn", ordering=[2, 0, 4, 1, 3]
    ),
    "recurrent, lstm, three layers, colour image": lambda: recurrent(
        (3, 1, 2), likelihoods.Bernoulli(), num_layers=3
    ),
    "recurrent, gru, logistic mixture": lambda: recurrent(
        (3,), likelihoods.LogisticMixture(5, 2), cell="gru"
    ),
    "recurrent, one variable": lambda: recurrent((1,), likelihoods.Categorical(4)),
    "transformer, bits": lambda: transformer((6,), likelihoods.Bernoulli()),
    "transformer, three levels, reversed": lambda: transformer(
        (4,), likelihoods.Categorical(3), ordering=orderings.reversed((4,))
    ),
    "transformer, arbitrary": lambda: transformer(
        (5,), likelihoods.Categorical(2), num_layers=1, ordering=[2, 0, 4, 1, 3]
    ),
    "transformer, colour image": lambda: transformer((3, 1, 2), likelihoods.Bernoulli(), num_layers=3),
    "transformer, logistic mixture": lambda: transformer((3,), likelihoods.LogisticMixture(5, 2)),
    "transformer, one variable": lambda: transformer((1,), likelihoods.Categorical(4)),
    "wavenet, bits": lambda: wavenet((6,), likelihoods.Bernoulli(), [1, 2]),
    "wavenet, three levels, reversed": lambda: wavenet(
        (4,), likelihoods.Categorical(3), [2], ordering=orderings.reversed((4,))
    ),
    "wavenet, three taps": lambda: wavenet((7,), likelihoods.Categorical(2), [1, 2], kernel_size=3),
    "wavenet, one tap": lambda: wavenet((4,), likelihoods.Categorical(3), [1, 5], kernel_size=1),
    "wavenet, logistic mixture, no skips": lambda: wavenet(
        (3,), likelihoods.LogisticMixture(5, 2), [1, 1], skip=False
    ),
    "wavenet, no residuals": lambda: wavenet((5,), likelihoods.Bernoulli(), [1, 2], residual=False),
    "wavenet, one variable": lambda: wavenet((1,), likelihoods.Categorical(4), [3]),
    "pixelcnn++, three levels": lambda: pixelcnn_plus_plus((1, 2, 2), 3),
    "pixelcnn++, colours": lambda: pixelcnn_plus_plus((3, 1, 2), 2, num_mixtures=3),
    "pixelcnn++, bits, transposed": lambda: pixelcnn_plus_plus(
        (1, 3, 2), 2, ordering=orderings.column((1, 3, 2))
    ),
    "pixelcnn++, colours, reversed": lambda: pixelcnn_plus_plus(
        (3, 1, 1), 4, ordering=orderings.reversed((3, 1, 1))
    ),
    "pixelcnn++, full resolution, no shortcuts": lambda: pixelcnn_plus_plus(
        (1, 2, 3), 2, downsampling=False, shortcuts=False
    ),
    "pixelcnn++, coordinates": lambda: pixelcnn_plus_plus((1, 2, 2), 3, coordinates=True),
    "subscale, odd": lambda: subscale((1, 3, 2), 2, likelihoods.Bernoulli()),
    "subscale, colour, coordinates": lambda: subscale(
        (3, 1, 2), 2, likelihoods.Bernoulli(), coordinates=True
    ),
    "subscale, mixture, larger than the image": lambda: subscale(
        (1, 2, 2), 3, likelihoods.LogisticMixture(4, 2), num_layers=1
    ),
    "subscale, one variable": lambda: subscale((1, 1, 1), 2, likelihoods.Categorical(3), num_layers=1),
    "histogram, smoothed": lambda: histogram((4,), 2, smoothing=0.5, ordering=[2, 0, 3, 1]),
    "histogram, sparse": lambda: histogram((3,), 3, num_observations=9),
    "histogram, image, bins of levels": lambda: histogram((1, 2, 2), 2, smoothing=1, num_levels=3),
    "histogram, 256 bins": lambda: histogram((1,), 256, num_observations=900),
    "unigram, three levels, reversed": lambda: ngram((4,), 1, 3, ordering=orderings.reversed((4,))),
    "trigram, colour image": lambda: ngram((2, 1, 3), 3, 2),
    "5-gram, longer than its sequences": lambda: ngram((3,), 5, 3, ordering=[2, 0, 1]),
    "pixelcnn, bits": lambda: pixelcnn((1, 2, 3), likelihoods.Bernoulli(), kernel_size=5),
    "pixelcnn, colour": lambda: pixelcnn((3, 2, 1), likelihoods.Bernoulli(), 5),
    "pixelcnn, one colour pixel, reversed": lambda: pixelcnn(
        (3, 1, 1), likelihoods.Categorical(3), 4, 1, ordering=orderings.reversed((3, 1, 1))
    ),
    "pixelcnn, mixture, column": lambda: pixelcnn(
        (1, 2, 2), likelihoods.LogisticMixture(4, 2), ordering=orderings.column((1, 2, 2))
    ),
    "pixelcnn, one variable": lambda: pixelcnn((1, 1, 1), likelihoods.Categorical(3), 1, 1),
    "gated, bits": lambda: gated((1, 2, 3), likelihoods.Bernoulli()),
    "gated, colour": lambda: gated((3, 1, 2), likelihoods.Bernoulli(), 5),
    "gated, one colour pixel, reversed": lambda: gated(
        (3, 1, 1), likelihoods.Categorical(3), kernel_size=1, ordering=orderings.reversed((3, 1, 1))
    ),
    "gated, mixture, column": lambda: gated(
        (1, 2, 2), likelihoods.LogisticMixture(4, 2), num_layers=1, ordering=orderings.column((1, 2, 2))
    ),
    "pixelcnn, coordinates": lambda: pixelcnn((1, 3, 2), likelihoods.Bernoulli(), coordinates=True),
    "gated, coordinates, column": lambda: gated(
        (1, 2, 3), likelihoods.Bernoulli(), coordinates=True, ordering=orderings.column((1, 2, 3))
    ),
    "gated, one variable": lambda: gated((1, 1, 1), likelihoods.Categorical(3), 1, 1),
    "multi-scale, bits": lambda: multi_scale((1, 2, 3), likelihoods.Bernoulli()),
    "multi-scale, colour, coordinates": lambda: multi_scale(
        (3, 1, 2), likelihoods.Bernoulli(), coordinates=True
    ),
    "multi-scale, mixture, colour": lambda: multi_scale((3, 1, 1), likelihoods.LogisticMixture(3, 2)),
    "multi-scale, three levels, diagonal first": lambda: multi_scale(
        (1, 2, 2), likelihoods.Categorical(3), order=("diagonal", "right", "below")
    ),
    "multi-scale, one variable": lambda: multi_scale((1, 1, 1), likelihoods.Categorical(3)),
    "user's bits": lambda: UserBits(4, [2, 0, 3, 1]),
    "user's bits, float32 inside": lambda: UserSingle(4),
    "user's levels": UserLevels,
}
ENSEMBLES: dict[str, Callable[[], MADE]] = {
    "several orders": lambda: made((4,), (12,), num_masks=3),
    "several orders, three levels": lambda: made((3,), (9, 9), 3, num_masks=5),
    "several orders, one variable": lambda: made((1,), (2,), num_masks=2),
    "several orders, image": lambda: made((1, 2, 3), (10,), num_masks=2),
}
# too many observations to enumerate: for tests that compare the two views, float64 unless made otherwise
LARGER: dict[str, Callable[[], AutoregressiveModel]] = {
    "made, bits, random, two chunks, context": lambda: made(
        (75,), (90, 80), degrees="sequential", context_size=2, ordering=orderings.random((75,)), scale=0.3
    ),
    "made, logistic mixture, image, column, context": lambda: made(
        (3, 3, 5),
        (20,),
        likelihood=likelihoods.LogisticMixture(16, 2),
        context_size=3,
        ordering=orderings.column((3, 3, 5)),
    ),
    "made, no hidden layer, context": lambda: made((7,), (), 3, context_size=1),
    "mixture of one order, context": lambda: made(
        (1, 2, 3), (12,), 4, num_masks=3, context_size=2, ordering=orderings.reversed((1, 2, 3))
    ),
    "recurrent, lstm, two layers": lambda: recurrent((70,), likelihoods.Categorical(7), num_layers=2),
    "recurrent, gru, context": lambda: recurrent(
        (9,), likelihoods.Categorical(3), cell="gru", context_size=2
    ),
    "recurrent, rnn, context, reversed": lambda: recurrent(
        (9,), likelihoods.Bernoulli(), cell="rnn", context_size=1, ordering=orderings.reversed((9,))
    ),
    "recurrent, lstm, image, column, context": lambda: recurrent(
        (3, 3, 5), likelihoods.LogisticMixture(16, 2), context_size=2, ordering=orderings.column((3, 3, 5))
    ),
    "recurrent, gru, image, random": lambda: recurrent(
        (1, 9, 8), likelihoods.Bernoulli(), cell="gru", num_layers=2, ordering=orderings.random((1, 9, 8))
    ),
    "transformer": lambda: transformer((70,), likelihoods.Categorical(7)),
    "transformer, context, reversed": lambda: transformer(
        (9,), likelihoods.Categorical(3), context_size=2, ordering=orderings.reversed((9,))
    ),
    "transformer, image, column, context": lambda: transformer(
        (3, 3, 5), likelihoods.LogisticMixture(16, 2), context_size=2, ordering=orderings.column((3, 3, 5))
    ),
    "transformer, image, random": lambda: transformer(
        (1, 9, 8), likelihoods.Bernoulli(), ordering=orderings.random((1, 9, 8))
    ),
    "wavenet, beyond its field": lambda: wavenet((70,), likelihoods.Categorical(7), [1, 2, 4]),
    "wavenet, three taps, any dilations, context": lambda: wavenet(
        (40,), likelihoods.Categorical(3), [3, 1, 5], kernel_size=3, context_size=2
    ),
    "wavenet, four taps, no skips, context": lambda: wavenet(
        (75,), likelihoods.LogisticMixture(16, 2), [2, 2], kernel_size=4, context_size=1, skip=False
    ),
    "wavenet, shorter than its field, context, reversed": lambda: wavenet(
        (9,), likelihoods.Categorical(3), [4, 8], context_size=2, ordering=orderings.reversed((9,))
    ),
    "wavenet, one tap, no residuals, context": lambda: wavenet(
        (9,), likelihoods.Categorical(3), [1, 1], kernel_size=1, residual=False, context_size=2
    ),
    "wavenet, one layer after the other, reversed": lambda: wavenet(
        (70,),
        likelihoods.Bernoulli(),
        [1, 7, 2],
        residual=False,
        skip=False,
        ordering=orderings.reversed((70,)),
    ),
    "pixelcnn, beyond its field": lambda: pixelcnn((1, 9, 8), likelihoods.Categorical(4)),
    "pixelcnn, colour, wide kernel, context": lambda: pixelcnn(
        (3, 4, 3), likelihoods.LogisticMixture(16, 2), 16, kernel_size=5, context_channels=2
    ),
    "pixelcnn, column, context": lambda: pixelcnn(
        (1, 5, 6), likelihoods.Bernoulli(), context_channels=3, ordering=orderings.column((1, 5, 6))
    ),
    "pixelcnn, narrower than the channels, reversed": lambda: pixelcnn(
        (3, 4, 3), likelihoods.Categorical(3), 1, 1, kernel_size=7, ordering=orderings.reversed((3, 4, 3))
    ),
    "gated, narrower than the channels": lambda: gated((3, 4, 3), likelihoods.Categorical(3), 2),
    "gated, only its own pixel": lambda: gated((3, 4, 3), likelihoods.Categorical(3), kernel_size=1),
    "gated, beyond its field": lambda: gated((1, 9, 8), likelihoods.Categorical(4)),
    "gated, colour, wide kernel, context": lambda: gated(
        (3, 4, 3), likelihoods.LogisticMixture(16, 2), 16, kernel_size=5, context_channels=2
    ),
    "gated, column, reversed, context": lambda: gated(
        (3, 3, 5),
        likelihoods.Bernoulli(),
        16,
        context_channels=3,
        ordering=orderings.column((3, 3, 5)).flip(0),
    ),
    "pixelcnn, colour, coordinates, context": lambda: pixelcnn(
        (3, 4, 3), likelihoods.Categorical(3), coordinates=True, context_channels=2
    ),
    "gated, coordinates, column, reversed": lambda: gated(
        (3, 3, 5), likelihoods.Bernoulli(), coordinates=True, ordering=orderings.column((3, 3, 5)).flip(0)
    ),
    "pixelcnn++, coordinates, column, context": lambda: pixelcnn_plus_plus(
        (1, 6, 5), 16, coordinates=True, ordering=orderings.column((1, 6, 5)), context_channels=1
    ),
    "multi-scale, mixture, colour, context": lambda: multi_scale(
        (3, 5, 4), likelihoods.LogisticMixture(16, 2), context_channels=2, coordinates=True
    ),
    "multi-scale, colours apart, wide kernel": lambda: multi_scale(
        (2, 7, 3), likelihoods.Categorical(3), num_layers=2, kernel_size=5, channel_dependence=False
    ),
    "subscale, odd, coordinates": lambda: subscale(
        (1, 5, 7), 2, likelihoods.Categorical(4), coordinates=True
    ),
    "subscale, colour, wide kernel, context": lambda: subscale(
        (3, 4, 5), 3, likelihoods.LogisticMixture(16, 2), num_layers=1, kernel_size=5, context_channels=2
    ),
    "pixelcnn++, padded": lambda: pixelcnn_plus_plus((1, 5, 6), 256),
    "pixelcnn++, colours, deeper": lambda: pixelcnn_plus_plus((3, 2, 4), 16, num_resnets=2),
    "pixelcnn++, colours apart, context": lambda: pixelcnn_plus_plus(
        (3, 5, 2), 16, channel_dependence=False, context_channels=2
    ),
    "pixelcnn++, no shortcuts, column, context": lambda: pixelcnn_plus_plus(
        (1, 6, 5), 16, shortcuts=False, ordering=orderings.column((1, 6, 5)), context_channels=1
    ),
    "pixelcnn++, full resolution, reversed, context": lambda: pixelcnn_plus_plus(
        (3, 2, 6), 16, downsampling=False, ordering=orderings.reversed((3, 2, 6)), context_channels=1
    ),
}
