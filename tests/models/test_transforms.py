"""Torch's own machinery around a model: transforms of functions, second derivatives, other weights, copies."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.func import functional_call, grad, hessian, jvp, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

import armod
from armod import AutoregressiveModel, likelihoods, orderings
from armod.models.raster.gated_pixelcnn_layers import gate
from armod.models.sequence.gated_convolution import GatedConvolution
from tests.makers import context_for, lively, seeded

BITS, THREE, MIXTURE = likelihoods.Bernoulli(), likelihoods.Categorical(3), likelihoods.LogisticMixture(4, 2)
Build = Callable[[], AutoregressiveModel]

FAMILIES: dict[str, Build] = {
    "made": lambda: armod.MADE((2, 2), [7], likelihood=THREE),
    "made, two layers, context": lambda: armod.MADE((4,), [6, 5], likelihood=THREE, context_size=2),
    "made, mixture of one order": lambda: armod.MADE((4,), [7], likelihood=BITS, num_masks=2, ordering=[1, 3, 0, 2]),
    "rnn, two layers, context": lambda: armod.RecurrentModel(
        (4,), 3, cell="rnn", num_layers=2, likelihood=BITS, context_size=2
    ),
    "lstm, two layers": lambda: armod.RecurrentModel((3,), 3, num_layers=2, likelihood=THREE),
    "gru, image, context": lambda: armod.RecurrentModel(
        (1, 2, 2), 3, cell="gru", likelihood=MIXTURE, context_size=1, ordering=[2, 0, 3, 1]
    ),
    "transformer, context": lambda: armod.Transformer(
        (5,), 4, num_layers=2, num_heads=2, likelihood=THREE, context_size=2
    ),
    "wavenet": lambda: armod.WaveNet((6,), 3, dilations=[1, 2], likelihood=THREE),
    "wavenet, three taps, beyond the beginning, context": lambda: armod.WaveNet(
        (5,), 2, dilations=[3, 1, 4], kernel_size=3, likelihood=MIXTURE, context_size=2
    ),
    "wavenet, one tap, one step": lambda: armod.WaveNet((1,), 2, dilations=[2], kernel_size=1, likelihood=BITS),
    "pixelcnn, context": lambda: armod.PixelCNN((1, 3, 2), 2, 1, likelihood=BITS, context_channels=2),
    "pixelcnn, colour": lambda: armod.PixelCNN((3, 2, 1), 3, 1, likelihood=THREE),
    "gated": lambda: armod.GatedPixelCNN((1, 2, 3), 2, 2, likelihood=BITS, ordering=orderings.column((1, 2, 3))),
    "multi-scale, colour, context": lambda: armod.MultiScale((3, 2, 2), 3, 2, likelihood=THREE, context_channels=2),
    "gated, colour, context": lambda: armod.GatedPixelCNN((3, 2, 2), 3, 2, likelihood=THREE, context_channels=2),
    "pixelcnn++, context": lambda: armod.PixelCNNPlusPlus(
        (3, 2, 3), 2, num_resnets=1, num_mixtures=2, num_levels=4, context_channels=1
    ),
}  # fmt: skip
EACH = pytest.mark.parametrize("name", FAMILIES)


def build(name: str, seed: int = 0) -> AutoregressiveModel:
    return lively(FAMILIES[name](), seed, scale=0.4).double()


def parameters_of(model: AutoregressiveModel) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def data_for(model: AutoregressiveModel, num: int = 3) -> tuple[Tensor, Tensor | None]:
    levels = torch.randint(model.likelihood.num_levels, (num, *model.event_shape), generator=seeded(1))
    return levels, context_for(model, num, local=True)


def directions(values: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
    generator = seeded(seed)
    return {name: torch.randn(v.shape, generator=generator, dtype=v.dtype) for name, v in values.items()}


def moved(values: dict[str, Tensor], along: dict[str, Tensor], step: float) -> dict[str, Tensor]:
    return {name: value + step * along[name] for name, value in values.items()}


def ordinary_gradients(model: AutoregressiveModel, x: Tensor, context: Tensor | None) -> dict[str, Tensor]:
    """What `backward` says, by the model's own fast autograd functions."""
    model.zero_grad(set_to_none=True)
    model.log_prob(x, context).sum().backward()
    return {n: torch.zeros_like(p) if p.grad is None else p.grad.clone() for n, p in model.named_parameters()}


