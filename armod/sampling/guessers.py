"""Guessers: what the next levels may be, before a pass of the network has verified them (`GuessAndVerify`).

A guesser is any function of `Verified` that returns levels, with -1 where it has no guess. Where all rows go on together, only
a few levels are wanted, and ours compute no more, because every operation counts there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor

from armod.sampling.adjust import Adjustment
from armod.sampling.samplers import sample_cached
from armod.settings import check_sizes, shown

_UNCHANGED = Adjustment()


@dataclass(frozen=True)
class Verified:
    """What a guesser may look at; everything is in the order of generation.

    Args:
        levels: int64 ``(N, D)``, final before `frontier`.
        frontier: how many variables of each row are final, ``(N,)``.
        latest: the levels ``(N, D)`` that were drawn last, each given the guesses before it, and -1 where none was; None before
            the first pass.
        uniform: the noise ``(N, D)``.
        context: the model's context, or None.
        begin: all rows are final before this variable; with a window exactly before it.
        end: guesses are wanted only for the variables before this one; None is all.
        are_together: whether all rows are final before `begin`, and none is beyond it. A guesser may then return only the
            ``(N, end - begin)`` guesses that are wanted.
        adjustment: how the conditionals are adjusted before levels are drawn from them.

    >>> start = Verified(torch.zeros(1, 3).long(), torch.tensor([0]), None, torch.rand(1, 3), None)
    >>> previous(start)
    tensor([[-1, -1, -1]])
    """

    levels: Tensor
    frontier: Tensor
    latest: Tensor | None
    uniform: Tensor
    context: Tensor | None
    begin: int = 0
    end: int | None = None
    are_together: bool = False
    adjustment: Adjustment = _UNCHANGED


Guesser: TypeAlias = Callable[[Verified], Tensor]


def previous(verified: Verified) -> Tensor:
    """Guess what was drawn last, which is nothing before the first pass.

    Args:
        verified: what is known so far.

    Returns:
        Guesses ``(N, D)``, -1 for none; those of final variables do not matter.
    """
    if verified.latest is None:
        return torch.full_like(verified.levels, -1)
    return verified.latest[:, verified.begin : verified.end] if verified.are_together else verified.latest


@dataclass(frozen=True)
class Copy:
    """Guess the level that was generated a fixed number of steps before: the pixel above, or the note before.

    Args:
        lag: how many steps, 1 or more.

    Raises:
        ValueError: if the lag is no whole number from 1 on.

    >>> some = Verified(torch.tensor([[5, 7, 0, 0, 0]]), torch.tensor([2]), None, torch.rand(1, 5), None)
    >>> Copy(2)(some)
    tensor([[-1, -1,  5,  7,  5]])
    """

    lag: int

    def __post_init__(self) -> None:
        check_sizes(lag=self.lag)

    def __call__(self, verified: Verified) -> Tensor:
        """Guess all variables, as `previous` does."""
        begin, end = verified.begin, verified.end
        if verified.are_together and end is not None and end - begin <= self.lag <= begin:
            return verified.levels[:, begin - self.lag : end - self.lag]
        step = torch.arange(verified.levels.shape[1], device=verified.levels.device)
        ahead = (step - verified.frontier[:, None]).clamp(min=-1)
        source = step - self.lag * (ahead // self.lag + 1)  # as many lags back as it takes to a final level
        copied = verified.levels.gather(1, source.clamp(min=0))
        return torch.where((source < 0) | (ahead < 0), -1, copied)


@dataclass(frozen=True)
class Table:
    """How often each level was counted after what came before, for a `Draft` that costs a microsecond a level.

    Args:
        levels: observations ``(M, D)`` to count in, in the order of generation.
        key: a function of the list of levels so far that says which row of the table holds for the next one, a whole number.
        num_levels: K.
        smoothing: what is added to each count.

    The level after the same level:

    >>> table = Table(torch.tensor([[0, 1, 0, 1, 0]]), lambda past: past[-1] if past else 0, 2, smoothing=0.1)
    >>> table.guesses([0], [0.5, 0.5, 0.99])
    [1, 0, 1]
    """

    levels: Tensor
    key: Callable[[Sequence[int]], int]
    num_levels: int
    smoothing: float = 0.5

    def __post_init__(self) -> None:
        check_sizes(num_levels=self.num_levels)
        counts: dict[int, Tensor] = {}
        for row in self.levels.tolist():
            past: list[int] = []
            for level in row:
                key = self.key(past)
                if key not in counts:
                    counts[key] = torch.full((self.num_levels,), float(self.smoothing), dtype=torch.float64)
                counts[key][level] += 1
                past.append(level)
        cumulative = {key: (count.cumsum(0) / count.sum()).tolist() for key, count in counts.items()}
        object.__setattr__(self, "_cumulative", cumulative)

    def guesses(self, past: list[int], noise: Sequence[float]) -> list[int]:
        """Draw the next levels by the inverse CDF; a level is 0 where nothing was counted.

        Args:
            past: the levels so far.
            noise: a number in [0, 1) for each of the next levels.

        Returns:
            A level for each number.
        """
        levels, last = list(past), self.num_levels - 1
        cumulative: dict[int, list[float]] = self._cumulative  # type: ignore[attr-defined]
        for uniform in noise:
            row = cumulative.get(self.key(levels))
            levels.append(0 if row is None else min(bisect_right(row, uniform), last))
        return levels[len(past) :]


@dataclass(frozen=True)
class Draft:
    """Guess what another, quicker model draws from the same noise after the same levels.

    Args:
        model: a model of the same observations, ordering and context, or a `Table`. A model draws a whole cached sample for each
            pass, with the same temperature and other options, so it must be much quicker than a pass.

    >>> from armod import MADE, likelihoods
    >>> from armod.sampling import GuessAndVerify
    >>> model = MADE((4,), [8], likelihood=likelihoods.Bernoulli())
    >>> sampler = GuessAndVerify(Draft(model))  # a draft that is always right
    >>> model.sample(3, method=sampler).shape, sampler.report.evaluations
    (torch.Size([3, 4]), 1)
    """

    model: Any

    def __call__(self, verified: Verified) -> Tensor:
        """Guess all variables, as `previous` does."""
        if isinstance(self.model, Table):
            return self._by_table(verified, self.model)
        ordering = self.model.ordering_for(verified.levels.shape[1])
        is_final = torch.arange(len(ordering), device=ordering.device) < verified.frontier[:, None]
        known, mask = (in_place(each, ordering) for each in (verified.levels, is_final))
        options = vars(verified.adjustment)  # a draft is tempered as the model is
        drawn = sample_cached(self.model, verified.uniform, verified.context, known, mask, **options)
        return drawn.flatten(1)[:, ordering]

    @staticmethod
    def _by_table(verified: Verified, table: Table) -> Tensor:
        """Row by row in plain Python, where a few levels cost less than one operation on tensors."""
        end = verified.levels.shape[1] if verified.end is None else verified.end
        if verified.are_together:
            levels, noise = verified.levels[:, : verified.begin], verified.uniform[:, verified.begin : end]
            return torch.tensor(
                [table.guesses(*row) for row in zip(levels.tolist(), noise.tolist(), strict=True)]
            )
        guesses = torch.full_like(verified.levels, -1)
        for number, frontier in enumerate(verified.frontier.tolist()):
            if frontier < end:
                past, noise = (
                    verified.levels[number, :frontier].tolist(),
                    verified.uniform[number, frontier:end],
                )
                guesses[number, frontier:end] = torch.tensor(table.guesses(past, noise.tolist()))
        return guesses


class FirstOf:
    """Guess by the first of several guessers; the next one goes on where it has no guess, as if its guesses were right.

    Args:
        *guessers: the guessers, the best one first, such as `previous` and then a `Draft`.

    Raises:
        ValueError: if one of them is neither "previous" nor callable, or there is none.

    >>> some = Verified(torch.tensor([[3, -1, -1]]), torch.tensor([1]), torch.tensor([[3, 4, -1]]), torch.rand(1, 3), None)
    >>> FirstOf("previous", Copy(1))(some)
    tensor([[3, 4, 4]])
    """

    def __init__(self, *guessers: str | Guesser) -> None:
        if not guessers:
            raise ValueError("FirstOf needs at least one guesser.")
        self.guessers = [guesser_of(guesser) for guesser in guessers]

    def __call__(self, verified: Verified) -> Tensor:
        """Guess all variables, as `previous` does."""
        if verified.are_together and verified.end is not None:
            return self._together(verified, verified.begin, verified.end)
        step = torch.arange(verified.levels.shape[1], device=verified.levels.device)
        end = len(step) if verified.end is None else verified.end
        guesses = torch.where(step < verified.frontier[:, None], verified.levels, self.guessers[0](verified))
        for guesser in self.guessers[1:]:
            frontier = torch.where(
                (guesses < 0) & (step >= verified.frontier[:, None]), step, len(step)
            ).amin(1)
            if bool((frontier >= end).all()):
                break
            more = guesser(replace(verified, levels=guesses, frontier=frontier))
            guesses = torch.where(guesses < 0, more, guesses)
        return guesses

    def _together(self, verified: Verified, begin: int, end: int) -> Tensor:
        """The same where all rows go on together: a guesser is asked from the first variable that a row has no guess of."""
        levels, parts = verified.levels, []
        for guesser in self.guessers:
            guesses = guesser(verified)
            if guesses.shape[1] != end - begin:
                guesses = guesses[:, begin:end]
            is_open = (guesses < 0).any(0).tolist()
            length = is_open.index(True) if True in is_open else len(is_open)
            parts.append(guesses[:, :length])
            if length == len(is_open):
                break
            if not length:
                continue
            # what was drawn last often stands in the levels already
            if not (guesser is previous and levels is verified.latest):
                levels = levels.clone()
                levels[:, begin : begin + length] = guesses[:, :length]
            begin += length
            verified = replace(verified, levels=levels, frontier=verified.frontier + length, begin=begin)
        else:
            parts.append(levels.new_full((len(levels), end - begin), -1))
        return torch.cat(parts, 1)


def guesser_of(guess: object) -> Guesser:
    """Take "previous" or a guesser.

    Args:
        guess: what a user gave.

    Returns:
        The guesser.

    Raises:
        ValueError: if it is neither.

    >>> guesser_of("previous") is previous
    True
    """
    if guess == "previous":
        return previous
    if not callable(guess):
        raise ValueError(f'guess is "previous" or a function of what is verified, not {shown(guess)}.')
    return guess


def in_place(values: Tensor, ordering: Tensor) -> Tensor:
    """Move values ``(N, D)`` in the order of generation to their variables.

    Args:
        values: any tensor ``(N, D)``.
        ordering: permutation ``(D,)``.

    Returns:
        A new tensor ``(N, D)``.

    >>> in_place(torch.tensor([[5, 6]]), torch.tensor([1, 0]))
    tensor([[6, 5]])
    """
    moved = torch.empty_like(values)
    moved[:, ordering] = values
    return moved
