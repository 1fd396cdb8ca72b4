"""Maximum likelihood in practice: `fit` a model, `evaluate` it, and state the result so that it can be checked.

A run is a function of its seed: batches, dropout and the turns of an ensemble's members are drawn anew for each epoch
from (seed, epoch). So a run that was killed and resumed from its checkpoint ends at the same weights as one that was
not.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.utils.data
from torch import Tensor
from tqdm import tqdm

from armod import orderings
from armod.data import Dataset
from armod.models.base import AutoregressiveModel, device_of

Batch = tuple[Tensor, Tensor | None]
Data = Tensor | tuple[Tensor, Tensor] | torch.utils.data.Dataset | torch.utils.data.DataLoader


def fit(
    model: AutoregressiveModel,
    data: Dataset | Data,
    *,
    epochs: int,
    valid: Data | None = None,
    batch_size: int = 100,
    learning_rate: float = 1e-3,
    optimizer: Callable[[Iterable[Tensor]], torch.optim.Optimizer] | None = None,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Maximise the likelihood of `data`, by Adam, for at most `epochs` passes; the model is changed in place.

    data: levels ``(N, *event_shape)``; a pair (levels, context); a torch Dataset of single observations or such
        pairs; a DataLoader (its own batches and its own shuffling); or an `armod.data.Dataset`, whose ``valid`` split
        is then used too.
    valid: held-out data of the same kinds. If given, the model ends with the weights of its best epoch on them, and
        stops early after `patience` epochs without a better one.
    optimizer: makes an optimiser from the parameters; default Adam with `learning_rate`.
    checkpoint: a file, replaced in one step after each epoch. If it exists, the run goes on from there and ends as if
        it had never stopped (with a DataLoader of your own: if its order does not depend on the past).
    device: "cpu", "cuda", ...: where the model and each batch go. None leaves the model where it is.
    seed: of shuffling and of the model's own randomness while it learns; the global generators are left alone.

    Returns the bits per dimension of each epoch. Losses are averages while learning, before each step.

    Raises:
        ValueError: for data of the wrong shape, or a checkpoint of another run.

    >>> from armod import MADE, likelihoods
    >>> coins = torch.ones(64, 2, dtype=torch.uint8)
    >>> history = fit(MADE((2,), [4], likelihood=likelihoods.Bernoulli()), coins, epochs=3, progress=False)
    >>> history.train_bits_per_dim[2] < history.train_bits_per_dim[0]
    True
    """
    if isinstance(data, Dataset):
        valid = data.valid if valid is None else valid
        data = data.train
    if device is not None:
        model.to(device)
    place = device_of(model)
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True) if optimizer is None else None
    stepper = adam if optimizer is None else optimizer(model.parameters())
    assert stepper is not None
    run = {"seed": seed, "batch_size": batch_size, "learning_rate": learning_rate}
    history, best = History(), None
    path = Path(checkpoint) if checkpoint is not None else None
    if path is not None and path.exists():
        history, best = _resume(path, model, stepper, run)
    was_training = model.training
    begin = time.perf_counter() - history.seconds
    # only said if wanted, so that the variable TQDM_DISABLE keeps its say
    quiet: dict[str, Any] = {} if progress else {"disable": True}
    bar = tqdm(desc="training", total=epochs, initial=len(history), unit="epoch", leave=False, **quiet)
    with bar, torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        for epoch in range(len(history), epochs):
            if history.stopped_early:
                break
            _seed_generators(place, _epoch_seed(seed, epoch))
            model.train()
            train = _one_epoch(
                model, stepper, _batches(data, batch_size, place, _epoch_seed(seed, epoch)), epoch
            )
            history.train_bits_per_dim.append(train)
            if valid is not None:
                held_out = _mean_log_prob(model, _batches(valid, batch_size, place)).bits_per_dim
                history.valid_bits_per_dim.append(held_out)
                if history.best_epoch == epoch:
                    best = {name: value.clone() for name, value in model.state_dict().items()}
                history.stopped_early = patience is not None and epoch - history.best_epoch >= patience
            history.seconds = time.perf_counter() - begin
            if path is not None:
                _save(path, model, stepper, history, best, run)
            bar.update()
            bar.set_postfix(history.latest())
    if best is not None:
        model.load_state_dict(best)
    return_to_mode = model.train if was_training else model.eval
    return_to_mode()
    return history


@dataclass
class History:
    """What a run of `fit` saw: bits per dimension, one number for each epoch."""

    train_bits_per_dim: list[float] = field(default_factory=list)
    valid_bits_per_dim: list[float] = field(default_factory=list)
    stopped_early: bool = False
    seconds: float = field(default=0.0, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.train_bits_per_dim)

    @property
    def best_epoch(self) -> int:
        """The epoch, from 0, whose weights the model has: the best one on held-out data, else the last."""
        held_out = self.valid_bits_per_dim
        return min(range(len(held_out)), key=held_out.__getitem__) if held_out else len(self) - 1

    def latest(self) -> dict[str, str]:
        """The last epoch's numbers, for a progress bar."""
        columns = {"train": self.train_bits_per_dim, "valid": self.valid_bits_per_dim}
        return {name: f"{values[-1]:.4f} bits/dim" for name, values in columns.items() if values}


