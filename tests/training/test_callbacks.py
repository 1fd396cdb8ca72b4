"""Callbacks: which hook is called when and with what, how one stops a run, and what the ready-made ones write."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from armod import MADE, evaluate, fit, likelihoods
from armod.training import Callback, Cosine, CSVLogger, NotFiniteError, Progress, TensorBoardLogger
from tests.makers import seeded

X = (torch.rand(26, 4, generator=seeded(1)) < 0.7).to(torch.uint8)  # batches of 10: three steps an epoch


def new() -> MADE:
    return MADE((4,), [5], likelihood=likelihoods.Bernoulli())


def run(model: MADE, *callbacks: Any, epochs: int = 2, **options: Any):
    return fit(model, X, epochs=epochs, batch_size=10, callbacks=callbacks, progress=False, **options)


class Diary(Callback):
    def __init__(self) -> None:
        self.pages: list[tuple[str, int, int]] = []

    def on_fit_start(self, progress: Progress) -> None:
        self.pages.append(("start", progress.epoch, progress.step))

    def on_step_end(self, progress: Progress) -> None:
        assert progress.model.training and len(progress.history.step_bits_per_dim) == progress.step
        self.pages.append(("step", progress.epoch, progress.step))

    def on_epoch_end(self, progress: Progress) -> None:
        assert len(progress.history) == progress.epoch + 1
        self.pages.append(("epoch", progress.epoch, progress.step))

    def on_fit_end(self, progress: Progress) -> None:
        self.pages.append(("end", progress.epoch, progress.step))


FIRST = [("step", 0, 1), ("step", 0, 2), ("step", 0, 3), ("epoch", 0, 3)]
SECOND = [("step", 1, 4), ("step", 1, 5), ("step", 1, 6), ("epoch", 1, 6)]


def test_the_hooks_in_their_order_in_a_resumed_run_too(tmp_path: Path) -> None:
    whole, part, rest = Diary(), Diary(), Diary()
    run(new(), whole)
    assert whole.pages == [("start", 0, 0), *FIRST, *SECOND, ("end", 1, 6)]
    run(new(), part, epochs=1, checkpoint=tmp_path / "run")
    run(new(), rest, epochs=2, checkpoint=tmp_path / "run")
    assert rest.pages == [("start", 1, 3), *SECOND, ("end", 1, 6)]


def test_callbacks_change_nothing_and_see_the_steps_own_rate() -> None:
    rates: list[float] = []

    class Rates:  # no Callback by name, and only one hook
        def on_step_end(self, progress: Progress) -> None:
            rates.append(progress.learning_rate)

    watched, alone = new(), new()
    schedule = Cosine(6, warm_up=2)
    found = run(watched, Rates(), learning_rate=0.5, schedule=schedule)
    assert found == run(alone, learning_rate=0.5, schedule=schedule)
    assert all(torch.equal(a, b) for a, b in zip(watched.parameters(), alone.parameters(), strict=True))
    assert rates == [0.5 * schedule(step) for step in range(6)]
    rates.clear()
    factory = lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)  # noqa: E731
    run(new(), Rates(), learning_rate=0.5, schedule=factory)
    assert rates == [0.5, 0.5, 0.25, 0.25, 0.125, 0.125]


def test_the_history_of_steps_is_that_of_the_epochs() -> None:
    history = run(new(), epochs=3, learning_rate=0.1)
    steps = history.step_bits_per_dim
    assert len(steps) == 9 and len(set(steps)) == 9
    for epoch in range(3):
        mean = sum(n * bits for n, bits in zip((10, 10, 6), steps[3 * epoch :], strict=False)) / 26
        assert history.train_bits_per_dim[epoch] == pytest.approx(mean, rel=1e-9)
    assert "step" not in repr(history)


@pytest.mark.parametrize("valid", [None, X])
def test_a_callback_stops_the_run_after_a_step(valid: Any, tmp_path: Path) -> None:
    class Stop(Callback):
        def on_step_end(self, progress: Progress) -> None:
            if progress.step == 5:
                progress.stop()

    model, diary, path = new(), Diary(), tmp_path / "run"
    history = run(model, diary, Stop(), epochs=7, valid=valid, checkpoint=path)
    assert history.stopped_early and len(history) == 2 and len(history.step_bits_per_dim) == 5
    assert diary.pages == [("start", 0, 0), *FIRST, *SECOND[:2], ("epoch", 1, 5), ("end", 1, 5)]
    if valid is not None:
        assert evaluate(model, X).bits_per_dim == pytest.approx(min(history.valid_bits_per_dim), rel=1e-9)
    again = new()
    assert run(again, epochs=7, valid=valid, checkpoint=path) == history
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_a_function_is_called_after_each_epoch_and_may_stop() -> None:
    epochs: list[int] = []

    def note(progress: Progress) -> None:
        epochs.append(progress.epoch)
        if progress.epoch == 2:
            progress.stop()

    history = run(new(), note, epochs=6)
    assert epochs == [0, 1, 2] and history.stopped_early and len(history) == 3


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, NotFiniteError])
def test_the_end_comes_after_an_error_too(kind: type[BaseException]) -> None:
    diary = Diary()

    class Fail(Callback):
        def on_step_end(self, progress: Progress) -> None:
            if kind is NotFiniteError:
                progress.model.layers[0].bias.data.fill_(math.nan)
            else:
                raise kind("mine")

    model = new().eval()
    with pytest.raises(kind):
        run(model, diary, Fail())
    last = 1 if kind is NotFiniteError else 0
    assert diary.pages[-1] == ("end", 0, last or 0) or diary.pages[-1][0] == "end"
    assert not model.training


class Misspelt:
    def on_epoch_begin(self, progress: Progress) -> None: ...


@pytest.mark.parametrize(
    ("callbacks", "sentence"),
    [
        (Diary(), r"callbacks is a sequence such as \(callback,\)"),
        (None, "callbacks is a sequence"),
        ("log", "callbacks is a sequence"),
        ([Diary], "Diary is a class: call it to make one"),
        ([Misspelt()], "Misspelt has on_epoch_begin"),
        ([3], "A callback is a function or has some of the hooks on_fit_start, .*, unlike 3"),
        ([object()], "A callback is a function"),
    ],
)
def test_a_callback_that_is_none_is_one_sentence(callbacks: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        fit(new(), X, epochs=1, callbacks=callbacks, progress=False)
    assert "\n" not in str(error.value)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run.csv"
    history = run(new(), CSVLogger(path, every=2), valid=X, learning_rate_decay=0.5)
    rows = rows_of(path)
    assert [(row["epoch"], row["step"]) for row in rows] == [
        ("0", "2"),
        ("0", "3"),
        ("1", "4"),
        ("1", "6"),
        ("1", "6"),
    ]
    assert [float(row["learning_rate"]) for row in rows] == [1e-3, 1e-3, 5e-4, 5e-4, 5e-4]
    steps = [float(row["step_bits_per_dim"]) for row in rows if row["step_bits_per_dim"]]
    assert steps == [history.step_bits_per_dim[i] for i in (1, 3, 5)]
    for column in ("train_bits_per_dim", "valid_bits_per_dim"):
        assert [float(row[column]) for row in rows if row[column]] == getattr(history, column)
    run(new(), CSVLogger(path), epochs=1)
    assert len(rows_of(path)) == 1 and rows_of(path)[0]["valid_bits_per_dim"] == ""
    with pytest.raises(ValueError, match="every is a number of steps"):
        CSVLogger(path, every=-1)


def test_the_table_of_an_interrupted_run_is_that_of_a_whole_one(tmp_path: Path) -> None:
    """The first part dies in its third epoch, of which the checkpoint knows nothing, in the middle of a row."""

    class Die(Callback):
        def on_step_end(self, progress: Progress) -> None:
            if progress.step == 8:
                raise KeyboardInterrupt

    whole, parts = tmp_path / "whole.csv", tmp_path / "parts.csv"
    run(new(), CSVLogger(whole, every=1), epochs=4)
    with pytest.raises(KeyboardInterrupt):
        run(new(), CSVLogger(parts, every=1), Die(), epochs=4, checkpoint=tmp_path / "run")
    assert len(rows_of(parts)) == 3 + 1 + 3 + 1 + 2
    with parts.open("a") as file:
        file.write("1")  # of epoch 12, perhaps
    run(new(), CSVLogger(parts, every=1), epochs=4, checkpoint=tmp_path / "run")
    assert parts.read_text() == whole.read_text()


def test_curves_in_tensorboard() -> None:
    class Writer:
        def __init__(self) -> None:
            self.points: list[tuple[str, float, int]] = []

        def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
            self.points.append((tag, scalar_value, global_step))

    every, epochs = Writer(), Writer()
    history = run(new(), TensorBoardLogger(every), TensorBoardLogger(epochs, every=0), valid=X)
    steps = [(value, step) for tag, value, step in every.points if tag == "step/bits_per_dim"]
    assert steps == [(bits, step) for step, bits in enumerate(history.step_bits_per_dim, start=1)]
    assert [point for point in every.points if not point[0].startswith("step/")] == epochs.points
    train, valid = history.train_bits_per_dim, history.valid_bits_per_dim
    assert epochs.points == [
        ("train/bits_per_dim", train[0], 3),
        ("valid/bits_per_dim", valid[0], 3),
        ("train/bits_per_dim", train[1], 6),
        ("valid/bits_per_dim", valid[1], 6),
    ]
