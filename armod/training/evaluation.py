"""How good is a model? `evaluate` states a likelihood so that others can check it: a `Receipt`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
import torch.utils.data
from torch import Tensor

from armod import orderings
from armod.data import Dataset
from armod.models.base import AutoregressiveModel, device_of
from armod.training import distributed

Batch = tuple[Tensor, Tensor | None]
Data = Tensor | tuple[Tensor, Tensor] | torch.utils.data.Dataset | torch.utils.data.DataLoader


@dataclass(frozen=True)
class Receipt:
    """A likelihood with all that is needed to check it, in nats per observation and per dimension, and in bits.

    standard_error is that of the mean over the observations: what another draw of as many would change.
    num_parameters: the numbers that were learnt. seconds: how long that took.
    """

    nats: float
    standard_error: float
    num_observations: int
    num_variables: int
    dataset: str
    split: str
    ordering: str
    seed: int | None = None
    num_parameters: int | None = None
    seconds: float | None = None

    @property
    def nats_per_dim(self) -> float:
        """Negative log-likelihood in nats, divided by the number of variables."""
        return self.nats / self.num_variables

    @property
    def bits_per_dim(self) -> float:
        """Negative log-likelihood in bits, divided by the number of variables."""
        return self.nats_per_dim / math.log(2)

    def __str__(self) -> str:
        return (
            f"{self.nats:.2f} ± {self.standard_error:.2f} nats/observation, {self.nats_per_dim:.4f} nats/dim, "
            f"{self.bits_per_dim:.4f} bits/dim\n"
            f"on {self.dataset}, {self.split} split ({self.num_observations}); "
            f"ordering {self.ordering}; seed {self.seed}"
        )


def evaluate(
    model: AutoregressiveModel,
    data: Dataset | Data,
    *,
    split: str = "test",
    seed: int | None = None,
    batch_size: int = 500,
) -> Receipt:
    """The receipt of a model's likelihood on one split of a data set; dropout and the like are off.

    data: an `armod.data.Dataset`, of which `split` is taken with its context, or any data that `fit` takes, which
        `split` then names.
    seed: the one the model was trained with, for the record.

    In a process group all processes call it, each measures its share of the data, and all return the same receipt.

    >>> from armod import MADE, likelihoods
    >>> fair = MADE((2,), [], likelihood=likelihoods.Bernoulli())
    >>> for parameter in fair.parameters(): _ = torch.nn.init.zeros_(parameter)
    >>> print(evaluate(fair, torch.zeros(8, 2), split="all"))
    1.39 ± 0.00 nats/observation, 0.6931 nats/dim, 1.0000 bits/dim
    on tensor, all split (8); ordering raster; seed None
    """
    name = data.name if isinstance(data, Dataset) else type(data).__name__.lower()
    chosen = data.pairs(split) if isinstance(data, Dataset) else data
    place = device_of(model)
    mean = mean_log_prob(model, batches_of(chosen, batch_size, place))
    return Receipt(
        nats=-mean.log_prob,
        standard_error=mean.standard_error,
        num_observations=mean.count,
        num_variables=mean.num_variables,
        dataset=name,
        split=split,
        ordering=_ordering_name(model),
        seed=seed,
        num_parameters=sum(parameter.numel() for parameter in model.parameters()),
    )


@dataclass
class Mean:
    """A running mean of log-likelihoods."""

    total: float = 0.0
    squares: float = 0.0
    count: int = 0
    num_variables: int = 1

    def add(self, log_probs: Tensor, num_variables: int) -> None:
        """Take in a batch of log-likelihoods ``(N,)`` of observations of `num_variables` variables."""
        values = log_probs.detach().double()
        self.total += values.sum().item()
        self.squares += values.square().sum().item()
        self.count += len(values)
        self.num_variables = num_variables

    def over_all_processes(self, device: torch.device) -> Mean:
        """The mean of what all processes took in, the same in each of them; `device` is the model's."""
        total, squares, count = distributed.total([self.total, self.squares, self.count], device)
        return Mean(total, squares, int(count), self.num_variables)

    @property
    def log_prob(self) -> float:
        """The mean in nats; NaN of nothing."""
        return self.total / self.count if self.count else math.nan

    @property
    def standard_error(self) -> float:
        """How much another sample of as many would change the mean."""
        if self.count < 2:
            return math.nan
        variance = max(self.squares / self.count - self.log_prob**2, 0.0)
        return math.sqrt(variance / (self.count - 1))

    @property
    def bits_per_dim(self) -> float:
        """The mean negative log-likelihood in bits, for one variable."""
        return -self.log_prob / (self.num_variables * math.log(2))


def mean_log_prob(model: AutoregressiveModel, batches: Iterable[Batch]) -> Mean:
    """Mean log-likelihood in evaluation mode; every process takes its share of each batch."""
    mean, was_training = Mean(), model.training
    model.eval()
    with torch.no_grad():
        for x, context in batches:
            rows = distributed.share(len(x))
            is_idle = rows.start == rows.stop
            mine = x[rows], None if context is None else context[rows]
            mean.add(x.new_zeros(0) if is_idle else model.log_prob(*mine), x[0].numel())
    model.train(was_training)
    return mean.over_all_processes(device_of(model))


def batches_of(data: Data, batch_size: int, device: torch.device, seed: int | None = None) -> Iterator[Batch]:
    """Batches (levels, context or None) on `device`; shuffled if there is a seed."""
    if isinstance(data, Tensor | tuple):
        tensors = (data,) if isinstance(data, Tensor) else data
        count = len(tensors[0])
        if any(len(part) != count for part in tensors):
            raise ValueError(
                f"Levels and context must be equally many, not {[len(part) for part in tensors]}."
            )
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
        for rows in order.split(batch_size) if count else ():
            parts = [part[rows.to(part.device)].to(device) for part in tensors]
            yield parts[0], parts[1] if len(parts) > 1 else None
        return
    if not isinstance(data, torch.utils.data.DataLoader):
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        data = torch.utils.data.DataLoader(data, batch_size, shuffle=seed is not None, generator=generator)
    for batch in data:
        if isinstance(batch, Tensor):
            yield batch.to(device), None
        else:
            yield batch[0].to(device), batch[1].to(device) if len(batch) > 1 else None


def _ordering_name(model: AutoregressiveModel) -> str:
    several = getattr(model, "orderings", None)
    if isinstance(several, Tensor) and not bool((several == several[0]).all()):
        return f"{len(several)} different ones"
    return orderings.name(model.ordering, model.event_shape)
