"""Exercise 2: the two gates, that of the Gated PixelCNN with a context, and that of PixelCNN++."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_4_pixelcnn_variants.instances import normal

variants_gate = Exercise(
    name="variants-gate",
    lesson="4_5_4_pixelcnn_variants",
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


@variants_gate.check("shut and open")
def extremes_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """A gate of ±50, no context."""
    for opening in (-50.0, 50.0):
        features = normal(generator, 2, 6, 1, 3)
        features[:, 3:] = opening
        context, v = torch.zeros(2, 4, dtype=torch.float64), normal(generator, 6, 4)
        got = _gate(answer, features, context, v)
        right = features[:, :3].tanh() * (opening > 0)
        if not torch.allclose(got, right, atol=1e-6):
            state = "open: a tanh should pass" if opening > 0 else "shut: nothing should pass"
            raise Mistake(
                f"The first three of six features at a pixel are {shown(features[0, :3, 0, 0])}, the others all {opening:g}. So "
                f"the gate is {state}; you gave {shown(got[0, :, 0, 0].round(decimals=4) + 0.0)}. "
                f"{_why(got, features, context, v)}"
            )


@variants_gate.check("the context moves both halves, at every pixel", points=2)
def context_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Another context for each image of the batch."""
    for shape in ((3, 4, 2, 5), (1, 2, 1, 1), (3, 6, 3, 3)):
        features, context = normal(generator, *shape), normal(generator, shape[0], 2)
        v = normal(generator, shape[1], 2)
        got = _gate(answer, features, context, v)
        right = _right(features, context, v)
        if not torch.allclose(got, right, atol=1e-6):
            image, _, row, column = (~torch.isclose(got, right, atol=1e-6)).nonzero()[0].tolist()
            pixel = (image, slice(None), row, column)
            raise Mistake(
                f"Features {shown(features[pixel])} and context {shown(context[image])}, with V = {shown(v)}, give "
                f"{shown(right[pixel])}; image {image} of your batch has {shown(got[pixel])} there. "
                f"{_why(got, features, context, v)}"
            )


@variants_gate.check("around the gate of PixelCNN++ everything passes")
def residual_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """``below + value * sigmoid(opening)``."""
    for shape in ((2, 3, 2, 2), (1, 1, 3, 1)):
        below, features = normal(generator, *shape), normal(generator, shape[0], 2 * shape[1], *shape[2:])
        reply = answer.call("residual_gate", below, features)
        got = reading.tensor(reply, f"`residual_gate` for `below` {shape}", shape=shape)
        value, opening = features.chunk(2, dim=1)
        if torch.allclose(got, below + value * opening.sigmoid(), atol=1e-6):
            continue
        known = [
            (below + value.tanh() * opening.sigmoid(), "PixelCNN++ takes the value as it is, without a tanh."),
            (value * opening.sigmoid(), "Where is what came from below?"),
            (
                below * (1 - opening.sigmoid()) + value * opening.sigmoid(),
                "Your gate also decides how much of `below` stays. Here all of it stays.",
            ),
            (below * opening.sigmoid() + value, "Your gate opens and closes `below`. It belongs to the value."),
            ((below + value) * opening.sigmoid(), "What came from below goes through your gate. It passes around."),
            (below + opening * value.sigmoid(), "You take the gate from the first half. Values come first."),
        ]  # fmt: skip
        fallback = "If the gate is shut, what is left?"
        why = next((said for wrong, said in known if torch.allclose(got, wrong, atol=1e-6)), fallback)
        raise Mistake(
            f"At one pixel `below` is {shown(below[0, :, 0, 0])} and the features are {shown(features[0, :, 0, 0])}; you gave "
            f"{shown(got[0, :, 0, 0])}. {why}"
        )


def _right(features: Tensor, context: Tensor, v: Tensor) -> Tensor:
    value, opening = (features + (context @ v.T)[:, :, None, None]).chunk(2, dim=1)
    return value.tanh() * opening.sigmoid()


def _gate(answer: Answer, features: Tensor, context: Tensor, v: Tensor) -> Tensor:
    num, doubled, height, width = features.shape
    reply = answer.call("gate", features, context, v)
    what = f"`gate` for features {tuple(features.shape)}"
    return reading.tensor(reply, what, shape=(num, doubled // 2, height, width))


def _why(got: Tensor, features: Tensor, context: Tensor, v: Tensor) -> str:
    shift = (context @ v.T)[:, :, None, None]
    (value, opening), (plain_value, plain_opening) = (features + shift).chunk(2, 1), features.chunk(2, 1)
    every_other = features + shift
    known = [
        (opening.tanh() * value.sigmoid(), "You take the gate from the first half. Values come first."),
        (every_other[:, ::2].tanh() * every_other[:, 1::2].sigmoid(), "You take every other feature as a gate. Which ones are a half?"),
        (value.sigmoid() * opening.sigmoid(), "The value is a tanh, between -1 and 1."),
        (value.tanh() * opening.tanh(), "The gate is a sigmoid: it can shut, but never turn a sign around."),
        (value * opening.sigmoid(), "Where is the tanh of the value? (PixelCNN++ has none, the Gated PixelCNN has.)"),
        ((value * opening.sigmoid()).tanh(), "The tanh belongs to the value alone, before it meets the gate."),
        (plain_value.tanh() * plain_opening.sigmoid(), "Your result takes no notice of the context."),
        (value.tanh() * plain_opening.sigmoid(), "The context moves your values, but not your gates."),
        (plain_value.tanh() * opening.sigmoid(), "The context moves your gates, but not your values."),
        (plain_value.tanh() * plain_opening.sigmoid() + shift[:, : value.shape[1]], "You add the context after the gate; it comes before."),
        (_right(features, context[:1].expand_as(context), v), "Each image has a context of its own; you use the first one for all."),
    ]  # fmt: skip
    fallback = "Compute tanh of the first half and sigmoid of the second at one pixel by hand."
    return next((said for wrong, said in known if torch.allclose(got, wrong, atol=1e-6)), fallback)
