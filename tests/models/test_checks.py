"""The checks that the constructors of all families share."""

from __future__ import annotations

import pytest
import torch

from armod.likelihoods import Bernoulli
from armod.models.checks import check_event_shape, check_likelihood, check_sizes


def test_what_is_right_passes() -> None:
    check_likelihood(Bernoulli())
    check_sizes(channels=1, num_layers=7)
    check_sizes(0, context_size=0)
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


@pytest.mark.parametrize(
    ("event_shape", "form", "words"),
    [
        (4, "", r"event_shape is a sequence of sizes from 1 on, such as \(256,\), not 4"),
        ((0,), "", "event_shape is a sequence of sizes from 1 on"),
        ((4, 4), "(C, H, W)", r"event_shape is \(C, H, W\) with sizes of at least 1, not \(4, 4\)"),
        ((1, 0, 4), "(C, H, W)", r"event_shape is \(C, H, W\)"),
        ((1, 5), "(T,)", r"event_shape is \(T,\)"),
        (5, "(T,)", r"event_shape is \(T,\)"),
    ],
)
def test_event_shapes_have_the_form_of_the_family(
    event_shape: tuple[int, ...], form: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        check_event_shape(event_shape, form)
