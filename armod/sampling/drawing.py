"""The one loop of all samplers: ask for a conditional, draw from it, go on.

Whoever watches the levels as they are made, because a row may stop or because a picture of it grows, takes a slower loop of
the same steps. The samples are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn, TypeAlias, TypeVar

import torch
from torch import Tensor, distributions
from tqdm import tqdm

from armod.finite import all_finite
from armod.likelihoods import inverse_cdf, log_prob
from armod.sampling.adjust import Adjustment
from armod.sampling.walk import Incremental, Kept, Walk

T = TypeVar("T")
Callback: TypeAlias = Callable[[int, Tensor], object]


def draw_all(
    view: Incremental,
    uniform: Tensor,
    known: Tensor | None,
    mask: Tensor | None,
    adjustment: Adjustment,
    *,
    stop: int | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """Draw every variable from its noise.

    Args:
        view: a view at its beginning.
        uniform: numbers in [0, 1), ``(N, D)`` in the order of generation.
        known: levels ``(N, D)`` in the order of generation, or None.
        mask: boolean ``(N, D)``, True where the level of `known` is kept; or None.
        adjustment: what changes each conditional before it is drawn from.
        stop: the level that ends a row: all later variables of the row that are not known get this level too, without being
            drawn, and the loop ends once every row has ended. None is no such level.
        callback: is called with k and the levels ``(N,)`` of the variable generated k-th, as soon as they are made.

    Returns:
        Levels, int64 ``(N, D)`` in the order of generation.

    Raises:
        ValueError: if a conditional has no numbers, because something in the network was too large.

    >>> from armod.likelihoods import Categorical
    >>> from armod.models.made import MADE
    >>> view, uniform = MADE((5,), [4], likelihood=Categorical(3)).incremental(1), torch.full((1, 5), 0.99)
    >>> draw_all(view, uniform, None, None, Adjustment(), stop=2, callback=lambda k, levels: print(k, levels))
    0 tensor([2])
    tensor([[2, 2, 2, 2, 2]])
    """
    if not isinstance(view, Walk) or adjustment.filter is not None:
        return _draw_by_distributions(view, uniform, known, mask, adjustment, stop, callback)
    likelihood = adjustment.likelihood(view.likelihood)
    drawn, levels = [], None
    with torch.inference_mode():  # a fifth faster than no_grad on operations this small
        all_noise = likelihood.noise(uniform.T.contiguous(), view.dtype)
        view.likelihood = likelihood.for_noise(all_noise)
        is_watched = stop is not None or callback is not None
        if not is_watched:
            finished = view.own_loop(likelihood, all_noise, known, mask)
            if finished is not None:
                check_numbers(view)
                return finished
        noise = view.pieces(all_noise)
        kept: Sequence[Kept] = [None] * len(noise)
        if known is not None and mask is not None:
            kept = list(zip(*(view.pieces(x.T.contiguous()) for x in (known, mask)), strict=True))
        try:
            if is_watched:
                return _draw_watched(view, noise, kept, stop, callback)
            # in a loop of very small operations, everything that can be looked up before it is
            send, draw = view.steps().send, view.draw
            for piece, kept_piece in zip(with_progress(noise), kept, strict=True):
                levels = draw(send(levels), piece, kept_piece)
                drawn.append(levels)
        except (
            IndexError,
            RuntimeError,
        ):  # a conditional without numbers can give a level that does not exist
            check_numbers(view)
            raise
        check_numbers(view)
        return view.joined(drawn)


def _draw_watched(
    view: Walk, noise: Sequence[Tensor], kept: Sequence[Kept], stop: int | None, callback: Callback | None
) -> Tensor:
    """The loop of a walk for those who watch: every step makes levels, and rows may stop."""
    watch = Watch(view.num_samples, stop, callback)
    drawn: list[Tensor] = []
    levels, steps = None, view.steps()
    for piece, kept_piece in zip(with_progress(noise), kept, strict=True):
        if kept_piece is None:
            nothing = torch.zeros(piece.shape[:-1], dtype=torch.int64, device=piece.device)
            kept_piece = nothing, nothing.bool()
        if watch.all_stopped:
            levels = watch.after_the_end(*kept_piece)
        else:
            levels = view.draw(steps.send(levels), piece, kept_piece)
            levels = watch.see(levels, kept_piece[1])
        drawn.append(levels)
    check_numbers(view)
    return view.joined(drawn)


def _draw_by_distributions(
    view: Incremental,
    uniform: Tensor,
    known: Tensor | None,
    mask: Tensor | None,
    adjustment: Adjustment,
    stop: int | None,
    callback: Callback | None,
) -> Tensor:
    """The same loop for a view that has only `conditional` and `append`, and for filters, which look at the values so far."""
    watch = Watch(len(uniform), stop, callback)
    drawn = torch.empty(uniform.shape, dtype=view.value_dtype, device=uniform.device)
    for k in with_progress(range(uniform.shape[1])):
        nothing = torch.zeros(len(uniform), dtype=torch.int64, device=uniform.device)
        kept = nothing, nothing.bool()
        if known is not None and mask is not None:
            kept = known[:, k], mask[:, k]
        if watch.all_stopped:
            drawn[:, k] = watch.after_the_end(*kept)
            continue
        if adjustment.filter is not None and bool(kept[1].all()):
            levels = kept[0]
        else:
            conditional = view.conditional()
            check_conditional(conditional, uniform.device)
            is_drawn = ~kept[1] if watch.has_stopped is None else ~(kept[1] | watch.has_stopped)
            levels = inverse_cdf(adjustment(conditional, k, drawn[:, :k].clone(), is_drawn), uniform[:, k])
        drawn[:, k] = watch.see(torch.where(kept[1], kept[0], levels), kept[1])
        view.append(drawn[:, k])
    return drawn


class Watch:
    """What those who watch know: how many variables are made, and which rows have stopped.

    Args:
        num_samples: N, the number of rows.
        stop: as in `draw_all`.
        callback: as in `draw_all`.

    Attributes:
        all_stopped: whether every row has stopped.

    >>> watch, nothing_known = Watch(2, stop=0, callback=None), torch.tensor([False, False])
    >>> watch.see(torch.tensor([0, 1]), nothing_known).tolist(), watch.see(torch.tensor([2, 0]), nothing_known).tolist()
    ([0, 1], [0, 0])
    >>> watch.all_stopped
    True
    """

    def __init__(self, num_samples: int, stop: int | None, callback: Callback | None) -> None:
        self._stop, self._callback, self._num_seen = stop, callback, 0
        self._has_stopped: Tensor | None = None
        self.all_stopped = False

    @property
    def is_watching(self) -> bool:
        """Whether anybody has to see the levels as they are made."""
        return self._stop is not None or self._callback is not None

    @property
    def has_stopped(self) -> Tensor | None:
        """Which rows have stopped, boolean ``(N,)``; None if none has or can."""
        return self._has_stopped

    def see(self, levels: Tensor, mask: Tensor) -> Tensor:
        """Take the levels of one step, and end the rows that have stopped.

        Args:
            levels: ``(N,)``, or ``(b, N)`` of a block.
            mask: where they are known, of the same shape.

        Returns:
            Levels of the same shape.
        """
        of_each = []
        of_variables = [(levels, mask)] if levels.dim() == 1 else zip(levels, mask, strict=True)
        for level, is_known in of_variables:
            if self._stop is not None:
                if self._has_stopped is not None:
                    level = torch.where(self._has_stopped & ~is_known, self._stop, level)
                ends = level == self._stop
                self._has_stopped = ends if self._has_stopped is None else self._has_stopped | ends
            if self._callback is not None:
                with torch.inference_mode(
                    False
                ):  # an ordinary tensor, which its receiver may use in training
                    self._callback(self._num_seen, level.clone())
            self._num_seen += 1
            of_each.append(level)
        self.all_stopped = self._has_stopped is not None and bool(self._has_stopped.all())
        return of_each[0] if levels.dim() == 1 else torch.stack(of_each)

    def after_the_end(self, known: Tensor, mask: Tensor) -> Tensor:
        """Say the levels of variables that nobody has to draw any more.

        Args:
            known: known levels.
            mask: where they are kept, of the same shape.

        Returns:
            Levels of the same shape.
        """
        return torch.where(mask, known, torch.full_like(known, self._stop or 0))


def check_conditional(conditional: distributions.Distribution, device: torch.device) -> None:
    """Check that a conditional has probabilities.

    Args:
        conditional: a distribution over levels.
        device: where it is.

    Raises:
        ValueError: if the probability of level 0 is not a number.

    >>> check_conditional(distributions.Bernoulli(logits=torch.zeros(2)), torch.device("cpu"))
    """
    if isinstance(conditional, distributions.Bernoulli):  # a bit that has a logit has probabilities
        found = conditional.logits
    else:
        found = log_prob(conditional, torch.zeros(conditional.batch_shape, dtype=torch.int64, device=device))
    if bool(found.isnan().any()):
        raise_no_numbers()


def check_numbers(view: Walk) -> None:
    """Check that what a walk remembers is finite; after an overflow its draws were nonsense.

    Args:
        view: a walk that has drawn something.

    Raises:
        ValueError: if something is not.
    """
    last = [] if view.parameters is None else [view.parameters]
    for buffer in [*last, *(buffer for buffer, _ in view.state().values())]:
        if buffer.is_floating_point() and not all_finite(buffer):
            raise_no_numbers()


def raise_no_numbers() -> NoReturn:
    """Raise a ValueError that says that a network's numbers became too large."""
    raise ValueError(
        "Something in the network became infinite or not a number while it sampled, so the sample was thrown away; "
        "are the weights too large for their dtype?"
    )


def with_progress(steps: Sequence[T]) -> Iterable[T]:
    """Show how far a loop is, once it takes long.

    Args:
        steps: what the loop goes through.

    Returns:
        The same.

    >>> list(with_progress([1, 2]))
    [1, 2]
    """
    return tqdm(steps, desc="sampling", unit="step", delay=2, leave=False)
