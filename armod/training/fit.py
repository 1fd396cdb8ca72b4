"""Maximum likelihood in practice: `fit` a model, then `evaluate` it.

The seed determines a run: batches, dropout and the turns of an ensemble's members are drawn for each epoch from
(seed, epoch). So a run that was killed and resumed from its checkpoint ends with the same weights as an uninterrupted one.
Except for rounding, the number of micro-batches or processes makes no difference either.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from armod.data import Dataset
from armod.models.base import AutoregressiveModel, device_of
from armod.training import checkpoints, distributed
from armod.training.augmenting import Augment, augmented, name_of_augment
from armod.training.batches import Batch, Batches, Data
from armod.training.callbacks import Callback, Hooks, Progress
from armod.training.compilation import compiled
from armod.training.evaluation import Mean, Receipt, evaluate, mean_log_prob
from armod.training.finite import NotFiniteError
from armod.training.history import History
from armod.training.options import Optimizer, check_learner, check_options, moved, optimizer_of
from armod.training.restoring import modes_of, start_learning
from armod.training.run import Run, average_of
from armod.training.schedules import Rates, Schedule
from armod.training.step import GradientStep

__all__ = ["History", "Receipt", "evaluate", "fit"]


def fit(
    model: AutoregressiveModel,
    data: Dataset | Data,
    *,
    epochs: int,
    valid: Dataset | Data | None = None,
    batch_size: int = 100,
    learning_rate: float | None = None,
    learning_rate_decay: float = 1.0,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    clip_norm: float | None = None,
    average: float = 0.0,
    accumulate: int = 1,
    precision: str = "float32",
    compile: bool | str = False,
    patience: int | None = None,
    callbacks: Iterable[Callback | Callable[[Progress], Any]] = (),
    augment: Augment | None = None,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool = True,
) -> History:
    """Maximise the likelihood of `data` for at most `epochs` passes, by default with Adam; the model changes in place.

    A run never goes on with NaN. A step is made only from a finite loss and finite gradients; otherwise `NotFiniteError` says
    where it was, and the model keeps its last finite weights. If an optimiser overflows all the same, the model goes back to
    weights that are at most 50 steps older. No checkpoint holds weights that are not finite.

    In a process group (``torchrun``, `torch.distributed`) all processes must call it with the same arguments. Each takes
    its share of every batch, the first one writes the checkpoint and shows the progress, and all end with the same weights.

    Args:
        model: the model that learns. If its `context_size` is 0, a context in the data is left out, so that it can learn
            from pairs (image, label). What you put into evaluation mode in a model in training mode stays there.
        data: one of

            - levels ``(N, *event_shape)``, a pair (levels, context), or a dict of these with the keys ``x`` and
              ``context``; tensors or NumPy arrays, even memory-mapped ones;
            - a torch Dataset or list of single observations, such pairs or such dicts; an IterableDataset keeps its order;
            - a DataLoader, or an iterable of batches: levels, pairs or dicts. It is read anew in each epoch, with its own
              order. An iterator can be read once only, so for several epochs pass a function that makes a new one;
            - a function without arguments that returns one of these for each epoch;
            - an `armod.data.Dataset`, whose context and ``valid`` split are used too.
        epochs: passes through the data.
        valid: held-out data of the same kinds. If given, the model ends with the weights of its best epoch on them.
        batch_size: observations per step, over all processes together; data with batches of their own keep them.
        learning_rate: step size of the default optimiser (None is 0.001), or of an optimiser that is given as a class (None
            is the class's own default). A function or an instance has its own.
        learning_rate_decay: the learning rate is multiplied by this after each epoch.
        optimizer: None means Adam. An instance of the model's parameters; a class of `torch.optim`; or a function that makes
            an instance from the parameters. After the run an instance has its learning rates of before.
        schedule: how the learning rate changes from step to step, one of

            - a function of the number of steps before, over all epochs, that gives a factor of the learning rate;
              `armod.training.schedules` has ``WarmUp`` and ``Cosine``;
            - a function that makes a torch scheduler from the optimiser;
            - a torch scheduler of an optimiser instance that is given, too. It goes on from where it is, and the rates stay
              where it leaves them.

            A torch scheduler moves after each step, not each epoch, and excludes `learning_rate_decay`.
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
        callbacks: objects with some of the hooks of `armod.training.Callback`, or functions of the progress that are called
            after each epoch. Every process of a group calls them; what they remember is not in the checkpoint.
        augment: changes each batch of the training data before it is learnt: a function of levels, context (None for a model
            without one) and a generator that returns new levels and a new context. All its random numbers, those of torch's
            global generator included, follow from (seed, epoch, step). So a resumed run and several processes see the same.
        checkpoint: a file that is replaced after each epoch. If it exists, the run continues from it and ends as if it had
            never stopped (with data of your own only if their order does not depend on earlier epochs).
        device: "cpu", "cuda", ...: where the model and each batch go. None leaves the model where it is.
        seed: seed of shuffling and of the model's own randomness; the global generators stay as they are.
        progress: whether to show a progress bar.

    Returns:
        The bits per dimension of each epoch and of each step; those of an epoch's training data are means over the epoch,
        taken before each step.

    Raises:
        ValueError: if the data have the wrong shape, an option does not exist or is not available on this machine, or the
            checkpoint belongs to another run.
        NotFiniteError: if a loss, a gradient or a weight is not finite (a ValueError, too).

    >>> from armod import MADE, likelihoods
    >>> coins = torch.ones(64, 2, dtype=torch.uint8)
    >>> history = fit(MADE((2,), [4], likelihood=likelihoods.Bernoulli()), coins, epochs=3, progress=False)
    >>> history.train_bits_per_dim[2] < history.train_bits_per_dim[0]
    True
    """
    check_learner(model)
    check_options(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        learning_rate_decay=learning_rate_decay,
        clip_norm=clip_norm,
        average=average,
        accumulate=accumulate,
        precision=precision,
        compile=compile,
        patience=patience,
        augment=augment,
        checkpoint=checkpoint,
        seed=seed,
    )
    epochs, batch_size, seed = int(epochs), int(batch_size), int(seed)  # NumPy's integers overflow
    device = device_of(model) if device is None else moved(model, device)
    batches, held_out = _sources(model, data, valid, batch_size, epochs)
    if patience is not None and held_out is None:
        raise ValueError("patience counts epochs without a better one on valid, so valid is needed.")
    stepper = optimizer_of(model, optimizer, learning_rate)
    learn = GradientStep(model, stepper, accumulate=accumulate, precision=precision, clip_norm=clip_norm)
    run = Run(
        model, stepper, Rates(stepper, float(learning_rate_decay), schedule), average_of(model, average)
    )
    state = Progress(model, stepper, run.history, epochs)
    hooks = Hooks(callbacks, state)
    # every setting that changes the result by more than rounding
    settings = {
        "seed": seed,
        "batch_size": batch_size,
        "learning_rate": 1e-3 if learning_rate is None else float(learning_rate),
        "learning_rate_decay": float(learning_rate_decay),
        "clip_norm": None if clip_norm is None else float(clip_norm),
        "average": float(average),
        "precision": precision,
    }
    if optimizer is not None:
        settings["optimizer"] = type(stepper).__name__
    if schedule is not None:
        settings["schedule"] = str(run.rates)
    if augment is not None:
        settings["augment"] = name_of_augment(augment)
    path = Path(checkpoint) if checkpoint is not None else None
    with ExitStack() as stack:
        modes = stack.enter_context(modes_of(model))
        stack.enter_context(run.rates.restored())
        if path is not None:
            run.resume(distributed.agree(lambda: checkpoints.read(path, settings, model.state_dict())))
        history = state.history = run.history
        state.epoch, state.step = len(history), run.step
        begin = time.perf_counter() - history.seconds
        bar = stack.enter_context(_progress_bar(batches.count, epochs, len(history), progress))
        stack.enter_context(torch.random.fork_rng(devices=[device] if device.type == "cuda" else []))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(compiled(model, compile))
        stack.enter_context(hooks.running())
        for epoch in range(len(history), epochs):
            if history.stopped_early:
                break
            state.epoch = epoch
            bar.set_description(f"epoch {epoch + 1}/{epochs}")
            start_learning(model, modes)
            mean = Mean()
            for number, batch in enumerate(_shuffled(batches, device, _epoch_seed(seed, epoch))):
                run.rates.set(epoch=epoch, step=run.step)
                if augment is not None:
                    batch = augmented(augment, batch, (seed, epoch, number))
                try:
                    one = learn(batch, epoch + number)
                except NotFiniteError as error:
                    raise error.at(epoch=epoch + 1, step=number + 1) from None
                run.stepped(one.bits_per_dim)
                mean.merge(one)
                bar.update(len(batch[0]))
                state.step = run.step
                is_stopping = hooks.step_ended()
                run.rates.moved_on()
                if is_stopping:
                    break
            try:
                learn.check_weights()
            except NotFiniteError as error:
                raise error.at(epoch=epoch + 1) from None
            history.train_bits_per_dim.append(_bits_of_an_epoch(mean, "data", epoch))
            if held_out is not None:
                mean = mean_log_prob(run.judged, held_out.epoch())
                history.valid_bits_per_dim.append(_bits_of_an_epoch(mean, "valid", epoch))
                if history.best_epoch == epoch:
                    run.keep_best()
                history.stopped_early = patience is not None and epoch - history.best_epoch >= int(patience)
            history.seconds = time.perf_counter() - begin
            history.stopped_early |= hooks.epoch_ended()
            if path is not None:
                distributed.agree(lambda: checkpoints.write(path, run.state() | {"settings": settings}))
            bar.set_postfix(history.latest())
        run.finish()
    return history


def _sources(
    model: AutoregressiveModel, data: Any, valid: Any, batch_size: int, epochs: int
) -> tuple[Batches, Batches | None]:
    """The batches to learn from, and those to judge by."""
    if isinstance(data, Dataset):
        # a data set without held-out observations is learnt without
        valid = data.pairs("valid") if valid is None and len(data.valid) else valid
        data = data.pairs("train")
    if isinstance(valid, Dataset):
        valid = valid.pairs("valid")
    batches = Batches(data, model, batch_size)
    held_out = None if valid is None else Batches(valid, model, batch_size, name="valid")
    for one in (batches, held_out):
        if one is not None and one.is_one_shot and epochs > 1:
            raise ValueError(
                f"{one.name} is an iterator, which can be read once only, but there are {epochs} epochs: pass a function "
                "that makes a new one for each."
            )
        if one is not None and one.count == 0:
            raise ValueError(f"{one.name} holds no observation.")
    return batches, held_out


def _shuffled(batches: Batches, device: torch.device, seed: int) -> Iterator[Batch]:
    """The batches of one epoch, which are the same in every process; after that each has its own randomness."""
    _seed_generators(device, seed)
    epoch = batches.epoch(seed)
    # a user's DataLoader draws its order from the global generator when it makes its first batch
    first = list(itertools.islice(epoch, 1))
    _seed_generators(device, (seed * distributed.world_size() + distributed.rank()) % 2**63)
    return itertools.chain(first, epoch)


def _seed_generators(device: torch.device, seed: int) -> None:
    """Seed only the generators that a model on `device` uses; `torch.manual_seed` would seed every GPU."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def _epoch_seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch) % 2**63


def _bits_of_an_epoch(mean: Mean, name: str, epoch: int) -> float:
    if not mean.count:
        again = f" in epoch {epoch + 1}: it must begin anew when it is iterated again" if epoch else ""
        raise ValueError(f"{name} holds no observation{again}.")
    if math.isnan(mean.log_prob):
        raise NotFiniteError(f"The loss on {name} is nan after a finite one on the training data").at(
            epoch=epoch + 1
        )
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