@dataclass(frozen=True)
class Receipt:
    """A likelihood with all that is needed to check it, in nats per observation and per dimension, and in bits.

    standard_error is that of the mean over the observations: what another draw of as many would change.
    """

    nats: float
    standard_error: float
    num_observations: int
    num_variables: int
    dataset: str
    split: str
    ordering: str
    seed: int | None = None

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
            f"{self.bits_per_dim:.4f} bits/dim on {self.dataset}, {self.split} split ({self.num_observations}); "
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

    data: an `armod.data.Dataset`, of which `split` is taken, or any data that `fit` takes, which `split` then names.
    seed: the one the model was trained with, for the record.

    >>> from armod import MADE, likelihoods
    >>> fair = MADE((2,), [], likelihood=likelihoods.Bernoulli())
    >>> for parameter in fair.parameters(): _ = torch.nn.init.zeros_(parameter)
    >>> print(evaluate(fair, torch.zeros(8, 2), split="all"))
    1.39 ± 0.00 nats/observation, 0.6931 nats/dim, 1.0000 bits/dim on tensor, all split (8); ordering raster; seed None
    """
    name = data.name if isinstance(data, Dataset) else type(data).__name__.lower()
    chosen = getattr(data, split) if isinstance(data, Dataset) else data
    place = device_of(model)
    mean = _mean_log_prob(model, _batches(chosen, batch_size, place))
    return Receipt(
        nats=-mean.log_prob,
        standard_error=mean.standard_error,
        num_observations=mean.count,
        num_variables=mean.num_variables,
        dataset=name,
        split=split,
        ordering=_ordering_name(model),
        seed=seed,
    )


@dataclass
class _Mean:
    """A running mean of log-likelihoods."""

    total: float = 0.0
    squares: float = 0.0
    count: int = 0
    num_variables: int = 1

    def add(self, log_probs: Tensor, num_variables: int) -> None:
        values = log_probs.detach().double()
        self.total += values.sum().item()
        self.squares += values.square().sum().item()
        self.count += len(values)
        self.num_variables = num_variables

    @property
    def log_prob(self) -> float:
        return self.total / self.count if self.count else math.nan

    @property
    def standard_error(self) -> float:
        if self.count < 2:
            return math.nan
        variance = max(self.squares / self.count - self.log_prob**2, 0.0)
        return math.sqrt(variance / (self.count - 1))

    @property
    def bits_per_dim(self) -> float:
        return -self.log_prob / (self.num_variables * math.log(2))


def _one_epoch(
    model: AutoregressiveModel, optimizer: torch.optim.Optimizer, batches: Iterable[Batch], epoch: int
) -> float:
    """One pass of gradient steps; the mean bits per dimension on its way."""
    mean = _Mean()
    for number, (x, context) in enumerate(batches):
        log_prob = model.training_log_prob(x, context, step=epoch + number)
        optimizer.zero_grad(set_to_none=True)
        (-log_prob.mean()).backward()
        optimizer.step()
        mean.add(log_prob, x[0].numel())
    if not mean.count:
        raise ValueError("There is nothing to learn from: the data hold no observation.")
    return mean.bits_per_dim


def _mean_log_prob(model: AutoregressiveModel, batches: Iterable[Batch]) -> _Mean:
    """Mean log-likelihood in evaluation mode."""
    mean, was_training = _Mean(), model.training
    model.eval()
    with torch.no_grad():
        for x, context in batches:
            mean.add(model.log_prob(x, context), x[0].numel())
    model.train(was_training)
    return mean


def _batches(data: Data, batch_size: int, device: torch.device, seed: int | None = None) -> Iterator[Batch]:
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


def _seed_generators(place: torch.device, seed: int) -> None:
    """Seed the generators that a model on `place` uses, and no others: `torch.manual_seed` would seed every GPU."""
    torch.default_generator.manual_seed(seed)
    if place.type == "cuda":
        with torch.cuda.device(place):
            torch.cuda.manual_seed(seed)


def _epoch_seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch) % 2**63


def _save(
    path: Path,
    model: AutoregressiveModel,
    optimizer: torch.optim.Optimizer,
    history: History,
    best: dict[str, Tensor] | None,
    run: dict[str, Any],
) -> None:
    """Write the whole state beside the old file, then replace it: whenever the process dies, one of them is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "history": asdict(history),
        "best": best,
        "run": run,
    }
    with beside.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _resume(
    path: Path, model: AutoregressiveModel, optimizer: torch.optim.Optimizer, run: dict[str, Any]
) -> tuple[History, dict[str, Tensor] | None]:
    """Bring model and optimiser to where the checkpoint left them."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["run"] != run:
            reason = f"it was made with {state['run']}, this run has {run}"
        elif _sizes(state["model"]) != _sizes(model.state_dict()):
            reason = "it holds the weights of another model"
        else:
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            return History(**state["history"]), state["best"]
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "it cannot be read")
    raise ValueError(
        f"The checkpoint {path} does not belong to this run ({reason}); remove it to start afresh."
    )


def _sizes(weights: dict[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in weights.items()}


def _ordering_name(model: AutoregressiveModel) -> str:
    several = getattr(model, "orderings", None)
    if isinstance(several, Tensor) and not bool((several == several[0]).all()):
        return f"{len(several)} different ones"
    return orderings.name(model.ordering, model.event_shape)
