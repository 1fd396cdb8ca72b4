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
    """The last finite weights of a model that learns, in case an optimiser spoils them.

    A step is made only from a finite loss and finite gradients, so that nearly always the weights themselves are the last
    finite ones. An optimiser can still overflow, which can't be computed backwards. Copying the weights in each step would
    cost up to a sixth of it, so they are copied every `EVERY` steps, and are that old at most when they come back.
    Numbers that a model remembers in buffers are few, and copied in each step.

    Args:
        model: the model.

    Raises:
        NotFiniteError: if a weight is not finite.

    >>> layer = nn.Linear(1, 1)
    >>> last = LastFinite(layer)
    >>> before = layer.weight.item()
    >>> _ = nn.init.constant_(layer.weight, torch.nan)
    >>> last.keep()
    Traceback (most recent call last):
    ...
    armod.training.finite.NotFiniteError: The optimiser has made weights that are not finite ('weight'), so that the ...
    >>> layer.weight.item() == before
    True
    """

    EVERY = 50

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._kept: dict[str, Tensor] = {}
        saved = model.state_dict(keep_vars=True)
        # batch normalisation changes its buffers in a way that leaves no trace but the numbers
        self._buffers = [
            one for name, one in model.named_buffers() if name in saved and one.is_floating_point()
        ]
        self._remembered = [one.detach().clone() for one in self._buffers]
        if name := name_of_spoilt(model):
            raise NotFiniteError(f"The model cannot learn, because its parameter {name!r} is not finite")
        self.keep()

    def begin(self, number: int) -> None:
        """Prepare for a step.

        Args:
            number: how many were made before.

        Raises:
            NotFiniteError: if it is time to look at the weights, and one is not finite.
        """
        for copy, buffer in zip(self._remembered, self._buffers, strict=True):
            copy.copy_(buffer)
        if number % self.EVERY == 0:
            self.keep()

    @torch.no_grad()
    def keep(self) -> None:
        """Copy the weights that learn now, which a callback may have changed, if they are all finite.

        Raises:
            NotFiniteError: if they are not; the model then has those of before.
        """
        self.refuse_spoilt()
        for name, one in self._model.named_parameters():
            if one.requires_grad and name in self._kept:
                self._kept[name].copy_(one)
            elif one.requires_grad:
                self._kept[name] = one.detach().clone()

    @torch.no_grad()
    def refuse_spoilt(self) -> None:
        """Look at the weights.

        Raises:
            NotFiniteError: if one is not finite; the model then has those of before.
        """
        name = name_of_spoilt(self._model)
        if name is None:
            return
        for key, one in self._model.named_parameters():
            if key in self._kept:
                one.copy_(self._kept[key])
        raise NotFiniteError(
            f"The optimiser has made weights that are not finite ({name!r}), so that the model goes back by at most "
            f"{self.EVERY} steps,"
        )

    @torch.no_grad()
    def undo(self) -> None:
        """Put back what a bad batch has done to the buffers."""
        for copy, buffer in zip(self._remembered, self._buffers, strict=True):
            buffer.copy_(copy)


def checksums(tensors: list[Tensor]) -> list[Tensor]:
    """Sum each tensor, or take its norm.

    Args:
        tensors: tensors of one device, which may be sparse.

    Returns:
        One number for each tensor, finite only if all its numbers are. It may be infinite because it overflows.

    >>> checksums([torch.ones(3), torch.tensor([1.0, torch.inf])])
    [tensor(3.), tensor(inf)]
    """
    dense = [one._values() if one.is_sparse else one for one in tensors]
    # one kernel for all on a GPU; on a CPU sums are faster than norms
    return list(torch._foreach_norm(dense)) if dense and dense[0].is_cuda else [one.sum() for one in dense]


def name_of_spoilt(model: nn.Module, *, frozen_too: bool = False) -> str | None:
    """Find a parameter that is not finite.

    Args:
        model: the model.
        frozen_too: whether to look at parameters that do not learn, too; these may be infinite on purpose.

    Returns:
        The name of the first one, or None.

    >>> name_of_spoilt(nn.Linear(2, 2)) is None
    True
    """
    for name, one in model.named_parameters():
        if (one.requires_grad or frozen_too) and not bool(one.isfinite().all()):
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
