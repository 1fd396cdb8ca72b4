import io

import numpy as np
import pytest
import torch
from PIL import Image

from armod.figures.pass_maps import pass_maps


def shades_of(picture) -> list[tuple[int, ...]]:
    """The colours along the middle of the first map, from left to right."""
    pixels = np.asarray(Image.open(io.BytesIO(picture.png(100, colours=None))).convert("RGB"))
    top = next(row for row in range(60, pixels.shape[0]) if len(set(map(tuple, pixels[row, 24:244]))) == 4)
    return [tuple(pixels[top + 3, 24 + 55 * number + 27]) for number in range(4)]


def test_later_is_darker_and_a_shared_scale_is_shared():
    row = torch.tensor([[1, 2, 3, 4]]).expand(4, -1)
    brightness = [sum(map(int, shade)) for shade in shades_of(pass_maps({"a": row}, title="A"))]
    assert brightness == sorted(brightness, reverse=True) and len(set(brightness)) == 4
    shared = pass_maps({"a": row, "b": 4 * row}, title="A")
    assert shades_of(shared) != shades_of(pass_maps({"a": row, "b": 4 * row}, title="A", own_scale=True))


def test_the_table_counts_passes_and_half_of_the_variables():
    picture = pass_maps(
        {"image": torch.tensor([[1, 1, 1], [1, 5, 9]]), "sequence": torch.arange(1, 8)}, title="Two"
    )
    assert picture.table["passes"] == [9, 7] and picture.table["half made by"] == [1, 4]
    assert str(picture).startswith("Two. The earlier a variable is made, the lighter it is.")


@pytest.mark.parametrize(
    "maps",
    [{}, {"a": torch.rand(2, 2)}, {"a": torch.ones(1, 2, 2).long()}, {"a": torch.tensor([-1])}],
)
def test_what_is_no_map_is_refused(maps):
    with pytest.raises(ValueError, match="whole numbers from 0"):
        pass_maps(maps, title="No")
