"""The masks of PixelCNN's family, held against the raster order itself."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from armod.models.raster.pixel_masks import channel_groups, horizontal_mask, pixel_mask, vertical_mask

KERNELS = st.sampled_from([1, 3, 5, 7])
TYPES = st.sampled_from(["A", "B"])


@given(st.integers(1, 40), st.integers(1, 5))
def test_groups_ascend_and_differ_by_one_at_most(width: int, num_channels: int) -> None:
    groups = channel_groups(width, num_channels)
    sizes = torch.bincount(groups, minlength=num_channels)
    assert len(groups) == width and len(sizes) == num_channels
    assert (groups.diff() >= 0).all() and groups[0] == 0
    assert sizes.max() - sizes.min() <= 1


@settings(deadline=None, max_examples=40)
@given(KERNELS, TYPES, st.integers(1, 7), st.integers(1, 7), st.integers(1, 3))
def test_a_tap_is_kept_where_the_raster_comes_earlier(k, mask_type, wide, narrow, num_channels) -> None:
    above, below = channel_groups(wide, num_channels), channel_groups(narrow, num_channels)
    mask = pixel_mask(k, mask_type, above, below)
    assert mask.shape == (wide, narrow, k, k)
    for (i, j, row, column), kept in zip(
        ((i, j, r, c) for i in range(wide) for j in range(narrow) for r in range(k) for c in range(k)),
        mask.flatten().tolist(),
        strict=True,
    ):
        place = (row - k // 2, column - k // 2)
        knows = below[j] < above[i] if mask_type == "A" else below[j] <= above[i]
        assert kept == (place < (0, 0) or (place == (0, 0) and bool(knows)))


@given(KERNELS)
def test_the_two_stacks_share_the_taps_of_a_pixel_mask(k: int) -> None:
    for mask_type in ("A", "B"):
        whole, vertical = pixel_mask(k, mask_type)[0, 0], vertical_mask(k, mask_type)[0, 0]
        horizontal = horizontal_mask(k, mask_type)[0, 0]
        assert torch.equal(horizontal[0], whole[k // 2])
        own = torch.full((k,), mask_type == "B")
        assert torch.equal(vertical[k // 2], own) and torch.equal(vertical[: k // 2], whole[: k // 2])
        assert not vertical[k // 2 + 1 :].any()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [((2, "A"), "odd"), ((0, "B"), "odd"), ((-1, "B"), "odd"), ((3, "C"), 'mask_type is "A"')],
)
def test_impossible_masks_are_one_sentence(arguments: tuple, sentence: str) -> None:
    for function in (pixel_mask, vertical_mask, horizontal_mask):
        with pytest.raises(ValueError, match=sentence) as error:
            function(*arguments)
        assert "\n" not in str(error.value)
