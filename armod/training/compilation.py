"""`torch.compile` for the duration of a training run, with a clear message where it does not work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from armod.models.base import AutoregressiveModel


@contextmanager
def compiled(model: AutoregressiveModel, choice: bool | str) -> Iterator[None]:
    """Compile ``model(x, context)`` inside a ``with`` block; afterwards the model is as it was before.

    Args:
        model: the model to compile.
        choice: False to compile nothing, True for torch's default backend, or the name of a backend, such as "aot_eager",
            which needs no compiler.

    Yields:
        Nothing.

    Raises:
        ValueError: if the backend is unknown, or cannot compile the model on this machine.
    """
    if choice is False:
        yield
        return
    from torch._dynamo.exc import TorchDynamoException  # imported here because it takes a second

    backend = "inductor" if choice is True else choice
    own = {
        name: value for name, value in vars(model).items() if name == "forward"
    }  # somebody may have put one there
    try:
        forward = torch.compile(model.forward, backend=backend)

        def checked(x: Tensor, context: Tensor | None = None) -> Tensor:
            # compiled code does not check values, and its error messages are hard to read
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
        # without the instance's attribute, the method of the class is visible again
        model.__dict__.pop("forward", None)
        model.__dict__.update(own)
