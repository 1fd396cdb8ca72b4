"""Exercise 5, find the bug: masks written into the weights, so that a second ordering finds them gone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod import orderings
from armod.course.exercises import Answer, Exercise, Handle, Mistake, reading, shown
from armod.course.exercises.engine.draws import normal, uneven_ordering
from armod.models.made.masks import masks

made_switching = Exercise(
    name="made-switching",
    number=5,
    title="Find the bug: the weights that vanish",
    difficulty="medium",
    minutes=12,
    names=("weights_left", "MendedLinear"),
    hints=(
        "Print `layer.weight` after the first pass, and again after the second. What does `*=` do to what was there?",
        "A weight lives only if *both* masks keep it. For the mending: each pass needs a masked weight, but only for as "
        "long as this pass lasts.",
        "Make a new tensor from the parameter and the mask inside `forward`, without `.data` and without `*=`, and "
        "hand that to `F.linear`. Then autograd multiplies the gradient by the mask for you.",
    ),
)


def own_masks(student: int) -> tuple[Tensor, Tensor]:
    """Two boolean masks ``(5, 6)``: raster, and a random ordering, as the given cell of the notebook draws them."""
    return _two_masks(torch.arange(6), orderings.random((6,), seed=student))


def _two_masks(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    degrees = [torch.arange(1, len(first))]
    return masks(first, degrees)[0], masks(second, degrees)[0]


def weights_left(first: Tensor, second: Tensor) -> int:
    """Those that both masks keep."""
    return int((first & second).sum())


made_switching.asks(
    weights_left,
    "how many weights the published layer has left",
    own=own_masks,
    wrong={
        "That is what the second mask keeps. Were all of those weights still there when it came?": lambda first, second: int(second.sum()),
        "That is how many weights are lost; as many are kept by one mask *or* the other. What is 0 stays 0: which weights are left?": lambda first, second: first.numel() - weights_left(first, second),
    },
    otherwise="Take one weight that the first mask removes and the second keeps: what is its value after the first pass, and after the second?",
)  # fmt: skip


@made_switching.check("both masks give the right outputs, in turn", points=2)
def outputs_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """One layer, masks in turn, each pass against a plain computation."""
    for size in (4, 3):
        weight, bias, both = _layer(generator, size)
        layer = _mended(answer, weight, bias)
        x = normal(generator, 3, size)
        for turn, number in enumerate((0, 1, 0, 1), 1):
            mask = both[number]
            got, right = _outputs(layer, x, mask), F.linear(x, weight * mask, bias)
            if torch.allclose(got, right, atol=1e-4):
                continue
            known = {
                "It gave the outputs of the unmasked weights.": F.linear(x, weight, bias),
                "It gave the right outputs but for the bias.": right - bias,
                "It used exactly the weights that it must not use: what does True mean?": F.linear(x, weight * ~mask, bias),
                "It used only the weights that this mask and the earlier one both keep. What is left from the earlier pass?": F.linear(x, weight * both[0] * both[1], bias),
                "It used the first mask again. What does your layer remember from its first pass?": F.linear(x, weight * both[0], bias),
            }  # fmt: skip
            due = f"For x = {shown(x[0])} it gave {shown(got[0])}; a sum over the weights that it keeps, plus its bias, is due for each unit: {shown(right[0])}."
            why = next((said for said, wrong in known.items() if torch.allclose(got, wrong, atol=1e-4)), due)
            raise Mistake(f"In pass {turn} the layer was asked to use the mask {shown(mask.long())}. {why}")


@made_switching.check("the weights stay as they are")
def weights_are_untouched(answer: Answer, generator: np.random.Generator) -> None:
    """No pass changes a parameter."""
    weight, bias, both = _layer(generator, 4)
    layer = _mended(answer, weight, bias)
    x = normal(generator, 3, 4)
    for mask in both:
        _outputs(layer, x, mask)
        after = reading.tensor(layer.value("weight"), "`weight` after a pass", shape=weight.shape)
        if not torch.equal(after, weight):
            raise Mistake(
                f"A pass with the mask {shown(mask.long())} changed {int((after != weight).sum())} of the "
                f"{weight.numel()} weights of the layer. Which line of `forward` writes into them?"
            )


@made_switching.check("a weight that is masked learns nothing", points=2)
def gradients_are_masked(answer: Answer, generator: np.random.Generator) -> None:
    """Exactly zero where the mask is, the plain gradient elsewhere."""
    weight, bias, both = _layer(generator, 4)
    layer = _mended(answer, weight, bias)
    x = normal(generator, 3, 4)
    for mask in both:
        _outputs(layer, x, mask)
        reply = layer.call("gradient", x, mask)
        got = reading.tensor(reply, "The gradient", shape=weight.shape)
        if bool(got[~mask].any()):
            unit, source = (~mask & (got != 0)).nonzero()[0].tolist()
            raise Mistake(
                f"Under the mask {shown(mask.long())} the weight from input {source} to unit {unit} is masked, yet its gradient "
                f"is {float(got[unit, source]):.3g}: an optimizer would change it. The mask must be part of what "
                f"autograd sees."
            )
        right = x.sum(0).expand(weight.shape) * mask
        if not got.any():
            raise Mistake(
                "The gradient is 0 for every weight, the kept ones too: this layer would never learn. Does autograd see "
                "the way from the parameter to the output?"
            )
        if not torch.allclose(got, right, atol=1e-4):
            raise Mistake(
                f"Under the mask {shown(mask.long())} the gradient of the summed outputs is {shown(got)}. Where a weight is "
                f"kept, it is the sum of the inputs that it multiplies."
            )


def _layer(generator: np.random.Generator, size: int) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Weight ``(size - 1, size)`` and bias of a hidden layer, and its masks for two orderings."""
    weight, bias = normal(generator, size - 1, size, scale=1.5), normal(generator, size - 1)
    return weight, bias, _two_masks(torch.arange(size), uneven_ordering(generator, size))


def _mended(answer: Answer, weight: Tensor, bias: Tensor) -> Handle:
    layer = answer.call("MendedLinear", weight, bias)
    if not isinstance(layer, Handle):
        raise Mistake(f"`MendedLinear(weight, bias)` gave {shown(layer)}; a layer is due.")
    return layer


def _outputs(layer: Handle, x: Tensor, mask: Tensor) -> Tensor:
    return reading.tensor(
        layer.call("forward", x, mask), "The output of the layer", shape=(len(x), len(mask))
    )
