"""What may travel comes out equal and plain; what lies, grows or loops does not travel at all."""

from __future__ import annotations

import enum
import json
import math
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from armod.course.exercises.engine import codec
from armod.course.exercises.engine.codec import DTYPES, NotPlainError, from_text, to_text


def there_and_back(value: Any) -> Any:
    return from_text(
        to_text(value, lambda thing: (7, type(thing).__name__)), lambda number, kind: (number, kind)
    )


def refused(_number: int, _kind: str) -> object:
    raise AssertionError("no handle is expected")


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**1024) + 1, 2**1024 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner)
    ),
    max_leaves=20,
)


def exactly(first: Any, second: Any) -> bool:
    """Equal, and of the same types all the way down."""
    if type(first) is not type(second):
        return False
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(exactly, first, second))
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(exactly(first[key], second[key]) for key in first)
    return first == second and (
        not isinstance(first, float) or math.copysign(1, first) == math.copysign(1, second)
    )


@given(PLAIN)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    assert exactly(there_and_back(value), value)


def test_numbers_that_are_none_travel_too() -> None:
    nan, plus, minus = there_and_back([math.nan, math.inf, -math.inf])
    assert math.isnan(nan) and (plus, minus) == (math.inf, -math.inf)


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_tensors_and_arrays_keep_dtype_shape_and_content(name: str, shape: tuple[int, ...]) -> None:
    tensor = torch.arange(math.prod(shape)).reshape(shape).to(DTYPES[name])
    back = there_and_back(tensor)
    assert type(back) is torch.Tensor and back.dtype is tensor.dtype and torch.equal(back, tensor)
    array = there_and_back(tensor.numpy())
    assert type(array) is np.ndarray and array.dtype == tensor.numpy().dtype
    assert np.array_equal(array, tensor.numpy()) and array.shape == shape
    array[...] = 1  # what arrives can be worked on


def test_views_gradients_and_byte_orders_do_not_matter() -> None:
    tensor = torch.arange(6.0).reshape(2, 3).requires_grad_()
    assert torch.equal(there_and_back(tensor.T), tensor.detach().T)
    assert torch.equal(there_and_back(torch.nn.Parameter(tensor.detach())), tensor)
    assert np.array_equal(there_and_back(np.arange(5, dtype=">i4")[::-2]), [4, 2, 0])
    assert torch.isnan(there_and_back(torch.tensor([math.nan]))).all()


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __index__(self) -> int:
        raise AssertionError("must not be asked")

    __int__ = __bool__ = __repr__ = __str__ = bit_length = __index__  # type: ignore[assignment]


class LyingFloat(float):
    def __eq__(self, other: object) -> bool:
        return True

    def __float__(self) -> float:
        return 1.0

    def __repr__(self) -> str:
        return "1.0"


class LyingText(str):
    def __eq__(self, other: object) -> bool:
        return True

    def __str__(self) -> str:
        return "lie"

    def encode(self, *_: Any) -> bytes:  # type: ignore[override]
        return b"lie"


class LyingList(list):
    def __iter__(self) -> Any:
        return iter([1])

    def __len__(self) -> int:
        return 1


class LyingDict(dict):
    def items(self) -> Any:
        return [("lie", 1)]


class Colour(enum.IntEnum):
    RED = 3


def test_subclasses_are_made_anew_by_the_base_class() -> None:
    values = [Liar(5), LyingFloat(2.5), LyingText("truth"), LyingList([1, 2]), LyingDict(a=1), Colour.RED]
    assert exactly(there_and_back(values), [5, 2.5, "truth", [1, 2], {"a": 1}, 3])
    pair = namedtuple("pair", "a b")
    assert exactly(there_and_back([torch.Size([2]), pair(1, 2), OrderedDict(b=1)]), [(2,), (1, 2), {"b": 1}])
    assert exactly(there_and_back([np.float64(0.5), np.int8(3), np.bool_(True)]), [0.5, 3, True])


class Chameleon:
    """Says that it is an int, and equal to everything."""

    __class__ = int  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return True

    def __array__(self, *_: Any) -> np.ndarray:
        raise AssertionError("must not be asked")


class TensorSubclass(torch.Tensor):
    pass


def endless() -> Any:
    while True:
        yield 1


