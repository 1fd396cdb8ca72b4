"""The oracle with a context: models with an encoder are asked, and what they are given reaches what it must."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, distributions

import armod
from armod import (
    Conditional,
    check_autoregressive,
    dependency_matrix,
    encoders,
    likelihoods,
    total_probability,
    waves,
)
from armod.measures.context_dependency import context_dependency_matrix
from tests.makers import made, seeded, wavenet

BITS, THREE = likelihoods.Bernoulli(), likelihoods.Categorical(3)


def pixels(**options: object) -> armod.GatedPixelCNN:
    return armod.GatedPixelCNN((1, 3, 3), 6, 2, likelihood=BITS, context_channels=3, **options)


def with_encoder(**options: int) -> Conditional:
    return Conditional(encoders.images(1, 3, channels=6, **options), pixels())


RAW = torch.randn(1, 1, 3, 3, generator=seeded(4))
SOUND = Conditional(
    encoders.sequences(4, 3, hop=2, num_layers=1), wavenet((4,), THREE, [1, 2], context_size=3).float()
)
SYMBOLS = torch.tensor([2, 0])


@pytest.mark.parametrize(
    ("model", "example"), [(with_encoder(), RAW), (SOUND, SYMBOLS[None])], ids=["images", "symbols"]
)  # fmt: skip
def test_a_conditional_model_is_asked_with_an_example(model: Conditional, example: Tensor) -> None:
    inner = dependency_matrix(model.model)
    for context in (example, example[0]):  # a batch of one, and one observation
        assert torch.equal(dependency_matrix(model, context=context), inner)
    report = check_autoregressive(model, context=example)
    assert report == check_autoregressive(model.model) and report.is_autoregressive
    assert torch.equal(waves(model, context=example), waves(model.model))
    assert total_probability(model, context=example[0]) == pytest.approx(1, abs=1e-5)
    assert model.encoder.training, "the model that is asked does not change"


def test_a_leak_behind_an_encoder_is_found() -> None:
    class Leaky(Conditional):
        def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
            logits = super().conditionals(x, context).logits
            return distributions.Bernoulli(logits=logits + x.flip(-1, -2))

    model = Leaky(encoders.images(1, 3, channels=4, num_layers=1), pixels())
    leaks = {(i, 8 - i) for i in range(5)}
    assert check_autoregressive(model, context=RAW).leaks == leaks


def test_an_encoder_brings_all_sides_and_without_one_nothing_below_is_seen() -> None:
    seen = context_dependency_matrix(with_encoder(num_layers=2), context=RAW)
    assert seen.shape == (9, 9) and seen.all(), "each pixel hears of the input below and right of it, too"
    own = context_dependency_matrix(with_encoder(num_layers=0, kernel_size=1), context=RAW)
    by_rows = own.view(3, 3, 3, 3).any(3).any(1)
    assert own.diagonal().all() and not by_rows.triu(1).any()
    plain = context_dependency_matrix(pixels()).view(9, 3, 9).any(1)
    assert torch.equal(plain, own), "the control is the model with a context of its own"


def test_symbols_and_global_contexts_are_asked_too() -> None:
    seen = context_dependency_matrix(SOUND, context=SYMBOLS)
    assert seen.shape == (4, 2) and seen.all(), "the first two steps hear of the second symbol, the future"
    slow = wavenet((4,), THREE, [1, 2], context_size=3, context_hop=2).float()
    assert not context_dependency_matrix(slow).view(4, 3, 2)[:2, :, 1].any()
    model = made((3,), (9,), 3, context_size=2)
    assert context_dependency_matrix(model, context=torch.zeros(2)).shape == (3, 2)


def test_a_wrong_example_is_one_sentence() -> None:
    model = with_encoder()
    for call, words in [
        (lambda: dependency_matrix(model), "Nobody but its encoder knows what this Conditional reads: give an example"),
        (lambda: check_autoregressive(model, context=RAW[0, 0, 0]), r"but of shape \(3,\) it does not fit"),
        (lambda: waves(model, context=RAW.repeat(2, 1, 1, 1)), r"but of shape \(2, 1, 3, 3\) it does not fit"),
        (lambda: total_probability(model, context="zero"), "context is a tensor"),
        (lambda: dependency_matrix(pixels(), context=RAW), "does not fit: This model needs a context"),
        (lambda: context_dependency_matrix(made((3,), (4,))), "was built without a context"),
        (lambda: context_dependency_matrix(SOUND, context=torch.tensor([1, 1])), "with several symbols"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=words) as refused:
            call()
        assert str(refused.value).count(". ") == 0
