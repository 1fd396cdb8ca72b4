"""Holes in images, and what a model that is told the mask reads."""

from __future__ import annotations

import pytest
import torch

from armod.data import load
from armod.data.augmentations import augmentation
from armod.data.contexts import given
from armod.masks import HOLES, mask, masked_input, random_masks
from tests.makers import seeded


@pytest.mark.parametrize(("height", "width"), [(28, 28), (5, 7), (1, 1)])
def test_halves_share_no_more_than_the_middle_and_everything_hides_all(height: int, width: int) -> None:
    hidden = {hole: ~mask(hole, height, width) for hole in HOLES}
    assert (hidden["top"] | hidden["bottom"]).all() and (hidden["left"] | hidden["right"]).all()
    shared = (hidden["top"] & hidden["bottom"]).any(2).sum(), (hidden["left"] & hidden["right"]).any(1).sum()
    assert shared == (height % 2, width % 2)
    assert hidden["everything"].all() and all(one.any() for one in hidden.values())
    if height == 28:
        assert hidden["box"].sum() == 144 and torch.equal(hidden["box"], hidden["box"].flip(1, 2))


def test_random_masks_are_of_many_kinds_and_hide_something() -> None:
    drawn = random_masks(300, generator=seeded(1))
    assert drawn.shape == (300, 1, 28, 28) and drawn.dtype == torch.bool
    assert (~drawn).flatten(1).any(1).all()
    hides_all = (~drawn).flatten(1).all(1).float().mean()
    assert 0.05 < hides_all < 0.2
    rows_alike = (drawn == drawn[:, :, :1]).flatten(1).all(1) & drawn.flatten(1).any(1)
    assert rows_alike.any()  # halves, left and right
    assert torch.equal(drawn, random_masks(300, generator=seeded(1)))
    assert random_masks(0).shape == (0, 1, 28, 28) and random_masks(3, 5, 9).shape == (3, 1, 5, 9)


def test_what_is_hidden_is_not_told() -> None:
    """The wrong answer: levels that shine through the hole."""
    x = torch.randint(0, 4, (5, 3, 6, 6), generator=seeded())
    drawn = random_masks(5, 6, 6, generator=seeded())
    told = masked_input(x, drawn, 4)
    other = torch.where(drawn, x, 3 - x)
    assert torch.equal(told, masked_input(other, drawn, 4)) and told.shape == (5, 6, 6, 6)
    assert torch.equal(told[:, 3:].bool(), drawn.expand(5, 3, 6, 6))
    shown = drawn.expand_as(x)
    assert torch.allclose(told[:, :3][shown], x[shown] * 2 / 3 - 1)


def test_recipes_know_the_masks_by_name() -> None:
    digits = load("digits8").binarize()
    told = given(digits, "masked")
    assert told.context["test"].shape == (len(digits.test), 2, 8, 8)
    assert torch.equal(told.context["test"], given(digits, "masked").context["test"])
    assert not torch.equal(told.context["test"], given(digits, "masked", seed=1).context["test"])
    x, new = augmentation("new masks")(digits.test, told.context["test"], seeded())
    assert torch.equal(x, digits.test) and new.shape == told.context["test"].shape
    known = new[:, 1:].bool()
    assert torch.equal(new[:, :1], masked_input(digits.test, known)[:, :1])
    assert not torch.equal(new, augmentation("new masks")(digits.test, new, seeded(1))[1])
    assert augmentation("new masks")(digits.test, None, seeded())[1] is None  # a model that is told nothing


def test_bad_calls_are_one_sentence() -> None:
    with pytest.raises(ValueError, match="hole is one of 'bottom'"):
        mask("middle")
    with pytest.raises(ValueError, match="num must be 0 or more"):
        random_masks(-1)
    with pytest.raises(ValueError, match="mask must be boolean"):
        masked_input(torch.zeros(1, 1, 2, 2), torch.ones(2, 2))
