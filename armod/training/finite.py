"""A run never goes on with NaN: what is not finite is found in the step where it arises, and undone."""

from __future__ import annotations

import math

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
    """A copy of the weights that a model learns, from before the present step, so that a bad step can be undone.

    A step's damage is seen only afterwards: finite gradients can make weights that are not, and what an optimiser did can't
    be computed backwards. Copying costs about a hundredth of a step. Buffers are copied when they have changed.

    Args:
        model: the model, whose weights are finite.

    Raises:
        NotFiniteError: if they are not.

    >>> layer = nn.Linear(1, 1)
    >>> last = LastFinite(layer)
    >>> last.keep()
    >>> before = layer.weight.item()
    >>> _ = nn.init.constant_(layer.weight, torch.nan)
    >>> last.checksum().isfinite().item(), last.spoilt()
    (False, 'weight')
    >>> last.restore()
    >>> layer.weight.item() == before
    True
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._all = list(model.parameters())
        saved = model.state_dict(keep_vars=True)
        self._buffers = [one for name, one in model.named_buffers() if name in saved]
        self._copies = [one.detach().clone() for one in self._buffers]
        self._versions = [one._version for one in self._buffers]
        self._flags: list[bool] = []
        self._learnt: list[Tensor] = []
        self._kept: list[Tensor] = []
        self.keep()
        if name := self.spoilt():
            raise NotFiniteError(f"The model cannot learn, because its parameter {name!r} is not finite")

    @torch.no_grad()
    def keep(self) -> None:
        """Copy the weights as they are now."""
        flags = [one.requires_grad for one in self._all]
        if flags != self._flags:  # a callback may thaw some in the course of a run
            self._flags, self._learnt = flags, [one for one in self._all if one.requires_grad]
            self._kept = [torch.empty_like(one) for one in self._learnt]
        if self._kept:
            torch._foreach_copy_(self._kept, self._learnt)
        for number, buffer in enumerate(self._buffers):
            if buffer._version != self._versions[number]:
                self._copies[number].copy_(buffer)
                self._versions[number] = buffer._version

    @torch.no_grad()
    def restore(self) -> None:
        """Put the copied weights back."""
        for one, copy in zip(self._learnt, self._kept, strict=True):
            one.copy_(copy)
        for number, buffer in enumerate(self._buffers):
            if buffer._version != self._versions[number]:
                buffer.copy_(self._copies[number])

    @torch.no_grad()
    def checksum(self) -> Tensor:
        """Return a number of the weights that is finite only if they all are, and costs one pass over them."""
        # one kernel for all on a GPU; on a CPU sums are faster than norms
        is_on_gpu = self._learnt[0].is_cuda
        sums = torch._foreach_norm(self._learnt) if is_on_gpu else [one.sum() for one in self._learnt]
        return torch.stack([one.to(sums[0].device) for one in sums]).sum().double()

    def spoilt(self) -> str | None:
        """Return the name of the first learnt parameter that is not finite, or None."""
        return name_of_spoilt(self._model, learnt_only=True)


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
