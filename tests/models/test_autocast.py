"""Every family under autocast, with levels of every dtype, and what a sample is as a tensor.

What is promised under autocast: training computes in the smaller dtype, but likelihoods have the dtype of the weights.
Sampling, and views made or used by hand, compute as if autocast were off. So the same noise gives the same sample as
without it, by every method.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, distributions

import armod
from armod import AutoregressiveModel, likelihoods, orderings
from tests.makers import context_for, lively, seeded

BITS, THREE, MIXTURE = likelihoods.Bernoulli(), likelihoods.Categorical(3), likelihoods.LogisticMixture(5, 2)

FAMILIES: dict[str, Callable[[], AutoregressiveModel]] = {
    "made": lambda: armod.MADE((4, 3), [20], likelihood=THREE, context_size=2),
    "made, column": lambda: armod.MADE((3, 2, 2), [9], likelihood=BITS, ordering=orderings.column((3, 2, 2))),
    "rnn, quantities": lambda: armod.RecurrentModel((7,), 6, cell="rnn", likelihood=MIXTURE, context_size=2),
    "lstm, two layers": lambda: armod.RecurrentModel((9,), 5, num_layers=2, likelihood=THREE),
    "gru, reversed, bits": lambda: armod.RecurrentModel(
        (7,), 6, cell="gru", likelihood=BITS, ordering=orderings.reversed((7,))
    ),
    "transformer": lambda: armod.Transformer(
        (8,), 8, num_layers=2, num_heads=2, likelihood=THREE, context_size=3
    ),
    "transformer, image, quantities": lambda: armod.Transformer(
        (2, 2, 2), 6, num_layers=1, num_heads=3, likelihood=MIXTURE, ordering=orderings.random((2, 2, 2))
    ),
    "wavenet": lambda: armod.WaveNet((8,), 6, dilations=[1, 2], likelihood=THREE),
    "wavenet, reversed, bits": lambda: armod.WaveNet(
        (8,), 6, dilations=[1, 2], likelihood=BITS, context_size=2, ordering=orderings.reversed((8,))
    ),
    "pixelcnn": lambda: armod.PixelCNN((3, 2, 3), 9, 2, likelihood=THREE, context_channels=2),
    "pixelcnn, turned": lambda: armod.PixelCNN(
        (1, 3, 4), 6, 1, likelihood=MIXTURE, ordering=orderings.column((1, 3, 4)).flip(0)
    ),
    "gated": lambda: armod.GatedPixelCNN((1, 3, 4), 6, 2, likelihood=BITS, context_channels=2),
    "gated, reversed": lambda: armod.GatedPixelCNN(
        (3, 2, 2), 6, 1, likelihood=THREE, ordering=orderings.reversed((3, 2, 2))
    ),
    "pixelcnn++": lambda: armod.PixelCNNPlusPlus(
        (3, 3, 2), 4, num_resnets=1, num_mixtures=2, num_levels=5, context_channels=2
    ),
    "pixelcnn++, turned": lambda: armod.PixelCNNPlusPlus(
        (1, 2, 5), 4, num_resnets=1, num_mixtures=2, num_levels=3, ordering=orderings.column((1, 2, 5))
    ),
    "multi-scale": lambda: armod.MultiScale((1, 3, 4), 6, 2, likelihood=BITS, context_channels=2),
    "multi-scale, quantities": lambda: armod.MultiScale(
        (3, 3, 2), 6, 1, likelihood=MIXTURE, coordinates=True
    ),
    "histogram": lambda: armod.Histogram((2, 2), 3, smoothing=0.5, ordering=[3, 1, 0, 2]),
}
EACH = pytest.mark.parametrize("name", FAMILIES)


def build(name: str) -> AutoregressiveModel:
    return lively(FAMILIES[name](), scale=0.2 if name.startswith("pixelcnn++") else 0.5)


def levels_for(model: AutoregressiveModel, num: int, seed: int = 1) -> Tensor:
    return torch.randint(model.likelihood.num_levels, (num, *model.event_shape), generator=seeded(seed))


def local_context(model: AutoregressiveModel, num: int) -> Tensor | None:
    return context_for(model, num, local=True) if model.context_size else None


def assert_same(one: distributions.Distribution, other: distributions.Distribution) -> None:
    names = [name for name in ("logits", "means", "log_scales") if hasattr(one, name)]
    assert names
    for name in names:
        first, second = getattr(one, name), getattr(other, name)
        assert first.dtype == second.dtype and torch.equal(first, second), name


def bfloat16() -> torch.autocast:
    return torch.autocast("cpu", dtype=torch.bfloat16)


@EACH
@pytest.mark.parametrize("method", ["cached", "naive"])
def test_a_sample_is_the_same_with_and_without_autocast(name: str, method: str) -> None:
    model = build(name)
    context = local_context(model, 9)
    expected = model.sample(9, context, generator=seeded(), method="cached")
    with bfloat16():
        found = model.sample(9, context, generator=seeded(), method=method)
        assert torch.is_autocast_enabled("cpu")
    assert torch.equal(found, expected)


@EACH
def test_a_view_made_and_used_under_autocast_is_the_same(name: str) -> None:
    model = build(name)
    context, x = local_context(model, 4), levels_for(model, 4).flatten(1)
    plain = model.incremental(4, context)
    with bfloat16():
        view = model.incremental(4, context)
    for step, variable in enumerate(model.ordering.tolist()):
        expected = plain.conditional()
        with bfloat16():
            if step % 2:
                view = copy.deepcopy(view)
            assert_same(view.conditional(), expected)
            view.append(x[:, variable])
        plain.append(x[:, variable])


@EACH
def test_likelihoods_under_autocast_are_near_and_have_the_dtype_of_the_weights(name: str) -> None:
    model = build(name)
    x, context = levels_for(model, 6), local_context(model, 6)
    expected = model.log_prob(x, context)
    with bfloat16():
        found = model.log_prob(x, context)
        conditionals = model.conditionals(x, context)
    assert found.dtype == expected.dtype
    assert conditionals.batch_shape == x.shape
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.3)
    if found.requires_grad:
        (-found.mean()).backward()
        assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


DTYPES = [torch.uint8, torch.int16, torch.uint16, torch.uint32, torch.uint64, torch.float16, torch.float64]


@EACH
def test_levels_of_every_dtype(name: str) -> None:
    model = build(name)
    x, context = levels_for(model, 3), local_context(model, 3)
    mask = torch.rand(x.shape, generator=seeded(3)) < 0.5
    first = model.ordering[0]
    same = model.incremental(3, context)
    same.append(x.flatten(1)[:, first])
    expected = model.log_prob(x, context), model.conditionals(x, context), same.conditional()
    completed = model.sample(3, context, known=x, mask=mask, generator=seeded())
    assert torch.equal(completed[mask], x[mask])
    for dtype in DTYPES:
        given = x.to(dtype)
        assert torch.equal(model.log_prob(given, context), expected[0])
        assert_same(model.conditionals(given, context), expected[1])
        found = model.sample(3, context, known=given, mask=mask, generator=seeded())
        assert torch.equal(found, completed)
        view = model.incremental(3, context)
        view.append(given.flatten(1)[:, first])
        assert_same(view.conditional(), expected[2])
        with pytest.raises(ValueError, match="whole numbers from 0 to"):
            model.log_prob(torch.full_like(x, model.likelihood.num_levels).to(dtype), context)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_histogram_and_marginals_count_levels_of_every_dtype(dtype: torch.dtype) -> None:
    x = torch.randint(4, (20, 2, 2), generator=seeded())
    one, other = (armod.Histogram((2, 2), 2, num_levels=4).fit(data) for data in (x, x.to(dtype)))
    assert torch.equal(one.codes, other.codes) and torch.equal(one.counts, other.counts)
    assert torch.equal(other.is_unseen(x.to(dtype)), torch.zeros(20, dtype=torch.bool))
    one, other = (
        armod.MADE((2, 2), [3], likelihood=likelihoods.Categorical(4)).start_from_marginals(data)
        for data in (x, x.to(dtype))
    )
    assert torch.equal(one.layers[-1].bias, other.layers[-1].bias)


@EACH
@pytest.mark.parametrize("method", ["cached", "naive"])
def test_samples_are_contiguous_and_own_their_memory(name: str, method: str) -> None:
    model = build(name)
    context = local_context(model, 3)
    kept = levels_for(model, 1)
    for options in ({}, {"known": kept, "mask": torch.tensor(True)}):
        found = model.sample(3, context, method=method, generator=seeded(), **options)
        assert found.is_contiguous() and found.dtype == torch.int64 and not found.requires_grad
        assert found.untyped_storage().nbytes() == found.numel() * 8
        before = kept.clone()
        found += 1  # not a view of what was given, nor an inference tensor that refuses
        assert torch.equal(kept, before)
        again = model.sample(3, context, method=method, generator=seeded(), **options)
        assert torch.equal(again, found - 1)
