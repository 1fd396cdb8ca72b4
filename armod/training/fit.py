"""Maximum likelihood in practice: `fit` a model, then `evaluate` it.

The seed determines a run: batches, dropout and the turns of an ensemble's members are drawn for each epoch from
(seed, epoch). So a run that was killed and resumed from its checkpoint ends with the same weights as an uninterrupted one.
Except for rounding, the number of micro-batches or processes makes no difference either.
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
    """Maximise the likelihood of `data` for at most `epochs` passes, by default with Adam; the model changes in place.

    In a process group (``torchrun``, `torch.distributed`) all processes must call it with the same arguments. Each takes
    its share of every batch, the first one writes the checkpoint and shows the progress, and all end with the same weights.

    Args:
        model: the model that learns.
        data: levels ``(N, *event_shape)``; a pair (levels, context); a torch Dataset of single observations or such
            pairs; a DataLoader (with its own batches and shuffling); or an `armod.data.Dataset`, whose context and
            ``valid`` split are used too.
        epochs: passes through the data.
        valid: held-out data of the same kinds. If given, the model ends with the weights of its best epoch on them.
        batch_size: observations per step, over all processes together.
        learning_rate: step size of the default optimiser.
        learning_rate_decay: the learning rate is multiplied by this after each epoch.
        optimizer: makes an optimiser from the parameters; None means Adam.
        clip_norm: longer gradients are shortened to this length; recurrent networks need it (Pascanu, Mikolov,
            Bengio 2013, section 3.2).
        average: decay of a running average of the weights (Polyak, Juditsky 1992), which is validated and which the model
            ends with; PixelCNN++ uses 0.9995, and 0 averages nothing. Early averages decay faster: the decay in step n
            is min(average, (1 + n) / (10 + n)).
        accumulate: micro-batches into which each batch is divided to save memory; the gradient is the same.
        precision: "float32", or "bfloat16" for the network's matrix products and convolutions (autocast). Parameters,
            optimiser, log-probabilities and validation stay float32.
        compile: True compiles the model's forward with `torch.compile`; a string names the backend. Only
            ``model(x, context)`` is compiled, so a MADE with several masks gains nothing.
        patience: stop after this many epochs without a better one on `valid`; None never stops early.
        checkpoint: a file that is replaced after each epoch. If it exists, the run continues from it and ends as if it had
            never stopped (with your own DataLoader only if its order does not depend on earlier epochs).
        device: "cpu", "cuda", ...: where the model and each batch go. None leaves the model where it is.
        seed: seed of shuffling and of the model's own randomness; the global generators stay as they are.
        progress: whether to show a progress bar.

    Returns:
        The bits per dimension of each epoch; those of the training data are means over the epoch, taken before each step.

    Raises:
        ValueError: if the data have the wrong shape, an option does not exist or is not available on this machine, or the
            checkpoint belongs to another run.

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
    device = device_of(model)
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True) if optimizer is None else None
    stepper = adam if optimizer is None else optimizer(model.parameters())
    assert stepper is not None
    learn = GradientStep(model, stepper, accumulate=accumulate, precision=precision, clip_norm=clip_norm)
    averaged = _average_of(model, average) if average else None
    judged = model if averaged is None else cast(AutoregressiveModel, averaged.module)
    run = _Run(model, stepper, averaged)
    first_rates = [group["lr"] for group in stepper.param_groups]
    # every setting that changes the result by more than rounding
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
    generators = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with bar, generators, compiled(model, compile):
        for epoch in range(len(history), epochs):
            if history.stopped_early:
                break
            bar.set_description(f"epoch {epoch + 1}/{epochs}")
            for group, rate in zip(stepper.param_groups, first_rates, strict=True):
                group["lr"] = rate * learning_rate_decay**epoch
            model.train()
            mean = Mean()
            for number, batch in enumerate(_shuffled(data, batch_size, device, _epoch_seed(seed, epoch))):
                mean.add(learn(batch, epoch + number), batch[0][0].numel())
                if averaged is not None:
                    averaged.update_parameters(model)
                bar.update(len(batch[0]))
            history.train_bits_per_dim.append(_bits_of_an_epoch(mean.over_all_processes(device)))
            if valid is not None:
                held_out = mean_log_prob(judged, batches_of(valid, batch_size, device)).bits_per_dim
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
    """The progress of a run of `fit`: bits per dimension, one number for each epoch.

    Args:
        train_bits_per_dim: means over the training data while the model learnt.
        valid_bits_per_dim: means over the held-out data after each epoch; empty without held-out data.
        stopped_early: whether the run ended before its last epoch.
        seconds: how long it took.

    >>> History([1.0, 0.8, 0.7], [0.9, 0.85, 0.95]).best_epoch
    1
    """

    train_bits_per_dim: list[float] = field(default_factory=list)
    valid_bits_per_dim: list[float] = field(default_factory=list)
    stopped_early: bool = False
    seconds: float = field(default=0.0, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.train_bits_per_dim)

    @property
    def best_epoch(self) -> int:
        """The epoch, from 0, whose weights the model has: the best one on held-out data, or else the last one."""
        held_out = self.valid_bits_per_dim
        return min(range(len(held_out)), key=held_out.__getitem__) if held_out else len(self) - 1

    def latest(self) -> dict[str, str]:
        """Return the numbers of the last epoch, for a progress bar."""
        columns = {"train": self.train_bits_per_dim, "valid": self.valid_bits_per_dim}
        return {name: f"{values[-1]:.4f} bits/dim" for name, values in columns.items() if values}


@dataclass
class _Run:
    """Everything that a run changes, which a checkpoint must therefore contain."""

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


def _shuffled(data: Data, batch_size: int, device: torch.device, seed: int) -> Iterator[Batch]:
    """The batches of one epoch, which are the same in every process; after that each has its own randomness."""
    _seed_generators(device, seed)
    batches = batches_of(data, batch_size, device, seed)
    # a user's DataLoader draws its order from the global generator when it makes its first batch
    first = list(itertools.islice(batches, 1))
    _seed_generators(device, (seed * distributed.world_size() + distributed.rank()) % 2**63)
    return itertools.chain(first, batches)


def _seed_generators(device: torch.device, seed: int) -> None:
    """Seed only the generators that a model on `device` uses; `torch.manual_seed` would seed every GPU."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def _epoch_seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch) % 2**63


def _bits_of_an_epoch(mean: Mean) -> float:
    if not mean.count:
        raise ValueError("There is nothing to learn from: the data hold no observation.")
    return mean.bits_per_dim


def _progress_bar(count: int | None, epochs: int, epochs_done: int, is_wanted: bool) -> tqdm:
    """A bar that counts observations, so that it moves during long epochs too."""
    # `disable` is given only to switch the bar off, so that the variable TQDM_DISABLE still works
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
    """The number of observations, or None if it is unknown."""
    levels = data[0] if isinstance(data, tuple) else data.dataset if isinstance(data, DataLoader) else data
    return len(levels) if hasattr(levels, "__len__") else None


def _average_of(model: AutoregressiveModel, decay: float) -> AveragedModel:
    """A copy of the model that `update_parameters` moves towards the present weights."""

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
    """Raise a ValueError for an option that makes no sense."""
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
