"""`torch.compile` for the time of a training run, and one sentence where it does not work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from armod.models.base import AutoregressiveModel


@contextmanager
def compiled(model: AutoregressiveModel, choice: bool | str) -> Iterator[None]:
    """Within the ``with``, ``model(x, context)`` is compiled; afterwards the model is as it was.

    choice: False, True (torch's own backend), or the name of a backend, such as "aot_eager", which needs no compiler.

    Raises:
        ValueError: for an unknown backend, or if this machine or the backend cannot compile the model.
    """
    if choice is False:
        yield
        return
    from torch._dynamo.exc import TorchDynamoException  # takes a second, so only when asked for

    backend = "inductor" if choice is True else choice
    try:
        forward = torch.compile(model.forward, backend=backend)

        def checked(x: Tensor, context: Tensor | None = None) -> Tensor:
            # compiled code does not look at values, and what it raises is no sentence
            model.check_levels(x)
            model.check_context(context, len(x), x.shape[1:])
            return forward(x, context)

        model.forward = checked  # type: ignore[method-assign]
        yield
    except TorchDynamoException as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
        advice = (
            "torch.compile needs a C++ compiler such as g++ (on a GPU also Triton): install one, or leave `compile` out"
            if backend == "inductor"
            else f"choose another of {', '.join(torch.compiler.list_backends(()))}, or leave `compile` out"
        )
        raise ValueError(
            f"{type(model).__name__} cannot be compiled here by {backend!r} ({reason}): {advice}."
        ) from error
    finally:
        # the instance's attribute goes, the class's method shows again
        model.__dict__.pop("forward", None)