@pytest.mark.parametrize(
    "thing",
    [
        Chameleon(),
        endless(),
        map(str, endless()),
        object(),
        {1: 2},
        {1},
        b"bytes",
        1j,
        range(3),
        int,
        torch.nn.Linear(1, 1),
        np.array([object()]),
        np.array(["text"]),
        np.array([(1, 2)], dtype=[("a", int), ("b", int)]),
        np.ma.masked_array([1], mask=[True]),
        torch.tensor([1j]),
        torch.ones(2, dtype=torch.bfloat16),
        torch.ones(2, 2).to_sparse(),
        torch.ones(2, device="meta"),
        torch.ones(2).as_subclass(TensorSubclass),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_everything_else_is_a_handle(thing: object) -> None:
    assert there_and_back([thing]) == [(7, type(thing).__name__)]


def cyclic() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


def doubling_ring() -> dict[str, Any]:
    ring: dict[str, Any] = {}
    ring.update(a=ring, b=ring)
    return ring


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (cyclic(), "contains itself"),
        (doubling_ring(), "contains itself"),
        ([[0] * 400] * 400, "parts"),
        (2**1024, "integer"),
        (-(2**1024), "integer"),
        (Liar(2**2000), "integer"),
        ("x" * codec.MAX_TEXT, "characters"),
        (torch.zeros(codec.MAX_TEXT + 1, dtype=torch.uint8), "bytes"),
        (torch.zeros(1, dtype=torch.float64).expand(2**40), "bytes"),
        ("\ud800", "Unicode"),
        ({"\udfff": 1}, "Unicode"),
    ],
    ids=range(11),
)
def test_what_is_too_much_is_refused_in_words(value: Any, words: str) -> None:
    with pytest.raises(NotPlainError, match=words):
        there_and_back(value)


MALFORMED = {
    "empty": "",
    "no JSON": "hello",
    "two values": "1 2",
    "NaN as a word": "NaN",
    "infinity as a word": "[-Infinity]",
    "a million digits": "1" * 1_000_000,
    "an integer of 1,025 bits": str(2**1024),
    "deep": "[" * 100_000,
    "deep and closed": "[" * 500 + "]" * 500,
    "many": "[" + "0," * 200_000 + "0]",
    "too long": '"' + "x" * codec.MAX_TEXT + '"',
    "too wide": '"🦊' + "x" * (codec.MAX_TEXT // 4) + '"',
    "unknown kind": '{"pickle": "gASVAAAA"}',
    "two kinds": '{"tuple": [], "dict": []}',
    "no kind": "{}",
    "unknown float": '{"float": "0.5"}',
    "dict of no pairs": '{"dict": [["a"]]}',
    "dict with a number for a key": '{"dict": [[1, 2]]}',
    "surrogate": '"\\ud800"',
    "object dtype": '{"array": ["object", [1], "AAAAAAAAAAA="]}',
    "structured dtype": '{"array": ["i4,i4", [1], "AAAAAAAAAAA="]}',
    "shape and size differ": '{"array": ["int64", [2], "AAAAAAAAAAA="]}',
    "negative shape": '{"array": ["int64", [-1, -1], "AAAAAAAAAAA="]}',
    "true for a size": '{"array": ["int64", [true], "AAAAAAAAAAA="]}',
    "huge empty shape": '{"tensor": ["int64", [0, 1180591620717411303424], ""]}',
    "many dimensions": json.dumps({"array": ["uint8", [1] * 100, "AA=="]}),
    "no base64": '{"tensor": ["uint8", [1], "*"]}',
    "not ASCII": '{"tensor": ["uint8", [1], "\\u00e4\\u00e4\\u00e4\\u00e4"]}',
    "a truth value of 2": '{"tensor": ["bool", [1], "Ag=="]}',
    "handle of no number": '{"handle": ["0", "int"]}',
    "handle of three": '{"handle": [0, "int", 1]}',
    "a handle's name with a surrogate": '{"handle": [0, "\\ud800"]}',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_a_text_that_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(NotPlainError):
        from_text(text, refused)


def test_what_arrived_does_not_change_with_what_was_sent() -> None:
    sent = {"list": [1], "tensor": torch.zeros(2), "array": np.zeros(2)}
    arrived = there_and_back(sent)
    sent["list"].append(2)
    sent["tensor"].fill_(9)
    sent["array"].fill(9)
    assert arrived["list"] == [1]
    assert not arrived["tensor"].any() and not arrived["array"].any()


@pytest.mark.parametrize(
    "value",
    [
        torch.zeros(4_000_000, 0),
        torch.zeros(2_500_000, dtype=torch.uint8),
        [torch.zeros(300_000, 0)] * 7,
        {"a": np.zeros(2**20, np.uint8), "b": (torch.zeros(2**20 + 1, dtype=torch.bool),)},
    ],
    ids=["rows", "numbers", "rows of several", "numbers of several"],
)
def test_arrays_of_many_rows_or_numbers_are_refused(value: object) -> None:
    with pytest.raises(NotPlainError, match="more than 2,097,152 numbers"):
        from_text(to_text(value, no_handles), no_handles)


def no_handles(*_: object) -> object:
    raise AssertionError
