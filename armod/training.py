"""Maximum likelihood in practice: `fit` a model, then `evaluate` it.

A run is a function of its seed: batches, dropout and the turns of an ensemble's members are drawn anew for each epoch
from (seed, epoch). So a run that was killed and resumed from its checkpoint ends at the same weights as one that was
not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.utils.data
from torch import Tensor
from tqdm import tqdm

from armod.data import Dataset
from armod.evaluation import Batch, Data, Mean, Receipt, batches_of, evaluate, mean_log_prob
from armod.models.base import AutoregressiveModel, device_of

__all__ = ["History", "Receipt", "evaluate", "fit"]


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
                model, stepper, batches_of(data, batch_size, place, _epoch_seed(seed, epoch)), epoch
            )
            history.train_bits_per_dim.append(train)
            if valid is not None:
                held_out = mean_log_prob(model, batches_of(valid, batch_size, place)).bits_per_dim
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


def _one_epoch(
    model: AutoregressiveModel, optimizer: torch.optim.Optimizer, batches: Iterable[Batch], epoch: int
) -> float:
    """One pass of gradient steps; the mean bits per dimension on its way."""
    mean = Mean()
    for number, (x, context) in enumerate(batches):
        log_prob = model.training_log_prob(x, context, step=epoch + number)
        optimizer.zero_grad(set_to_none=True)
        (-log_prob.mean()).backward()
        optimizer.step()
        mean.add(log_prob, x[0].numel())
    if not mean.count:
        raise ValueError("There is nothing to learn from: the data hold no observation.")
    return mean.bits_per_dim


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
