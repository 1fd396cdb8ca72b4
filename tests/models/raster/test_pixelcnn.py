"""PixelCNN against a plain network of full k x k kernels, and its blind spot against geometry."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

import armod
from armod import PixelCNN, check_autoregressive, dependency_matrix, likelihoods, orderings
from armod.models.raster import pixelcnn as module
from armod.models.raster import pixelcnn_layers as layers
from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import pixel_mask
from tests.makers import pixelcnn, seeded

BITS = likelihoods.Bernoulli()


def full_kernel(layer: MaskedConvolution) -> Tensor:
    """The layer's weights as a k x k kernel with zeros below the centre."""
    rows, columns = layer.weight.shape[2:]
    return (
        F.pad(layer.weight * layer.mask, (0, 0, 0, columns - rows))
        if columns > 1
        else layer.weight * layer.mask
    )


def plain(model: PixelCNN, x: Tensor) -> Tensor:
    """The network as the paper draws it, ``(N, C, H, W)`` -> parameters ``(N, C, H, W, P)``."""

    def convolution(layer: MaskedConvolution, x: Tensor) -> Tensor:
        kernel = full_kernel(layer)
        return F.conv2d(x, kernel, layer.bias, padding=kernel.shape[-1] // 2)

    highest = model.likelihood.num_levels - 1
    u = convolution(model.first, 2 * x.double() / highest - 1)
    for block in model.blocks:
        inside = convolution(block.reduce, F.relu(u))
        u = u + convolution(block.expand, F.relu(convolution(block.spread, F.relu(inside))))
    return (
        convolution(model.output, F.relu(convolution(model.hidden, F.relu(u))))
        .unflatten(1, (x.shape[1], -1))
        .permute(0, 1, 3, 4, 2)
    )


def seen_by_geometry(height: int, width: int, kernel: int, blocks: int) -> set[tuple[int, int]]:
    """Pairs (i, j) of flat pixels of a grey image: is there a path of taps, step by step, from i to j?"""
    half = kernel // 2
    before = [(r, c) for r in range(-half, 1) for c in range(-half, half + 1) if (r, c) < (0, 0)]
    found = set()
    for start in range(height * width):
        frontier = {divmod(start, width)}
        for _ in range(blocks):
            frontier |= {(y + r, x + c) for y, x in frontier for r, c in before}
            frontier = {(y, x) for y, x in frontier if 0 <= y < height and 0 <= x < width}
        last = {(y + r, x + c) for y, x in frontier for r, c in before}
        found |= {(start, y * width + x) for y, x in last if 0 <= y < height and 0 <= x < width}
    return found


@pytest.mark.parametrize(
    ("shape", "channels", "kernel"),
    [((1, 5, 4), 3, 3), ((3, 4, 5), 5, 5), ((2, 3, 2), 1, 1), ((3, 1, 6), 2, 7)],
)
def test_the_network_is_the_plain_one(shape: tuple[int, int, int], channels: int, kernel: int) -> None:
    model = pixelcnn(shape, likelihoods.Categorical(5), channels, kernel_size=kernel)
    x = torch.randint(5, (3, *shape), generator=seeded())
    torch.testing.assert_close(
        model.conditionals(x).logits, plain(model, x).log_softmax(-1), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize(
    ("height", "width", "kernel", "blocks"),
    [(6, 5, 3, 1), (6, 7, 3, 2), (5, 9, 5, 1), (4, 4, 1, 2), (5, 1, 3, 2), (1, 7, 3, 1), (8, 4, 3, 4)],
)
def test_the_blind_spot_is_exactly_as_derived(height: int, width: int, kernel: int, blocks: int) -> None:
    model = PixelCNN((1, height, width), 3, blocks, kernel_size=kernel, likelihood=BITS)
    seen = seen_by_geometry(height, width, kernel, blocks)
    report = check_autoregressive(model)
    extent = (1 + blocks) * (kernel // 2)
    field = {
        (i, j)
        for i in range(height * width)
        for j in range(i)
        if max(i // width - j // width, abs(i % width - j % width)) <= extent
    }
    assert report.leaks == frozenset()
    assert report.blind_spot == field - seen
    assert {(i, j) for i, j in dependency_matrix(model).nonzero().tolist()} == seen
    for i in range(height * width):
        found = model.receptive_field(*divmod(i, width)).flatten().nonzero().flatten().tolist()
        assert {(i, j) for j in found} == {pair for pair in seen if pair[0] == i}


def test_the_blind_spot_lies_above_on_the_right() -> None:
    field = PixelCNN((1, 4, 7), 2, 2, likelihood=BITS).receptive_field(3, 3)[0].int().tolist()
    assert field == [
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 0],
        [1, 1, 1, 1, 1, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
    ]


@settings(deadline=None, max_examples=5)
@given(st.integers(1, 8), st.integers(1, 4), st.integers(0, 2))
def test_no_width_leaks_and_wide_ones_see_their_whole_pixel(
    channels: int, num_channels: int, flips: int
) -> None:
    shape = (num_channels, 2, 2)
    ordering = [None, orderings.reversed(shape), orderings.column(shape)][flips]
    model = PixelCNN(shape, channels, 1, likelihood=BITS, ordering=ordering)
    reacts = dependency_matrix(model)
    in_order = reacts[model.ordering][:, model.ordering]
    assert not in_order.triu().any()
    if 2 * channels >= num_channels:
        own = in_order.view(4, num_channels, 4, num_channels).diagonal(dim1=0, dim2=2).permute(2, 0, 1)
        assert torch.equal(own, torch.ones_like(own).tril(-1))
    for c in range(num_channels):
        seen = reacts.view(*shape, *shape)[c, 1, 0]
        assert torch.equal(model.receptive_field(1, 0, c), seen)


def test_only_the_first_layer_keeps_a_group_from_its_own_features() -> None:
    model = PixelCNN((3, 4, 4), 3, 2, likelihood=BITS)
    assert torch.equal(
        model.first.mask[:, :, -1, 1].bool(), torch.tensor([0, 0, 1, 1, 2, 2])[:, None] > torch.arange(3)
    )
    for block in model.blocks:
        assert torch.equal(block.spread.mask[:, :, -1, 1].bool(), torch.ones(3, 3).tril().bool())


def test_masked_taps_get_no_gradient() -> None:
    model = PixelCNN((3, 4, 4), 5, 1, likelihood=likelihoods.Categorical(4))
    model.log_prob(torch.randint(4, (3, 3, 4, 4), generator=seeded())).sum().backward()
    for layer in (model.first, model.blocks[0].spread, model.hidden, model.output):
        assert (layer.mask == 0).any() and (layer.weight.grad[layer.mask == 0] == 0).all()
        assert (layer.weight.grad[layer.mask == 1] != 0).any()


def test_an_untrained_network_is_nearly_uniform() -> None:
    model = PixelCNN((1, 8, 8), 16, 15, likelihood=likelihoods.Categorical(256))
    x = torch.randint(256, (4, 1, 8, 8), generator=seeded())
    assert model.bits_per_dim(x).sub(math.log2(256)).abs().max() < 0.5


def doubled_residual(block: module.ResidualBlock, x: Tensor, context: Tensor | None = None) -> Tensor:
    return 2 * x + block.expand(F.relu(block.spread(F.relu(block.reduce(F.relu(x))))))


def test_a_residual_added_twice_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.ResidualBlock, "forward", doubled_residual)
    with pytest.raises(AssertionError):
        test_an_untrained_network_is_nearly_uniform()


def a_twice(kernel_size, mask_type, *groups):
    return pixel_mask(kernel_size, "A", *groups)


def b_first(kernel_size, mask_type, *groups):
    return pixel_mask(kernel_size, "B", *groups)


def thirds(kernel_size, mask_type, above=None, below=None):
    """Groups as some write them, ``width // 3`` each: what is left over belongs to nobody and is unmasked."""
    mask = pixel_mask(kernel_size, mask_type, above, below)
    left_over = len(above) % 3
    if left_over:
        mask[-left_over:, :, kernel_size // 2, kernel_size // 2] = True
    return mask


def one_group(kernel_size, mask_type, above=None, below=None):
    """Channels forgotten: every mask sees its whole pixel or nothing of it."""
    mask = pixel_mask(kernel_size, mask_type).expand(len(above), len(below), -1, -1)
    return mask.clone()


@pytest.mark.parametrize("wrong", [a_twice, b_first, thirds, one_group])
def test_wrong_masks_would_be_found(wrong, monkeypatch: pytest.MonkeyPatch) -> None:
    model = PixelCNN((3, 2, 2), 4, 1, likelihood=BITS)
    fields = [model.receptive_field(r, c, k) for k in range(3) for r in range(2) for c in range(2)]
    expected = torch.stack(fields).flatten(1)
    assert torch.equal(dependency_matrix(model), expected)
    for part in (module, layers):
        monkeypatch.setattr(part, "pixel_mask", wrong)
    assert not torch.equal(dependency_matrix(PixelCNN((3, 2, 2), 4, 1, likelihood=BITS)), expected)


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (((4, 4), 4, 1), {}, r"event_shape is \(C, H, W\)"),
        (((1, 0, 4), 4, 1), {}, r"event_shape is \(C, H, W\)"),
        (((1, 4, 4), 0, 1), {}, "channels must be 1 or more"),
        (((1, 4, 4), 4, 0), {}, "num_layers must be 1 or more"),
        (((1, 4, 4), 4, 1), {"kernel_size": 4}, "kernel_size is an odd number"),
        (((1, 4, 4), 4, 1), {"context_channels": -1}, "context_channels must be 0 or more"),
        (((1, 4, 4), 4, 1), {"likelihood": "bits"}, "likelihood is an object"),
        (((1, 4, 4), 4, 1), {"ordering": orderings.random((1, 4, 4))}, "raster order"),
    ],
)
@pytest.mark.parametrize("name", ["PixelCNN", "GatedPixelCNN"])
def test_impossible_arguments_are_one_sentence(name, arguments, options, sentence) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        getattr(armod, name)(*arguments, **({"likelihood": BITS} | options))
    assert "\n" not in str(error.value)
