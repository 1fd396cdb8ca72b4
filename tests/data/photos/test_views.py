"""Views of images: low resolution, grey and chroma, each against its definition pixel by pixel."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from armod.data import load
from armod.data.dataset import SPLITS
from armod.data.views import chroma, chroma_values, coloured, grey, low_resolution


def photos(*shape: int, seed: int = 0) -> Tensor:
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def decibels(found: Tensor, truth: Tensor) -> float:
    """Peak signal-to-noise ratio of 8-bit colours."""
    return 10 * math.log10(255**2 / (found.double() - truth.double()).square().mean())


@pytest.mark.parametrize(("shape", "factor"), [((2, 3, 6, 9), 3), ((1, 1, 5, 5), 5), ((3, 2, 4, 7), 1)])
def test_each_block_has_its_mean(shape: tuple[int, ...], factor: int) -> None:
    images = photos(*shape)
    low = low_resolution(images, factor)
    assert low.shape == (*shape[:2], shape[2] // factor, shape[3] // factor) and low.dtype == torch.float32
    for row in range(low.shape[2]):
        for column in range(low.shape[3]):
            block = images[..., row * factor :, column * factor :][..., :factor, :factor].double()
            assert torch.allclose(low[..., row, column].double(), block.mean((-2, -1)))


def test_ink_is_shared_out() -> None:
    digits = load("digits28").binarize(128).test[:20]
    shares = low_resolution(digits, 7)
    assert shares.shape == (20, 1, 4, 4)
    assert torch.allclose(49 * shares.sum((1, 2, 3)), digits.sum((1, 2, 3)).float())


def test_colours_come_back_from_grey_and_exact_chroma() -> None:
    """R = Y - Cg + Co, G = Y + Cg, B = Y - Cg - Co: no other signs give these colours back."""
    colours = photos(4, 3, 5, 2)
    red, green, blue = colours.double().unbind(1)
    values = torch.stack([(red - blue) / 2, green / 2 - red / 4 - blue / 4], dim=1)
    assert torch.equal(grey(colours)[:, 0].double(), red / 4 + green / 2 + blue / 4)
    assert torch.equal(coloured(grey(colours), values), colours)


def test_a_level_is_a_cell_of_the_companded_chroma() -> None:
    primaries = torch.eye(3).mul(255).byte().view(3, 3, 1, 1)
    assert chroma(primaries).flatten(1).tolist() == [[23, 3], [12, 23], [0, 3]]  # red, green, blue
    levels = torch.arange(24).expand(2, 24).reshape(1, 2, 24, 1)
    values = chroma_values(levels)
    assert torch.allclose(values, -values.flip(2))  # there is no level of exactly no colour
    cells = (values.sign() * (values.abs() / 128).sqrt() + 1) * 12
    assert torch.allclose(cells, levels + 0.5)


@pytest.mark.parametrize("num_levels", [2, 7, 24, 256])
def test_levels_and_values_agree(num_levels: int) -> None:
    """A colour whose chroma is that of a level has this level again."""
    colours = photos(3, 3, 8, 8, seed=num_levels)
    levels = chroma(colours, 4, num_levels=num_levels)
    assert levels.dtype == torch.uint8 and int(levels.max()) < num_levels
    values = chroma_values(levels, num_levels=num_levels)
    red, green, blue = colours.float().unbind(1)
    exact = low_resolution(torch.stack([(red - blue) / 2, (2 * green - red - blue) / 4], dim=1), 4)
    width = 2 / num_levels  # of a cell, of which the value is the middle
    difference = (values.sign() * (values.abs() / 128).sqrt()) - exact.sign() * (exact.abs() / 128).sqrt()
    assert difference.abs().max() <= width / 2 + 1e-5


def test_little_colour_is_enough_for_the_eye() -> None:
    """The true chroma, as 8x8 pixels of 24 levels, gives 32 dB; the grey alone 18 dB."""
    colours = load("photos32").test
    greys = grey(colours)
    assert decibels(coloured(greys, chroma_values(chroma(colours, 4))), colours) > 32
    assert decibels(greys.expand(-1, 3, -1, -1), colours) < 18


def test_chroma8_is_the_chroma_of_photos32_given_its_grey() -> None:
    data, colours = load("chroma8"), load("photos32")
    assert (data.event_shape, data.num_levels) == ((2, 8, 8), 24)
    assert data.labels is not None and colours.labels is not None
    for split in SPLITS:
        levels, context = data.pairs(split)
        assert torch.equal(levels, chroma(getattr(colours, split), 4))
        assert torch.equal(context, grey(getattr(colours, split)) / 127.5 - 1)
        assert torch.equal(data.labels[split], colours.labels[split])


def test_no_images_have_no_views() -> None:
    none = torch.zeros(0, 3, 8, 8, dtype=torch.uint8)
    assert low_resolution(none, 4).shape == (0, 3, 2, 2)
    assert chroma(none, 4).shape == (0, 2, 2, 2)
    assert coloured(grey(none), chroma_values(chroma(none, 4))).shape == (0, 3, 8, 8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: low_resolution(photos(1, 1, 6, 6), 4), "factor must divide the 6 x 6 pixels of the images; 4 does not"),
        (lambda: low_resolution(photos(1, 1, 6, 6), 0), "factor must be 1 or more, not 0"),
        (lambda: low_resolution(photos(6, 6), 2), r"images must be a tensor \(N, C, H, W\), not a tensor \(6, 6\)"),
        (lambda: low_resolution([[1]], 1), "not a list"),
        (lambda: grey(photos(1, 1, 4, 4)), r"photos must be a tensor \(N, 3, H, W\), not a tensor \(1, 1, 4, 4\)"),
        (lambda: chroma(photos(1, 3, 4, 4), 3), "factor must divide the 4 x 4 pixels"),
        (lambda: chroma(photos(1, 3, 4, 4), num_levels=1), "num_levels must be 2 or more, not 1"),
        (lambda: chroma(photos(1, 3, 4, 4), num_levels=257), "num_levels must be 256 or less"),
        (lambda: chroma_values(photos(1, 3, 4, 4)), r"levels must be a tensor \(N, 2, H, W\)"),
        (lambda: chroma_values(torch.full((1, 2, 1, 1), 24)), r"levels must lie in 0\.\.23, but they reach from 24 to 24"),
        (lambda: coloured(torch.ones(2, 1, 4, 4), torch.ones(1, 2, 2, 2)), "equally many, not 2 and 1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
