"""Degrees and masks, held against the paper's words."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from armod import orderings
from armod.models.made.masks import hidden_degrees, masks, who_sees_whom

SIZES = st.lists(st.integers(1, 9), max_size=3)
WORDS = st.sampled_from(["random", "sequential"])


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 9), SIZES, WORDS, st.integers(0, 2**31))
def test_degrees_lie_where_a_unit_is_useful(num_variables, sizes, word, seed) -> None:
    layers = hidden_degrees(num_variables, sizes, degrees=word, seed=seed)
    assert [len(layer) for layer in layers] == sizes
    lowest = min(1, num_variables - 1)
    for layer in layers:
        assert layer.dtype == torch.int64
        assert layer.min() >= lowest and layer.max() <= num_variables - 1
        if word == "random":
            lowest = int(layer.min())
    again = hidden_degrees(num_variables, sizes, degrees=word, seed=seed)
    assert all(torch.equal(one, two) for one, two in zip(layers, again, strict=True))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 9), SIZES, WORDS, st.integers(0, 2**31))
def test_paths_lead_from_earlier_variables_only(num_variables, sizes, word, seed) -> None:
    ordering = orderings.random((num_variables,), seed=seed)
    found = masks(ordering, hidden_degrees(num_variables, sizes, degrees=word, seed=seed))
    assert [tuple(mask.shape) for mask in found] == list(
        zip([*sizes, num_variables], [num_variables, *sizes], strict=True)
    )
    paths = who_sees_whom(found)[ordering][:, ordering]
    assert not paths.triu().any()
    if not sizes:  # without hidden layers every earlier variable is seen, once
        assert torch.equal(paths, torch.ones_like(paths).tril(-1))


def test_sequential_degrees_of_wide_layers_leave_nobody_blind() -> None:
    for num_variables in range(2, 9):
        layers = hidden_degrees(num_variables, [num_variables - 1, 3 * num_variables], degrees="sequential")
        paths = who_sees_whom(masks(torch.arange(num_variables), layers))
        assert torch.equal(paths > 0, torch.ones_like(paths).tril(-1).bool())


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), SIZES, WORDS, st.integers(0, 99))
def test_with_a_context_degrees_begin_at_zero_in_every_layer(num_variables, sizes, word, seed) -> None:
    layers = hidden_degrees(num_variables, sizes, degrees=word, seed=seed, has_context=True)
    assert [len(layer) for layer in layers] == sizes
    assert all(layer.min() >= 0 and layer.max() <= num_variables - 1 for layer in layers)
    if word == "sequential":  # evenly: each degree as often as any other, or once more
        for layer in layers:
            assert layer.min() == 0
            count = torch.bincount(layer, minlength=num_variables)
            assert count.max() - count.min() <= 1
    ordering = orderings.random((num_variables,), seed=seed)
    paths = who_sees_whom(masks(ordering, layers))[ordering][:, ordering]
    assert not paths.triu().any()


def test_random_degrees_of_a_deep_network_with_a_context_do_not_drift_upwards() -> None:
    deep = [hidden_degrees(50, [2] * 40, seed=seed, has_context=True)[-1] for seed in range(200)]
    assert torch.stack(deep).double().mean() == pytest.approx(24.5, abs=3)
    without = [hidden_degrees(50, [2] * 40, seed=seed)[-1] for seed in range(200)]
    assert torch.stack(without).double().mean() > 40


def test_paths_are_counted() -> None:
    """Two units of degree 1: two ways from variable 0 to variable 1."""
    paths = who_sees_whom(masks(torch.arange(2), [torch.tensor([1, 1])]))
    assert paths.tolist() == [[0, 0], [2, 0]]


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        ((4, [3, 0]), {}, "at least one variable and one unit"),
        ((0, [3]), {}, "at least one variable and one unit"),
        ((4, [3]), {"degrees": "sorted"}, '"random" or "sequential", not \'sorted\''),
    ],
)
def test_impossible_networks_are_refused(arguments, options, sentence) -> None:
    with pytest.raises(ValueError, match=sentence):
        hidden_degrees(*arguments, **options)
