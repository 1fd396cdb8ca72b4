"""Exercise 2: the two gates, that of the Gated PixelCNN with a context, and that of PixelCNN++."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, shown
from armod.course.exercises.engine.draws import normal

variants_gate = Exercise(
    name="variants-gate",
    number=2,
    title="Two gates",
    difficulty="easy",
    minutes=4,
    names=("gate", "residual_gate"),
    hints=(
        "Which shape has `context @ V.T`, and which shape must it have so that every pixel of an image gets the same?",
        "Add the context to all 2p features before you take them apart. `.chunk(2, dim=1)` gives the two halves.",
        "`shift[:, :, None, None]` makes it fit. Then tanh of the first half times sigmoid of the second; in PixelCNN++ the "
        "first half as it is, times sigmoid of the second, plus `below`.",
    ),
)


Result = Callable[..., Tensor]


def gate(
    features: Tensor,
    context: Tensor,
    V: Tensor,
    result: Result = lambda value, opening, *_: value.tanh() * opening.sigmoid(),
) -> Tensor:
    """The gate of the Gated PixelCNN; ``result`` gets both halves with the context, and both without it."""
    shifted = features + (context @ V.T)[:, :, None, None]
    return result(*shifted.chunk(2, dim=1), *features.chunk(2, dim=1))


def residual_gate(
    below: Tensor,
    features: Tensor,
    result: Result = lambda below, value, opening: below + value * opening.sigmoid(),
) -> Tensor:
    """The gate of PixelCNN++."""
    return result(below, *features.chunk(2, dim=1))


def _images(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Another context for each image of the batch."""
    for shape in ((3, 4, 2, 5), (1, 2, 1, 1), (3, 6, 3, 3)):
        yield normal(generator, *shape), normal(generator, shape[0], 2), normal(generator, shape[1], 2)


def _extremes(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """A gate of ±50, no context."""
    for opening in (-50.0, 50.0):
        features = normal(generator, 2, 6, 1, 3)
        features[:, 3:] = opening
        yield features, torch.zeros(2, 4, dtype=torch.float64), normal(generator, 6, 4)


def _blocks(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for shape in ((2, 3, 2, 2), (1, 1, 3, 1)):
        yield normal(generator, *shape), normal(generator, shape[0], 2 * shape[1], *shape[2:])


def _sorted(features: Tensor) -> Tensor:
    """Every other feature first, then the rest: ``(N, 2 p, ...)``."""
    return torch.cat([features[:, ::2], features[:, 1::2]], dim=1)


def _seen(got: Tensor, right: Tensor, features: Tensor, context: Tensor, V: Tensor) -> str:
    image, _, row, column = (~torch.isclose(got, right, atol=1e-5)).nonzero()[0].tolist()
    pixel = (image, slice(None), row, column)
    return (
        f"Features {shown(features[pixel])} and context {shown(context[image])}, with V = {shown(V)}, give "
        f"{shown(right[pixel])}; image {image} of your batch has {shown(got[pixel])} there."
    )


def _seen_at_extremes(got: Tensor, right: Tensor, features: Tensor, *_: Tensor) -> str:
    opening = float(features[0, 3, 0, 0])
    state = "open: a tanh should pass" if opening > 0 else "shut: nothing should pass"
    return (
        f"The first three of six features at a pixel are {shown(features[0, :3, 0, 0])}, the others all {opening:g}. So "
        f"the gate is {state}; you gave {shown(got[0, :, 0, 0].round(decimals=4) + 0.0)}."
    )


asked_gate = variants_gate.asks(
    gate,
    instances=_images,
    seen=_seen,
    wrong={
        "You take the gate from the first half. Values come first.": dict(result=lambda v, o, *_: o.tanh() * v.sigmoid()),
        "You take every other feature as a gate. Which ones are a half?": lambda f, c, V: gate(_sorted(f), c, _sorted(V.T).T),
        "The value is a tanh, between -1 and 1.": dict(result=lambda v, o, *_: v.sigmoid() * o.sigmoid()),
        "The gate is a sigmoid: it can shut, but never turn a sign around.": dict(result=lambda v, o, *_: v.tanh() * o.tanh()),
        "Where is the tanh of the value? (PixelCNN++ has none, the Gated PixelCNN has.)": dict(result=lambda v, o, *_: v * o.sigmoid()),
        "The tanh belongs to the value alone, before it meets the gate.": dict(result=lambda v, o, *_: (v * o.sigmoid()).tanh()),
        "Your result takes no notice of the context.": dict(result=lambda v, o, plain_v, plain_o: plain_v.tanh() * plain_o.sigmoid()),
        "The context moves your values, but not your gates.": dict(result=lambda v, o, plain_v, plain_o: v.tanh() * plain_o.sigmoid()),
        "The context moves your gates, but not your values.": dict(result=lambda v, o, plain_v, plain_o: plain_v.tanh() * o.sigmoid()),
        "You add the context after the gate; it comes before.": dict(result=lambda v, o, plain_v, plain_o: plain_v.tanh() * plain_o.sigmoid() + v - plain_v),
        "Each image has a context of its own; you use the first one for all.": lambda f, c, V: gate(f, c[:1], V),
    },
    otherwise="Compute tanh of the first half and sigmoid of the second at one pixel by hand.",
)  # fmt: skip
variants_gate.add("shut and open", asked_gate.on(_extremes, seen=_seen_at_extremes))
variants_gate.add("the context moves both halves, at every pixel", asked_gate.examine, points=2)
variants_gate.asks(
    residual_gate,
    "around the gate of PixelCNN++ everything passes",
    instances=_blocks,
    seen=lambda got, right, below, f: f"At one pixel `below` is {shown(below[0, :, 0, 0])} and the features are {shown(f[0, :, 0, 0])}; you gave {shown(got[0, :, 0, 0])}.",
    wrong={
        "PixelCNN++ takes the value as it is, without a tanh.": dict(result=lambda below, v, o: below + v.tanh() * o.sigmoid()),
        "Where is what came from below?": dict(result=lambda below, v, o: v * o.sigmoid()),
        "Your gate also decides how much of `below` stays. Here all of it stays.": dict(result=lambda below, v, o: below * (1 - o.sigmoid()) + v * o.sigmoid()),
        "Your gate opens and closes `below`. It belongs to the value.": dict(result=lambda below, v, o: below * o.sigmoid() + v),
        "What came from below goes through your gate. It should go around the gate.": dict(result=lambda below, v, o: (below + v) * o.sigmoid()),
        "You take the gate from the first half. Values come first.": dict(result=lambda below, v, o: below + o * v.sigmoid()),
    },
    otherwise="If the gate is shut, what is left?",
)  # fmt: skip
