"""A run never goes on with NaN: what is not finite is found in the step where it arises, and undone."""

from __future__ import annotations

import math
from collections import defaultdict

import torch
from torch import Tensor, nn

REMEDY = "try a smaller learning_rate, a clip_norm or float32, and look at the data"


class NotFiniteError(ValueError):
    """A loss, a gradient or a weight that is infinite or not a number.

    Args:
        what: what is not finite, as the beginning of a sentence.
        epoch: the epoch of `fit` where it arose, from 1; None outside of `fit`.
        step: the step within this epoch, from 1; None outside of a step.

    Attributes:
        epoch: the epoch, or None.
        step: the step, or None.

    >>> print(NotFiniteError("The loss is nan").at(epoch=3, step=17))
    The loss is nan in epoch 3, step 17, and the model keeps its last finite weights: try a smaller learning_rate, a
    clip_norm or float32, and look at the data.
    """

    def __init__(self, what: str, *, epoch: int | None = None, step: int | None = None) -> None:
        self.what, self.epoch, self.step = what, epoch, step
        place = (
            ""
            if epoch is None
            else f" in epoch {epoch}"
            if step is None
            else f" in epoch {epoch}, step {step}"
        )
        kept = "" if epoch is None else ", and the model keeps its last finite weights"
        super().__init__(f"{what}{place}{kept}: {REMEDY}.")

    def __reduce__(self) -> tuple:
        return _remade, (self.what, self.epoch, self.step)

    def at(self, *, epoch: int, step: int | None = None) -> NotFiniteError:
        """Say where it arose.

        Args:
            epoch: the epoch, from 1.
            step: the step within this epoch, from 1.

        Returns:
            The same error, with its place.
        """
        return NotFiniteError(self.what, epoch=epoch, step=step)


def _remade(what: str, epoch: int | None, step: int | None) -> NotFiniteError:
    return NotFiniteError(what, epoch=epoch, step=step)


class LastFinite:
    """The last finite weights of a model that learns, so that a bad step can be undone.

    A step's damage is seen only afterwards: finite gradients can make weights that are not, and what an optimiser did can't
    be computed backwards. So the weights are copied after each step, in turn to one of two places, and the copy is looked
    at. In one piece this costs about a hundredth of a step. Numbers that a model remembers in buffers are copied, too.

    Args:
        model: the model.

    Raises:
        NotFiniteError: if a weight is not finite.

    >>> layer = nn.Linear(1, 1)
    >>> last = LastFinite(layer)
    >>> before = layer.weight.item()
    >>> _ = nn.init.constant_(layer.weight, torch.nan)
    >>> [number.isfinite().item() for number in last.look()], last.spoilt()
    ([False], 'weight')
    >>> last.restore()
    >>> layer.weight.item() == before
    True
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._parameters = list(model.parameters())
        saved = model.state_dict(keep_vars=True)
        # batch normalisation changes its buffers in a way that leaves no trace but the numbers
        self._buffers = [
            one for name, one in model.named_buffers() if name in saved and one.is_floating_point()
        ]
        self._remembered = [one.detach().clone() for one in self._buffers]
        self._is_learnt: list[bool] = []
        self._learnt: list[Tensor] = []
        self.refresh()
        if name := self.spoilt():
            raise NotFiniteError(f"The model cannot learn, because its parameter {name!r} is not finite")

    def refresh(self) -> None:
        """Copy the weights if somebody else, such as a callback, has changed them or has thawed some."""
        is_learnt = [one.requires_grad for one in self._parameters]
        if is_learnt != self._is_learnt:
            self._is_learnt, self._learnt = is_learnt, [one for one in self._parameters if one.requires_grad]
            self._kept, self._spare = (_Copy(self._learnt) for _ in range(2))
        elif self._versions == [one._version for one in self._learnt]:
            return
        self.look()
        if not self.spoilt():
            self.accept()

    def look(self) -> list[Tensor]:
        """Copy the weights as they are now; return numbers that are finite only if they all are."""
        self._versions = [one._version for one in self._learnt]
        return self._spare.take(self._learnt)

    def accept(self) -> None:
        """Keep what was copied by the last `look`."""
        self._kept, self._spare = self._spare, self._kept
        for copy, buffer in zip(self._remembered, self._buffers, strict=True):
            copy.copy_(buffer)

    @torch.no_grad()
    def restore(self) -> None:
        """Put the kept weights back."""
        for one, copy in zip(self._learnt + self._buffers, self._kept.parts + self._remembered, strict=True):
            one.copy_(copy)

    def spoilt(self) -> str | None:
        """Return the name of the first learnt parameter that is not finite, or None."""
        return name_of_spoilt(self._model, learnt_only=True)


class _Copy:
    """A copy of tensors, those of one kind in one piece, so that one look is enough."""

    def __init__(self, tensors: list[Tensor]) -> None:
        sizes: dict[tuple[torch.dtype, torch.device], int] = defaultdict(int)
        for one in tensors:
            sizes[one.dtype, one.device] += one.numel()
        pieces = {kind: torch.empty(size, dtype=kind[0], device=kind[1]) for kind, size in sizes.items()}
        self._pieces = list(pieces.values())
        self.parts: list[Tensor] = []
        for one in tensors:
            part, rest = pieces[one.dtype, one.device].tensor_split([one.numel()])
            pieces[one.dtype, one.device] = rest
            self.parts.append(part.view(one.shape))

    @torch.no_grad()
    def take(self, tensors: list[Tensor]) -> list[Tensor]:
        torch._foreach_copy_(self.parts, tensors)
        return [piece.sum() for piece in self._pieces]


def name_of_spoilt(model: nn.Module, *, learnt_only: bool = False) -> str | None:
    """Find a parameter that is not finite.

    Args:
        model: the model.
        learnt_only: whether frozen parameters may be what they like.

    Returns:
        The name of the first one, or None.

    >>> name_of_spoilt(nn.Linear(2, 2)) is None
    True
    """
    for name, one in model.named_parameters():
        if (one.requires_grad or not learnt_only) and not bool(one.isfinite().all()):
            return name
    return None


def describe(value: float) -> str:
    """Describe a loss that is not finite, in nats.

    Args:
        value: the sum of the log-likelihoods.

    Returns:
        The beginning of a sentence.

    >>> describe(-math.inf)
    'The loss is infinite, because some observation has probability 0,'
    >>> describe(math.nan)
    'The loss is nan'
    """
    if value == -math.inf:
        return "The loss is infinite, because some observation has probability 0,"
    return f"The loss is {'-inf' if value > 0 else 'nan'}"