@EACH
def test_gradients_of_each_observation_are_those_of_one_after_the_other(name: str) -> None:
    model = build(name)
    x, context = data_for(model)

    def log_prob(parameters: dict[str, Tensor], row: Tensor, of_row: Tensor | None) -> Tensor:
        of_row = None if of_row is None else of_row[None]
        return functional_call(model, parameters, (row[None], of_row)).squeeze(0)

    dimensions = (None, 0, None if context is None else 0)
    found = vmap(grad(log_prob), in_dims=dimensions)(parameters_of(model), x, context)
    for row in range(len(x)):
        of_row = None if context is None else context[row : row + 1]
        for parameter, expected in ordinary_gradients(model, x[row : row + 1], of_row).items():
            torch.testing.assert_close(found[parameter][row], expected, msg=parameter)


@EACH
def test_gradients_and_slopes_by_transforms(name: str) -> None:
    model = build(name)
    x, context = data_for(model)
    values = parameters_of(model)
    along = directions(values, 2)

    def log_prob(parameters: dict[str, Tensor]) -> Tensor:
        return functional_call(model, parameters, (x, context))

    found, expected = grad(lambda p: log_prob(p).sum())(values), ordinary_gradients(model, x, context)
    for parameter in values:
        torch.testing.assert_close(found[parameter], expected[parameter], msg=parameter)
    # the reference knows no derivatives
    ahead, behind = (log_prob(moved(values, along, step)) for step in (1e-5, -1e-5))
    value, slope = jvp(log_prob, (values,), (along,))
    torch.testing.assert_close(value, model.log_prob(x, context))
    torch.testing.assert_close(slope, (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-6)
    with forward_ad.dual_level():
        duals = {n: forward_ad.make_dual(value, along[n]) for n, value in values.items()}
        torch.testing.assert_close(forward_ad.unpack_dual(log_prob(duals)).tangent, slope)


@EACH
def test_models_of_stacked_weights_are_computed_together(name: str) -> None:
    models = [build(name, seed) for seed in range(3)]
    x, context = data_for(models[0])
    stacked = stack_module_state(models)
    found = vmap(lambda state, buffers: functional_call(models[0], (state, buffers), (x, context)))(*stacked)
    torch.testing.assert_close(found, torch.stack([model.log_prob(x, context) for model in models]))
    assert not torch.allclose(found[0], found[1])


@EACH
def test_gradients_of_gradients_are_those_of_finite_differences(name: str) -> None:
    model = build(name)
    x, context = data_for(model, 2)
    parameters = dict(model.named_parameters())
    values = parameters_of(model)
    first, second = directions(values, 2), directions(values, 3)

    def slope(at: dict[str, Tensor]) -> float:
        """Along `first`, by a gradient that nobody differentiates again."""
        model.load_state_dict(at, strict=False)
        gradients = ordinary_gradients(model, x, context)
        return sum((gradients[n] * first[n]).sum().item() for n in gradients)

    expected = (slope(moved(values, second, 1e-5)) - slope(moved(values, second, -1e-5))) / 2e-5
    model.load_state_dict(values, strict=False)
    # torch's fused attention has no second derivative, so here the user asks for the other one
    with sdpa_kernel(SDPBackend.MATH):
        gradients = torch.autograd.grad(
            model.log_prob(x, context).sum(), parameters.values(), create_graph=True, allow_unused=True
        )
        along_first = sum(
            (g * v).sum() for g, v in zip(gradients, first.values(), strict=True) if g is not None
        )
        curvature = torch.autograd.grad(along_first, parameters.values(), allow_unused=True)
    found = sum((h * v).sum() for h, v in zip(curvature, second.values(), strict=True) if h is not None)
    assert found.item() == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("num_steps", "kernel_size", "dilation", "local"),
    [(1, 1, 1, None), (4, 2, 1, None), (5, 3, 2, True), (2, 3, 1, False), (3, 2, 7, False)],
)
def test_all_derivatives_of_the_gated_convolution(num_steps, kernel_size, dilation, local) -> None:
    size = 0 if local is None else 2
    unit = GatedConvolution(2, kernel_size=kernel_size, dilation=dilation, context_size=size).double()
    names, weights = zip(*unit.named_parameters(), strict=True)
    x = torch.randn(num_steps, 2, 2, generator=seeded(), dtype=torch.float64, requires_grad=True)
    context = torch.randn(
        num_steps if local else 1, 2, max(size, 1), generator=seeded(1), dtype=torch.float64
    )

    def compute(x: Tensor, context: Tensor, *parameters: Tensor) -> Tensor:
        given = None if local is None else context
        return functional_call(unit, dict(zip(names, parameters, strict=True)), (x, given))

    inputs = (x, context.requires_grad_(local is not None), *weights)
    assert torch.autograd.gradcheck(compute, inputs)
    assert torch.autograd.gradgradcheck(compute, inputs)
    torch.testing.assert_close(compute(*inputs), unit.step_by_step(x, unit.context and unit.context(context)))


