"""The checks that the constructors of all families share."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd import forward_ad

from armod.inputs import values_are_known
from armod.likelihoods import Bernoulli
from armod.likelihoods.base import check_likelihood
from armod.models.checks import transforms_are_active
from armod.settings import (
    check_event_shape,
    check_several_sizes,
    check_sizes,
    check_whole,
)


def test_what_is_right_passes() -> None:
    check_likelihood(Bernoulli())
    check_sizes(channels=1, num_layers=7)
    check_sizes(0, context_size=0)
    check_whole(seed=-3, other=np.int64(4))
    check_sizes(channels=np.int32(2))
    assert check_several_sizes(dilations=()) == []
    assert check_several_sizes(dilations=np.array([1, 4])) == [1, 4]
    assert check_event_shape([3, 8, 1], "(C, H, W)") == torch.Size([3, 8, 1])
    assert check_event_shape((5,), "(T,)") == torch.Size([5])
    assert check_event_shape((2, 3)) == torch.Size([2, 3])


@pytest.mark.parametrize("likelihood", [Bernoulli, "bernoulli", None])
def test_likelihoods_are_objects(likelihood: object) -> None:
    with pytest.raises(ValueError, match=r"an object such as armod\.likelihoods\.Bernoulli\(\), not"):
        check_likelihood(likelihood)


def test_the_first_size_that_is_too_small_is_named() -> None:
    with pytest.raises(ValueError, match="num_layers must be 1 or more, not 0"):
        check_sizes(channels=1, num_layers=0, depth=-1)
    with pytest.raises(ValueError, match="context_size must be 0 or more, not -1"):
        check_sizes(0, context_size=-1)


@pytest.mark.parametrize("size", [2.0, True, None, "3", (3,), [3]], ids=repr)
def test_a_size_is_a_whole_number(size: object) -> None:
    for check in (check_sizes, check_whole):
        with pytest.raises(ValueError, match="num_layers must be a whole number, not") as caught:
            check(channels=1, num_layers=size)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sizes", [4, 4.0, None, "48", [4, 2.0], [4, 0], [True], [[4]], torch.zeros(2, 9)], ids=repr
)
def test_several_sizes_are_a_sequence_of_whole_numbers(sizes: object) -> None:
    with pytest.raises(ValueError, match="dilations is a sequence of whole numbers from 1 on") as caught:
        check_several_sizes(dilations=sizes)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("event_shape", "form", "words"),
    [
        (4, "", r"event_shape is a sequence of sizes from 1 on, such as \(256,\), not 4"),
        ((0,), "", "event_shape is a sequence of sizes from 1 on"),
        ((4, 4), "(C, H, W)", r"event_shape is \(C, H, W\) with sizes of at least 1, not \(4, 4\)"),
        ((1, 0, 4), "(C, H, W)", r"event_shape is \(C, H, W\)"),
        ((1, 5), "(T,)", r"event_shape is \(T,\)"),
        (5, "(T,)", r"event_shape is \(T,\)"),
        ((5.0,), "(T,)", r"event_shape is \(T,\) .* not \(5\.0,\)"),
        ((1, 4, True), "(C, H, W)", r"event_shape is \(C, H, W\) .* not \(1, 4, True\)"),
        (None, "", "event_shape is a sequence .* not None"),
        ("28", "", "event_shape is a sequence .* not '28'"),
    ],
)
def test_event_shapes_have_the_form_of_the_family(
    event_shape: tuple[int, ...], form: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        check_event_shape(event_shape, form)


def test_values_are_known_unless_a_tensor_stands_for_many() -> None:
    x = torch.arange(3.0)
    assert values_are_known(x)
    assert not values_are_known(x.to("meta"))
    seen: list[bool] = []

    def note(mapped: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        seen.extend([values_are_known(mapped), values_are_known(other), values_are_known(mapped + other)])
        return (mapped * other).sum()

    torch.func.vmap(note, (0, None))(x, x)
    assert seen == [False, True, False]
    seen.clear()
    torch.func.grad(note)(x, x)
    assert seen == [True, True, True]
    seen.clear()
    torch.func.vmap(torch.func.grad(note, 1), (0, None))(x, x)
    assert seen == [False, True, False]
    seen.clear()
    torch.func.jvp(note, (x, x), (x, x))
    assert seen == [True, True, True]


def test_values_are_unknown_to_a_compiler() -> None:
    compiled = torch.compile(lambda x: x + values_are_known(x), backend="eager", fullgraph=True)
    assert compiled(torch.zeros(1)).item() == 0


def test_transforms_are_active_inside_of_them_only() -> None:
    x = torch.arange(3.0)

    def note(x: torch.Tensor) -> torch.Tensor:
        return x * 0 + transforms_are_active()

    assert not note(x).any()
    assert torch.func.vmap(note)(x).all()
    assert torch.func.jvp(note, (x,), (x,))[0].all()
    assert all(torch.func.grad_and_value(lambda x: note(x).sum())(x)[1:])
    with forward_ad.dual_level():
        assert note(x).all()
    assert not note(x).any()
