"""What a user hands to a model, checked at the door: levels, contexts, known levels, and how many samples.

Each function returns the checked value as a tensor, or raises one sentence that names the argument, what came, and what is
due. NumPy arrays are taken wherever tensors are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, distributions

from armod.finite import all_finite
from armod.settings import whole_numbers

# torch can store these, but it can neither compare them nor find their smallest number
_STORED_ONLY = (torch.uint16, torch.uint32, torch.uint64)


def tensor_of(value: object, name: str, form: str) -> Tensor:
    """Take a tensor or a NumPy array.

    Args:
        value: what a user gave.
        name: name of the argument.
        form: what it should be, such as "levels (N, 4)".

    Returns:
        The tensor, with whole numbers of a dtype that torch can compute with.

    Raises:
        ValueError: if it is neither, or has no numbers.

    >>> tensor_of(np.array([1, 2]), "x", "levels (N,)")
    tensor([1, 2])
    >>> tensor_of([1, 2], "x", "levels (N,)")
    Traceback (most recent call last):
    ValueError: x is a tensor of levels (N,), not a list.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in "buif":
        value = torch.tensor(value)
    if not isinstance(value, Tensor):
        raise ValueError(f"{name} is a tensor of {form}, not {described(value)}.")
    return value.long() if value.dtype in _STORED_ONLY else value


def check_possible(x: Tensor, num_levels: int | None, name: str = "x") -> None:
    """Check that there are only whole numbers ``0..num_levels-1``.

    Args:
        x: levels of any dtype that torch can compare.
        num_levels: K, or None if it is unknown, which lets everything pass.
        name: name of the argument.

    Raises:
        ValueError: for anything else, NaN included.

    >>> check_possible(torch.tensor([0.0, 1.5]), 2)
    Traceback (most recent call last):
    ValueError: Levels must be whole numbers from 0 to 1, but x lies between 0 and 1.5 with fractions.
    """
    if num_levels is None or x.numel() == 0 or not values_are_known(x):
        return
    if x.is_complex():
        raise ValueError(f"Levels must be whole numbers from 0 to {num_levels - 1}, but {name} is complex.")
    is_whole = not x.is_floating_point() or bool((x == x.floor()).all())
    # On int64, min() takes a tenth of the time of amin(). item() makes Python numbers, because a uint8 tensor would be
    # compared with the last byte of num_levels only.
    lowest, highest = x.min().item(), x.max().item()
    if not is_whole or lowest < 0 or highest >= num_levels:
        raise ValueError(
            f"Levels must be whole numbers from 0 to {num_levels - 1}, but {name} lies between "
            f"{lowest:g} and {highest:g}{'' if is_whole else ' with fractions'}."
        )


def check_real(x: Tensor, name: str = "x") -> None:
    """Check that there are only finite real numbers.

    Args:
        x: numbers of any dtype.
        name: name of the argument.

    Raises:
        ValueError: for complex numbers, and for NaN and infinite ones.

    >>> check_real(torch.tensor([0.0, torch.inf]))
    Traceback (most recent call last):
    ValueError: Observations are finite real numbers, but x has numbers that are not finite.
    """
    if x.is_complex():
        raise ValueError(f"Observations are finite real numbers, but {name} is complex.")
    if x.is_floating_point() and values_are_known(x) and not all_finite(x.detach()):
        raise ValueError(f"Observations are finite real numbers, but {name} has numbers that are not finite.")


def values_are_known(x: Tensor) -> bool:
    """Tell whether Python may decide by the values of a tensor.

    They are unknown while `torch.compile` traces, on the device "meta", and for the tensors that `torch.func.vmap` maps
    over, because these stand for many values. They are known to `torch.func.grad` and `jvp`.

    Args:
        x: any tensor.

    Returns:
        False if nothing may be decided by the values.

    >>> values_are_known(torch.zeros(3)), values_are_known(torch.zeros(3, device="meta"))
    (True, False)
    """
    if torch.compiler.is_compiling():
        return False
    functorch = torch._C._functorch  # there is no public way to ask
    while functorch.is_functorch_wrapped_tensor(x):
        if functorch.is_batchedtensor(x):
            return False
        x = functorch.get_unwrapped(x)
    return not x.is_meta


