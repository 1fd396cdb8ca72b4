"""Exercise 6: what a completion in raster order conditions on, and what p(unknown | known) would be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from torch import Tensor

from armod import orderings
from armod.course.exercises import Answer, Exercise, Handle, shown
from armod.course.exercises.engine.draws import bits, normal
from armod.likelihoods import Bernoulli
from armod.models.raster.pixelcnn import PixelCNN

pixelcnn_completion = Exercise(
    name="pixelcnn-completion",
    number=6,
    title="What does a completion know?",
    difficulty="stretch",
    minutes=9,
    names=("missed", "drawn_log_prob", "exact_log_prob"),
    hints=(
        "Two pixels, the second one known. How is the first one drawn? With which probability should it be?",
        "Only unknown pixels are drawn, each from its own conditional: which terms of the chain rule does that multiply? "
        "The exact one is p(all) / p(known), and p(known) is a sum over everything that the unknown pixels might be.",
        "`model.conditionals(x).log_prob(x)` holds all terms. For p(known): `itertools.product([0.0, 1.0], repeat=...)` gives all "
        "fillings, `filled[:, ~mask] = ...` puts one in, `torch.logsumexp` adds up what `model.log_prob` says of them.",
    ),
)


SHAPE = (1, 2, 3)
Case = tuple[PixelCNN, Tensor, Tensor]


def missed(mask: Tensor, ordering: Tensor) -> Tensor:
    """The number of known pixels after each unknown one, ``(H, W)``."""
    return torch.where(mask, 0, _later(mask, ordering))


def _later(mask: Tensor, ordering: Tensor) -> Tensor:
    """For each pixel the number of known ones after it in the ordering, ``(H, W)``."""
    in_order = mask.flatten()[ordering].long()
    found = torch.zeros_like(in_order)
    found[ordering] = in_order.sum() - in_order.cumsum(0)
    return found.view(mask.shape)


def drawn_log_prob(model: PixelCNN, x: Tensor, mask: Tensor, seen: Tensor | None = None) -> Tensor:
    """The conditionals of what is drawn, by what the model has seen: all of x, other pixels of it are a mistake."""
    return (_log_conditionals(model, x if seen is None else seen, at=x) * ~mask).flatten(1).sum(1)


def exact_log_prob(model: PixelCNN, x: Tensor, mask: Tensor) -> Tensor:
    """The log p(unknown | known) of each image, by enumeration."""
    fillings = list(itertools.product([0.0, 1.0], repeat=int((~mask).sum())))
    filled = x.repeat(len(fillings), 1, 1, 1)
    filled[:, ~mask] = torch.tensor(fillings, dtype=x.dtype).repeat_interleave(len(x), 0)
    totals = _log_prob(model, filled).view(len(fillings), len(x))
    return _log_prob(model, x) - totals.logsumexp(0)


@torch.no_grad()
def _log_conditionals(model: PixelCNN, seen: Tensor, *, at: Tensor | None = None) -> Tensor:
    """The log p(x_d | what is seen), ``(N, 1, 2, 3)``, of the values `at`, of the same images if None."""
    return model.conditionals(seen).log_prob(seen if at is None else at)


def _log_prob(model: PixelCNN, x: Tensor) -> Tensor:
    return _log_conditionals(model, x).flatten(1).sum(1)


def _model(generator: np.random.Generator) -> PixelCNN:
    """A small model whose every conditional depends strongly on what it sees."""
    model = PixelCNN(SHAPE, 4, 1, likelihood=Bernoulli()).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(normal(generator, *parameter.shape, scale=0.7))
        model.first.weight.abs_()  # a unit that is dead wherever a pixel is 1 would hide it
        model.first.bias.abs_()
    return model


def _on_the_other_side(answer: Answer, model: PixelCNN) -> Handle:
    bits = answer.make("likelihoods.Bernoulli")
    twin = answer.make("PixelCNN", list(SHAPE), 4, 1, likelihood=bits).call("double")
    twin.call("load_state_dict", dict(model.state_dict()))
    return twin.call("requires_grad_", False)


def _ask(answer: Answer, model: PixelCNN, x: Tensor, mask: Tensor, *, name: str) -> object:
    return answer.call(name, _on_the_other_side(answer, model), x, mask)


def _known_pixels(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """In the raster, and by columns."""
    size = height, width = 3, 4
    for ordering in (orderings.raster(size), orderings.column(size)):
        yield torch.from_numpy(generator.permutation(height * width).reshape(size) % 2 == 0), ordering


def _completions(generator: np.random.Generator) -> Iterator[Case]:
    """Five images; known pixels mixed, last, first; all known, none known."""
    for known in ([0, 1, 0, 0, 1, 0], [0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 0], [1] * 6, [0] * 6):
        yield _model(generator), bits(generator, 5, *SHAPE), torch.tensor(known).bool().view(SHAPE)


def _seen(got: Tensor, right: Tensor, model: PixelCNN, x: Tensor, mask: Tensor) -> str:
    row = int(torch.nan_to_num(got - right, nan=1e9).abs().argmax())
    return (
        f"For the image {shown(x[row, 0].long())} with the known pixels {shown(mask[0].int())} you give {shown(float(got[row]))} "
        f"nats."
    )


def _where_to_look(got: Tensor, right: Tensor, model: PixelCNN, x: Tensor, mask: Tensor) -> str:
    if mask.all():
        return "Everything is known: there is one filling, and it is certain."
    if not mask.any():
        return "Nothing is known: this is the log-likelihood of the whole image."
    return f"{int((~mask).sum())} pixels are drawn: go through them one by one. What is each of them conditioned on?"


def _after_it(got: Tensor, right: Tensor, mask: Tensor, ordering: Tensor) -> str:
    row, column = (got != right).nonzero()[0].tolist()
    return (
        f"Look at the pixel in row {row}, column {column}: which known pixels come after it in the ordering?"
    )


pixelcnn_completion.asks(
    missed,
    "known pixels that a draw has not looked at",
    instances=_known_pixels,
    seen=lambda got, right, mask, ordering: f"`missed` for the known pixels {shown(mask.int())}, in the ordering {shown(ordering)}, is {shown(got)}.",
    wrong={
        "You seem to go by the raster; here the image is read in another order.": lambda mask, ordering: missed(mask, torch.arange(len(ordering))),
        "`ordering[k]` is the pixel that is drawn k-th, not the step in which pixel k is drawn.": lambda mask, ordering: missed(mask, torch.argsort(ordering)),
        "Those are the known pixels that come *earlier*. Are those the ones that a draw has not looked at?": lambda mask, ordering: missed(mask, ordering.flip(0)),
        "You take True for unknown: the mask is True where a pixel is known.": lambda mask, ordering: missed(~mask, ordering),
        "A pixel that is known is not drawn, so it misses nothing: the answer there is 0.": _later,
        "You count unknown pixels, too. Those are not there yet for anybody.": lambda mask, ordering: torch.where(mask, 0, _later(torch.ones_like(mask), ordering)),
    },
    otherwise=_after_it,
)  # fmt: skip
pixelcnn_completion.asks(
    drawn_log_prob,
    "with which probability the sampler draws a filling",
    points=2,
    instances=_completions,
    ask=partial(_ask, name="drawn_log_prob"),
    called=lambda model, x, mask: f"`drawn_log_prob` of {len(x)} images",
    seen=_seen,
    finite=False,
    atol=1e-6,
    wrong={
        "You multiply the conditionals of all pixels. Which of them does the sampler draw?": lambda model, x, mask: _log_prob(model, x),
        "Those are the conditionals of the known pixels. Are they drawn?": lambda model, x, mask: drawn_log_prob(model, x, ~mask),
        "That is p(unknown | known). Does a sampler in raster order know what comes later?": exact_log_prob,
        "Your conditionals see zeros in the place of pixels that have been drawn before.": lambda model, x, mask: drawn_log_prob(model, x, mask, seen=x * mask),
        "Your conditionals do not see the known pixels at all.": lambda model, x, mask: drawn_log_prob(model, x, mask, seen=x * ~mask),
        "That is a probability; the question asks for its logarithm.": lambda *case: drawn_log_prob(*case).exp(),
    },
    otherwise=_where_to_look,
)  # fmt: skip
pixelcnn_completion.asks(
    exact_log_prob,
    "with which probability it should be drawn",
    points=3,
    instances=_completions,
    ask=partial(_ask, name="exact_log_prob"),
    called=lambda model, x, mask: f"`exact_log_prob` of {len(x)} images",
    seen=_seen,
    finite=False,
    atol=1e-6,
    wrong={
        "That is what the sampler draws. Is it the same when a known pixel comes later?": drawn_log_prob,
        "That is the log-likelihood of the whole image. The known pixels are given.": lambda model, x, mask: _log_prob(model, x),
        "That is p(known | unknown): you fill the other pixels.": lambda model, x, mask: exact_log_prob(model, x, ~mask),
        "That is -log p(known). Where is the image itself?": lambda model, x, mask: exact_log_prob(model, x, mask) - _log_prob(model, x),
        "That is log p(known), the denominator.": lambda model, x, mask: _log_prob(model, x) - exact_log_prob(model, x, mask),
        "You add log p(known). It is a denominator.": lambda model, x, mask: 2 * _log_prob(model, x) - exact_log_prob(model, x, mask),
        "That is a probability; the question asks for its logarithm.": lambda *case: exact_log_prob(*case).exp(),
        "You normalise over the images in the batch. Which images share the known pixels?": lambda model, x, mask: _log_prob(model, x).log_softmax(0),
    },
    otherwise=_where_to_look,
)  # fmt: skip
