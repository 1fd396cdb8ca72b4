"""The banded product against the plain one, for masks of every shape: values, gradients, and gradients of gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from armod import MADE, likelihoods
from armod.models.made import masked_linear as module
from armod.models.made.masked_linear import bands, masked_linear
from tests.makers import seeded


def random_mask(rows: int, columns: int, kind: str, seed: int) -> Tensor:
    if kind == "staircase":
        ends = torch.randint(columns + 1, (rows,), generator=seeded(seed)).sort().values
        return (torch.arange(columns) < ends[:, None]).double()
    if kind == "random":
        return torch.randint(2, (rows, columns), generator=seeded(seed)).double()
    return torch.full((rows, columns), float(kind == "all"), dtype=torch.float64)


@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(["staircase", "random", "all", "none"]),
    st.integers(0, 99),
)
def test_bands_say_where_a_mask_is_full_and_where_it_ends(rows, columns, kind, seed) -> None:
    mask = random_mask(rows, columns, kind, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALL", 0)
        found = bands(mask)
    assert [0, *(band.last for band in found)] == [*(band.begin for band in found), rows]
    for begin, last, full, end in found:
        assert mask[begin:last, :full].all()
        assert not mask[begin:last, end:].any()


@given(
    st.integers(0, 5),
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(["staircase", "random", "all", "none"]),
    st.integers(0, 99),
)
def test_it_is_the_masked_product_with_its_gradients(num, rows, columns, kind, seed) -> None:
    mask = random_mask(rows, columns, kind, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SMALL", 0)
        mask_bands = bands(mask)
    generator = seeded(seed)
    x, weight, bias, pull = (
        torch.randn(*shape, generator=generator, dtype=torch.float64)
        for shape in ((num, columns), (rows, columns), (rows,), (num, rows))
    )
    arguments = [tensor.requires_grad_() for tensor in (x, weight, bias)]
    ours = masked_linear(x, weight, mask, bias, mask_bands)
    plain = F.linear(x, weight * mask, bias)
    torch.testing.assert_close(ours, plain)
    for one, two in zip(
        torch.autograd.grad((ours * pull).sum(), arguments),
        torch.autograd.grad((plain * pull).sum(), arguments),
        strict=True,
    ):
        torch.testing.assert_close(one, two)


def test_it_can_be_differentiated_twice() -> None:
    mask = random_mask(3, 4, "staircase", 0)
    x, weight, bias = (
        torch.randn(*shape, generator=seeded(), dtype=torch.float64, requires_grad=True)
        for shape in ((2, 4), (3, 4), (3,))
    )
    assert torch.autograd.gradgradcheck(
        lambda *tensors: masked_linear(tensors[0], tensors[1], mask, tensors[2], bands(mask)),
        (x, weight, bias),
    )


def test_large_layers_of_a_made_are_cut_and_skip_much() -> None:
    """A quarter of the weights and more lies beyond the ends of the bands; without sorted units next to nothing does."""
    model = MADE((300,), [400, 400], likelihood=likelihoods.Bernoulli())
    for layer_bands, layer in zip(model._bands, model.linear_layers, strict=True):
        computed = sum((band.last - band.begin) * band.end for band in layer_bands[0])
        assert computed < 0.75 * layer.weight.numel()
    shuffled = model._weight_mask(1)[torch.randperm(400, generator=seeded())]
    assert sum((band.last - band.begin) * band.end for band in bands(shuffled)) > 0.9 * shuffled.numel()


def test_masked_weights_have_no_gradient_at_all() -> None:
    model = MADE((300,), [400], likelihood=likelihoods.Bernoulli())
    model(torch.randint(2, (5, 300), generator=seeded())).sum().backward()
    for number, layer in enumerate(model.linear_layers):
        assert not layer.weight.grad[model._weight_mask(number) == 0].any()


@pytest.mark.parametrize("num_variables", [5, 300])
def test_autocast_leaves_float64_alone(num_variables: int) -> None:
    model = MADE((num_variables,), [200], likelihood=likelihoods.Bernoulli()).double()
    x = torch.randint(2, (3, num_variables), generator=seeded())
    expected = model(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model(x), expected)
        naive, cached = (model.sample(3, generator=seeded(), method=m) for m in ("naive", "cached"))
    assert torch.equal(naive[:, :5], cached[:, :5])
