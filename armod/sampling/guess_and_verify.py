"""Guess many levels, verify all of them in one pass, and keep those that the pass would have drawn.

A sampler is a deterministic map from noise to levels. So a guess can be checked: give the guessed levels to `conditionals`,
draw every variable from them with its own noise, and compare. Up to the first guess that differs, every conditional has seen
the right past. So these levels are final, and the one that differs is final too, with the level that was just drawn. Then the
rest is guessed anew. Every pass makes at least one variable final, so there are at most D passes whatever the guess, and the
sample is the same as that of the slow loop.

With the levels of the last pass as the guess for the next one, this is Jacobi's fixed-point iteration (Song, Meng, Liao, Ermon
2021). With the forecast of another model it is predictive sampling (Wiggers, Hoogeboom 2020), or speculative decoding
(Leviathan, Kalman, Matias 2023) with shared noise.

A pass over everything costs as much as all steps of the cached sampler together. With a `window` only the next variables are
guessed, and the model's incremental view computes them after what is final already (`Incremental.peek`), which costs little
more than a step. All rows of a batch then go on together, so the slowest one decides.

In float32 two passes may round differently. What was accepted is therefore never looked at again, so that the loop ends.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from armod.likelihoods import inverse_cdf
from armod.sampling.adjust import Adjustment
from armod.sampling.drawing import Watch, check_conditional, check_numbers
from armod.sampling.guessers import Guesser, Verified, guesser_of, in_place
from armod.sampling.samplers import (
    Recomputing,
    Sampled,
    check_can_guess,
    event_shape_of,
    options_of,
    register,
)
from armod.sampling.threads import one_thread
from armod.sampling.walk import Incremental, Walk
from armod.settings import check_sizes


@dataclass(frozen=True)
class Report:
    """What the last sample took.

    Args:
        evaluations: passes of the network, one after the other.
        positions: conditionals of one row that were computed in all of them; D in each pass over the whole observation.
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
    """A sampler that draws the same sample as "cached" in fewer passes, each over the whole observation or over a window.

    How few depends on how strongly a draw reacts to the one before it, and on whether all variables stand in one row: rows of
    an image overlap, and letters or samples of a sound wait for each other (lesson 4.7.1 has the controls). Without a window rows of a batch go on independently, but the
    passes last until the slowest row is final; with one they go on together, each pass as far as the slowest row.

    Args:
        guess: "previous", or a guesser: `Copy`, `Draft`, `FirstOf`, or any function of `Verified`.
        window: how many guesses a pass verifies; None is all. For a PixelCNN one less than a row is best. After a wrong guess a
            pass ends where its view's own work does, at the end of a row, if that comes first.

    Attributes:
        report: what the last call took. (An ensemble calls a sampler once for each member.)

    Raises:
        ValueError: if `guess` can't be called, or `window` is no whole number from 0 on.

    >>> import armod
    >>> from armod.sampling import Copy, FirstOf
    >>> model = armod.load_pretrained("pixelcnn-digits28")
    >>> sampler = GuessAndVerify(FirstOf("previous", Copy(28)), window=27)  # the pixel above, where nothing was drawn yet
    >>> x = model.sample(1, generator=torch.Generator().manual_seed(0), method=sampler)
    >>> torch.equal(x, model.sample(1, generator=torch.Generator().manual_seed(0))), sampler.report.evaluations < 100
    (True, True)
    """

    report: Report

    def __init__(self, guess: str | Guesser = "previous", window: int | None = None) -> None:
        if window is not None:
            check_sizes(0, window=window)
        self.guess, self.window = guesser_of(guess), window

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
        check_can_guess(model, adjustment)
        shape = torch.Size([num, *event_shape_of(model, size)])
        given = torch.zeros(num, size, dtype=torch.int64, device=uniform.device)
        kept = None
        if known is not None and mask is not None:
            given, kept = known.flatten(1)[:, ordering], mask.flatten(1)[:, ordering]
        task = _Task(self.guess, uniform, context, given, kept, adjustment, Watch(num, stop, callback))
        if self.window is None:
            levels, accepted, positions = _over_everything(task, model, ordering, shape)
        else:
            view = model.incremental(num, context)
            if isinstance(view, Recomputing):  # it does not know the length of these observations
                view = Recomputing(model, num, context, shape[1:])
            with one_thread(uniform.device):
                levels, accepted, positions = _over_windows(task, view, self.window)
        ends = accepted.cumsum(0).T.contiguous()
        steps = torch.arange(size, device=ends.device).expand(num, -1).contiguous()
        passes = torch.where(
            steps < accepted.sum(0)[:, None], torch.searchsorted(ends, steps, right=True) + 1, 0
        )
        self.report = Report(len(accepted), positions, accepted, in_place(passes, ordering).view(shape))
        return in_place(levels, ordering).view(shape)


