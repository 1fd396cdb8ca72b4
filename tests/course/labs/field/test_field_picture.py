import numpy as np
import pytest
import torch

import armod
from armod.course.labs.field.facts import FieldFacts
from armod.course.labs.field.layers import layer_masks, layers_of
from armod.course.labs.field.picture import field_figure, mask_squares
from armod.measures.field_table import DEPTHS, SIZE, field_table, settings, small_stack
from armod.models.raster.pixel_masks import pixel_mask


@pytest.mark.parametrize("setting", [("plain", "A", 3, 3), ("plain", "B", 5, 2), ("gated", "B", 3, 2)])
def test_the_table_holds_what_the_oracle_says_now(setting):
    assert np.array_equal(field_table()[setting], armod.dependency_matrix(small_stack(*setting)).numpy())


@pytest.mark.slow
@pytest.mark.parametrize("setting", [*settings()], ids=str)
def test_every_state_of_the_table_is_the_oracles(setting):
    assert np.array_equal(field_table()[setting], armod.dependency_matrix(small_stack(*setting)).numpy())


@pytest.mark.parametrize("setting", [*settings()], ids=str)
def test_with_mask_a_the_oracle_sees_the_paths_through_the_masks(setting):
    stack, first_mask, kernel_size, depth = setting
    right = small_stack(stack, "A", kernel_size, depth)
    chosen = [0, 6, 84, 97, 168]
    paths = torch.stack([right.receptive_field(pixel // SIZE, pixel % SIZE).flatten() for pixel in chosen])
    sees = field_table()[setting][chosen]
    if first_mask == "A":
        assert np.array_equal(sees, paths.numpy())
    else:  # a leak adds to the field and takes nothing away
        assert (sees >= paths.numpy()).all()
        assert sees[range(len(chosen)), chosen].all()


def test_the_blind_spot_far_from_the_edges_has_its_closed_form():
    """Rows 1 to L - 1 above miss ``half * (L - row)`` pixels each; edges can only hide some of them."""
    for kernel_size in (3, 5, 7):
        half = kernel_size // 2
        for depth in DEPTHS:
            if depth * half <= SIZE // 2:
                facts = FieldFacts("plain", "A", kernel_size, depth, SIZE - 1, SIZE // 2)
                assert facts.counts["blind"] == half * depth * (depth - 1) // 2
            assert FieldFacts("gated", "A", kernel_size, depth, SIZE - 1, SIZE // 2).counts["blind"] == 0


@pytest.mark.parametrize("setting", [*settings()], ids=str)
def test_the_kinds_are_those_of_the_oracles_report(setting):
    """Counted pixel by pixel from the definition: order, reach of the half square, what was measured."""
    facts = FieldFacts(*setting, 5, 9)
    sees, chosen = field_table()[setting][5 * SIZE + 9], 5 * SIZE + 9
    reach = small_stack("plain", "A", facts.kernel_size, facts.depth).reach()[chosen]
    for pixel, kind in enumerate(facts.kinds.flat):
        if pixel >= chosen:
            assert kind == ("leak" if sees[pixel] else "later")
        else:
            assert kind == ("seen" if sees[pixel] else "blind" if reach[pixel] else "far")
    assert sum(facts.counts.values()) == SIZE * SIZE


def test_findings_say_leaks_and_blind_spots():
    assert FieldFacts("plain", "B", 3, 5, 7, 6).finding.endswith(
        "mask B first: a leak, the pixel sees itself"
    )
    assert FieldFacts("gated", "B", 3, 5, 7, 6).finding.endswith("sees itself and 5 later pixels")
    assert FieldFacts("gated", "A", 3, 5, 7, 6).finding.endswith("60 earlier pixels seen, no blind spot")


def test_the_masks_drawn_are_the_librarys():
    for kernel_size in (3, 5, 7):
        names, masks = zip(*layer_masks("plain", layers_of(f"A{kernel_size} B{kernel_size}")), strict=True)
        assert names == ("first layer: A", "later layers: B")
        assert [mask for mask in masks] == [
            pixel_mask(kernel_size, each)[0, 0].int().tolist() for each in "AB"
        ]
    wrong = dict(layer_masks("gated", layers_of("B5, B5")))
    assert wrong["vertical, first: B"][2] == [2, 2, 2, 2, 2]
    assert wrong["horizontal, first: B"] == [[1, 1, 2, 0, 0]]


def test_a_picture_tells_its_counts_and_holds_every_pixel():
    facts = FieldFacts("plain", "A", 3, 5, 7, 6)
    picture = field_figure(facts)
    assert str(picture) == facts.description
    assert "50 seen, 10 blind spot, 37 out of reach, 0 leak, 72 not generated yet" in str(picture)
    assert picture.table["kind"].count("blind spot") == 10
    both = field_figure(facts, FieldFacts("gated", "A", 3, 5, 7, 6), title="Both")
    assert both.table["kind 2"].count("blind spot") == 0
    assert both.get_label() == "Both"


def test_several_panels_need_a_title():
    facts = FieldFacts("plain", "A", 3, 5, 7, 6)
    with pytest.raises(ValueError, match="for more than one a title"):
        field_figure(facts, facts)
    with pytest.raises(ValueError, match="one to three"):
        field_figure()


def test_mask_squares_say_every_row():
    picture = mask_squares({"A": pixel_mask(3, "A")[0, 0], "B": pixel_mask(3, "B")[0, 0]}, title="Two masks")
    assert str(picture) == "Two masks. A, row by row: 111, 100, 000. B, row by row: 111, 110, 000."
    assert picture.table["weights kept"] == ["111", "100", "000", "111", "110", "000"]
    labelled = mask_squares({"centre": [[0, 0], [1, 0]]}, title="Order", labels="RG")
    assert labelled.table["mask"] == ["centre", "centre"]


@pytest.mark.parametrize(
    ("masks", "labels", "sentence"),
    [
        ({}, None, "at least one matrix"),
        ({"x": [0, 1]}, None, "zeros and ones"),
        ({"x": [[0, 2]]}, None, "zeros and ones"),
        ({"x": [[0, 1]]}, "RG", "2 labels fit masks of 2 rows"),
    ],
)
def test_mask_squares_refuse_what_is_no_mask(masks, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        mask_squares(masks, title="x", labels=labels)
