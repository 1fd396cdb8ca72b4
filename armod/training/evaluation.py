"""How good is a model? `evaluate` measures its likelihood and returns a `Receipt`, which others can check."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from armod import orderings
from armod.data import Dataset
from armod.models.base import AutoregressiveModel, device_of
from armod.models.checks import check_model
from armod.training import distributed
from armod.training.batches import Batch, Batches, Data
from armod.training.finite import NotFiniteError, name_of_spoilt
from armod.training.options import check_whole
from armod.training.restoring import modes_of


@dataclass(frozen=True)
class Receipt:
    """A measured likelihood, together with everything that is needed to check it.

    Args:
        nats: mean negative log-likelihood in nats per observation.
        standard_error: standard error of this mean, in nats: how much it would change with other observations.
        num_observations: how many observations were measured.
        num_variables: D, the variables of one observation; their mean if the observations differ in length.
        dataset: name of the data set.
        split: name of the split.
        ordering: name of the model's ordering.
        seed: the seed that the model was trained with.
        num_parameters: how many numbers the model has learnt.
        seconds: how long it learnt.
        num_characters: the characters of one observation, their mean, if a text is written in tokens of several characters.
        nats_without_context: `nats` of the same architecture, trained in the same way, that was given no context.

    >>> Receipt(90.0, 0.3, 500, 784, "digits28", "test", "raster").bits_per_dim
    0.16561...
    """

    nats: float
    standard_error: float
    num_observations: int
    num_variables: float
    dataset: str
    split: str
    ordering: str
    seed: int | None = None
    num_parameters: int | None = None
    seconds: float | None = None
    num_characters: float | None = None
    nats_without_context: float | None = None

    @property
    def nats_per_dim(self) -> float:
        """Negative log-likelihood in nats, divided by the number of variables."""
        return self.nats / self.num_variables

    @property
    def bits_per_dim(self) -> float:
        """Negative log-likelihood in bits, divided by the number of variables."""
        return self.nats_per_dim / math.log(2)

    @property
    def bits_per_character(self) -> float | None:
        """Bits per character of a text in tokens, or None for other data.

        A text can be written in tokens in many ways, and only one is counted. So this is an upper bound.
        """
        if self.num_characters is None:
            return None
        return self.nats / (self.num_characters * math.log(2))

    def __str__(self) -> str:
        bits = self.bits_per_character
        of_characters = "" if bits is None else f", at most {bits:.4f} bits/character"
        control = ""
        if self.nats_without_context is not None:
            control = (
                f"\nthe same model without its context: {self.nats_without_context:.2f} nats/observation"
            )
        return (
            f"{self.nats:.2f} ± {self.standard_error:.2f} nats/observation, {self.nats_per_dim:.4f} nats/dim, "
            f"{self.bits_per_dim:.4f} bits/dim{of_characters}\n"
            f"on {self.dataset}, {self.split} split ({self.num_observations}); "
            f"ordering {self.ordering}; seed {self.seed}{control}"
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
        model: the model. If its `context_size` is 0, a context in the data is left out.
        data: an `armod.data.Dataset`, or any data that `fit` takes.
        split: which split of a `Dataset` to measure; for other data it is only a name.
        seed: the seed that the model was trained with, for the record.
        batch_size: observations in one forward pass.

    Returns:
        The likelihood as a `Receipt`.

    Raises:
        ValueError: if the data hold no observation, or an argument makes no sense.
        NotFiniteError: if the likelihood is not a number (a ValueError, too).

    >>> from armod import MADE, likelihoods
    >>> fair = MADE((2,), [], likelihood=likelihoods.Bernoulli())
    >>> for parameter in fair.parameters(): _ = torch.nn.init.zeros_(parameter)
    >>> print(evaluate(fair, torch.zeros(8, 2), split="all"))
    1.39 ± 0.00 nats/observation, 0.6931 nats/dim, 1.0000 bits/dim
    on tensor, all split (8); ordering raster; seed None
    """
    check_model(model)
    check_whole("batch_size", batch_size)
    num_characters = None
    if isinstance(data, Dataset):
        num_characters = _num_characters(data, split)
        name, data = data.name, data.pairs(split)
    else:
        name = type(data).__name__.lower()
    try:
        mean = mean_log_prob(model, Batches(data, model, int(batch_size)).epoch())
    except ValueError as error:
        # distributions of torch refuse NaN with an error of their own
        if spoilt := name_of_spoilt(model, frozen_too=True):
            raise NotFiniteError(f"Nothing can be measured, as parameter {spoilt!r} is not finite") from error
        raise
    if not mean.count:
        raise ValueError("There is nothing to measure: data holds no observation.")
    if math.isnan(mean.log_prob):
        spoilt = name_of_spoilt(model, frozen_too=True)
        raise NotFiniteError(
            f"The likelihood of {name} is nan"
            + (f", as parameter {spoilt!r} is not finite" if spoilt else "")
        )
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
        num_characters=num_characters,
    )


