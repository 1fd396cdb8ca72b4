"""Figures of lesson 4.5.4: their counts are those of the library's own networks."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import armod
from armod.figures.channel_panels import channel_panels
from armod.figures.field_panels import field_panels
from armod.figures.two_arrows import two_arrows
from armod.measures.stacks import one_stack, two_stacks

BERNOULLI = armod.likelihoods.Bernoulli()


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_sums_of_steps_are_the_fields_of_the_networks(depth: int) -> None:
    size = 2 * depth + 1
    gated = armod.GatedPixelCNN((1, size, size), 2, depth, likelihood=BERNOULLI)
    assert steps(gated.receptive_field(depth, depth)[0], depth) == two_stacks(depth)
    if depth > 1:  # a plain network has a residual block at least
        plain = armod.PixelCNN((1, size, size), 2, depth - 1, likelihood=BERNOULLI)
        assert steps(plain.receptive_field(depth, depth)[0], depth) == one_stack(depth)


def steps(field: torch.Tensor, centre: int) -> set[tuple[int, int]]:
    return {(row - centre, column - centre) for row, column in field.nonzero().tolist()}


@given(st.integers(1, 12))
def test_the_blind_spot_is_a_wedge_on_the_right(depth: int) -> None:
    blind = two_stacks(depth) - one_stack(depth)
    assert len(blind) == depth * (depth - 1) // 2
    assert blind == {(-up, aside) for up in range(1, depth) for aside in range(up + 1, depth + 1)}
    assert len(two_stacks(depth)) == depth * (2 * depth + 1) + depth


@pytest.mark.parametrize("depth", [2, 4, 6])
def test_the_arrows_figure_counts_what_it_draws(depth: int) -> None:
    picture = two_arrows(depth)
    seen = picture.table["seen by one stack"]
    assert seen.count(False) == depth * (depth - 1) // 2
    assert len(seen) == len(two_stacks(depth))
    hatched = [patch for patch in picture.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == seen.count(False) + 1  # and one in the legend
    assert str(seen.count(False)) in picture.description


@pytest.mark.parametrize("depth", [1, 7])
def test_depths_that_can_not_be_drawn_are_refused(depth: int) -> None:
    with pytest.raises(ValueError, match=f"shows 2 to 6 layers, not {depth}"):
        two_arrows(depth)


def test_field_panels_tell_seen_unseen_and_leaked() -> None:
    honest = torch.zeros(3, 3, dtype=torch.bool)
    honest[0] = True
    leaky = torch.ones(3, 3, dtype=torch.bool)
    picture = field_panels({"honest": honest, "leaky": leaky}, (1, 1), title="Two networks")
    assert picture.table["seen"] == [3, 4]
    assert picture.table["unseen"] == [1, 0]
    assert picture.table["leaks"] == [0, 5]  # itself, its right-hand neighbour, the row below
    assert "honest: 3 seen, 1 unseen; leaky: 4 seen, 0 unseen, 5 leaked" in picture.description


def test_pixels_out_of_the_extent_are_not_called_unseen() -> None:
    nothing = torch.zeros(5, 5, dtype=torch.bool)
    assert field_panels({"all": nothing}, (4, 4), title="t").table["unseen"] == [24]
    assert field_panels({"all": nothing}, (4, 4), extent=1, title="t").table["unseen"] == [3]


def test_field_panels_of_several_sizes_are_refused() -> None:
    fields = {"a": torch.zeros(2, 2, dtype=torch.bool), "b": torch.zeros(3, 3, dtype=torch.bool)}
    for wrong in (fields, {}):
        with pytest.raises(ValueError, match="at least one field, and all of one size"):
            field_panels(wrong, (0, 0), title="t")


@pytest.mark.parametrize("num_pixels", [1, 2, 3])
def test_channel_panels_count_within_and_between_pixels(num_pixels: int) -> None:
    chain = torch.ones(3 * num_pixels, 3 * num_pixels).tril(-1).bool()
    blocks = torch.kron(torch.eye(num_pixels), torch.ones(3, 3)).bool()
    table = channel_panels({"chain": chain, "apart": chain & ~blocks}, title="t").table
    assert table["within a pixel"] == [3 * num_pixels, 0]
    assert table["on earlier pixels"] == [9 * num_pixels * (num_pixels - 1) // 2] * 2


@pytest.mark.parametrize("shape", [(4, 4), (3, 6)])
def test_channel_panels_take_whole_pixels(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="D a multiple of 3"):
        channel_panels({"wrong": torch.zeros(shape, dtype=torch.bool)}, title="t")
