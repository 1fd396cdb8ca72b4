"""What a run changes for its duration is put back afterwards, also when an error or Ctrl-C ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def modes_of(model: nn.Module) -> Iterator[dict[nn.Module, bool]]:
    """Put every module back into its own mode, training or evaluation, at the end of a ``with`` block.

    Args:
        model: a module with all that it contains; a frozen part may be in another mode than the rest.

    Yields:
        The mode of each module at the beginning, True for training.

    >>> model = nn.Sequential(nn.Dropout().eval(), nn.Dropout())
    >>> with modes_of(model):
    ...     _ = model.eval()
    >>> [part.training for part in model]
    [False, True]
    """
    modes = {module: module.training for module in model.modules()}
    try:
        yield modes
    finally:
        model.train(modes[model])  # a module of its own kind may do more here than set the mode
        for module, is_training in modes.items():
            module.training = is_training


def start_learning(model: nn.Module, modes: dict[nn.Module, bool]) -> None:
    """Put a model into training mode, but leave in evaluation what its user put there.

    Args:
        model: the model.
        modes: the modes before the run. In a model that was in evaluation as a whole, nothing was put there on purpose.
    """
    model.train()
    if modes[model]:
        for module, is_training in modes.items():
            module.training = module.training and is_training
