"""Plain data as text: the closed list of what passes between a learner's code and the checks, in both directions.

None, bool, int, float (NaN and infinities too), str, list, tuple, dict with str keys, NumPy arrays and tensors of the
dtypes in `DTYPES`. Everything else stays where it is and travels as a handle: a number and the name of its type.

The text may come from a hostile process. So nothing is unpickled or imported, every size is limited, and what comes
out consists of exact built-in types made here: nothing of the other side's own methods, such as a lying ``__eq__``,
survives the journey. This module imports nothing of armod: it is also sent to where the learner's code runs.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

MAX_TEXT = 8 * 2**20  # bytes that one message takes: 6 MB of numbers
MAX_ITEMS = 100_000  # values in one message; an array or tensor counts as one
MAX_DEPTH = 16
MAX_NUMBERS = 2**21  # in all arrays and tensors of one message
MAX_BITS = 1024  # of an integer
MAX_DIMENSIONS = 16

DTYPES: dict[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}

Register = Callable[[object], tuple[int, str]]
Resolve = Callable[[int, str], object]


class NotPlainError(ValueError):
    """A value that may not travel, or a text that is no message; its words say what and why."""


def to_text(value: object, register: Register) -> str:
    """The text of a value.

    Args:
        value: plain data, in which other things may stand.
        register: gives the number and the type's name of what is not plain data.

    Returns:
        JSON in ASCII.

    Raises:
        NotPlainError: if the value is too deep (or contains itself), too large, or holds an integer or a string that
            no message may.
    """
    text = json.dumps(_Encoder(register).encode(value, 0), allow_nan=False, separators=(",", ":"))
    if len(text) > MAX_TEXT:
        raise NotPlainError(f"the value takes {len(text):,} characters as text and the limit is {MAX_TEXT:,}")
    return text


def from_text(text: str, resolve: Resolve) -> Any:
    """The value of a text that `to_text` wrote.

    Args:
        text: the text, which may be hostile.
        resolve: gives what a handle stands for, from its number and its type's name.

    Returns:
        The value.

    Raises:
        NotPlainError: for any other text, whatever is in it.
    """
    size = sys.getsizeof(text) - sys.getsizeof("")  # an emoji makes each character four bytes wide
    if size > MAX_TEXT:
        raise NotPlainError(f"the message takes {size:,} bytes and the limit is {MAX_TEXT:,}")
    try:
        content = json.loads(text, parse_int=_integer, parse_constant=_no_constant)
    except RecursionError as error:
        raise NotPlainError("the message is nested too deeply") from error
    except ValueError as error:
        raise NotPlainError(f"the message is no JSON: {error}") from error
    return _Decoder(resolve).decode(content, 0)


class _Encoder:
    def __init__(self, register: Register) -> None:
        self.register = register
        self.items = 0

    def encode(self, value: Any, depth: int) -> Any:
        self.items = _counted(self.items, depth)
        kind = type(value)
        if value is None or kind is bool:
            return value
        # Subclasses are made anew by the base class's own methods: what they override is never called.
        if issubclass(kind, int):
            return _small(int.__index__(value))
        if issubclass(kind, float):
            return _float(float.__float__(value))
        if issubclass(kind, str):
            return _valid(str.__str__(value))
        if issubclass(kind, list):
            return [self.encode(item, depth + 1) for item in list.__iter__(value)]
        if issubclass(kind, tuple):
            return {"tuple": [self.encode(item, depth + 1) for item in tuple.__iter__(value)]}
        if issubclass(kind, dict):
            pairs = list(dict.items(value))
            if all(issubclass(type(key), str) for key, _ in pairs):
                return {
                    "dict": [[_valid(str.__str__(key)), self.encode(item, depth + 1)] for key, item in pairs]
                }
        if issubclass(kind, np.generic) and value.dtype.name in DTYPES:
            return self.encode(np.asarray(value).item(), depth + 1)
        if kind is np.ndarray and value.dtype.name in DTYPES:
            return {"array": _array(value)}
        if kind in (torch.Tensor, torch.nn.Parameter) and _is_simple(value):
            return {"tensor": _array(value.detach().cpu().resolve_neg().numpy())}
        return {"handle": list(self.register(value))}


class _Decoder:
    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.items = self.numbers = 0

    def decode(self, content: Any, depth: int) -> Any:
        self.items = _counted(self.items, depth)
        if isinstance(content, str):
            return _valid(content)
        if isinstance(content, list):
            return [self.decode(item, depth + 1) for item in content]
        if not isinstance(content, dict):
            return content
        match content:
            case {"float": str(name)} if len(content) == 1 and name in _NON_FINITE:
                return _NON_FINITE[name]
            case {"tuple": list(items)} if len(content) == 1:
                return tuple(self.decode(item, depth + 1) for item in items)
            case {"dict": list(pairs)} if len(content) == 1:
                return dict(self._pair(pair, depth + 1) for pair in pairs)
            case {"array": [str(name), list(shape), str(data)]} if len(content) == 1:
                return self._array(name, shape, data)
            case {"tensor": [str(name), list(shape), str(data)]} if len(content) == 1:
                return torch.from_numpy(self._array(name, shape, data))
            case {"handle": [int(number), str(kind)]} if len(content) == 1:
                return self.resolve(number, _valid(kind))
        raise NotPlainError("the message holds an object of no known kind")

    def _array(self, name: str, shape: list[Any], text: str) -> np.ndarray:
        if len(shape) > MAX_DIMENSIONS or not all(
            type(size) is int and 0 <= size <= MAX_TEXT for size in shape
        ):
            raise NotPlainError("the message holds an array of an impossible shape")
        # a byte each becomes many where it is read, and nothing may still be a list for each of many rows
        self.numbers += math.prod(max(1, size) for size in shape)
        if self.numbers > MAX_NUMBERS:
            raise NotPlainError(f"the message holds arrays of more than {MAX_NUMBERS:,} numbers")
        return _from_bytes(name, shape, text)

    def _pair(self, pair: Any, depth: int) -> tuple[str, Any]:
        match pair:
            case [str(key), content]:
                return _valid(key), self.decode(content, depth)
        raise NotPlainError("the message holds a dict whose entries are no pairs")


def _counted(items: int, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise NotPlainError(f"the value is nested more than {MAX_DEPTH} levels deep, or contains itself")
    if items >= MAX_ITEMS:
        raise NotPlainError(f"the value has more than {MAX_ITEMS:,} parts; a tensor counts as one")
    return items + 1


def _small(number: int) -> int:
    if number.bit_length() > MAX_BITS:
        raise NotPlainError(f"the value holds an integer of more than {MAX_BITS} bits")
    return number


def _integer(digits: str) -> int:
    if len(digits) > MAX_BITS:  # before int() spends its time on it
        raise NotPlainError(f"the message holds an integer of more than {MAX_BITS} bits")
    return _small(int(digits))


def _no_constant(name: str) -> float:
    raise NotPlainError(f"the message holds {name}, which is no JSON")


def _float(number: float) -> Any:
    if math.isfinite(number):
        return number
    return {"float": "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"}


def _valid(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotPlainError("the value holds text that is not valid Unicode") from error
    return text


def _is_simple(tensor: torch.Tensor) -> bool:
    return tensor.dtype in _NAMES and tensor.layout is torch.strided and not tensor.is_meta


def _array(array: np.ndarray) -> list[Any]:
    if array.nbytes > MAX_TEXT:  # before base64 copies it
        raise NotPlainError(f"the value holds an array of {array.nbytes:,} bytes; show a smaller one")
    data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    return [array.dtype.name, list(array.shape), base64.b64encode(data).decode("ascii")]


def _from_bytes(name: str, shape: list[Any], text: str) -> np.ndarray:
    if name not in DTYPES:
        raise NotPlainError(f"the message holds an array of dtype {name[:20]!r}, which may not travel")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotPlainError("the message holds an array that is no base64") from error
    dtype = np.dtype(name)
    if math.prod(shape) * dtype.itemsize != len(data):
        raise NotPlainError("the message holds an array whose size is not that of its shape")
    if name == "bool" and data.strip(b"\0\1"):
        raise NotPlainError("the message holds a truth value that is neither true nor false")
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
