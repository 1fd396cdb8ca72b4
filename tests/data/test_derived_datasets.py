"""Data sets made from others: coarser levels, and labels as context."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from armod.data import Dataset, load
from armod.data.dataset import SPLITS


def ramp(num_levels: int) -> Dataset:
    """Every level once in each split."""
    levels = torch.arange(num_levels, dtype=torch.uint8)[:, None]
    return Dataset(
        "ramp", levels, levels, levels, num_levels, labels=dict.fromkeys(SPLITS, levels[:, 0].long())
    )


@given(st.integers(2, 256).flatmap(lambda k: st.tuples(st.just(k), st.integers(2, k))))
def test_coarse_levels_join_almost_equally_many_neighbours(sizes: tuple[int, int]) -> None:
    num_levels, coarse = sizes
    levels = ramp(num_levels).quantize(coarse).valid.flatten().long()
    assert (levels.diff() >= 0).all()
    counts = levels.bincount()
    assert len(counts) == coarse and counts.max() - counts.min() <= 1


def test_quantised_data_keeps_what_stays_true_and_says_the_rest_in_its_name() -> None:
    grey = load("digits28")
    coarse = grey.quantize(16)
    assert torch.equal(coarse.train, grey.train // 16) and coarse.test.dtype == torch.uint8
    assert coarse.name == "digits28, 16 levels" and coarse.num_levels == 16
    assert (coarse.labels, coarse.sha256, coarse.licence) == (grey.labels, grey.sha256, grey.licence)
    assert grey.quantize(256) is grey


@pytest.mark.parametrize("num_levels", [-1, 0, 1, 18])
def test_levels_that_cannot_be_had_are_one_sentence(num_levels: int) -> None:
    with pytest.raises(ValueError, match=f"2..17 levels, not to {num_levels}"):
        load("digits8").quantize(num_levels)


def test_labels_become_context_and_survive_other_derivations() -> None:
    digits = load("digits8")
    told = digits.given_labels().binarize(8)
    assert told.name == "digits8, given its labels, binary (>= 8)"
    for split in SPLITS:
        levels, context = told.pairs(split)
        assert torch.equal(levels, digits.binarize(8).pairs(split))
        assert context.dtype == torch.float32 and context.shape == (len(levels), 10)
        assert torch.equal(context.argmax(1), digits.labels[split]) and (context.sum(1) == 1).all()


def test_every_split_has_room_for_a_class_that_it_lacks() -> None:
    labels = {"train": torch.tensor([0, 1]), "valid": torch.tensor([0, 0]), "test": torch.tensor([4, 1])}
    bits = torch.zeros(2, 3, dtype=torch.uint8)
    context = Dataset("bits", bits, bits, bits, 2, labels=labels).given_labels().context
    assert [context[split].shape for split in SPLITS] == [(2, 5)] * 3


def test_data_without_labels_says_so() -> None:
    bits = torch.zeros(2, 3, dtype=torch.uint8)
    with pytest.raises(ValueError, match="'bits' has no labels"):
        Dataset("bits", bits, bits, bits, 2).given_labels()
