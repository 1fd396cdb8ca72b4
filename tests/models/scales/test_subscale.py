"""Subscale: slices in their order, each given all earlier ones, at every size."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import armod
from armod import likelihoods, orderings
from armod.measures.waves import waves_of
from armod.models.coordinates import coordinate_planes
from armod.models.scales.slices import Slice, planes_of, slices
from armod.sampling import GuessAndVerify
from armod.sampling.adjust import Adjustment
from armod.sampling.drawing import draw_all
from armod.sampling.walk import Walk
from tests.makers import context_for, lively, seeded, subscale

BITS = likelihoods.Bernoulli()
SHAPES = [
    ((1, 3, 3), 2),
    ((1, 5, 4), 2),
    ((3, 2, 3), 2),
    ((2, 1, 5), 3),
    ((1, 2, 2), 5),
    ((1, 1, 1), 2),
    ((1, 3, 2), 1),
]
EVERY = pytest.mark.parametrize(("shape", "scale"), SHAPES)


def levels(model: armod.AutoregressiveModel, num: int) -> Tensor:
    return torch.randint(model.likelihood.num_levels, (num, *model.event_shape), generator=seeded(5))


@EVERY
def test_the_oracle_finds_the_ordering_and_nothing_else(shape, scale) -> None:
    # wrong: a slice that sees itself or a later one, pixels that were padded, slices that are forgotten
    model = subscale(shape, scale, likelihoods.Categorical(3), num_layers=2)
    order = orderings.subscale(shape, scale)
    assert torch.equal(model.ordering, order)
    found = armod.dependency_matrix(model)[order][:, order]
    expected = torch.ones_like(found).tril(-1)
    if scale == 1:  # a plain PixelCNN, whose masks hide what lies above and far to the right
        assert not bool((found & ~expected).any())
    else:
        assert torch.equal(found, expected)


def test_what_is_seen_lies_within_reach() -> None:
    model = lively(armod.Subscale((1, 12, 9), 2, 3, 1, likelihood=BITS))
    report = armod.check_autoregressive(model)
    assert not report.leaks and report.out_of_reach
    seen = armod.dependency_matrix(model)
    assert not bool((seen & ~model.reach()).any())
    # from the last slice, pixels of earlier ones are seen up to three windows below, and no farther
    place = (3, 5)
    rows = model.receptive_field(*place)[0].nonzero()[:, 0]
    assert rows.max() == 3 + 3 * 2 and seen.view(12, 9, 12, 9)[place][9].any()


@pytest.mark.parametrize("mutant", ["itself too", "columns first", "everything"])
def test_the_oracle_catches_a_wrong_mask(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def earlier(one: Slice, device: torch.device) -> Tensor:
        top = torch.arange(one.height)[:, None] % one.scale
        left = torch.arange(one.width) % one.scale
        number, own = top * one.scale + left, one.top * one.scale + one.left
        if mutant == "itself too":
            return number <= own
        if mutant == "columns first":
            return left * one.scale + top < one.left * one.scale + one.top
        return torch.ones_like(number, dtype=torch.bool)

    monkeypatch.setattr(Slice, "earlier", earlier)
    assert armod.check_autoregressive(subscale((1, 4, 4), 2, BITS)).leaks


@EVERY
def test_surroundings_are_a_convolution_over_the_whole_image(shape, scale) -> None:
    # wrong: windows that stand beside the pixel, or padding that is not zero; dense windows need no offsets at all
    model = subscale(shape, scale, BITS, coordinates=True)
    images = torch.randn(2, *shape, generator=seeded(1), dtype=torch.float64)
    planes = coordinate_planes(*shape[1:], dtype=torch.float64)[None]
    first = model.surroundings.first
    for one in slices(scale, *shape[1:]):
        known = one.earlier(images.device)
        everything = torch.cat(
            [images * known, known.double().expand(2, 1, -1, -1), planes.expand(2, -1, -1, -1)], 1
        )
        dense = one.of(F.conv2d(everything, first.weight, first.bias, padding=scale))
        assert dense.shape[2:] == one.size
        for layer in model.surroundings.later:
            dense = dense + F.conv2d(F.relu(dense), layer.weight, layer.bias, padding=1)
        found = model.surroundings(planes_of(images, one, planes))
        torch.testing.assert_close(found, dense, rtol=0, atol=1e-12)


def test_slices_divide_an_image_in_the_order_of_generation() -> None:
    for height, width, scale in [(5, 7, 2), (3, 3, 2), (4, 4, 2), (2, 5, 3), (1, 1, 4)]:
        pixels = torch.arange(height * width).view(height, width)
        in_order = torch.cat([one.of(pixels).flatten() for one in slices(scale, height, width)])
        assert torch.equal(in_order, orderings.subscale((1, height, width), scale))


def test_one_slice_is_a_pixelcnn() -> None:
    model = subscale((3, 3, 4), 1, likelihoods.Categorical(3))
    x = levels(model, 4)
    empty = planes_of(torch.zeros(4, 3, 3, 4).double(), model.slices[0], None)
    alone = model.pixelcnn.log_prob_per_variable(x, model.surroundings(empty))
    torch.testing.assert_close(model.log_prob_per_variable(x), alone, rtol=0, atol=1e-12)


def test_coordinates_are_the_last_channels_of_a_local_context() -> None:
    shape = (3, 5, 4)
    located = subscale(shape, 2, BITS, coordinates=True, context_channels=2)
    told = subscale(shape, 2, BITS, context_channels=5)
    x, own = levels(located, 3), context_for(located, 3)
    assert own is not None
    planes = coordinate_planes(5, 4, dtype=torch.float64).expand(3, -1, -1, -1)
    context = torch.cat([own[:, :, None, None].expand(-1, -1, 5, 4), planes], 1)
    torch.testing.assert_close(located.log_prob(x, own), told.log_prob(x, context), rtol=0, atol=1e-12)
    assert torch.equal(
        located.sample(3, own, generator=seeded(1)), told.sample(3, context, generator=seeded(1))
    )


@EVERY
def test_a_view_looks_ahead_over_the_ends_of_slices(shape, scale) -> None:
    # wrong: features of the slice before, levels that were appended but not read yet, a pass too few at the end
    model = subscale(shape, scale, likelihoods.Categorical(3), context_channels=1)
    context, x = context_for(model, 2, local=True), levels(model, 2).flatten(1)[:, model.ordering]
    size, view = x.shape[1], model.incremental(2, context)
    expected = model.conditionals(levels(model, 2), context).logits.flatten(1, -2)[:, model.ordering]
    with torch.no_grad():
        for parameter in model.parameters():  # a view has its own copy of the weights
            parameter.zero_()
    for k in range(size):
        for b in {0, 1, 3, size // 2, size - k}:
            if b <= size - k:
                found = view.peek(x[:, k : k + b]).logits
                torch.testing.assert_close(found, expected[:, k : k + b + 1], rtol=0, atol=1e-12)
        if k % 2:
            torch.testing.assert_close(view.conditional().logits, expected[:, k], rtol=0, atol=1e-12)
        if k % 3 == 0:
            view = view.copy()
        view.append(x[:, k])


def test_looking_ahead_is_one_pass_of_each_slice_and_no_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    view = subscale((1, 6, 6), 2, BITS).incremental(2)
    passes = []
    parameters_of = armod.PixelCNN.parameters_of
    monkeypatch.setattr(
        armod.PixelCNN, "parameters_of", lambda *rest: passes.append(1) or parameters_of(*rest)
    )
    monkeypatch.setattr(Walk, "ahead", None)
    for b, due in [(8, 1), (9, 2), (36, 4)]:
        passes.clear()
        view.peek(torch.zeros(2, b).long())
        assert len(passes) == due


def test_the_fixed_point_is_the_cached_sample_with_a_window_of_a_slice_too() -> None:
    model = subscale((1, 6, 5), 2, BITS, coordinates=True)
    drawn = model.sample(3, generator=seeded(2))
    for window in (None, 8, 3):
        sampler = GuessAndVerify(window=window)
        assert torch.equal(model.sample(3, generator=seeded(2), method=sampler), drawn)
        assert sampler.report.evaluations < model.num_variables


@pytest.mark.parametrize("broken", range(4))
def test_numbers_that_overflow_in_any_slice_are_found(broken: int) -> None:
    # wrong: only the walk of the last slice is looked at
    view = armod.Subscale((1, 4, 4), 2, 4, 1, likelihood=BITS).incremental(1)
    begin = view._open

    def begin_slice(number: int) -> None:
        begin(number)
        if number == broken:
            view._walk._first_bias.fill_(torch.inf)

    view._open = begin_slice
    noise = torch.rand(1, 16, generator=seeded(1), dtype=torch.float64)
    with pytest.raises(ValueError, match="infinite"):
        draw_all(view, noise, None, None, Adjustment())


def sees(height: int, width: int, scale: int, num_layers: int) -> Tensor:
    """Which variable sees which by the paths through the masks, for kernels of 3 and a scale that divides both sizes."""
    size = (height // scale, width // scale)
    kernel = torch.tensor([[1.0, 1, 1], [1, 1, 0], [0, 0, 0]]).view(1, 1, 3, 3)
    first = kernel.clone()
    first[0, 0, 1, 1] = 0
    reads = torch.eye(size[0] * size[1]).view(
        -1, 1, *size
    )  # the places whose context each pixel of a slice reads
    for _ in range(num_layers):
        reads = ((reads + F.conv_transpose2d(reads, kernel, padding=1)) > 0).float()
    own = F.conv_transpose2d(reads, first, padding=1).flatten(1) > 0
    row, column = torch.arange(height * width) // width, torch.arange(height * width) % width
    number = row % scale * scale + column % scale
    found = torch.zeros(height * width, height * width, dtype=torch.bool)
    for k in range(scale * scale):
        pixels = (number == k).nonzero()[:, 0]
        near = (row[pixels, None] - row).abs().maximum((column[pixels, None] - column).abs()) <= 3 * scale
        found[pixels] = (reads.flatten(1) @ (near & (number < k)).float()) > 0
        found[pixels[:, None], pixels] = own
    return found


def test_waves_follow_from_the_paths() -> None:
    # the field is limited, so slices follow each other at a distance: for S = 2 there are fewer waves than the raster's 82
    model = armod.Subscale((1, 6, 6), 2, 4, 1, likelihood=BITS)
    assert torch.equal(armod.dependency_matrix(model), sees(6, 6, 2, 1))
    for scale, num_waves in [(2, 69), (4, 166)]:
        ordering = orderings.subscale((1, 28, 28), scale)
        assert waves_of(sees(28, 28, scale, 5), ordering).max() == num_waves


@pytest.mark.slow
def test_waves_of_an_image_by_the_oracle() -> None:
    assert armod.waves(armod.Subscale((1, 28, 28), 2, 16, 5, likelihood=BITS)).max() == 69
