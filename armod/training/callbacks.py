"""Code of one's own inside a run of `fit`: hooks before and after it, after each step and after each epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from armod.files import write_whole
from armod.models.base import AutoregressiveModel
from armod.training import distributed
from armod.training.history import History

HOOKS = ("on_fit_start", "on_step_end", "on_epoch_end", "on_fit_end")


@dataclass
class Progress:
    """Where a run of `fit` is, as its callbacks see it.

    In a process group every process calls its callbacks, with the same numbers.

    Args:
        model: the model that learns, in training mode after a step.
        optimizer: its optimiser.
        history: the numbers so far; ``history.step_bits_per_dim[-1]`` is that of the last step.
        epochs: how many epochs the run has at most.
        epoch: the present epoch, from 0; at the start of a resumed run, the first one that is left.
        step: optimiser steps since the run began, in all epochs.
        is_stopping: whether a callback has called `stop`.

    >>> model = torch.nn.Linear(1, 1)
    >>> progress = Progress(model, torch.optim.SGD(model.parameters(), lr=0.5), History(), epochs=3)
    >>> progress.learning_rate
    0.5
    """

    model: AutoregressiveModel
    optimizer: torch.optim.Optimizer
    history: History
    epochs: int
    epoch: int = 0
    step: int = 0
    is_stopping: bool = False

    @property
    def learning_rate(self) -> float:
        """The learning rate of the first parameter group; after a step, the one that it was made with."""
        return float(self.optimizer.param_groups[0]["lr"])

    def stop(self) -> None:
        """End the run after this step or epoch; an epoch that is not complete is validated and recorded as it is."""
        self.is_stopping = True


class Callback:
    """Hooks that do nothing; override those that you need.

    Any object with some of these hooks is a callback. So is a function of the progress, which is called after each epoch.

    >>> from armod import MADE, fit, likelihoods
    >>> class Watching(Callback):
    ...     def on_step_end(self, progress):
    ...         if progress.step == 3:
    ...             progress.stop()
    >>> coins = torch.ones(64, 2, dtype=torch.uint8)
    >>> history = fit(
    ...     MADE((2,), [4], likelihood=likelihoods.Bernoulli()), coins, epochs=9, batch_size=32, progress=False,
    ...     callbacks=(Watching(), lambda progress: print("epoch", progress.epoch, "step", progress.step)),
    ... )
    epoch 0 step 2
    epoch 1 step 3
    """

    def on_fit_start(self, progress: Progress) -> None:
        """Called once before the first step, after a checkpoint has been read."""

    def on_step_end(self, progress: Progress) -> None:
        """Called after each step of the optimiser."""

    def on_epoch_end(self, progress: Progress) -> None:
        """Called after each epoch and its validation, before the checkpoint is written."""

    def on_fit_end(self, progress: Progress) -> None:
        """Called once at the end, also if an error or Ctrl-C ends the run."""


class CSVLogger(Callback):
    """Writes a table of the run: a row for each epoch and, if wanted, for some of the steps.

    In a process group only the first process writes. A resumed run keeps the rows from before its checkpoint; any other run
    begins the file anew.

    Args:
        path: the file.
        every: also write a row every so many steps; 0 writes none.

    Raises:
        ValueError: if `every` is below 0.

    >>> import tempfile
    >>> from armod import MADE, fit, likelihoods
    >>> path = Path(tempfile.mkdtemp(), "run.csv")
    >>> model = MADE((2,), [4], likelihood=likelihoods.Bernoulli())
    >>> _ = fit(model, torch.ones(64, 2), epochs=2, progress=False, callbacks=[CSVLogger(path)])
    >>> for row in csv.DictReader(path.open()): print(row["epoch"], row["step"], row["learning_rate"])
    0 1 0.001
    1 2 0.001
    """

    COLUMNS = (
        "epoch",
        "step",
        "learning_rate",
        "step_bits_per_dim",
        "train_bits_per_dim",
        "valid_bits_per_dim",
    )

    def __init__(self, path: str | Path, *, every: int = 0) -> None:
        if every < 0:
            raise ValueError(f"every is a number of steps, or 0 for none, not {every!r}.")
        self.path, self.every = Path(path), every

    def on_fit_start(self, progress: Progress) -> None:
        """Begin the file, or keep the rows of the run so far."""
        if distributed.rank():
            return
        rows: list[dict[str, Any]] = []
        if progress.step and self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                # a killed run may have written rows that its checkpoint doesn't know, the last one in part
                rows = [row for row in csv.DictReader(file) if None not in row.values()]
                rows = [row for row in rows if int(row["epoch"]) < progress.epoch]
        write_whole(self.path, self._lines(dict(zip(self.COLUMNS, self.COLUMNS, strict=True)), *rows))

    def on_step_end(self, progress: Progress) -> None:
        """Write the row of a step."""
        if self.every and progress.step % self.every == 0:
            self._add(progress, step_bits_per_dim=progress.history.step_bits_per_dim)

    def on_epoch_end(self, progress: Progress) -> None:
        """Write the row of an epoch."""
        train, valid = progress.history.train_bits_per_dim, progress.history.valid_bits_per_dim
        self._add(progress, train_bits_per_dim=train, valid_bits_per_dim=valid)

    def _add(self, progress: Progress, **columns: list[float]) -> None:
        if distributed.rank():
            return
        row = {"epoch": progress.epoch, "step": progress.step, "learning_rate": progress.learning_rate}
        latest = {name: values[-1] for name, values in columns.items() if values}
        with self.path.open("a", newline="", encoding="utf-8") as file:
            file.write(self._lines(row | latest))

    def _lines(self, *rows: dict[str, Any]) -> str:
        text = io.StringIO()
        csv.DictWriter(text, self.COLUMNS, extrasaction="ignore", lineterminator="\n").writerows(rows)
        return text.getvalue()


class TensorBoardLogger(Callback):
    """Draws the run's curves in TensorBoard, over the number of steps.

    TensorBoard is not among armod's own requirements: ``pip install tensorboard``, then
    ``TensorBoardLogger(torch.utils.tensorboard.SummaryWriter("runs/first"))``. In a process group only the first process
    writes.

    Args:
        writer: a ``SummaryWriter``, or any object with its ``add_scalar``.
        every: steps between two points of the curves of steps; 0 draws those of epochs only.

    >>> from armod import MADE, fit, likelihoods
    >>> class Printing:
    ...     def add_scalar(self, tag, scalar_value, global_step):
    ...         print(global_step, tag)
    >>> logger = TensorBoardLogger(Printing(), every=2)
    >>> model = MADE((2,), [4], likelihood=likelihoods.Bernoulli())
    >>> _ = fit(model, torch.ones(9, 2), epochs=1, batch_size=3, progress=False, callbacks=[logger])
    2 step/bits_per_dim
    2 step/learning_rate
    3 train/bits_per_dim
    """

    def __init__(self, writer: _Writer, *, every: int = 1) -> None:
        self.writer, self.every = writer, every

    def on_step_end(self, progress: Progress) -> None:
        """Draw a point of the curves of steps."""
        if self.every and progress.step % self.every == 0:
            self._add("step/bits_per_dim", progress.history.step_bits_per_dim, progress)
            self._add("step/learning_rate", [progress.learning_rate], progress)

    def on_epoch_end(self, progress: Progress) -> None:
        """Draw a point of the curves of epochs."""
        self._add("train/bits_per_dim", progress.history.train_bits_per_dim, progress)
        self._add("valid/bits_per_dim", progress.history.valid_bits_per_dim, progress)

    def _add(self, tag: str, values: list[float], progress: Progress) -> None:
        if values and not distributed.rank():
            self.writer.add_scalar(tag, values[-1], progress.step)


class _Writer(Protocol):
    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> Any: ...


class Hooks:
    """The callbacks of a run, called together.

    Args:
        callbacks: objects with hooks, and functions that are called after each epoch.
        progress: what they are given.

    Raises:
        ValueError: if one is neither, or has a hook that doesn't exist.

    >>> Hooks([object()], None)
    Traceback (most recent call last):
    ...
    ValueError: A callback is a function or has some of the hooks on_fit_start, on_step_end, on_epoch_end and on_fit_end, ...
    """

    def __init__(self, callbacks: Iterable[Any], progress: Progress) -> None:
        if not isinstance(callbacks, Iterable) or isinstance(callbacks, str | type):
            raise ValueError(f"callbacks is a sequence such as (callback,), not {callbacks!r}.")
        callbacks = list(callbacks)
        self._progress = progress
        self._calls: dict[str, list[Callable[[Progress], Any]]] = {hook: [] for hook in HOOKS}
        for callback in callbacks:
            for hook, call in _hooks_of(callback).items():
                self._calls[hook].append(call)
        self._is_needed = bool(callbacks)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Call the first and the last hook around a ``with`` block."""
        try:
            self._call("on_fit_start")
            yield
        finally:
            self._call("on_fit_end")

    def step_ended(self) -> bool:
        """Call the hooks of a step; tell whether the run is to stop, in this process or in another."""
        return self._call("on_step_end")

    def epoch_ended(self) -> bool:
        """Call the hooks of an epoch; tell whether the run is to stop, in this process or in another."""
        return self._call("on_epoch_end")

    def _call(self, hook: str) -> bool:
        for call in self._calls[hook]:
            call(self._progress)
        if self._is_needed and hook in ("on_step_end", "on_epoch_end") and distributed.is_together():
            device = next(self._progress.model.parameters()).device
            self._progress.is_stopping = distributed.total([self._progress.is_stopping], device) != [0]
        return self._progress.is_stopping


def _hooks_of(callback: Any) -> dict[str, Callable[[Progress], Any]]:
    names = [name for name in dir(callback) if name.startswith("on_") and callable(getattr(callback, name))]
    known = f"the hooks {', '.join(HOOKS[:-1])} and {HOOKS[-1]}"
    if unknown := [name for name in names if name not in HOOKS]:
        raise ValueError(f"A callback has some of {known}, but {type(callback).__name__} has {unknown[0]}.")
    if isinstance(callback, type):
        raise ValueError(f"A callback is an object, but {callback.__name__} is a class: call it to make one.")
    if names:
        return {name: getattr(callback, name) for name in names}
    if callable(callback):
        return {"on_epoch_end": callback}
    raise ValueError(f"A callback is a function or has some of {known}, unlike {callback!r}.")