@dataclass
class Mean:
    """A running mean of log-likelihoods.

    Args:
        total: sum of the log-likelihoods so far, in nats.
        squares: sum of their squares.
        count: how many there are.
        variables: sum of D, the number of variables, over the observations.

    >>> mean = Mean()
    >>> mean.add(torch.tensor([-1.0, -3.0]), num_variables=2)
    >>> mean.log_prob
    -2.0
    """

    total: float = 0.0
    squares: float = 0.0
    count: int = 0
    variables: int = 0

    def add(self, log_probs: Tensor, num_variables: int) -> None:
        """Add a batch.

        Args:
            log_probs: log-likelihoods ``(N,)`` in nats.
            num_variables: D, the variables of one observation.
        """
        total, squares = sums(log_probs)
        self.merge(Mean(total, squares, len(log_probs), len(log_probs) * num_variables))

    def merge(self, other: Mean) -> None:
        """Add other observations.

        Args:
            other: their mean.
        """
        self.total += other.total
        self.squares += other.squares
        self.count += other.count
        self.variables += other.variables

    def over_all_processes(self, device: torch.device) -> Mean:
        """Combine the means of all processes.

        Args:
            device: the model's device.

        Returns:
            The mean over the observations of all processes, the same in each of them.
        """
        mine = [self.total, self.squares, self.count, self.variables]
        total, squares, count, variables = distributed.total(mine, device)
        return Mean(total, squares, int(count), int(variables))

    @property
    def num_variables(self) -> float:
        """D, the variables of one observation; their mean if the observations differ in length."""
        whole, rest = divmod(self.variables, max(self.count, 1))
        return self.variables / self.count if rest else whole

    @property
    def log_prob(self) -> float:
        """The mean in nats, or NaN if there is no observation."""
        return self.total / self.count if self.count else math.nan

    @property
    def standard_error(self) -> float:
        """The standard error of the mean in nats, or NaN for fewer than two observations."""
        if self.count < 2:
            return math.nan
        if math.isinf(self.total):
            return math.inf
        variance = max(self.squares / self.count - self.log_prob**2, 0.0)
        return math.sqrt(variance / (self.count - 1))

    @property
    def bits_per_dim(self) -> float:
        """The mean negative log-likelihood in bits per variable."""
        return -self.log_prob / (self.num_variables * math.log(2)) if self.count else math.nan


def mean_log_prob(model: AutoregressiveModel, batches: Iterable[Batch]) -> Mean:
    """Compute the mean log-likelihood in evaluation mode; every process takes its share of each batch.

    Args:
        model: the model, whose modes are restored afterwards.
        batches: pairs (levels, context or None) on the model's device.

    Returns:
        The mean over all processes.
    """
    mean = Mean()
    with modes_of(model), torch.no_grad():
        model.eval()
        for x, context in batches:
            rows = distributed.share(len(x))
            if rows.start < rows.stop:
                log_probs = model.log_prob(x[rows], None if context is None else context[rows])
                check_log_probs(log_probs, rows.stop - rows.start)
                mean.add(log_probs, x[0].numel())
    return mean.over_all_processes(device_of(model))


def sums(log_probs: Tensor, *others: Tensor) -> list[float]:
    """Sum log-likelihoods and their squares in float64, and fetch the sums from the device at once.

    Args:
        log_probs: log-likelihoods ``(N,)``.
        *others: further numbers to fetch.

    Returns:
        The sum, the sum of squares, and the other numbers.

    >>> sums(torch.tensor([1.0, 2.0]))
    [3.0, 5.0]
    """
    values = log_probs.detach().double()
    numbers = (values.sum(), values.square().sum(), *others)
    if values.device.type == "cpu":
        return [one.item() for one in numbers]
    return torch.stack([one.to(values) for one in numbers]).tolist()


def check_log_probs(log_probs: Tensor, count: int) -> None:
    """Check that a model gave one number for each observation, so that nothing is counted twice.

    Args:
        log_probs: what it gave.
        count: how many observations there are.

    Raises:
        ValueError: if there are more or fewer.
    """
    if log_probs.shape != (count,):
        raise ValueError(
            f"log_prob gives one number for each of {count} observations, not a tensor of shape {tuple(log_probs.shape)}."
        )


def _num_characters(data: Dataset, split: str) -> float | None:
    """The characters of an observation, their mean, if some level stands for several."""
    if data.symbols is None or all(len(symbol) == 1 for symbol in data.symbols):
        return None
    return len(data.text(split)) / max(len(getattr(data, split)), 1)


def _ordering_name(model: AutoregressiveModel) -> str:
    several = getattr(model, "orderings", None)
    if isinstance(several, Tensor) and not bool((several == several[0]).all()):
        return f"{len(several)} different ones"
    return orderings.name(model.ordering, model.event_shape)
