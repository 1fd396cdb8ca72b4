"""Data sets of pairs: `given`, contexts by name, and augmentations by name."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import armod
from armod.data import Dataset
from armod.data.augmentations import augmentation
from armod.data.contexts import CONTEXTS, given
from armod.data.dataset import SPLITS
from tests.makers import seeded

DIGITS = armod.data.load("digits8")


def test_given_takes_a_function_or_a_tensor_for_each_split() -> None:
    sums = DIGITS.given(lambda levels: levels.float().mean((2, 3)), what="its ink")
    assert sums.name == "digits8, given its ink" and DIGITS.context is None
    same = DIGITS.given({split: getattr(DIGITS, split).float().mean((2, 3)) for split in SPLITS})
    for split in SPLITS:
        levels, context = sums.pairs(split)
        assert torch.equal(levels, getattr(DIGITS, split)) and context.shape == (len(levels), 1)
        assert torch.equal(context, same.context[split])
    assert same.name == "digits8, given a context"


@pytest.mark.parametrize(
    ("context", "words"),
    [
        (3, "context is a function of levels, or a dict"),
        ({"train": torch.zeros(2)}, r"context has the splits train, valid, test, not \['train'\]"),
        (lambda levels: levels[:-1], "a row for each of the 1444 observations in train, not shape"),
        (lambda levels: [0] * len(levels), "not a list"),
        (lambda levels: torch.tensor(0.0), r"not shape \(\)"),
    ],
)
def test_what_is_no_context_is_one_sentence(context, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DIGITS.given(context)


def test_low_resolution_is_the_mean_of_blocks_from_zero_to_one() -> None:
    told = given(DIGITS, "low-resolution", factor=4)
    assert told.name == "digits8, given its low resolution, 1/4"
    blocks = DIGITS.test.double().unflatten(3, (2, 4)).unflatten(2, (2, 4)).mean((3, 5)) / 16
    torch.testing.assert_close(told.context["test"].double(), blocks)
    fine = given(DIGITS, "low-resolution", factor=4, interpolated=True).context["test"]
    assert fine.shape == (len(DIGITS.test), 1, 8, 8)
    # bicubic weights add up to 1, so that flat images stay flat
    flat, level = torch.full((1, 1, 8, 8), 4, dtype=torch.uint8), 4 * 4 / 16 - 2
    plain = Dataset("flat", flat, flat, flat, 17)
    assert given(plain, "low-resolution", factor=4, interpolated=True).context["test"].unique().tolist() == [
        level
    ]
    corners = fine[:, :, 0, 0].double(), 4 * blocks[:, :, 0, 0] - 2
    assert torch.corrcoef(torch.cat(corners, 1).T)[0, 1] > 0.9
    assert torch.equal(given(DIGITS, "labels").context["test"].argmax(1), DIGITS.labels["test"])


def test_a_wrong_name_or_option_is_one_sentence() -> None:
    for call, words in [
        (lambda: given(DIGITS, "high-resolution"), "There is no context 'high-resolution': choose one of 'labels'"),
        (lambda: given(DIGITS, "low-resolution"), "'low-resolution' has other options: missing .*'factor'"),
        (lambda: given(DIGITS, "low-resolution", scale=4), "has other options"),
        (lambda: given(DIGITS, "low-resolution", factor=3), "factor must divide"),
        (lambda: augmentation("spin"), "There is no augmentation 'spin': choose one of 'flip'"),
        (lambda: augmentation("flip", axis=2), "'flip' has other options"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=words):
            call()
    assert {"labels", "low-resolution"} <= set(CONTEXTS)


def test_a_flip_turns_levels_and_context_together() -> None:
    x = torch.arange(40 * 6).view(40, 1, 2, 3)
    local, everywhere = x.float() / 7, torch.rand(40, 3, generator=seeded())
    flip = augmentation("flip")
    for context in (local, everywhere, None):
        new, told = flip(x, context, seeded(2))
        turned = (new == x.flip(-1)).all(3).all(2).all(1)
        assert torch.equal(new[~turned], x[~turned]) and 10 < turned.sum() < 30
        if context is local:
            torch.testing.assert_close(told, new.float() / 7)
        else:
            assert told is context


def test_contrast_stretches_a_context_around_its_mean_and_leaves_levels_alone() -> None:
    x, local = torch.arange(60 * 6).view(60, 1, 2, 3), torch.rand(60, 1, 4, 5, generator=seeded())
    flip, change = augmentation("flip"), augmentation("flip and contrast", most=0.25)
    flipped, turned = flip(x, local, seeded(2))
    new, told = change(x, local, seeded(2))
    assert torch.equal(new, flipped)
    mean = turned.mean((1, 2, 3), keepdim=True)
    factors = (told - mean) / (turned - mean)
    torch.testing.assert_close(factors, factors[:, :1, :1, :1].expand_as(factors), rtol=1e-2, atol=1e-2)
    found = (told - mean).flatten(1).norm(dim=1) / (turned - mean).flatten(1).norm(dim=1)
    assert 0.749 < found.min() < 0.8 and 1.2 < found.max() < 1.251
    assert change(x, None, seeded(2))[1] is None and torch.equal(change(x, None, seeded(2))[0], flipped)


def test_pairs_go_into_fit_and_evaluate() -> None:
    bits = (torch.rand(3, 20, 1, generator=seeded()) < 0.5).to(torch.uint8)
    told = Dataset("coins", *bits, num_levels=2).given(lambda levels: levels.float(), what="itself")

    class Reads(armod.AutoregressiveModel):
        event_shape, ordering = torch.Size([1]), torch.arange(1)

        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def conditionals(self, x: Tensor, context: Tensor | None = None) -> torch.distributions.Distribution:
            return torch.distributions.Bernoulli(logits=self.weight * (2 * context - 1))

    model = Reads()
    armod.fit(model, told, epochs=30, batch_size=5, learning_rate=0.2, progress=False)
    assert armod.evaluate(model, told).nats < 0.01
