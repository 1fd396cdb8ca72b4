"""Exercise 5: one pixel of three channels, taken apart by the chain rule; what red says about the indicator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, shown
from armod.course.exercises.engine.draws import normal
from armod.likelihoods import DiscretizedLogisticMixture

variants_channels = Exercise(
    name="variants-channels",
    number=5,
    title="Red, then green, then blue",
    difficulty="hard",
    minutes=8,
    names=("channel_log_probs",),
    hints=(
        "Suppose that component 0 is a red one and component 1 a blue one. You see that red is at its maximum. Which of the two "
        "weights has changed, before you know green?",
        "p(g | r) is a mixture as well. Its weights are proportional to the old weight times what that component had given to r; "
        "its means have moved by slope times r, where r is the number from -1 to 1.",
        "Keep one tensor `(N, M)` of log weights. For each channel: log-softmax it, add `in_bins(...)`, and a `logsumexp` over the "
        "components gives the conditional. What you have before the `logsumexp` is the next channel's log weights.",
    ),
)
Pixel = tuple[Tensor, Tensor, Tensor, Tensor]  # logits (M,), means, log scales and slopes (3, M)


def channel_log_probs(
    levels: Tensor,
    logits: Tensor,
    means: Tensor,
    log_scales: Tensor,
    slopes: Tensor,
    num_levels: int,
    *,
    numbers: Callable[[Tensor, int], Tensor] = lambda levels, num_levels: 2 * levels / (num_levels - 1) - 1,
    slope_rows: tuple[int, int, int] | None = (0, 1, 2),
    sequence: tuple[int, int, int] = (0, 1, 2),
    remembers: str = "all",
    normalises: str = "always",
    follows_means: bool = False,
    hard: bool = False,
    squashed: bool = False,
) -> Tensor:
    """Log-probabilities of red, green given red, blue given both; every option is a mistake, the defaults are right.

    Args:
        levels: of the channels, ``(N, 3)``.
        logits: of the components, ``(M,)``.
        means: ``(3, M)``.
        log_scales: ``(3, M)``.
        slopes: ``(3, M)``, of (green, red), (blue, red), (blue, green).
        num_levels: of each channel.
        numbers: what slopes multiply, from levels.
        slope_rows: those of (green, red), (blue, red), (blue, green); None for no slopes.
        sequence: of the channels.
        remembers: what the weights have seen: "all", "nothing", "the last" channel, or each channel "itself".
        normalises: the weights "always", "later" than for red, or "never".
        follows_means: whether blue moves with the *mean* of green.
        hard: whether only the likeliest component counts.
        squashed: whether slopes go through tanh once more.

    Returns:
        Log-probabilities ``(N, 3)``, in nats.
    """
    slopes = slopes.tanh() if squashed else slopes * (slope_rows is not None)
    values = numbers(levels.double(), num_levels)
    prior = logits.log_softmax(0) if normalises == "always" else logits
    weights, found = prior.expand(len(levels), -1), torch.zeros(len(levels), 3, dtype=torch.float64)
    rows = iter(slope_rows or (0, 1, 2))
    moved: list[Tensor] = []
    for k, channel in enumerate(sequence):
        mean = means[channel]
        for step, earlier in enumerate(sequence[:k]):
            value = moved[step] if follows_means and step > 0 else values[:, earlier, None]
            mean = mean + slopes[next(rows)] * value
        moved.append(mean)
        logistic = DiscretizedLogisticMixture(logits, mean, log_scales[channel], num_levels)
        seen = logistic.component_log_prob(levels[:, channel])
        if remembers == "itself":
            weights = (weights + seen).log_softmax(1)
        chosen = torch.where(weights == weights.amax(1, keepdim=True), 0.0, -torch.inf) if hard else weights
        found[:, channel] = (chosen + seen).logsumexp(1)
        if remembers == "all":
            weights = weights + seen if normalises == "never" else (weights + seen).log_softmax(1)
        elif remembers == "the last":
            weights = (prior + seen).log_softmax(1)
    return found


def _pixel(generator: np.random.Generator, num_components: int = 3) -> Pixel:
    """Components that differ much, so that red says a lot about the indicator."""
    logits, means = normal(generator, num_components), normal(generator, 3, num_components, scale=0.5)
    log_scales = torch.from_numpy(generator.uniform(-2.0, -1.0, (3, num_components)))
    slopes = torch.from_numpy(generator.choice([-1, 1], (3, num_components)) * 1.0)
    return logits, means, log_scales, slopes * torch.from_numpy(generator.uniform(0.3, 0.9, slopes.shape))


def _every_colour(num_levels: int) -> Tensor:
    # as float64: an integer divided by an integer would be a float32
    return torch.cartesian_prod(*[torch.arange(num_levels)] * 3).double()


def _bytes(generator: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    """256 levels, from one component on."""
    for num_components in (1, 5):
        levels = torch.from_numpy(generator.integers(0, 256, (6, 3)) * 1.0)
        levels[0], levels[1] = torch.tensor([0, 255, 0]), torch.tensor([255, 0, 255])
        yield levels, *_pixel(generator, num_components), 256


def _seen(got: Tensor, right: Tensor, levels: Tensor, logits: Tensor, *_: Any) -> str:
    row, num_components = int((got - right).abs().amax(1).argmax()), len(logits)
    return (
        f"With 256 levels and {num_components} component{'s' * (num_components > 1)} the colour {shown(levels[row])} gets "
        f"{shown(got[row])} instead of {shown(right[row])}."
    )


def _otherwise(got: Tensor, right: Tensor, *_: Any) -> str:
    red, green = (torch.allclose(got[:, channel], right[:, channel], atol=1e-6) for channel in (0, 1))
    if red and green:
        return "Red and green are right. Blue has two slopes, and weights that know red and green."
    if red:
        return "Red is right. For green write down the weights after red, and the means after red, for one colour."
    return "Begin with red: weights that add up to 1, and one bin of each component."


asked_colours = variants_channels.asks(
    channel_log_probs,
    instances=lambda generator: [(_every_colour(3), *_pixel(generator), 3)],
    called=lambda levels, *_: f"`channel_log_probs` of {len(levels)} colours",
    seen=_seen,
    atol=1e-6,
    wrong={
        "You take the same weights for every channel, as if each had drawn an indicator of its own. What did red tell you about the common one?": dict(remembers="nothing"),
        "Your weights for blue know green, but have forgotten red.": dict(remembers="the last"),
        "The weights of a channel may know what came before it. Yours know the channel itself.": dict(remembers="itself"),
        "Those are log p(r), log p(r, g) and log p(r, g, b). The question asks for what each channel adds.": lambda *case: channel_log_probs(*case).cumsum(1),
        "Do your weights add up to 1 in each channel?": dict(normalises="never"),
        "Do your weights for red add up to 1?": dict(normalises="later"),
        "Your means do not move. What are the slopes for?": dict(slope_rows=None),
        "You multiply slopes by levels. They are meant for numbers from -1 to 1.": dict(numbers=lambda x, K: x),
        "You multiply slopes by numbers from 0 to 1; they should be numbers from -1 to 1.": dict(numbers=lambda x, K: x / (K - 1)),
        "The last of K levels is the number 1. Which number is it in your code?": dict(numbers=lambda x, K: 2 * x / K - 1),
        "Blue moves with red by the slopes in row 1, and with green by those in row 2. You have exchanged them.": dict(slope_rows=(0, 2, 1)),
        "In which row are the slopes of green on red?": dict(slope_rows=(2, 0, 1)),
        "Three pairs, three rows of slopes: which row have you used twice?": dict(slope_rows=(0, 0, 1)),
        "You begin with blue.": dict(sequence=(2, 1, 0)),
        "Your blue moves with the *mean* of green. It moves with green itself, which is known by then.": dict(follows_means=True),
        "You take the likeliest component alone. What about the others?": dict(hard=True),
        "The slopes lie between -1 and 1 already: no tanh once more.": dict(squashed=True),
        "Those are probabilities. Their logarithms are asked for.": lambda *case: channel_log_probs(*case).exp(),
    },
    otherwise=_otherwise,
)  # fmt: skip


@variants_channels.check("no channel sees itself as known, or a later one")
def nothing_leaks(answer: Answer, generator: np.random.Generator) -> None:
    """Red is the same whatever green and blue are, green whatever blue is."""
    num_levels = 5
    pixel = _pixel(generator)
    red, green = generator.integers(0, num_levels, 2).tolist()
    for channel, name in ((0, "red"), (1, "green")):
        levels = torch.tensor([[red, green, 0], [red, green, 3], [red, (green + 2) % num_levels, 0]]).double()
        levels = levels if channel == 0 else levels[:2]
        got = asked_colours.reply(answer, levels, *pixel, num_levels)
        if float(got[:, channel].max() - got[:, channel].min()) > 1e-8:
            raise Mistake(
                f"For the colours {shown(levels)} you give {name} the log-probabilities {shown(got[:, channel])}. When {name} is "
                f"drawn, what differs? {asked_colours.why(answer, generator)}"
            )


@variants_channels.check("whatever came before, each channel adds up to 1", points=2)
def totals_are_one(answer: Answer, generator: np.random.Generator) -> None:
    """All levels of a channel, for random channels before it."""
    for num_levels in (4, 6):
        pixel = _pixel(generator)
        for channel, name in enumerate(("red", "green", "blue")):
            levels = torch.from_numpy(generator.integers(0, num_levels, 3) * 1.0).repeat(num_levels, 1)
            levels[:, channel] = torch.arange(num_levels)
            total = float(asked_colours.reply(answer, levels, *pixel, num_levels)[:, channel].exp().sum())
            if abs(total - 1) > 1e-5:
                before = ["red", "green", "blue"][:channel]
                given = f", given {' and '.join(before)} {shown(levels[0, :channel])}," if before else ""
                raise Mistake(
                    f"All {num_levels} levels of {name}{given} get {shown(total)} together. {asked_colours.why(answer, generator)}"
                )


@variants_channels.check("together they are the mixture with one indicator", points=2)
def product_is_the_joint(answer: Answer, generator: np.random.Generator) -> None:
    """Every colour of a few levels; the sum of the three against the sum over the components."""
    num_levels = 4
    pixel, levels = _pixel(generator), _every_colour(num_levels)
    got = asked_colours.reply(answer, levels, *pixel, num_levels).sum(1)
    right = channel_log_probs(levels, *pixel, num_levels).sum(1)
    if not torch.allclose(got, right, atol=1e-6):
        row = int((got - right).abs().argmax())
        raise Mistake(
            f"The colour {shown(levels[row])} has the log-probability {shown(float(right[row]))} under the mixture of "
            f"{len(pixel[0])} components; your three add up to {shown(float(got[row]))}. {asked_colours.why(answer, generator)}"
        )


variants_channels.add("each of the three", asked_colours.on(_bytes), points=2)
