"""Maximum likelihood in practice: `fit` a model, then `evaluate` it.

A run is a function of its seed: batches, dropout and the turns of an ensemble's members are drawn anew for each epoch
from (seed, epoch). So a run that was killed and resumed from its checkpoint ends at the same weights as one that was
not. Nor does it matter, but for rounding, into how many micro-batches or among how many processes a batch is split.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader
from tqdm import tqdm

from armod.data import Dataset
from armod.models.base import AutoregressiveModel, device_of
from armod.training import checkpoints, distributed
from armod.training.compilation import compiled
from armod.training.evaluation import Batch, Data, Mean, Receipt, batches_of, evaluate, mean_log_prob
from armod.training.step import PRECISIONS, GradientStep

__all__ = ["History", "Receipt", "evaluate", "fit"]


def fit(
    model: AutoregressiveModel,
    data: Dataset | Data,
    *,
    epochs: int,
    valid: Data | None = None,
    batch_size: int = 100,
    learning_rate: float = 1e-3,
    learning_rate_decay: float = 1.0,
    optimizer: Callable[[Iterable[Tensor]], torch.optim.Optimizer] | None = None,
    clip_norm: float | None = None,
    average: float = 0.0,
    accumulate: int = 1,
    precision: str = "float32",
    compile: bool | str = False,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Maximise the likelihood of `data`, by Adam, for at most `epochs` passes; the model is changed in place.

    Data
        data: levels ``(N, *event_shape)``; a pair (levels, context); a torch Dataset of single observations or such
            pairs; a DataLoader (its own batches and its own shuffling); or an `armod.data.Dataset`, whose ``valid``
            split is then used too, and whose context goes along.
        valid: held-out data of the same kinds. If given, the model ends with the weights of its best epoch on them,
            and stops early after `patience` epochs without a better one.
        batch_size: observations a step, those of all processes together.
    Steps
        optimizer: makes an optimiser from the parameters; default Adam with `learning_rate`.
        learning_rate_decay: each epoch's learning rate is the one before times this.
        clip_norm: gradients longer than this are shortened to it; recurrent networks need it (Pascanu, Mikolov,
            Bengio 2013, section 3.2).
        average: decay of a running average of the weights (Polyak, Juditsky 1992), which validation then sees and the
            model ends with; PixelCNN++ takes 0.9995. 0 averages nothing. Young averages decay faster:
            min(average, (1 + n) / (10 + n)) in step n.
    Speed
        accumulate: micro-batches into which each batch is split, to save memory; the gradient is the same.
        precision: "float32", or "bfloat16" for the network's matrix products and convolutions (autocast); parameters,
            optimiser and log-probabilities stay float32, and so does validation.
        compile: True compiles the model's forward by `torch.compile`, a name says by which backend. What does not go
            through ``model(x, context)`` is not compiled: so with a MADE of several masks.
        device: "cpu", "cuda", ...: where the model and each batch go. None leaves the model where it is.
    Run
        checkpoint: a file, replaced in one step after each epoch. If it exists, the run goes on from there and ends as
            if it had never stopped (with a DataLoader of your own: if its order does not depend on the past).
        seed: of shuffling and of the model's own randomness while it learns; the global generators are left alone.

    In a process group (``torchrun``, `torch.distributed`) all processes call it with the same arguments: each takes its
    share of every batch, the first one writes the checkpoint and shows the progress, and all end with the same weights.

    Returns the bits per dimension of each epoch. Losses are averages while learning, before each step.

    Raises:
        ValueError: for data of the wrong shape, an option that does not exist or cannot be had here, or a checkpoint
            of another run.

    >>> from armod import MADE, likelihoods
    >>> coins = torch.ones(64, 2, dtype=torch.uint8)
    >>> history = fit(MADE((2,), [4], likelihood=likelihoods.Bernoulli()), coins, epochs=3, progress=False)
    >>> history.train_bits_per_dim[2] < history.train_bits_per_dim[0]
    True
    """
    _check_options(accumulate, precision, clip_norm, learning_rate_decay, average)
    if isinstance(data, Dataset):
        valid = data.pairs("valid") if valid is None else valid
        data = data.pairs("train")
    if device is not None:
        _move(model, device)
    place = device_of(model)
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True) if optimizer is None else None
    stepper = adam if optimizer is None else optimizer(model.parameters())
    assert stepper is not None
    learn = GradientStep(model, stepper, accumulate=accumulate, precision=precision, clip_norm=clip_norm)
    averaged = _average_of(model, average) if average else None
    judged = model if averaged is None else cast(AutoregressiveModel, averaged.module)
    run = _Run(model, stepper, averaged)
    first_rates = [group["lr"] for group in stepper.param_groups]
    # what changes the result by more than rounding
    settings = {
        "seed": seed,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "learning_rate_decay": learning_rate_decay,
        "clip_norm": clip_norm,
        "average": average,
        "precision": precision,
    }
    path = Path(checkpoint) if checkpoint is not None else None
    if path is not None:
        run.resume(distributed.agree(lambda: checkpoints.read(path, settings, model.state_dict())))
    history, was_training = run.history, model.training
    begin = time.perf_counter() - history.seconds
    bar = _progress_bar(_count(data), epochs, len(history), progress)
    generators = torch.random.fork_rng(devices=[place] if place.type == "cuda" else [])
    with bar, generators, compiled(model, compile):
        for epoch in range(len(history), epochs):
            if history.stopped_early:
                break
            bar.set_description(f"epoch {epoch + 1}/{epochs}")
            for group, rate in zip(stepper.param_groups, first_rates, strict=True):
                group["lr"] = rate * learning_rate_decay**epoch
            model.train()
            mean = Mean()
            for number, batch in enumerate(_shuffled(data, batch_size, place, _epoch_seed(seed, epoch))):
                mean.add(learn(batch, epoch + number), batch[0][0].numel())
                if averaged is not None:
                    averaged.update_parameters(model)
                bar.update(len(batch[0]))
            history.train_bits_per_dim.append(_bits_of_an_epoch(mean.over_all_processes(place)))
            if valid is not None:
                held_out = mean_log_prob(judged, batches_of(valid, batch_size, place)).bits_per_dim
                history.valid_bits_per_dim.append(held_out)
                if history.best_epoch == epoch:
                    run.best = {name: value.clone() for name, value in judged.state_dict().items()}
                history.stopped_early = patience is not None and epoch - history.best_epoch >= patience
            history.seconds = time.perf_counter() - begin
            if path is not None:
                distributed.agree(lambda: checkpoints.write(path, run.state() | {"settings": settings}))
            bar.set_postfix(history.latest())
    model.load_state_dict(judged.state_dict() if run.best is None else run.best)
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


