"""Speculative sampling: a quick draft proposes several levels, one pass of the model judges them all.

`GuessAndVerify` gives the same sample as the slow loop, so its guess has to be right. Here only the *distribution* has to be
the model's. That accepts more: the draft's level y, which comes from q, is kept with probability min(1, p(y) / q(y)), and
otherwise replaced by a draw from what p has beyond q (Leviathan, Kalman, Matias 2023, section 2.3; Chen et al. 2023).

One uniform number a variable is enough for all of it, because no part of its randomness is used twice. The draft draws
y = F_q^-1(u); what it did not use, r = u - F_q(y - 1), is uniform on [0, q(y)). So "r < p(y)" is the judgement. Where it fails,
v = (r - p(y)) / (q(y) - p(y)) is uniform on [0, 1), and draws the replacement.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor, distributions

from armod.likelihoods import in_single, table
from armod.sampling.adjust import Adjustment
from armod.sampling.drawing import Watch, check_conditional
from armod.sampling.samplers import (
    Recomputing,
    Sampled,
    check_can_guess,
    device_of,
    event_shape_of,
    options_of,
)
from armod.sampling.threads import one_thread
from armod.sampling.walk import Incremental, Walk
from armod.settings import check_sizes, shown

Row: TypeAlias = tuple[np.ndarray, np.ndarray]  # probabilities (K,) and their running sums


@dataclass(frozen=True)
class Report:
    """What the last sample took.

    Args:
        evaluations: passes of the model, one after the other; those of the draft are not counted.
        positions: conditionals of one row that were computed in all of them.
        accepted: int64 ``(evaluations, N)``; how many variables of each row became final in each pass.
        passes: int64 ``(N, *event_shape)``; the pass, from 1, in which each variable became final, or 0 if none had to (if it
            was known, or after a `stop`).
        num_judged: how many proposals were judged; those behind a rejected one are not.
        num_kept: how many of them were kept.

    >>> Report(2, 8, torch.tensor([[2], [3]]), torch.tensor([[1, 1, 2, 2, 2]]), 4, 3).acceptance
    0.75
    """

    evaluations: int
    positions: int
    accepted: Tensor
    passes: Tensor
    num_judged: int
    num_kept: int

    @property
    def acceptance(self) -> float:
        """The share of the judged proposals that were kept; not a number if there were none."""
        return self.num_kept / self.num_judged if self.num_judged else float("nan")


class Speculative:
    """A sampler whose samples have the model's distribution, in fewer passes than variables.

    The sample is another one than "cached" gives from the same noise, unless the draft is the model itself. Temperature and all
    other options change draft and model alike. A known level needs no proposal; a run of them is read at once. The rows of a
    batch are proposed and judged each from its own first unknown variable, but the model looks no further than a window
    beyond the slowest of them. So the gain falls with their number.

    Args:
        draft: a quicker model of the same observations and ordering. An `armod.NGram`, or another model with `probabilities`
            and `after` as it has, is read as a table; any other one makes its own steps.
        window: how many levels are proposed in a row.

    Attributes:
        report: what the last call took. (An ensemble calls a sampler once for each member.)

    Raises:
        ValueError: if `draft` is no model, or `window` no whole number from 0 on.

    >>> from armod import MADE, NGram, likelihoods
    >>> model = MADE((6,), [8], likelihood=likelihoods.Categorical(3))
    >>> sampler = Speculative(NGram((6,), 2, num_levels=3).fit(model.sample(100)))
    >>> model.sample(2, method=sampler).shape, sampler.report.evaluations <= 6
    (torch.Size([2, 6]), True)
    """

    report: Report

    def __init__(self, draft: Any, window: int = 4) -> None:
        if isinstance(draft, type) or not (hasattr(draft, "incremental") and hasattr(draft, "ordering_for")):
            raise ValueError(f"draft is a model, not {shown(draft)}.")
        (self.window,) = check_sizes(0, window=window)
        self.draft = draft
        self._tables: tuple[Tensor, Adjustment, list[Row | None]] | None = None

    def __call__(
        self,
        model: Sampled,
        uniform: Tensor,
        context: Tensor | None = None,
        known: Tensor | None = None,
        mask: Tensor | None = None,
        **options: Any,
    ) -> Tensor:
        """Draw levels from noise, as every sampler; options are those of `AutoregressiveModel.sample`.

        Raises:
            ValueError: if an option is unknown, or the draft has other variables, levels or another ordering than the model.
        """
        num, size = uniform.shape
        ordering = model.ordering_for(size)
        stop, callback, adjustment = options_of(options, model, ordering)
        check_can_guess(model, adjustment)
        self._check_fits(model, size, ordering)
        rows = _Rows(uniform, ordering, known, mask, stop)
        watch = Watch(num, stop, callback)
        with one_thread(uniform.device), torch.inference_mode():
            view = _view_of(model, num, context, size)
            proposals = self._proposals(num, context, size, adjustment)
            # then what is read are the proposals of the pass before, but for the last one
            walk = view if isinstance(view, Walk) and view.looks_ahead else None
            walk, read, seen = walk if known is None and stop is None else None, 0, 0
            while num and (low := rows.first_open()) < size:
                if low > read:
                    final = rows.levels[:, read:low]
                    levels = torch.from_numpy(final).to(uniform.device)
                    walk.accept(levels.T) if walk else view.append(levels)
                    proposals.read(final)
                    read = low
                width = min(self.window, size - 1 - low)
                drafts, drafted = proposals.propose(rows, low, width)
                levels = torch.from_numpy(drafts).to(uniform.device)
                if walk:
                    parameters = in_single(walk.ahead(levels.T)).transpose(0, 1)
                    conditionals = walk.likelihood.distribution(parameters)
                else:
                    conditionals = view.peek(levels)
                rows.judge(drafts, drafted, _probabilities(conditionals, adjustment), low)
                seen = rows.show(watch, seen)
        rows.show(watch, seen)
        in_place = torch.empty(2, num, size, dtype=torch.int64, device=uniform.device)
        in_place[..., ordering.to(uniform.device)] = torch.from_numpy(
            np.stack([rows.levels, rows.passes])
        ).to(uniform.device)
        levels, passes = in_place.view(2, num, *event_shape_of(model, size))
        self.report = rows.report(passes)
        return levels

    def _check_fits(self, model: Sampled, size: int, ordering: Tensor) -> None:
        """Check that the draft speaks of the same variables."""
        if not torch.equal(self.draft.ordering_for(size).to(ordering.device), ordering):
            raise ValueError("The draft generates its variables in another ordering than the model.")
        ours = [each.likelihood.num_levels for each in (model, self.draft) if each.likelihood is not None]
        if len(set(ours)) > 1:
            raise ValueError(f"The draft has {ours[1]} levels, but the model {ours[0]}.")

    def _proposals(self, num: int, context: Tensor | None, size: int, adjustment: Adjustment) -> _Proposals:
        """Look up a draft that is a table, and step through any other."""
        if not (hasattr(self.draft, "probabilities") and hasattr(self.draft, "after")):
            return _Stepping(_view_of(self.draft, num, context, size), adjustment, device_of(self.draft))
        table = self.draft.probabilities
        if self._tables is None or self._tables[0] is not table or self._tables[1] != adjustment:
            self._tables = table, adjustment, [None] * len(table)
        return _LookingUp(self.draft, num, *self._tables)


class _Rows:
    """The levels of all rows in the order of generation, and how far each is final."""

    def __init__(
        self, uniform: Tensor, ordering: Tensor, known: Tensor | None, mask: Tensor | None, stop: int | None
    ) -> None:
        num, self.size = uniform.shape
        self.uniform: list[list[float]] = uniform.double().tolist()
        self.levels = np.zeros((num, self.size), dtype=np.int64)
        self.passes = np.zeros((num, self.size), dtype=np.int64)
        self.kept: np.ndarray | None = None
        if known is not None and mask is not None:
            self.kept = mask.flatten(1)[:, ordering].cpu().numpy()
            self.levels = np.where(self.kept, known.flatten(1)[:, ordering].cpu().numpy(), 0)
        self.frontier = [0] * num
        self._stop = stop
        self._evaluations = self._positions = self._num_judged = self._num_kept = 0
        for row in range(num):
            self._move(row, 0)

    def first_open(self) -> int:
        """The first variable that is not final in every row."""
        return min(self.frontier)

    def is_given(self, row: int, step: int) -> bool:
        """Whether a level needs no proposal, because it is final or known."""
        return step < self.frontier[row] or (self.kept is not None and bool(self.kept[row, step]))

    def judge(self, drafts: np.ndarray, drafted: list[list[Row]], target: np.ndarray, low: int) -> None:
        """Make the levels final that the model keeps or replaces, and one more after a window without replacement."""
        self._evaluations += 1
        width = drafts.shape[1]
        self._positions += width + 1
        for row, step in enumerate(self.frontier):
            uniform = self.uniform[row]
            while step <= min(low + width, self.size - 1):
                p = target[row, step - low]
                if self.kept is not None and self.kept[row, step]:
                    step += 1
                    continue
                is_kept = step < low + width
                if is_kept:
                    level = int(drafts[row, step - low])
                    new = _judged(level, *drafted[row][step - low], p, uniform[step])
                    is_kept = new is None
                    self._num_judged += 1
                    self._num_kept += is_kept
                    level = level if new is None else new
                else:
                    level = _drawn(p.cumsum(), p, uniform[step])
                self.levels[row, step], self.passes[row, step] = level, self._evaluations
                step += 1
                if not is_kept or level == self._stop:
                    break
            self._move(row, step)

    def show(self, watch: Watch, seen: int) -> int:
        """Show those who watch what is final in all rows."""
        low = self.first_open() if self.frontier else self.size
        while watch.is_watching and seen < low and not watch.all_stopped:
            is_kept = np.zeros(len(self.levels), dtype=bool) if self.kept is None else self.kept[:, seen]
            watch.see(torch.from_numpy(self.levels[:, seen]), torch.from_numpy(is_kept))
            seen += 1
        return seen

    def report(self, passes: Tensor) -> Report:
        """Say what it took."""
        accepted = np.zeros((self._evaluations, len(self.passes)), dtype=np.int64)
        for row, own in enumerate(self.passes):
            accepted[:, row] = np.bincount(own, minlength=self._evaluations + 1)[1:]
        counts = self._num_judged, self._num_kept
        return Report(self._evaluations, self._positions, torch.from_numpy(accepted), passes, *counts)

    def _move(self, row: int, step: int) -> None:
        """Move the frontier of a row to a step, over all known levels there, and to the end if the row has stopped."""
        begin = self.frontier[row]
        while self.kept is not None and step < self.size and self.kept[row, step]:
            step += 1
        self.frontier[row] = step
        if self._stop is None:
            return
        stops = np.flatnonzero(self.levels[row, begin:step] == self._stop)
        if len(stops):
            rest = slice(begin + stops[0] + 1, None)
            is_drawn = True if self.kept is None else ~self.kept[row, rest]
            self.levels[row, rest] = np.where(is_drawn, self._stop, self.levels[row, rest])
            self.passes[row, rest] = np.where(is_drawn, 0, self.passes[row, rest])
            self.frontier[row] = self.size


class _Proposals(Protocol):
    """What proposes levels after those that all rows have read."""

    def read(self, levels: np.ndarray) -> None:
        """Read final levels ``(N, a)``."""

    def propose(self, rows: _Rows, low: int, width: int) -> tuple[np.ndarray, list[list[Row]]]:
        """Draw levels ``(N, width)`` for the steps from `low` on; given ones are taken as they are.

        Returns:
            The levels, and the distributions that they were drawn from, of each row and step.
        """


class _LookingUp:
    """Proposals of a draft that is a table: each of its contexts has a row, and a level leads to the next context."""

    def __init__(
        self, draft: Any, num: int, probabilities: Tensor, adjustment: Adjustment, table: list[Row | None]
    ) -> None:
        self._draft, self._probabilities = draft, probabilities
        self._adjustment, self._table = adjustment, table
        self._contexts = [0] * num

    def read(self, levels: np.ndarray) -> None:
        after = self._draft.after
        for row, own in enumerate(levels.tolist()):
            for level in own:
                self._contexts[row] = after(self._contexts[row], level)

    def propose(self, rows: _Rows, low: int, width: int) -> tuple[np.ndarray, list[list[Row]]]:
        after = self._draft.after
        levels, drafted = [], []
        for row, context in enumerate(self._contexts):
            own: list[int] = []
            drawn_from: list[Row] = []
            for step in range(low, low + width):
                entry = self._table[context] or self._fill(context)
                if rows.is_given(row, step):
                    level = int(rows.levels[row, step])
                else:
                    level = _drawn(entry[1], entry[0], rows.uniform[row][step])
                own.append(level)
                drawn_from.append(entry)
                context = after(context, level)
            levels.append(own)
            drafted.append(drawn_from)
        return np.array(levels, dtype=np.int64).reshape(len(levels), width), drafted

    def _fill(self, context: int) -> Row:
        """Compute a row of the table when it is needed for the first time."""
        row = self._probabilities[context]
        if self._adjustment.changes:
            row = table(
                self._adjustment.distribution(distributions.Categorical(probs=row, validate_args=False))
            ).exp()
        entry = self._table[context] = _with_sums(row.double().cpu().numpy())
        return entry


class _Stepping:
    """Proposals of any model, by steps of a copy of its view."""

    def __init__(self, view: Incremental, adjustment: Adjustment, device: torch.device) -> None:
        self._view, self._adjustment, self._device = view, adjustment, device

    def read(self, levels: np.ndarray) -> None:
        self._view.append(torch.from_numpy(levels).to(self._device))

    def propose(self, rows: _Rows, low: int, width: int) -> tuple[np.ndarray, list[list[Row]]]:
        num = len(rows.frontier)
        levels = np.zeros((num, width), dtype=np.int64)
        drafted: list[list[Row]] = [[] for _ in range(num)]
        view = self._view.copy() if width else self._view
        for ahead in range(width):
            probabilities = _probabilities(view.conditional(), self._adjustment)
            for row in range(num):
                entry = _with_sums(probabilities[row])
                drafted[row].append(entry)
                if rows.is_given(row, low + ahead):
                    levels[row, ahead] = rows.levels[row, low + ahead]
                else:
                    levels[row, ahead] = _drawn(entry[1], entry[0], rows.uniform[row][low + ahead])
            if ahead + 1 < width:
                view.append(torch.from_numpy(levels[:, ahead]).to(self._device))
        return levels, drafted


def _judged(level: int, q: np.ndarray, sums: np.ndarray, p: np.ndarray, uniform: float) -> int | None:
    """Keep the level that the draft drew (None), or replace it.

    >>> q, p = np.array([0.5, 0.5]), np.array([0.2, 0.8])
    >>> [_judged(0, q, q.cumsum(), p, uniform) for uniform in (0.1, 0.3)], _judged(1, q, q.cumsum(), p, 0.99)
    ([None, 1], None)
    """
    below = float(sums[level - 1]) if level else 0.0
    accepted = float(p[level])
    if uniform < below + accepted:
        return None
    beyond = np.maximum(p - q, 0)
    beyond_sums = beyond.cumsum()
    total = float(beyond_sums[-1])
    if total == 0:  # two distributions that differ by rounding alone
        return None
    unused = (uniform - below - accepted) / (float(q[level]) - accepted)
    return _drawn(beyond_sums, beyond, min(unused, 1.0) * total)


def _drawn(sums: Any, weights: Any, uniform: float) -> int:
    """The first level whose running sum exceeds a number; if rounding leaves none, the last level with a weight."""
    level = bisect_right(sums, uniform)
    return level if level < len(sums) else int(np.flatnonzero(weights)[-1])


def _with_sums(probabilities: np.ndarray) -> Row:
    return probabilities, probabilities.cumsum()


def _probabilities(conditionals: distributions.Distribution, adjustment: Adjustment) -> np.ndarray:
    """Probabilities of all levels, float64 ``(..., K)``, which sum to 1."""
    log_probs = table(adjustment.distribution(conditionals)).double()
    probabilities = log_probs.exp().cpu().numpy()
    sums = probabilities.sum(-1, keepdims=True)
    if not np.isfinite(sums).all():
        check_conditional(conditionals, log_probs.device)
    return probabilities / sums


def _view_of(model: Any, num: int, context: Tensor | None, size: int) -> Incremental:
    """The incremental view for observations of this length."""
    view = model.incremental(num, context)
    if isinstance(view, Recomputing):  # it does not know the length of these observations
        return Recomputing(model, num, context, event_shape_of(model, size))
    return view