@dataclass(frozen=True)
class _Task:
    """What is to be drawn, in the order of generation."""

    guess: Guesser
    uniform: Tensor  # (N, D)
    context: Tensor | None
    given: Tensor  # known levels (N, D)
    kept: Tensor | None  # where they are kept (N, D)
    adjustment: Adjustment
    watch: Watch

    def guesses(self, verified: Verified) -> Tensor:
        """Ask the guesser for what is wanted; where it has no guess, it is level 0."""
        guesses, shape = self.guess(verified), verified.levels.shape
        end = shape[1] if verified.end is None else verified.end
        if guesses.shape == shape and verified.are_together:
            guesses = guesses[:, verified.begin : end]
        elif guesses.shape != (shape[0], end - verified.begin):
            raise ValueError(
                f"A guess has shape {tuple(shape)}, a level for each variable, not {tuple(guesses.shape)}."
            )
        return guesses.to(verified.levels).clamp(min=0)

    def with_known(self, levels: Tensor, begin: int, end: int) -> Tensor:
        """Levels ``(N, end - begin)`` in which the known ones are kept; a known level is its own guess."""
        if self.kept is None:
            return levels
        return torch.where(self.kept[:, begin:end], self.given[:, begin:end], levels)

    def see(self, levels: Tensor, begin: int, end: int) -> None:
        """Let those who watch see variables that have become final, and end rows in place."""
        nothing = torch.zeros_like(levels[:, 0], dtype=torch.bool)
        for k in range(begin, end):
            levels[:, k] = self.watch.see(levels[:, k], nothing if self.kept is None else self.kept[:, k])

    def end(self, levels: Tensor, begin: int) -> None:
        """Write the levels of all variables from `begin` on, which nobody has to draw after every row has stopped."""
        kept = torch.zeros_like(levels, dtype=torch.bool) if self.kept is None else self.kept
        levels[:, begin:] = self.watch.after_the_end(self.given, kept)[:, begin:]


_Drawn = tuple[
    Tensor, Tensor, int
]  # levels (N, D), how many each pass accepted (passes, N), conditionals computed


def _over_everything(task: _Task, model: Sampled, ordering: Tensor, shape: torch.Size) -> _Drawn:
    """Guess all levels, and verify them by whole passes."""
    num, size = task.uniform.shape
    noise = in_place(task.uniform, ordering).view(shape)
    step = torch.arange(size, device=noise.device)
    levels, frontier = torch.zeros_like(task.given), torch.zeros_like(task.given[:, 0])
    watched, num_watched = torch.zeros_like(levels), 0
    latest: Tensor | None = None
    accepted: list[Tensor] = []
    while num and num_watched < size and not task.watch.all_stopped:
        is_final = step < frontier[:, None]
        verified = Verified(levels, frontier, latest, task.uniform, task.context, adjustment=task.adjustment)
        levels = torch.where(is_final, levels, task.guesses(verified))
        levels = task.with_known(levels, 0, size)
        conditionals = model.conditionals(in_place(levels, ordering).view(shape), task.context)
        check_conditional(conditionals, noise.device)
        drawn = inverse_cdf(task.adjustment.distribution(conditionals), noise).flatten(1)[:, ordering]
        latest = task.with_known(drawn, 0, size)
        # up to the first wrong guess of each row, and one more
        is_wrong = (latest != levels) & ~is_final
        end = torch.where(is_wrong, step, size - 1).min(1).values + 1
        levels = torch.where(~is_final & (step < end[:, None]), latest, levels)
        accepted.append(end - frontier)
        frontier = end
        begin, num_watched = num_watched, int(frontier.min())
        watched[:, begin:num_watched] = levels[:, begin:num_watched]
        task.see(watched, begin, num_watched)
    task.end(watched, num_watched)
    counts = torch.stack(accepted) if accepted else levels.new_zeros(0, num)
    return watched, counts, size * len(accepted)


