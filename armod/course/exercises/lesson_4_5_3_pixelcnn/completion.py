"""Exercise 6: what a completion in raster order conditions on, and what p(unknown | known) would be."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor

from armod import orderings
from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer, Handle
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
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

_SHAPE = (1, 2, 3)


@pixelcnn_completion.check("known pixels that a draw has not looked at")
def missed_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """In the raster, and by columns."""
    height, width = 3, 4
    for ordering in (orderings.raster((height, width)), orderings.column((height, width))):
        mask = torch.from_numpy(generator.permutation(height * width).reshape(height, width) % 2 == 0)
        call = f"`missed` for the known pixels {shown(mask.int())}"
        got = reading.tensor(
            answer.call("missed", mask, ordering), call, shape=(height, width), integers=True
        )
        right = _missed(mask, ordering)
        if torch.equal(got, right):
            continue
        place = torch.argsort(ordering)
        raster = torch.arange(height * width)
        known = [
            (_missed(mask, raster), "You seem to go by the raster; here the image is read in another order."),
            (_missed(mask, place), "`ordering[k]` is the pixel that is drawn k-th, not the step in which pixel k is drawn."),
            (_missed(mask, ordering.flip(0)), "Those are the known pixels that come *earlier*. Is it those that a draw has not looked at?"),
            (_missed(~mask, ordering), "You take True for unknown: the mask is True where a pixel is known."),
            (_later(mask, ordering), "A pixel that is known is not drawn, so it misses nothing: 0 is due there."),
            (torch.where(mask, 0, _later(torch.ones_like(mask), ordering)), "You count unknown pixels, too. Those are not there yet for anybody."),
        ]  # fmt: skip
        seen = f"{call}, in the ordering {shown(ordering)}, is {shown(got)}."
        for wrong, message in known:
            if torch.equal(got, wrong):
                raise Mistake(f"{seen} {message}")
        row, column = (got != right).nonzero()[0].tolist()
        raise Mistake(
            f"{seen} Look at the pixel in row {row}, column {column}: which known pixels come after it in the ordering?"
        )


@pixelcnn_completion.check("with which probability the sampler draws a filling", points=2)
def drawn_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Known first, mixed, last; all known, none known."""
    for mask in _masks(generator):
        model, x = _instance(generator)
        conditionals = _log_conditionals(model, x)
        right = (conditionals * ~mask).flatten(1).sum(1)
        known = [
            (conditionals.flatten(1).sum(1), "You multiply the conditionals of all pixels. Which of them does the sampler draw?"),
            ((conditionals * mask).flatten(1).sum(1), "Those are the conditionals of the known pixels. Are they drawn?"),
            (_exact(model, x, mask), "That is p(unknown | known). Does a sampler in raster order know what comes later?"),
            ((_log_conditionals(model, x * mask, at=x) * ~mask).flatten(1).sum(1), "Your conditionals see zeros in the place of pixels that have been drawn before."),
            ((_log_conditionals(model, x * ~mask, at=x) * ~mask).flatten(1).sum(1), "Your conditionals do not see the known pixels at all."),
            (right.exp(), "That is a probability; its logarithm is due."),
        ]  # fmt: skip
        _refuse(answer, model, x, mask, "drawn_log_prob", right, known)


@pixelcnn_completion.check("with which probability it should be drawn", points=3)
def exact_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """p(unknown | known), by enumeration."""
    for mask in _masks(generator):
        model, x = _instance(generator)
        right, log_prob = _exact(model, x, mask), _log_conditionals(model, x).flatten(1).sum(1)
        known = [
            (
                (_log_conditionals(model, x) * ~mask).flatten(1).sum(1),
                "That is what the sampler draws. Is it the same when a known pixel comes later?",
            ),
            (log_prob, "That is the log-likelihood of the whole image. The known pixels are given."),
            (_exact(model, x, ~mask), "That is p(known | unknown): you fill the other pixels."),
            (right - log_prob, "That is -log p(known). Where is the image itself?"),
            (log_prob - right, "That is log p(known), the denominator."),
            (2 * log_prob - right, "You add log p(known). It is a denominator."),
            (right.exp(), "That is a probability; its logarithm is due."),
            (log_prob.log_softmax(0), "You normalise over the images in the batch. Which images share the known pixels?"),
        ]  # fmt: skip
        _refuse(answer, model, x, mask, "exact_log_prob", right, known)


