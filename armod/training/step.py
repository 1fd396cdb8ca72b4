"""One step of learning: the exact gradient of a batch's mean log-likelihood, whoever computes which part of it.

However a batch is cut - into micro-batches, among processes, evenly or not - every row counts the same: each part
contributes the *sum* of its rows' log-likelihoods, divided by the number of rows of the whole batch.
"""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from armod.models.base import AutoregressiveModel, device_of
from armod.training import distributed
from armod.training.evaluation import Batch

PRECISIONS = ("float32", "bfloat16")


class GradientStep:
    """Called with a batch, it moves the model's weights one step towards the batch's likelihood.

    accumulate: micro-batches a step: as many times less memory, for the same gradient.
    precision: "bfloat16" rounds the inputs of the network's matrix products and convolutions (autocast). Parameters,
        optimiser and log-probabilities stay float32.
    clip_norm: a longer gradient is shortened to this length (Pascanu, Mikolov, Bengio 2013, section 3.2).

    Every process of a group calls it with the same whole batch and works on its own share (`armod.training.distributed`).
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

    def __call__(self, batch: Batch, step: int) -> Tensor:
        """The log-likelihoods, before the step, of those rows that were this process's own."""
        x, context = batch
        weight = distributed.world_size() / len(x)  # DistributedDataParallel takes the mean over processes
        rows = distributed.share(len(x))
        has_rows = rows.start < rows.stop
        if not has_rows:
            # it must take part in the exchange of gradients all the same
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
                (-log_prob.sum() * weight).backward()
            log_probs.append(log_prob.detach())
        if self._clip_norm is not None:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._clip_norm)
        self._optimizer.step()
        return torch.cat(log_probs) if has_rows else x.new_zeros(0)


class _Objective(nn.Module):
    """What is maximised, as a module, so that DistributedDataParallel can wrap it."""

    def __init__(self, model: AutoregressiveModel, precision: str) -> None:
        super().__init__()
        self.model = model
        self._is_half = precision == "bfloat16"

    def forward(self, x: Tensor, context: Tensor | None, step: int) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._is_half):
            log_prob = self.model.training_log_prob(x, context, step=step)
        return log_prob.float() if log_prob.dtype == torch.bfloat16 else log_prob


def _in_parallel(objective: _Objective, row: Batch) -> DistributedDataParallel:
    """The objective whose gradients are averaged over all processes.

    The wrapper waits for the gradient of every parameter, so it must know if some never get one: one row tells.
    """
    place = device_of(objective.model)
    objective.zero_grad(set_to_none=True)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        objective(*row, 0).sum().backward()
    has_unused = any(one.requires_grad and one.grad is None for one in objective.parameters())
    # buffers are masks and orderings, the same in every process: nothing to broadcast in each pass
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