def next_levels(value: object, num_samples: int, num_levels: int | None, name: str = "value") -> Tensor:
    """Take the levels of the next variable, as `Incremental.append` does, or of a block, as `Incremental.peek`.

    Args:
        value: what a user gave.
        num_samples: N, the number of observations.
        num_levels: K, or None if it is unknown.
        name: "value", which may be of one variable, or "values".

    Returns:
        Levels ``(N, b)``; b is 1 for one variable.

    Raises:
        ValueError: if it has another shape, or values other than whole levels ``0..K-1``.

    >>> next_levels(torch.tensor([0, 3]), 2, 4).tolist(), next_levels(torch.tensor([[0, 3]]), 1, 4).tolist()
    ([[0], [3]], [[0, 3]])
    """
    one, block = f"({num_samples},)", f"({num_samples}, b)"
    may_be_one = name == "value"
    levels = tensor_of(value, name, f"levels {one if may_be_one else block}")
    if levels.dim() == 1 and may_be_one:
        levels = levels.unsqueeze(1)
    if levels.dim() != 2 or len(levels) != num_samples:
        due = f"one level for each observation, shape {one}, or several, shape" if may_be_one else "shape"
        raise ValueError(f"{name} has {due} {block}, not {tuple(getattr(value, 'shape', ()))}.")
    check_possible(levels, num_levels, name)
    if num_levels is None:
        check_real(levels, name)
    return levels


def count_of(num_samples: object, context: object) -> int:
    """Decide how many samples to draw: `num_samples`, or one for each row of the context if that is None.

    Args:
        num_samples: what a user gave.
        context: the context, if there is one.

    Returns:
        N.

    Raises:
        ValueError: if it is no whole number from 0 on, or None without a context.

    >>> count_of(None, torch.zeros(3, 2))
    3
    """
    if num_samples is None and isinstance(context, Tensor | np.ndarray):
        return len(context)
    number = whole_numbers([num_samples])
    if number is None:
        raise ValueError(
            f"num_samples is a whole number, or None for one sample per row of a context, not {num_samples!r}."
        )
    if number[0] < 0:
        raise ValueError(f"num_samples must be 0 or more, not {num_samples}.")
    return number[0]


def conditionals_of(given: object, shape: Sequence[int], owner: object) -> distributions.Distribution:
    """Take what the `conditionals` of a model returned, which may be a user's own.

    Args:
        given: what they returned.
        shape: ``(N, *event_shape)``.
        owner: the model.

    Returns:
        The distribution.

    Raises:
        ValueError: if it is anything but one distribution for each variable.

    >>> conditionals_of(torch.zeros(1, 2), (1, 2), torch.nn.Identity())
    Traceback (most recent call last):
    ValueError: conditionals returns one distribution for each variable, of batch shape (1, 2) and event shape (), but that of Identity is a Tensor.
    """
    if not isinstance(given, distributions.Distribution):
        what = f"is {described(given)}"
    elif tuple(given.batch_shape) != tuple(shape) or given.event_shape:
        what = f"has batch shape {tuple(given.batch_shape)} and event shape {tuple(given.event_shape)}"
    else:
        return given
    raise ValueError(
        f"conditionals returns one distribution for each variable, of batch shape {tuple(shape)} and event shape (), "
        f"but that of {type(owner).__name__} {what}."
    )