def _over_windows(task: _Task, view: Incremental, window: int) -> _Drawn:
    """Guess the next levels, verify them by looking ahead, and fix those that are right; all rows go on together."""
    num, size = task.uniform.shape
    levels = torch.full((num, size), -1, dtype=torch.int64, device=task.uniform.device)
    frontier = torch.zeros_like(levels[:, 0])
    watched = torch.zeros_like(levels)
    accepted: list[int] = []
    begin, positions, was_wrong = 0, 0, False
    with torch.inference_mode():
        draw, fix, at_hand = _steps_of(view, task)
        while num and begin < size and not task.watch.all_stopped:
            length = min(window, size - begin - 1)
            if was_wrong:  # beyond what is at hand, guesses are worth less than they cost
                length = min(length, at_hand(length + 1) - 1)
            end = begin + length
            frontier.fill_(begin)
            verified = Verified(
                levels, frontier, levels, task.uniform, task.context, begin, end, True, task.adjustment
            )
            guesses = task.guesses(verified)
            guesses = task.with_known(guesses, begin, end)
            drawn = task.with_known(draw(guesses, begin), begin, end + 1)
            levels[:, begin : end + 1] = drawn
            is_wrong = guesses != drawn[:, :-1]
            if task.watch.has_stopped is not None:
                is_wrong &= ~task.watch.has_stopped[:, None]  # nobody reads the rest of such a row
            which = is_wrong.any(0).tolist()
            was_wrong = True in which
            count = which.index(True) + 1 if was_wrong else length + 1
            fix(drawn[:, :count])
            accepted.append(count)
            positions += length + 1
            if task.watch.is_watching:
                watched[:, begin : begin + count] = drawn[:, :count]
                task.see(watched, begin, begin + count)
            begin += count
        if isinstance(view, Walk):
            check_numbers(view)
    if not task.watch.is_watching:
        watched.copy_(levels)
    task.end(watched, begin)
    counts = torch.tensor(accepted, dtype=torch.int64, device=levels.device)
    return watched, counts[:, None].expand(-1, num), positions


def _steps_of(
    view: Incremental, task: _Task
) -> tuple[Callable[[Tensor, int], Tensor], Callable[[Tensor], object], Callable[[int], int]]:
    """How to draw ``(N, b + 1)`` after guesses ``(N, b)``, how to fix levels, and how many of some are at hand."""
    if isinstance(view, Walk):
        likelihood = view.likelihood = task.adjustment.likelihood(view.likelihood)
        noise = likelihood.noise(task.uniform.T.contiguous(), view.dtype)

        def draw(guesses: Tensor, begin: int) -> Tensor:
            parameters = view.ahead(guesses.T)
            return likelihood.draw(parameters, noise[begin : begin + len(parameters)]).T

        return draw, lambda levels: view.accept(levels.T), lambda most: view.at_hand or most

    def draw_by_distribution(guesses: Tensor, begin: int) -> Tensor:
        conditionals = view.peek(guesses)
        check_conditional(conditionals, guesses.device)
        noise = task.uniform[:, begin : begin + guesses.shape[1] + 1]
        return inverse_cdf(task.adjustment.distribution(conditionals), noise)

    return draw_by_distribution, view.append, lambda most: most


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
