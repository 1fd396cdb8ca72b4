"""What each pixel of a PixelCNN++ sees: all that a path through the paper's network leads to, and nothing later."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from armod import PixelCNNPlusPlus, check_autoregressive, dependency_matrix, orderings
from armod.models.plus_plus import layers as layers_module
from tests.makers import pixelcnn_plus_plus


def seen_pixels(height: int, width: int, num_resnets: int, downsampling: bool, shortcuts: bool) -> Tensor:
    """[i, j]: a path leads from pixel j to the output of pixel i; found by walking the paper's network cell by cell."""

    def window(cells: dict, rows: range, columns: range, stride: int = 1) -> dict:
        size = (1 + max(i for i, _ in cells), 1 + max(j for _, j in cells))
        return {
            (i, j): set().union(
                *(cells.get((stride * i + a, stride * j + b), set()) for a in rows for b in columns)
            )
            for i in range(size[0] // stride)
            for j in range(size[1] // stride)
        }

    def double(cells: dict, left: int) -> dict:
        found: dict = {(2 * i + a, 2 * j + b): set() for i, j in cells for a in (0, 1) for b in (0, 1)}
        for (i, j), seen in cells.items():
            for a in (0, 1):
                for b in range(-left, 2):
                    if (2 * i + a, 2 * j + b) in found:
                        found[2 * i + a, 2 * j + b] |= seen
        return found

    def together(*many: dict) -> dict:
        return {cell: set().union(*(cells[cell] for cells in many)) for cell in many[0]}

    wide, narrow, rows = range(-1, 2), range(-1, 1), range(-1, 1)

    def resnet(cells: dict, columns: range, *aside: dict) -> dict:
        return together(cells, window(together(window(cells, rows, columns), *aside), rows, columns))

    image = {(i, j): {i * width + j} for i in range(height) for j in range(width)}
    stride = 2 if downsampling else 1
    us = [window(image, range(-2, 0), wide)]
    uls = [together(window(image, range(-1, 0), wide), window(image, rows, range(-1, 0)))]
    for level in range(3):
        if level:
            us.append(window(us[-1], rows, wide, stride))
            uls.append(window(uls[-1], rows, narrow, stride))
        for _ in range(num_resnets):
            us.append(resnet(us[-1], wide))
            uls.append(resnet(uls[-1], narrow, us[-1]))
    u, ul = us.pop(), uls.pop()
    for level in range(3):
        for _ in range(num_resnets + (level > 0)):
            above, left = us.pop(), uls.pop()
            u = resnet(u, wide, *([above] if shortcuts else []))
            ul = resnet(ul, narrow, u, *([left] if shortcuts else []))
        if level < 2:
            u = double(u, 1) if downsampling else window(u, rows, wide)
            ul = double(ul, 0) if downsampling else window(ul, rows, narrow)
    matrix = torch.zeros(height * width, height * width, dtype=torch.bool)
    for (i, j), seen in ul.items():
        matrix[i * width + j, list(seen)] = True
    return matrix


@pytest.mark.parametrize(
    ("size", "downsampling", "shortcuts"),
    [
        ((4, 4), True, True),
        ((8, 12), True, True),
        ((12, 4), True, False),
        ((4, 48), True, True),
        ((3, 26), False, True),
        ((26, 3), False, False),
    ],
)
def test_reach_is_what_paths_reach(size: tuple[int, int], downsampling: bool, shortcuts: bool) -> None:
    model = PixelCNNPlusPlus((1, *size), 1, num_resnets=1, downsampling=downsampling, shortcuts=shortcuts)
    expected = seen_pixels(*size, 1, downsampling, shortcuts)
    assert torch.equal(model.reach(), expected)
    is_earlier = torch.ones_like(expected).tril(-1)
    assert not (expected & ~is_earlier).any()
    assert (expected == is_earlier).all() == (size == (4, 4)), (
        "these sizes were to have something out of reach"
    )


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((1, 5, 6), {}),
        ((3, 2, 5), {}),
        ((2, 3, 2), {}),
        ((1, 6, 5), {"shortcuts": False}),
        ((3, 3, 3), {"shortcuts": False, "channel_dependence": False}),
        ((3, 2, 3), {"ordering": orderings.reversed((3, 2, 3)), "shortcuts": False}),
        ((1, 6, 3), {"ordering": orderings.column((1, 6, 3)), "shortcuts": False}),
        ((1, 3, 7), {"downsampling": False}),
    ],
)
def test_the_oracle_sees_exactly_the_reach(shape: tuple[int, int, int], options: dict) -> None:
    model = pixelcnn_plus_plus(shape, 3, **options)
    assert torch.equal(dependency_matrix(model), model.reach())


def test_without_shortcuts_down_sampling_hides_the_nearest_neighbours() -> None:
    model = pixelcnn_plus_plus((1, 8, 8), 3, shortcuts=False)
    reach = model.reach().view(8, 8, 8, 8)
    # a cell of the lowest resolution stands for 4 x 4 pixels, and sees what comes before the first of them
    assert not reach[4:, 1:4, 4:].any() and not reach[5:, 4:, 5:].any()
    assert reach[7, 7, :4, :].all() and reach[7, 7, 4, :4].all()
    with_shortcuts = pixelcnn_plus_plus((1, 8, 8), 3).reach().view(8, 8, 8, 8)
    assert with_shortcuts[7, 7, :7].all() and with_shortcuts[7, 7, 7, 1:7].all()


@pytest.mark.parametrize("is_dependent", [True, False])
def test_green_reacts_to_red_in_its_own_pixel_only_with_channel_dependence(is_dependent: bool) -> None:
    reacts = dependency_matrix(pixelcnn_plus_plus((3, 1, 2), 3, channel_dependence=is_dependent))
    reacts = reacts.view(3, 2, 3, 2)
    expected = torch.ones(3, 3).tril(-1).bool() & is_dependent
    for column in range(2):
        assert torch.equal(reacts[:, column, :, column], expected)
    assert reacts[:, 1, :, 0].all() and not reacts[:, 0, :, 1].any()


def test_a_rightward_stream_that_hears_the_wrong_stream_is_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A published implementation's mistake."""

    def mistaken(self, below, shortcut, context):
        joins = [] if shortcut is None else [shortcut]
        down = self.down(below.down, [pair.down for pair in joins], context)
        return layers_module.Pair(
            down, self.right(below.right, [below.right, *(pair.right for pair in joins)], context)
        )

    model = pixelcnn_plus_plus((1, 4, 6), 3)
    assert check_autoregressive(model).blind_spot == frozenset()
    monkeypatch.setattr(layers_module.Block, "forward", mistaken)
    report = check_autoregressive(model)
    assert report.is_autoregressive and len(report.blind_spot) > 20


@pytest.mark.parametrize(
    ("number", "name", "attributes"),
    [
        (0, "down", {"rows": range(-1, 1)}),
        (0, "above", {"rows": range(1)}),
        (0, "left", {"columns": range(1)}),
        (1, "down.first", {"rows": range(2)}),
        (1, "right.second", {"columns": range(2)}),
        (2, "right", {"columns": range(2)}),
        (4, "down", {"rows": range(2)}),
    ],
)
def test_a_window_that_lies_wrongly_leaks(number: int, name: str, attributes: dict) -> None:
    model = pixelcnn_plus_plus((1, 5, 4), 3)
    for attribute, value in attributes.items():
        assert hasattr(model.layers[number].get_submodule(name), attribute)
        setattr(model.layers[number].get_submodule(name), attribute, value)
    assert not check_autoregressive(model).is_autoregressive
