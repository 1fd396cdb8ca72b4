"""Guess many levels, verify all of them in one pass, and keep those that the pass would have drawn.

A sampler is a deterministic map from noise to levels. So a guess can be checked: give the guessed levels to `conditionals`,
draw every variable from them with its own noise, and compare. Up to the first guess that differs, every conditional has seen
the right past. So these levels are final, and the one that differs is final too, with the level that was just drawn. Then the
rest is guessed anew. Every pass makes at least one variable final, so there are at most D passes whatever the guess, and the
sample is the same as that of the slow loop.

With the levels of the last pass as the guess for the next one, this is Jacobi's fixed-point iteration (Song, Meng, Liao, Ermon
2021). With the forecast of another model it is predictive sampling (Wiggers, Hoogeboom 2020), or speculative decoding
(Leviathan, Kalman, Matias 2023) with shared noise.

In float32 two passes may round differently. What was accepted is therefore never looked at again, so that the loop ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from armod.likelihoods import inverse_cdf
from armod.sampling.drawing import Watch, check_conditional
from armod.sampling.samplers import Sampled, event_shape_of, options_of, register, sample_cached
from armod.settings import check_sizes, shown


@dataclass(frozen=True)
class Verified:
    """What a guesser may look at; everything is in the order of generation.

    Args:
        levels: int64 ``(N, D)``, final before `frontier`.
        frontier: how many variables of each row are final, ``(N,)``.
        latest: the levels ``(N, D)`` that the last pass drew, each given the guesses before it; None before the first pass.
        uniform: the noise ``(N, D)``.
        context: the model's context, or None.

    >>> start = Verified(torch.zeros(1, 3).long(), torch.tensor([0]), None, torch.rand(1, 3), None)
    >>> previous(start)
    tensor([[0, 0, 0]])
    """

    levels: Tensor
    frontier: Tensor
    latest: Tensor | None
    uniform: Tensor
    context: Tensor | None


Guesser: TypeAlias = Callable[[Verified], Tensor]


def previous(verified: Verified) -> Tensor:
    """Guess what the last pass drew, and level 0 before the first one.

    Args:
        verified: what is known so far.

    Returns:
        Guesses ``(N, D)``; those of final variables do not matter.
    """
    return verified.levels if verified.latest is None else verified.latest


@dataclass(frozen=True)
class Copy:
    """Guess the level that was generated a fixed number of steps before: the pixel above, or the note before.

    Args:
        lag: how many steps, 1 or more.

    Raises:
        ValueError: if the lag is no whole number from 1 on.

    >>> some = Verified(torch.tensor([[5, 7, 0, 0, 0]]), torch.tensor([2]), None, torch.rand(1, 5), None)
    >>> Copy(2)(some)
    tensor([[5, 7, 5, 7, 5]])
    """

    lag: int

    def __post_init__(self) -> None:
        check_sizes(lag=self.lag)

    def __call__(self, verified: Verified) -> Tensor:
        """Guess all variables, as `previous` does."""
        step = torch.arange(verified.levels.shape[1], device=verified.levels.device)
        ahead = (step - verified.frontier[:, None]).clamp(min=-1)
        source = step - self.lag * (ahead // self.lag + 1)  # as many lags back as it takes to a final level
        copied = verified.levels.gather(1, source.clamp(min=0))
        return torch.where(source < 0, 0, copied)


@dataclass(frozen=True)
class Draft:
    """Guess what another, quicker model draws from the same noise after the same levels.

    Args:
        model: a model of the same observations, ordering and context.

    >>> from armod import MADE, likelihoods
    >>> model = MADE((4,), [8], likelihood=likelihoods.Bernoulli())
    >>> sampler = GuessAndVerify(Draft(model))  # a draft that is always right
    >>> model.sample(3, method=sampler).shape, sampler.report.evaluations
    (torch.Size([3, 4]), 1)
    """

    model: Any

    def __call__(self, verified: Verified) -> Tensor:
        """Guess all variables, as `previous` does."""
        ordering = self.model.ordering_for(verified.levels.shape[1])
        is_final = torch.arange(len(ordering), device=ordering.device) < verified.frontier[:, None]
        known, mask = (_in_place(each, ordering) for each in (verified.levels, is_final))
        drawn = sample_cached(self.model, verified.uniform, verified.context, known, mask)
        return drawn.flatten(1)[:, ordering]


@dataclass(frozen=True)
class Report:
    """What the last sample took.

    Args:
        evaluations: passes of the network, one after the other.
        positions: conditionals of one row that were computed in all of them; D in each pass.
        accepted: int64 ``(evaluations, N)``; how many variables of each row became final in each pass.
        passes: int64 ``(N, *event_shape)``; the pass, from 1, in which each variable became final, or 0 if none had to
            (after a `stop`).

    >>> from armod import WaveNet, likelihoods
    >>> sampler = GuessAndVerify()
    >>> x = WaveNet((9,), 4, dilations=[1, 2], likelihood=likelihoods.Bernoulli()).sample(2, method=sampler)
    >>> int(sampler.report.passes.max()) == sampler.report.evaluations <= 9
    True
    """

    evaluations: int
    positions: int
    accepted: Tensor
    passes: Tensor


class GuessAndVerify:
    """A sampler that draws the same sample as "cached" in fewer passes, each over the whole observation.

    How few depends on the guesses. Levels that are quantities are guessed well, because a small change of the past moves them
    a little; levels that are names (letters) flip altogether. Rows of a batch go on independently, but the passes last until
    the slowest row is final.

    Args:
        guess: "previous", or a guesser: `Copy`, `Draft`, or any function of `Verified`.
        window: how many guesses a pass verifies; None is all.

    Attributes:
        report: what the last call took. (An ensemble calls a sampler once for each member.)

    Raises:
        ValueError: if `guess` can't be called, or `window` is no whole number from 0 on.

    >>> import armod
    >>> model = armod.load_pretrained("made-digits28")
    >>> sampler = GuessAndVerify()
    >>> x = model.sample(1, generator=torch.Generator().manual_seed(0), method=sampler)
    >>> torch.equal(x, model.sample(1, generator=torch.Generator().manual_seed(0))), sampler.report.evaluations < 40
    (True, True)
    """

    report: Report

    def __init__(self, guess: str | Guesser = "previous", window: int | None = None) -> None:
        if guess != "previous" and not callable(guess):
            raise ValueError(f'guess is "previous" or a function of what is verified, not {shown(guess)}.')
        if window is not None:
            check_sizes(0, window=window)
        self.guess: Guesser = guess if callable(guess) else previous
        self.window = window

    def __call__(
        self,
        model: Sampled,
        uniform: Tensor,
        context: Tensor | None = None,
        known: Tensor | None = None,
        mask: Tensor | None = None,
        **options: Any,
    ) -> Tensor:
        """Draw levels from noise, as every sampler; options are those of `Adjustment`.

        Raises:
            ValueError: if an option is unknown, or a guesser returns something else than levels ``(N, D)``.
        """
        num, size = uniform.shape
        ordering = model.ordering_for(size)
        stop, callback, adjustment = options_of(options, model, ordering)
        shape = torch.Size([num, *event_shape_of(model, size)])
        step = torch.arange(size, device=uniform.device)
        levels = torch.zeros(num, size, dtype=torch.int64, device=uniform.device)
        kept = torch.zeros_like(levels, dtype=torch.bool)
        given = levels
        if known is not None and mask is not None:
            given, kept = known.flatten(1)[:, ordering], mask.flatten(1)[:, ordering]
        noise = _in_place(uniform, ordering).view(shape)
        passes, frontier = torch.zeros_like(levels), torch.zeros_like(levels[:, 0])
        watch, watched, num_watched = Watch(num, stop, callback), torch.zeros_like(levels), 0
        latest: Tensor | None = None
        accepted: list[Tensor] = []
        while num and num_watched < size and not watch.all_stopped:
            is_final = step < frontier[:, None]
            guesses = self.guess(Verified(levels, frontier, latest, uniform, context))
            if guesses.shape != levels.shape:
                raise ValueError(
                    f"A guess has shape {tuple(levels.shape)}, a level for each variable, not {tuple(guesses.shape)}."
                )
            levels = torch.where(is_final, levels, guesses.to(levels))
            levels = torch.where(kept, given, levels)  # a known level is its own guess
            conditionals = model.conditionals(_in_place(levels, ordering).view(shape), context)
            check_conditional(conditionals, uniform.device)
            drawn = inverse_cdf(adjustment.distribution(conditionals), noise).flatten(1)[:, ordering]
            latest = torch.where(kept, given, drawn)
            # up to the first wrong guess of each row, or to the end of the window, and one more
            is_wrong = (latest != levels) & ~is_final
            end = torch.where(is_wrong, step, size).min(1).values
            if self.window is not None:
                end = torch.minimum(end, frontier + self.window)
            end = end.clamp(max=size - 1) + 1
            is_new = ~is_final & (step < end[:, None])
            levels = torch.where(is_new, latest, levels)
            accepted.append(end - frontier)
            frontier = end
            passes[is_new] = len(accepted)
            for k in range(num_watched, int(frontier.min())):
                watched[:, k] = watch.see(levels[:, k], kept[:, k])
                num_watched = k + 1
        watched[:, num_watched:] = watch.after_the_end(given, kept)[:, num_watched:]
        counts = torch.stack(accepted) if accepted else levels.new_zeros(0, num)
        self.report = Report(
            len(accepted), size * len(accepted), counts, _in_place(passes, ordering).view(shape)
        )
        return _in_place(watched, ordering).view(shape)


@register("fixed-point")
def sample_fixed_point(
    model: Sampled,
    uniform: Tensor,
    context: Tensor | None = None,
    known: Tensor | None = None,
    mask: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """Iterate whole passes, each from the levels of the one before, until nothing changes: ``GuessAndVerify("previous")``."""
    return GuessAndVerify()(model, uniform, context, known, mask, **options)


def _in_place(values: Tensor, ordering: Tensor) -> Tensor:
    """Values ``(N, D)`` in the order of generation, each moved to its variable."""
    moved = torch.empty_like(values)
    moved[:, ordering] = values
    return moved
