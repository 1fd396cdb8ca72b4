"""Data of every kind as batches: pairs (levels, context or None) on the model's device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, default_collate

from armod.models.base import AutoregressiveModel, device_of

Array = Tensor | np.ndarray
Batch = tuple[Tensor, Tensor | None]
Data = (
    Array
    | tuple[Array, Array | None]
    | Mapping[str, Array]
    | torch.utils.data.Dataset
    | DataLoader
    | Iterable[Any]
    | Callable[[], Any]
)

KINDS = (
    "a tensor or NumPy array of levels, a pair (levels, context), a dict with the keys 'x' and 'context', a torch Dataset "
    "or DataLoader, an iterable of batches, or a function that returns one of these"
)


class Batches:
    """Data as batches on a model's device, made anew for each epoch.

    A model without a context (`context_size` 0) gets none: this is the one place where labels are dropped.

    Args:
        data: levels ``(N, *event_shape)``, or one of the other kinds that `armod.fit` describes.
        model: the model that the batches are for.
        batch_size: observations in a batch, for data that have no batches of their own.
        name: the argument's name in messages.

    Raises:
        ValueError: if the data are of another kind, or if there are not as many contexts as levels.

    >>> from armod import MADE, likelihoods
    >>> model = MADE((2,), [], likelihood=likelihoods.Bernoulli())
    >>> [len(x) for x, context in Batches({"x": np.zeros((5, 2))}, model, 3).epoch()]
    [3, 2]
    """

    def __init__(self, data: Any, model: AutoregressiveModel, batch_size: int, *, name: str = "data") -> None:
        self._data, self._batch_size, self.name = data, batch_size, name
        self._event_dim = len(model.event_shape)
        self._device, self._takes_context = device_of(model), model.context_size != 0
        floats = [one.dtype for one in model.parameters() if one.is_floating_point()]
        self._dtype = floats[0] if floats else torch.get_default_dtype()
        self.is_one_shot = isinstance(data, Iterator)
        if not _is_function(data):
            self._raw(data, None)  # a kind that doesn't exist is refused here, before anything is read

    @property
    def count(self) -> int | None:
        """The number of observations, or None if it is unknown."""
        data = self._data.dataset if isinstance(self._data, DataLoader) else self._data
        if _is_whole(data):
            return len(self._parts(data)[0])
        is_sized = hasattr(data, "__len__") and (
            isinstance(data, IterableDataset) or hasattr(data, "__getitem__")
        )
        return len(cast(Sized, data)) if is_sized and not self._holds_batches(data) else None

    def epoch(self, seed: int | None = None) -> Iterator[Batch]:
        """Go through the data once.

        Args:
            seed: shuffles the observations; None keeps their order. Data that have batches or an order of their own keep it.

        Yields:
            Pairs (levels, context or None), none of them empty.

        Raises:
            ValueError: if a batch is none.
        """
        data = self._data() if _is_function(self._data) else self._data
        for batch in self._raw(data, seed):
            x, context = self._parts(batch)
            if len(x):
                yield self._moved(x), self._moved(context, self._dtype) if context is not None else None

    def _raw(self, data: Any, seed: int | None) -> Iterable[Any]:
        """The batches as they come: arrays, pairs or dicts."""
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        if _is_whole(data):
            return self._rows(self._parts(data), generator)
        if isinstance(data, DataLoader):
            return data
        if isinstance(data, IterableDataset):
            return DataLoader(data, self._batch_size, collate_fn=self._collate)
        is_known = not isinstance(data, str | bytes | type | nn.Module)
        if is_known and hasattr(data, "__len__") and hasattr(data, "__getitem__"):
            if self._holds_batches(data):
                return data
            shuffle = seed is not None and len(data) > 0  # torch refuses to shuffle nothing
            return DataLoader(
                data, self._batch_size, shuffle=shuffle, generator=generator, collate_fn=self._collate
            )
        if is_known and isinstance(data, Iterable):
            return data
        if isinstance(data, torch.utils.data.Dataset):
            raise ValueError(f"{self.name} is a {type(data).__name__}, which lacks a `__len__`.")
        raise ValueError(f"{self.name} is {KINDS}, not {_described(data)}.")

    def _rows(self, parts: tuple[Array, Array | None], generator: torch.Generator | None) -> Iterator[Any]:
        """Batches of the rows of whole arrays; of an array on the disk, only these rows are read."""
        count = len(parts[0])
        order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
        for rows in order.split(self._batch_size) if count else ():
            yield tuple(
                part
                if part is None
                else part[rows.numpy() if isinstance(part, np.ndarray) else rows.to(part.device)]
                for part in parts
            )

    def _parts(self, batch: Any) -> tuple[Array, Array | None]:
        """Levels and context of a batch, or of data that are one."""
        if isinstance(batch, Tensor | np.ndarray):
            parts: tuple[Any, ...] = (batch, None)
        elif isinstance(batch, Mapping):
            if "x" not in batch or not set(batch) <= {"x", "context"}:
                raise ValueError(
                    f"A dict in {self.name} has the keys 'x' and, if there is a context, 'context', not {list(batch)}."
                )
            parts = (batch["x"], batch.get("context"))
        elif isinstance(batch, tuple | list) and len(batch) in (1, 2):
            parts = (batch[0], batch[1] if len(batch) == 2 else None)
        else:
            raise ValueError(
                f"A batch in {self.name} is levels, a pair (levels, context), or a dict with the keys 'x' and 'context', "
                f"not {_described(batch)}."
            )
        x, context = parts
        self._check_array("levels", x)
        if context is not None and self._takes_context:
            self._check_array("context", context)
        if context is not None and len(context) != len(x):
            raise ValueError(
                f"Levels and context in {self.name} must be equally many, not {[len(x), len(context)]}."
            )
        return x, context if self._takes_context else None

    def _check_array(self, what: str, part: Any) -> None:
        if not isinstance(part, Tensor | np.ndarray):
            raise ValueError(
                f"The {what} in {self.name} must be a tensor or a NumPy array, not {_described(part)}."
            )
        if not part.ndim:
            raise ValueError(
                f"The {what} in {self.name} must have one row for each observation, but there is one number only."
            )

    def _moved(self, part: Array, dtype: torch.dtype | None = None) -> Tensor:
        """A part of a batch on the device; a context from NumPy, where float64 is the rule, takes the model's type."""
        if isinstance(part, Tensor):
            return part.to(self._device)
        try:
            tensor = torch.from_numpy(np.require(part, requirements=["C", "W"]))
        except TypeError as error:
            raise ValueError(
                f"{self.name} holds an array of {part.dtype}, which torch doesn't know."
            ) from error
        return tensor.to(self._device, dtype if tensor.is_floating_point() else None)

    def _holds_batches(self, data: Any) -> bool:
        """Whether a sequence holds whole batches, which have one dimension more than observations."""
        if not isinstance(data, Sequence) or isinstance(data, str | bytes) or not len(data):
            return False
        first = data[0]
        x = first.get("x") if isinstance(first, Mapping) else first[0] if isinstance(first, tuple) else first
        return isinstance(x, Tensor | np.ndarray) and x.ndim == self._event_dim + 1

    def _collate(self, items: list[Any]) -> Any:
        """Put single observations into one batch."""
        items = [
            one[0] if isinstance(one, tuple) and len(one) == 2 and one[1] is None else one for one in items
        ]
        try:
            return default_collate(items)
        except (TypeError, RuntimeError, KeyError) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ValueError(
                f"The observations of {self.name} cannot be put into one batch, because they are not alike ({reason})."
            ) from error


def _is_whole(data: Any) -> bool:
    return isinstance(data, Tensor | np.ndarray | tuple | Mapping)


def _is_function(data: Any) -> bool:
    has_order = hasattr(data, "__iter__") or hasattr(data, "__getitem__")
    return callable(data) and not has_order and not isinstance(data, type | nn.Module)


def _described(value: Any) -> str:
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    return (
        f"{type(value).__name__} of {len(value)}" if isinstance(value, tuple | list) else type(value).__name__
    )
