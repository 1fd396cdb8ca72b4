from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

import armod
from armod.course.exercises import Mistake
from armod.course.exercises.engine.answer import Answer, Handle, InProcess
from armod.course.exercises.engine.reading import integer, number, shown, tensor, weights

MODEL = Handle(Answer(InProcess({})), 0, "MADE")


@pytest.mark.parametrize(
    "reply",
    [
        torch.tensor([[1, 0]]),
        torch.tensor([[True, False]]),
        torch.tensor([[1.0, 0.0]], dtype=torch.float16),
        np.array([[1, 0]]),
        [[1, 0]],
        ([1.0, False],),
        [torch.tensor([1, 0])],
        [np.array([1, 0])],
        [[torch.tensor(1), torch.tensor(0.0)]],
    ],
    ids=str,
)
def test_numbers_in_any_form_are_a_tensor(reply: Any) -> None:
    assert torch.equal(tensor(reply, "it", shape=(1, 2)), torch.tensor([[1.0, 0.0]], dtype=torch.float64))
    assert tensor(reply, "it", integers=True).dtype is torch.int64


def test_tensors_in_lists_never_become_lists_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those would take ten times the memory, of which a hostile reply could use up all."""

    def refused(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(torch.Tensor, "tolist", refused)
    reply = [(torch.ones(2, 1), np.ones((2, 1), np.uint8)), [torch.ones(2, 1), [[1], [1.0]]]]
    assert torch.equal(tensor(reply, "it"), torch.ones(2, 2, 2, 1, dtype=torch.float64))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (MODEL, "it is a MADE; a list or tensor"),
        (None, "it is None"),
        ("1", "it is a str"),
        ({"a": 1}, "it is a dict"),
        ([[1], [1, 2]], "makes no tensor"),
        ([MODEL, 1], "makes no tensor"),
        (["1", "2"], "makes no tensor"),
        ([2**900, 1], "makes no tensor"),
        ([1, 2, 3], r"shape \(3,\); \(2,\) is due"),
        ([math.nan, 1], "NaN or infinity"),
        (torch.tensor([math.inf, 1]), "NaN or infinity"),
        ([0.5, 1], "not whole"),
    ],
    ids=range(12),
)
def test_anything_else_is_a_mistake_in_words(reply: Any, words: str) -> None:
    with pytest.raises(Mistake, match=words):
        tensor(reply, "it", shape=(2,), integers=True)


def test_infinities_pass_where_they_are_asked_for() -> None:
    assert tensor([-math.inf], "it", finite=False).tolist() == [-math.inf]
    assert number(math.inf, "it", finite=False) == math.inf


def test_numbers_and_integers() -> None:
    assert number(torch.tensor([[0.5]]), "it") == 0.5
    assert integer(3.0, "it") == 3 and type(integer(3.0, "it")) is int
    assert integer(True, "it") == 1
    with pytest.raises(Mistake, match="one number is due"):
        number([1, 2], "it")
    with pytest.raises(Mistake, match="a whole number is due"):
        integer(3.5, "it")
    for reply in ("much", None, {}):
        with pytest.raises(Mistake, match="one number is due"):
            number(reply, "it")


def test_a_number_of_another_kind_is_one() -> None:
    answer = Answer(InProcess({"share": lambda: Fraction(1, 8), "model": lambda: object()}))
    assert number(answer.call("share"), "it") == 0.125
    with pytest.raises(Mistake, match="is an object; one number is due"):
        number(answer.call("model"), "it")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.tensor([[0, 1], [1, 0]]), "[[0, 1], [1, 0]]"),
        (torch.tensor(1 / 3), "0.3333"),
        (np.array([0.5]), "[0.5]"),
        (torch.zeros(28, 28), "a tensor of shape (28, 28)"),
        (np.zeros(65), "an array of shape (65,)"),
        ([torch.tensor([1]), "a", None, True], "[[1], 'a', None, True]"),
        ((1,), "(1,)"),
        ((1, 2.0), "(1, 2)"),
        ({"a": 1}, "{'a': 1}"),
        (math.nan, "nan"),
        (MODEL, "<a MADE>"),
    ],
)
def test_small_values_are_shown_as_one_writes_them(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    "value", ["x" * 10**6, [1] * 10**5, [[1] * 300] * 300, 2**1000, {"a" * 999: 1}], ids=range(5)
)
def test_what_is_shown_is_short(value: Any) -> None:
    assert len(shown(value)) <= 160


def test_weights_are_loaded_or_it_is_said_which_one_is_wrong() -> None:
    model, other = (torch.nn.Linear(3, 2) for _ in range(2))
    weights(other.state_dict(), model, "The model")
    assert torch.equal(model.weight, other.weight) and torch.equal(model.bias, other.bias)
    with pytest.raises(Mistake, match="has lost its weights `bias`"):
        weights({"weight": other.weight.detach()}, model, "The model")
    with pytest.raises(Mistake, match=r"The model's `weight` has the shape \(3, 2\)"):
        weights({"weight": other.weight.detach().T, "bias": [0, 1]}, model, "The model")


def test_an_ordering_that_looks_ahead_is_not_taken_over() -> None:
    model, other = (armod.MADE((3,), [4], likelihood=armod.likelihoods.Bernoulli()) for _ in range(2))
    claimed = other.state_dict() | {"orderings": torch.zeros(1, 3, dtype=torch.int64)}
    weights(claimed, model, "The model")
    assert model.ordering.tolist() == [0, 1, 2] and torch.equal(
        model.layers[0].weight, other.layers[0].weight
    )