def _later(mask: Tensor, ordering: Tensor) -> Tensor:
    """For each pixel the number of known ones after it in the ordering, ``(H, W)``."""
    in_order = mask.flatten()[ordering].long()
    found = torch.zeros_like(in_order)
    found[ordering] = in_order.sum() - in_order.cumsum(0)
    return found.view(mask.shape)


def _missed(mask: Tensor, ordering: Tensor) -> Tensor:
    return torch.where(mask, 0, _later(mask, ordering))


def _masks(generator: np.random.Generator) -> list[Tensor]:
    """Known pixels ``(1, 2, 3)`` in several places of the raster; the telling ones first."""
    mixed, last, first = ([0, 1, 0, 0, 1, 0], [0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 0])
    found = [torch.tensor(bits, dtype=torch.bool).view(_SHAPE) for bits in (mixed, last, first)]
    return [*found, torch.ones_like(found[0]), torch.zeros_like(found[0])]


def _instance(generator: np.random.Generator) -> tuple[PixelCNN, Tensor]:
    """A small model whose every conditional depends strongly on what it sees, and five images."""
    model = PixelCNN(_SHAPE, 4, 1, likelihood=Bernoulli()).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.from_numpy(generator.normal(scale=0.7, size=parameter.shape)))
        model.first.weight.abs_()  # a unit that is dead wherever a pixel is 1 would hide it
        model.first.bias.abs_()
    return model, torch.from_numpy(generator.integers(0, 2, (5, *_SHAPE)) * 1.0)


@torch.no_grad()
def _log_conditionals(model: PixelCNN, seen: Tensor, *, at: Tensor | None = None) -> Tensor:
    """log p(x_d | what is seen), ``(N, 1, 2, 3)``, of the values `at`, of the same images if None."""
    return model.conditionals(seen).log_prob(seen if at is None else at)


def _exact(model: PixelCNN, x: Tensor, mask: Tensor) -> Tensor:
    fillings = list(itertools.product([0.0, 1.0], repeat=int((~mask).sum())))
    filled = x.repeat(len(fillings), 1, 1, 1)
    filled[:, ~mask] = torch.tensor(fillings, dtype=x.dtype).repeat_interleave(len(x), 0)
    totals = _log_conditionals(model, filled).flatten(1).sum(1).view(len(fillings), len(x))
    return _log_conditionals(model, x).flatten(1).sum(1) - totals.logsumexp(0)


def _on_the_other_side(answer: Answer, model: PixelCNN) -> Handle:
    bits = answer.make("likelihoods.Bernoulli")
    twin = answer.make("PixelCNN", list(_SHAPE), 4, 1, likelihood=bits).call("double")
    twin.call("load_state_dict", dict(model.state_dict()))
    return twin.call("requires_grad_", False)


def _refuse(
    answer: Answer,
    model: PixelCNN,
    x: Tensor,
    mask: Tensor,
    name: str,
    right: Tensor,
    known: list[tuple[Tensor, str]],
) -> None:
    """Mistake unless the learner's log-probabilities are right; the first known mistake that gives them is named."""
    reply = answer.call(name, _on_the_other_side(answer, model), x, mask)
    got = reading.tensor(reply, f"`{name}` of {len(x)} images", shape=(len(x),), finite=False)
    if torch.allclose(got, right, atol=1e-6):
        return
    row = int(torch.nan_to_num(got - right, nan=1e9).abs().argmax())
    seen = (
        f"For the image {shown(x[row, 0].long())} with the known pixels {shown(mask[0].int())}, `{name}` is {shown(float(got[row]))} "
        f"nats."
    )
    for wrong, message in known:
        if torch.allclose(got, wrong, atol=1e-6):
            raise Mistake(f"{seen} {message}")
    raise Mistake(f"{seen} {_place_to_look(mask)}")


def _place_to_look(mask: Tensor) -> str:
    if mask.all():
        return "Everything is known: there is one filling, and it is certain."
    if not mask.any():
        return "Nothing is known: this is the log-likelihood of the whole image."
    return f"{int((~mask).sum())} pixels are drawn: go through them one by one. What is each of them conditioned on?"
