"""Gated PixelCNN against a plain network of full kernels and a shift; no blind spot, and the mutants that bring one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from armod import GatedPixelCNN, PixelCNN, check_autoregressive, dependency_matrix, likelihoods, orderings
from armod.models.raster import gated_pixelcnn_layers as module
from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import horizontal_mask, pixel_mask, vertical_mask
from tests.makers import context_for, gated, seeded

BITS = likelihoods.Bernoulli()
SHAPES = [(1, 5, 4), (3, 2, 3), (2, 3, 1), (1, 1, 5)]


def plain(model: GatedPixelCNN, x: Tensor, context: Tensor | None) -> Tensor:
    """The paper's figure 2 in ``(N, C, H, W)``: kernels k x k and 1 x k with zeros where they are masked."""

    def convolution(layer: MaskedConvolution, x: Tensor) -> Tensor:
        rows, columns = layer.weight.shape[2:]
        k = model.kernel_size
        is_horizontal, is_square = rows == 1 and columns > 1, rows > 1
        below, right = (columns - rows if is_square else 0), (k - columns if is_horizontal else 0)
        kernel = F.pad(layer.weight * layer.mask, (0, right, 0, below))
        y = F.conv2d(x, kernel, layer.bias, padding=(kernel.shape[2] // 2, kernel.shape[3] // 2))
        if layer.context is None:
            return y
        local = context if context.dim() == 4 else context[:, :, None, None]
        return y + torch.einsum("oc,nchw->nohw", layer.context, local.double())

    def activation(x: Tensor) -> Tensor:
        filters, gates = x.chunk(2, dim=1)
        return filters.tanh() * gates.sigmoid()

    v = h = 2 * x.double() / (model.likelihood.num_levels - 1) - 1
    for number, layer in enumerate(model.layers):
        above = convolution(layer.vertical, v)
        mixed = convolution(
            layer.mix, activation(convolution(layer.horizontal, h) + convolution(layer.link, above))
        )
        v, h = activation(above), mixed if number == 0 else h + mixed
    parameters = convolution(model.output, F.relu(convolution(model.hidden, F.relu(h))))
    return parameters.unflatten(1, (x.shape[1], -1)).permute(0, 1, 3, 4, 2)


@pytest.mark.parametrize(("shape", "kernel"), [((1, 5, 4), 3), ((3, 4, 3), 5), ((2, 3, 2), 1)])
@pytest.mark.parametrize("is_local", [False, True])
def test_the_network_is_the_plain_one(shape: tuple[int, int, int], kernel: int, is_local: bool) -> None:
    model = gated(shape, likelihoods.Categorical(5), 5, kernel_size=kernel, context_channels=2)
    x, context = torch.randint(5, (3, *shape), generator=seeded()), context_for(model, 3, local=is_local)
    found = model.conditionals(x, context).logits
    torch.testing.assert_close(found, plain(model, x, context).log_softmax(-1), rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("shape", "kernel", "layers"), [(s, k, n) for s in SHAPES for k, n in [(3, 1), (3, 3), (5, 2)]]
)
def test_there_is_no_blind_spot(shape: tuple[int, int, int], kernel: int, layers: int) -> None:
    model = GatedPixelCNN(shape, 4, layers, kernel_size=kernel, likelihood=BITS)
    report = check_autoregressive(model)
    assert report.leaks == report.blind_spot == frozenset()
    reacts = dependency_matrix(model).view(*shape, *shape)
    for c in range(shape[0]):
        for row in range(shape[1]):
            for column in range(shape[2]):
                seen = model.receptive_field(row, column, c)
                assert torch.equal(seen, reacts[c, row, column])


def test_the_field_is_a_half_square_where_pixelcnn_has_a_blind_spot() -> None:
    ours = GatedPixelCNN((1, 5, 9), 3, 3, likelihood=BITS)
    theirs = PixelCNN((1, 5, 9), 3, 2, likelihood=BITS)
    assert torch.equal(ours.reach(), theirs.reach())
    field = ours.receptive_field(3, 4)[0].int().tolist()
    assert field == [[0, 1, 1, 1, 1, 1, 1, 1, 0]] * 3 + [[0, 1, 1, 1, 0, 0, 0, 0, 0], [0] * 9]
    assert (theirs.receptive_field(3, 4) < ours.receptive_field(3, 4)).sum() == 3 + 2 + 1 - 3


@settings(deadline=None, max_examples=5)
@given(st.integers(1, 8), st.integers(1, 4), st.integers(0, 2))
def test_no_width_leaks_and_wide_ones_see_their_whole_pixel(
    channels: int, num_channels: int, flips: int
) -> None:
    shape = (num_channels, 2, 2)
    ordering = [None, orderings.reversed(shape), orderings.column(shape)][flips]
    model = GatedPixelCNN(shape, channels, 2, likelihood=BITS, ordering=ordering)
    in_order = dependency_matrix(model)[model.ordering][:, model.ordering]
    assert not in_order.triu().any()
    if channels >= num_channels:
        assert torch.equal(in_order, torch.ones_like(in_order).tril(-1))


def shifted_in_every_layer(kernel_size: int, mask_type: str) -> Tensor:
    return vertical_mask(kernel_size, "A")


def never_shifted(kernel_size: int, mask_type: str) -> Tensor:
    return vertical_mask(kernel_size, "B")


def ungrouped_gates(kernel_size, mask_type, above, below):
    """Filters and gates grouped as one run of features, so that gates count as the last channels."""
    num_channels = int(above.max()) + 1
    regrouped = torch.arange(len(above)) * num_channels // len(above)
    return horizontal_mask(kernel_size, mask_type, regrouped, below)


def over_masked(kernel_size, mask_type, above, below):
    return pixel_mask(kernel_size, "A", above, below)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("vertical_mask", shifted_in_every_layer),
        ("vertical_mask", never_shifted),
        ("horizontal_mask", ungrouped_gates),
        ("pixel_mask", over_masked),
    ],
)
def test_wrong_masks_would_be_found(name: str, wrong, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = (3, 3, 3)
    right = GatedPixelCNN(shape, 4, 2, likelihood=BITS)
    assert torch.equal(dependency_matrix(right), right.reach())
    monkeypatch.setattr(module, name, wrong)
    mutant = dependency_matrix(GatedPixelCNN(shape, 4, 2, likelihood=BITS))
    assert not torch.equal(mutant, right.reach())


def test_only_the_first_layer_keeps_a_group_from_its_own_features() -> None:
    model = GatedPixelCNN((3, 4, 4), 6, 3, likelihood=BITS)
    first, *later = (layer.horizontal.mask[:, :, 0, -1] for layer in model.layers)
    groups = torch.tensor([0, 0, 1, 1, 2, 2])
    filters_and_gates = groups.repeat(2)[:, None]
    assert torch.equal(first.bool(), filters_and_gates > torch.arange(3))
    for own in later:
        assert torch.equal(own.bool(), filters_and_gates >= groups)


def test_masked_taps_get_no_gradient() -> None:
    model = GatedPixelCNN((3, 4, 4), 5, 2, likelihood=likelihoods.Categorical(4))
    model.log_prob(torch.randint(4, (3, 3, 4, 4), generator=seeded())).sum().backward()
    for layer in (
        model.layers[0].horizontal,
        model.layers[1].horizontal,
        model.layers[0].vertical,
        model.output,
    ):
        assert (layer.mask == 0).any() and (layer.weight.grad[layer.mask == 0] == 0).all()
        assert (layer.weight.grad[layer.mask == 1] != 0).any()


@pytest.mark.parametrize("is_local", [False, True])
def test_a_context_reaches_the_first_pixel_and_a_local_one_its_place(is_local: bool) -> None:
    model = gated((1, 4, 5), BITS, 16, context_channels=3)
    x, context = torch.zeros(1, 1, 4, 5), context_for(model, 1, local=is_local)
    other = context.clone()
    other[..., -1] += 1  # of a local one, the last column
    moved = (model.conditionals(x, context).logits != model.conditionals(x, other).logits)[0, 0]
    assert moved[:, -1].all() and moved[0, 0] == (not is_local)


def test_the_gate_is_the_formula_with_its_gradient() -> None:
    features = torch.randn(3, 8, dtype=torch.float64, generator=seeded(), requires_grad=True)
    filters, gates = features.chunk(2, dim=-1)
    torch.testing.assert_close(module.gate(features), filters.tanh() * gates.sigmoid(), rtol=0, atol=1e-15)
    assert torch.autograd.gradcheck(module.gate, features)


def test_log_prob_is_that_of_the_conditionals_in_any_ordering() -> None:
    shape = (3, 3, 4)
    model = gated(shape, likelihoods.Categorical(4), ordering=orderings.column(shape).flip(0))
    x = torch.randint(4, (5, *shape), generator=seeded())
    expected = model.conditionals(x).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(model.log_prob(x), expected, rtol=0, atol=1e-10)
