"""Models that tests share, with weights that matter."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor

from armod import (
    MADE,
    AutoregressiveModel,
    likelihoods,
    orderings,
)
from tests.makers import (
    UserBits,
    UserLevels,
    UserSingle,
    gated,
    histogram,
    made,
    multi_scale,
    ngram,
    pixelcnn,
    pixelcnn_plus_plus,
    recurrent,
    subscale,
    transformer,
    wavenet,
)
from tests.models.reference import Numbers


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
    "recurrent, four values back, arbitrary": lambda: recurrent(
        (5,), likelihoods.Categorical(3), cell="gru", lookback=4, ordering=[2, 0, 4, 1, 3]
    ),
    "recurrent, two values back, logistic mixture": lambda: recurrent(
        (3,), likelihoods.LogisticMixture(5, 2), num_layers=2, lookback=2
    ),
    "recurrent, one variable": lambda: recurrent((1,), likelihoods.Categorical(4)),
    "transformer, bits": lambda: transformer((6,), likelihoods.Bernoulli(), positions="rotary"),
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
    "pixelcnn++, two channels": lambda: pixelcnn_plus_plus((2, 1, 2), 3),
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
        (9,),
        likelihoods.Categorical(3),
        context_size=2,
        ordering=orderings.reversed((9,)),
        positions="rotary",
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