def completion_of(
    known: object, mask: object, shape: Sequence[int], device: torch.device
) -> tuple[Tensor, Tensor] | tuple[None, None]:
    """Take known levels and the mask that says where they are kept, and expand both to full shape.

    Args:
        known: what a user gave as levels.
        mask: what a user gave as booleans.
        shape: ``(N, *event_shape)``.
        device: the model's device.

    Returns:
        Known levels, 0 where nothing is known, and the mask; or two Nones if both are None.

    Raises:
        ValueError: if one of them is missing or does not fit.

    >>> known, mask = completion_of(torch.tensor([5, 7]), torch.tensor([True, False]), (1, 2), torch.device("cpu"))
    >>> known.tolist(), mask.tolist()
    ([[5, 0]], [[True, False]])
    """
    if known is None and mask is None:
        return None, None
    if known is None or mask is None:
        raise ValueError("A completion needs both known (the levels) and mask (True where they are kept).")
    levels = tensor_of(known, "known", f"levels that broadcast to {tuple(shape)}").to(device)
    kept = tensor_of(mask, "mask", f"booleans that broadcast to {tuple(shape)}").to(device)
    if kept.dtype != torch.bool:
        raise ValueError(f"mask must be boolean (True where `known` is kept), not {kept.dtype}.")
    try:
        levels, kept = levels.expand(*shape), kept.expand(*shape)
    except RuntimeError:
        raise ValueError(
            f"known {tuple(levels.shape)} and mask {tuple(kept.shape)} must broadcast to {tuple(shape)}."
        ) from None
    return torch.where(kept, levels, torch.zeros_like(levels)), kept


def context_of(context: object, size: int, num: int, positions: Sequence[int]) -> Tensor | None:
    """Take a context for a model that was built with `size` numbers of it.

    Args:
        context: what a user gave.
        size: C, or 0 for a model without a context.
        num: N, the number of observations.
        positions: ``(T,)`` or ``(H, W)`` of the observations, where a local context has its own numbers.

    Returns:
        The context ``(N, C)`` or ``(N, C, *positions)``; a single row is repeated. None for a model without one.

    Raises:
        ValueError: if the context is missing, is not due, or has another shape.

    >>> context_of(torch.zeros(1, 3), 3, num=2, positions=(4,)).shape
    torch.Size([2, 3])
    """
    everywhere, local = (num, size), (num, size, *positions)
    if size == 0:
        if context is not None:
            given = f"of shape {tuple(context.shape)} " if isinstance(context, Tensor) else ""
            raise ValueError(
                f"This model was built without a context, but one {given}is given; leave it out, or build the model "
                "with the context's size."
            )
        return None
    due = f"a context of shape {everywhere}, or {local} for one that differs from position to position"
    if context is None:
        raise ValueError(f"This model needs {due}, but there is none.")
    numbers = tensor_of(context, "context", f"shape {everywhere} or {local}")
    # a compiler replaces sizes that change from call to call by symbols, which cannot be compared
    if torch.compiler.is_compiling():
        return numbers
    if len(numbers.shape) > 1 and len(numbers) == 1:
        numbers = numbers.expand(num, *numbers.shape[1:])
    if tuple(numbers.shape) not in (everywhere, local):
        of_other_length = numbers.dim() == len(local) == 3 and tuple(numbers.shape[:2]) == everywhere
        hint = "; for samples of its length call sample(..., length=...)" if of_other_length else ""
        raise ValueError(f"This model needs {due}, but it has shape {tuple(numbers.shape)}{hint}.")
    return numbers


def noise_of(num_samples: int, num_variables: int, generator: object) -> Tensor:
    """Draw the noise of a sample.

    Args:
        num_samples: N.
        num_variables: D.
        generator: torch's generator, or None for the global one.

    Returns:
        Uniform numbers in [0, 1), float64 ``(N, D)``.

    Raises:
        ValueError: for another kind of generator.

    >>> noise_of(2, 3, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 3])
    """
    if generator is not None and not isinstance(generator, torch.Generator):
        raise ValueError(f"generator is a torch.Generator or None, not {described(generator)}.")
    device = generator.device if generator is not None else None
    return torch.rand(num_samples, num_variables, dtype=torch.float64, generator=generator, device=device)


def described(value: object) -> str:
    """Say of what kind something is that came in the place of a tensor or another object.

    Args:
        value: what a user gave.

    Returns:
        A part of a sentence.

    >>> described(None), described([1]), described(torch.nn.Linear), described(np.array(["a"]))
    ('None', 'a list', 'the class Linear', 'an array of dtype <U1')
    """
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}"
    word = type(value).__name__
    return f"{'an' if word[:1].lower() in 'aeiou' else 'a'} {word}"
