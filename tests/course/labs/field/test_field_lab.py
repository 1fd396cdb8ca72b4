"""The field lab in Python: what its page gets, and paths through masks against matrices and against the oracle."""

import numpy as np
import pytest
import torch

from armod.course.labs import field_lab
from armod.course.labs.field.facts import KINDS, FieldFacts, planes_of
from armod.course.labs.field.layers import Layer, layers_of
from armod.course.labs.field.paths import PathFacts
from armod.course.labs.field.picture import field_figure
from armod.measures.field_table import SIZE, field_table, settings
from armod.models.raster.pixel_masks import horizontal_mask, pixel_mask, vertical_mask
from tests.course.labs.test_every_lab import data_of


def test_the_page_gets_where_it_starts():
    data = data_of(field_lab())
    assert data["start"] == {"stack": "plain", "first": "A", "kernel": 3, "depth": 5, "row": 7, "column": 6}
    assert list(data["kinds"]) == list(KINDS)


def dense(mask: torch.Tensor, dilation: int) -> np.ndarray:
    """A convolution's mask ``(above, below, k, k)`` as a matrix between images, made pixel by pixel."""
    above, below, rows, columns = mask.shape
    matrix = np.zeros((above, SIZE, SIZE, below, SIZE, SIZE), dtype=np.int64)
    for a, b, i, j in np.argwhere(mask.numpy()):
        down = (i - (rows // 2 if rows > 1 else 0)) * dilation
        right = (j - columns // 2) * dilation
        for row, column in np.ndindex(SIZE, SIZE):
            if 0 <= row + down < SIZE and 0 <= column + right < SIZE:
                matrix[a, row, column, b, row + down, column + right] += 1
    return matrix.reshape(above * SIZE * SIZE, below * SIZE * SIZE)


@pytest.mark.parametrize(("typed", "channels"), [("A3, B3, B3", 1), ("A5, B3x2", 3), ("B3, A3x3, B3", 1)])
def test_paths_are_the_products_of_the_masks(typed, channels):
    """A tap at the wrong side, a dilation that is left out, or a channel that sees itself gives other numbers."""
    groups, product = torch.arange(channels), np.eye(channels * SIZE * SIZE, dtype=np.int64)
    for layer in layers_of(typed):
        mask = pixel_mask(layer.kernel_size, layer.mask, groups, groups)
        product = dense(mask, layer.dilation) @ product
    for row, column, channel in [(7, 6, channels - 1), (0, 12, 0), (12, 0, 0)]:
        facts = PathFacts("plain", layers_of(typed), row, column, channels, channel)
        chosen = (channel * SIZE + row) * SIZE + column
        assert (facts.levels[-1].flatten() == product[chosen]).all()


def test_paths_of_two_stacks_are_the_products_of_their_masks():
    vertical = horizontal = np.eye(SIZE * SIZE, dtype=np.int64)
    for layer in layers_of("A3, B5, B3x2"):
        vertical = dense(vertical_mask(layer.kernel_size, layer.mask), layer.dilation) @ vertical
        left = dense(horizontal_mask(layer.kernel_size, layer.mask), layer.dilation) @ horizontal
        horizontal = left + vertical
    facts = PathFacts("gated", layers_of("A3, B5, B3x2"), 9, 5)
    assert (facts.levels[-1].flatten() == horizontal[9 * SIZE + 5]).all()


def test_where_a_path_leads_the_oracle_sees():
    for stack, first, kernel, depth in settings():
        layers = [Layer(first, kernel), *[Layer("B", kernel)] * (depth - 1)]
        for row, column in [(7, 6), (12, 12), (3, 0)]:
            facts = PathFacts(stack, layers, row, column)
            sees = field_table()[stack, first, kernel, depth][row * SIZE + column].reshape(SIZE, SIZE)
            assert ((facts.levels[-1][0] > 0) == sees).all()
            usual = FieldFacts(stack, first, kernel, depth, row, column)
            assert (facts.kinds[0] == usual.kinds).all() and facts.finding == usual.finding


def test_one_mask_a_is_enough_wherever_it_is():
    assert (PathFacts("plain", layers_of("B3, B3, A3"), 7, 6).kinds != "leak").all()
    assert PathFacts("plain", layers_of("B3, B3"), 7, 6).kinds[0, 7, 6] == "leak"


def test_a_blue_value_sees_red_and_green_of_its_own_pixel():
    kinds = PathFacts("plain", layers_of("A3, B3"), 7, 6, 3, 2).kinds[:, 7, 6]
    assert kinds.tolist() == ["seen", "seen", "later"]


@pytest.mark.parametrize("typed", ["", "A4", "A3 C3", "A3x", "3", "B3x0", "B3x5", "A3 " * 9])
def test_layers_that_are_none_are_refused(typed):
    with pytest.raises(ValueError, match="Layers are typed like A3, B3, B5x2"):
        layers_of(typed)


def test_the_picture_of_any_layers_says_what_the_paths_say():
    """Of three channels the chosen one alone has a chosen pixel; a panel that showed another channel would have other counts."""
    paths = PathFacts("gated", layers_of("B3, A3x2, B5"), 7, 6, 3, 1)
    planes = planes_of(paths)
    assert [plane.is_chosen for plane in planes] == [False, True, False]
    assert sum(plane.counts["seen"] for plane in planes) == int((paths.kinds == "seen").sum())
    assert planes[0].counts["seen"] == planes[2].counts["seen"] + 1  # red of its own pixel
    picture = field_figure(*planes, title=paths.finding)
    assert picture.get_label() == paths.finding and "horizontal, 2: A, ×2 keeps" in str(picture)
    (grey,) = planes_of(PathFacts("plain", layers_of("A3, B3, B3"), 7, 6))
    usual = FieldFacts("plain", "A", 3, 3, 7, 6)
    assert str(field_figure(grey)) == str(field_figure(usual))
    assert field_figure(grey).png() == field_figure(usual).png()


def test_the_oracle_is_asked_only_for_stacks_of_its_table():
    for typed, channels in [("A3, B3x2", 1), ("A3", 1), ("A3, B5", 1), ("A3, B3", 3), ("B3, A3", 1)]:
        assert FieldFacts.of(PathFacts("plain", layers_of(typed), 7, 6, channels)) is None
    assert FieldFacts.of(PathFacts("plain", layers_of("B5, B5"), 7, 6)) == FieldFacts(
        "plain", "B", 5, 2, 7, 6
    )