def test_a_third_derivative_of_the_gated_convolution() -> None:
    unit = GatedConvolution(1, kernel_size=2, dilation=1).double()
    x = torch.randn(3, 1, 1, generator=seeded(), dtype=torch.float64, requires_grad=True)

    def second(x: Tensor) -> Tensor:
        (first,) = torch.autograd.grad(unit(x).sum(), x, create_graph=True)
        (again,) = torch.autograd.grad((first * torch.arange(3).view(3, 1, 1)).sum(), x, create_graph=True)
        return again

    assert torch.autograd.gradcheck(second, (x,))


def test_all_derivatives_of_the_gate() -> None:
    features = torch.randn(3, 2, 4, generator=seeded(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gate, (features,))
    assert torch.autograd.gradgradcheck(gate, (features,))


def test_a_hessian_is_symmetric_and_that_of_finite_differences() -> None:
    model = build("gated")
    x, _ = data_for(model, 1)
    bias, rest = model.output.bias.detach(), parameters_of(model)

    def log_prob(bias: Tensor) -> Tensor:
        return functional_call(model, rest | {"output.bias": bias}, (x,)).squeeze(0)

    found = hessian(log_prob)(bias)
    # a Bernoulli's second derivative with respect to its logit is -p (1 - p)
    probs = model.conditionals(x).probs
    torch.testing.assert_close(found, -(probs * (1 - probs)).sum().view(1, 1).detach())


@EACH
def test_levels_that_are_known_are_still_checked_inside_a_transform(name: str) -> None:
    model = build(name)
    x, context = data_for(model)
    wrong = torch.full_like(x, model.likelihood.num_levels)
    with pytest.raises(ValueError, match="whole numbers from 0 to"):
        grad(lambda p: functional_call(model, p, (wrong, context)).sum())(parameters_of(model))


@EACH
def test_deep_copies_of_models_and_of_views_at_every_cut(name: str) -> None:
    model = build(name)
    _, context = data_for(model)
    copied = copy.deepcopy(model)
    view = model.incremental(3, context)
    for step in range(model.num_variables):
        twin = copy.deepcopy(view)
        value = torch.randint(model.likelihood.num_levels, (3,), generator=seeded(step))
        assert_same(twin.conditional(), view.conditional())
        twin.append(1 - value.clamp(max=1))  # a copy that goes its own way changes nothing here
        view.append(value)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    x, context = data_for(copied)
    assert torch.equal(copied.log_prob(x, context), build(name).log_prob(x, context))


def assert_same(one: torch.distributions.Distribution, other: torch.distributions.Distribution) -> None:
    for name in one.arg_constraints:
        if name in ("logits", "means", "log_scales"):
            assert torch.equal(getattr(one, name), getattr(other, name)), name
