"""How good is a model? `evaluate` measures its likelihood and returns a `Receipt`, which others can check."""

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
    """A measured likelihood, together with everything that is needed to check it.

    Args:
        nats: mean negative log-likelihood in nats per observation.
        standard_error: standard error of this mean, in nats: how much it would change with other observations.
        num_observations: how many observations were measured.
        num_variables: D, the variables of one observation.
        dataset: name of the data set.
        split: name of the split.
        ordering: name of the model's ordering.
        seed: the seed that the model was trained with.
        num_parameters: how many numbers the model has learnt.
        seconds: how long it learnt.

    >>> Receipt(90.0, 0.3, 500, 784, "digits28", "test", "raster").bits_per_dim
    0.16561...
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
    """Measure a model's likelihood on one split of a data set, in evaluation mode (without dropout).

    In a process group all processes must call this function. Each measures its share of the data, and all return the same
    receipt.

    Args:
        model: the model.
        data: an `armod.data.Dataset`, or any data that `fit` takes.
        split: which split of a `Dataset` to measure; for other data it is only a name.
        seed: the seed that the model was trained with, for the record.
        batch_size: observations in one forward pass.

    Returns:
        The likelihood as a `Receipt`.

    >>> from armod import MADE, likelihoods
    >>> fair = MADE((2,), [], likelihood=likelihoods.Bernoulli())
    >>> for parameter in fair.parameters(): _ = torch.nn.init.zeros_(parameter)
    >>> print(evaluate(fair, torch.zeros(8, 2), split="all"))
    1.39 ± 0.00 nats/observation, 0.6931 nats/dim, 1.0000 bits/dim
    on tensor, all split (8); ordering raster; seed None
    """
    name = data.name if isinstance(data, Dataset) else type(data).__name__.lower()
    chosen = data.pairs(split) if isinstance(data, Dataset) else data
    mean = mean_log_prob(model, batches_of(chosen, batch_size, device_of(model)))
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
    """A running mean of log-likelihoods.

    Args:
        total: sum of the log-likelihoods so far, in nats.
        squares: sum of their squares.
        count: how many there are.
        num_variables: D, the variables of one observation.

    >>> mean = Mean()
    >>> mean.add(torch.tensor([-1.0, -3.0]), num_variables=2)
    >>> mean.log_prob
    -2.0
    """

    total: float = 0.0
    squares: float = 0.0
    count: int = 0
    num_variables: int = 1

    def add(self, log_probs: Tensor, num_variables: int) -> None:
        """Add a batch.

        Args:
            log_probs: log-likelihoods ``(N,)`` in nats.
            num_variables: D, the variables of one observation.
        """
        values = log_probs.detach().double()
        self.total += values.sum().item()
        self.squares += values.square().sum().item()
        self.count += len(values)
        self.num_variables = num_variables

    def over_all_processes(self, device: torch.device) -> Mean:
        """Combine the means of all processes.

        Args:
            device: the model's device.

        Returns:
            The mean over the observations of all processes, the same in each of them.
        """
        total, squares, count = distributed.total([self.total, self.squares, self.count], device)
        return Mean(total, squares, int(count), self.num_variables)

    @property
    def log_prob(self) -> float:
        """The mean in nats, or NaN if there is no observation."""
        return self.total / self.count if self.count else math.nan

    @property
    def standard_error(self) -> float:
        """The standard error of the mean in nats, or NaN for fewer than two observations."""
        if self.count < 2:
            return math.nan
        variance = max(self.squares / self.count - self.log_prob**2, 0.0)
        return math.sqrt(variance / (self.count - 1))

    @property
    def bits_per_dim(self) -> float:
        """The mean negative log-likelihood in bits per variable."""
        return -self.log_prob / (self.num_variables * math.log(2))


def mean_log_prob(model: AutoregressiveModel, batches: Iterable[Batch]) -> Mean:
    """Compute the mean log-likelihood in evaluation mode; every process takes its share of each batch.

    Args:
        model: the model, whose mode is restored afterwards.
        batches: pairs (levels, context or None) on the model's device.

    Returns:
        The mean over all processes.
    """
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
    """Cut data into batches.

    Args:
        data: levels, a pair (levels, context), a torch Dataset, or a DataLoader (which has batches of its own).
        batch_size: observations in a batch.
        device: the device that each batch is moved to.
        seed: shuffles the observations; None keeps their order.

    Yields:
        Pairs (levels, context or None).

    Raises:
        ValueError: if there are not as many contexts as levels.
    """
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
