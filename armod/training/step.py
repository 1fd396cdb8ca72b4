"""One step of learning: the exact gradient of a batch's mean log-likelihood, however the batch is divided.

A batch may be cut into micro-batches or divided among processes, evenly or not; every row counts the same. Each part
contributes the *sum* of the log-likelihoods of its rows, divided by the number of rows of the whole batch.
"""

from __future__ import annotations

import inspect
import math
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from armod.models.base import AutoregressiveModel, device_of
from armod.training import distributed
from armod.training.batches import Batch
from armod.training.evaluation import Mean, check_log_probs, sums
from armod.training.finite import LastFinite, NotFiniteError, describe


class GradientStep:
    """A function of a batch that changes the model's weights by one step of the optimiser.

    A step whose loss or new weights are not finite is undone, which costs two copies of the weights and one look at the
    device. Every process of a group calls it with the same whole batch and works on its own share (`armod.training.distributed`).

    Args:
        model: the model that learns.
        optimizer: an optimiser of its parameters.
        accumulate: micro-batches per step; they need less memory and give the same gradient.
        precision: "bfloat16" rounds the inputs of the network's matrix products and convolutions (autocast). Parameters,
            optimiser and log-probabilities stay float32.
        clip_norm: a longer gradient is shortened to this length (Pascanu, Mikolov, Bengio 2013, section 3.2).

    Raises:
        NotFiniteError: if a weight is not finite.

    >>> from armod import MADE, likelihoods
    >>> model = MADE((2,), [], likelihood=likelihoods.Bernoulli())
    >>> learn = GradientStep(model, torch.optim.SGD(model.parameters(), lr=0.1))
    >>> learn((torch.ones(5, 2), None), 0).count
    5
    """

    def __init__(
        self,
        model: AutoregressiveModel,
        optimizer: torch.optim.Optimizer,
        *,
        accumulate: int = 1,
        precision: str = "float32",
        clip_norm: float | None = None,
    ) -> None:
        self._model, self._optimizer = model, optimizer
        self._accumulate, self._clip_norm = accumulate, clip_norm
        self._objective: nn.Module = _Objective(model, precision)
        self._last = LastFinite(model)

    def __call__(self, batch: Batch, step: int) -> Mean:
        """Make one step.

        Args:
            batch: levels and context of the whole batch.
            step: the number of the step, which a model may use.

        Returns:
            The mean log-likelihood of the whole batch before the step.

        Raises:
            NotFiniteError: if the loss or a new weight is not finite. The model then has the weights from before the step.
        """
        x, context = batch
        self._last.refresh()
        weight = distributed.world_size() / len(x)  # DistributedDataParallel takes the mean over processes
        rows = distributed.share(len(x))
        has_rows = rows.start < rows.stop
        if not has_rows:
            # a process without rows must still take part in the exchange of gradients
            rows, weight = slice(0, 1), 0.0
        if distributed.is_together() and isinstance(self._objective, _Objective):
            self._objective = _in_parallel(self._objective, (x[:1], None if context is None else context[:1]))
        self._optimizer.zero_grad(set_to_none=True)
        parts = _split((x[rows], None if context is None else context[rows]), self._accumulate)
        log_probs = []
        for number, part in enumerate(parts, start=1):
            is_last = number == len(parts)
            waits = isinstance(self._objective, DistributedDataParallel) and not is_last
            with self._objective.no_sync() if waits else nullcontext():  # type: ignore[operator]
                log_prob = self._objective(*part, step)
                _check_objective(log_prob, len(part[0]))
                (-log_prob.sum() * weight).backward()
            log_probs.append(log_prob.detach())
        if self._clip_norm is not None:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._clip_norm)
        self._optimizer.step()
        return self._checked(torch.cat(log_probs if has_rows else [log_probs[0][:0]]), x[0].numel())

    def _checked(self, log_probs: Tensor, num_variables: int) -> Mean:
        """The mean over all processes, which all find the step good, or undo it."""
        total, squares, *checksums = sums(log_probs, *self._last.look())
        count, weights = len(log_probs), sum(checksums)
        if distributed.is_together():
            mine = [total, squares, count, weights]
            total, squares, every, weights = distributed.total(mine, log_probs.device)
            count = int(every)
        if not math.isfinite(total):
            self._last.restore()
            raise NotFiniteError(describe(total))
        # the checksum of finite weights may overflow
        if not math.isfinite(weights) and self._last.spoilt():
            bad = self._name_of_bad_gradient()
            self._last.restore()
            raise NotFiniteError(
                f"The gradient of parameter {bad!r} is not finite"
                if bad
                else "The optimiser's step makes weights that are not finite"
            )
        self._last.accept()
        return Mean(total, squares, count, count * num_variables)

    def _name_of_bad_gradient(self) -> str | None:
        for name, one in self._model.named_parameters():
            if one.grad is not None and not bool(one.grad.isfinite().all()):
                return name
        return None


def _check_objective(log_prob: Tensor, count: int) -> None:
    check_log_probs(log_prob, count)
    if not log_prob.requires_grad:
        raise ValueError("There is nothing to learn: the model's log_prob depends on none of its parameters.")


class _Objective(nn.Module):
    """The function that is maximised, as a module, so that DistributedDataParallel can wrap it."""

    def __init__(self, model: AutoregressiveModel, precision: str) -> None:
        super().__init__()
        self.model = model
        self._is_half = precision == "bfloat16"

    def forward(self, x: Tensor, context: Tensor | None, step: int) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._is_half):
            log_prob = self.model.training_log_prob(x, context, step=step)
        return log_prob.to(torch.promote_types(log_prob.dtype, torch.float32))


def _in_parallel(objective: _Objective, row: Batch) -> DistributedDataParallel:
    """The objective whose gradients are averaged over all processes.

    The wrapper waits for the gradient of every parameter, so it must know whether some never get one. One row is enough
    to find out.
    """
    device = device_of(objective.model)
    objective.zero_grad(set_to_none=True)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        objective(*row, 0).sum().backward()
    has_unused = any(one.requires_grad and one.grad is None for one in objective.parameters())
    # buffers are masks and orderings, which are the same in every process and need no broadcast
    known = inspect.signature(DistributedDataParallel).parameters
    word = "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers"  # the old name
    options: dict[str, Any] = {word: False, "find_unused_parameters": has_unused}
    return DistributedDataParallel(objective, **options)


def _split(batch: Batch, num_parts: int) -> list[Batch]:
    """Micro-batches of about the same size, none of them empty."""
    x, context = batch
    num_parts = min(num_parts, len(x))
    contexts = [None] * num_parts if context is None else context.tensor_split(num_parts)
    return list(zip(x.tensor_split(num_parts), contexts, strict=True))