@dataclass
class _Run:
    """All that a run changes, and so all that a checkpoint must hold."""

    model: AutoregressiveModel
    optimizer: torch.optim.Optimizer
    averaged: AveragedModel | None
    history: History = field(default_factory=History)
    best: dict[str, Tensor] | None = None

    def state(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "averaged": None if self.averaged is None else self.averaged.state_dict(),
            "history": asdict(self.history),
            "best": self.best,
        }

    def resume(self, state: dict[str, Any] | None) -> None:
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.history, self.best = History(**state["history"]), state["best"]


def _shuffled(data: Data, batch_size: int, place: torch.device, seed: int) -> Iterator[Batch]:
    """The whole batches of one epoch, the same in every process; but each then has its own randomness."""
    _seed_generators(place, seed)
    batches = batches_of(data, batch_size, place, seed)
    # with its first batch a DataLoader of one's own draws its order from the global generator
    first = list(itertools.islice(batches, 1))
    _seed_generators(place, (seed * distributed.world_size() + distributed.rank()) % 2**63)
    return itertools.chain(first, batches)


def _seed_generators(place: torch.device, seed: int) -> None:
    """Seed the generators that a model on `place` uses, and no others: `torch.manual_seed` would seed every GPU."""
    torch.default_generator.manual_seed(seed)
    if place.type == "cuda":
        with torch.cuda.device(place):
            torch.cuda.manual_seed(seed)


def _epoch_seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch) % 2**63


def _bits_of_an_epoch(mean: Mean) -> float:
    if not mean.count:
        raise ValueError("There is nothing to learn from: the data hold no observation.")
    return mean.bits_per_dim


def _progress_bar(count: int | None, epochs: int, epochs_done: int, is_wanted: bool) -> tqdm:
    """A bar that counts observations, so that it moves and tells the rate within long epochs too."""
    # only said if wanted, so that the variable TQDM_DISABLE keeps its say
    quiet: dict[str, Any] = {} if is_wanted and distributed.rank() == 0 else {"disable": True}
    return tqdm(
        desc="training",
        total=None if count is None else count * epochs,
        initial=(count or 0) * epochs_done,
        unit=" observations",
        unit_scale=True,
        leave=False,
        **quiet,
    )


def _count(data: Data) -> int | None:
    """How many observations there are, if that is known."""
    levels = data[0] if isinstance(data, tuple) else data.dataset if isinstance(data, DataLoader) else data
    return len(levels) if hasattr(levels, "__len__") else None


def _average_of(model: AutoregressiveModel, decay: float) -> AveragedModel:
    """A copy of the model that `update_parameters` moves towards the model's present weights."""

    def moved(average: Tensor, present: Tensor, num_averaged: Tensor | int) -> Tensor:
        young = torch.as_tensor((1 + num_averaged) / (10 + num_averaged))
        return average.lerp(present, (1 - young.clamp(max=decay)).to(average))

    return AveragedModel(model, avg_fn=moved)


def _move(model: AutoregressiveModel, device: str | torch.device) -> None:
    try:
        model.to(device)
    except (RuntimeError, AssertionError) as error:
        reason = next(iter(str(error).splitlines()), "it is not there")
        raise ValueError(f"The model cannot go to the device {str(device)!r}: {reason}") from error


def _check_options(
    accumulate: int,
    precision: str,
    clip_norm: float | None,
    learning_rate_decay: float,
    average: float,
) -> None:
    """ValueError in one sentence for an option that makes no sense."""
    if accumulate < 1:
        raise ValueError(f"accumulate is the number of micro-batches a step, at least 1, not {accumulate}.")
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {' or '.join(map(repr, PRECISIONS))}, not {precision!r}.")
    if clip_norm is not None and not clip_norm > 0:
        raise ValueError(f"clip_norm is the greatest length of a gradient, above 0, not {clip_norm}.")
    if not 0 < learning_rate_decay <= 1:
        raise ValueError(f"learning_rate_decay lies above 0 and is at most 1, unlike {learning_rate_decay}.")
    if not 0 <= average < 1:
        raise ValueError(f"average is a decay from 0 to below 1, not {average}.")
