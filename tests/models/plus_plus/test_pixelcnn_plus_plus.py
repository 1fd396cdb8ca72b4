"""PixelCNN++ held against the paper: its network written out once more, the joint of a pixel, and its two views."""

from __future__ import annotations

import copy
import io
import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from armod import (
    PixelCNNPlusPlus,
    likelihoods,
    orderings,
    total_probability,
)
from armod.models.plus_plus import layers as layers_module
from armod.models.plus_plus.pixel_mixture import PixelMixture
from tests.makers import context_for, lively, pixelcnn_plus_plus, seeded

ABLATIONS = [
    {},
    {"downsampling": False},
    {"shortcuts": False},
    {"channel_dependence": False},
    {"downsampling": False, "shortcuts": False, "channel_dependence": False},
]


def images(model: PixelCNNPlusPlus, num: int = 6, seed: int = 1) -> Tensor:
    return torch.randint(model.likelihood.num_levels, (num, *model.event_shape), generator=seeded(seed))


# --- the network and the joint of the paper, written out -------------------------------------------------------------


def authors_network(model: PixelCNNPlusPlus, image: Tensor) -> Tensor:
    """The network as the authors' code runs it, on stacks of earlier outputs; with the model's weights."""
    weights = iter(model.layers)

    def elus(x: Tensor) -> Tensor:
        return F.elu(torch.cat([x, -x], 1))

    def down_shifted(x: Tensor, conv, stride: int = 1) -> Tensor:
        return F.conv2d(F.pad(x, (1, 1, 1, 0)), conv.weight, conv.bias, stride=stride)

    def down_right_shifted(x: Tensor, conv, stride: int = 1) -> Tensor:
        return F.conv2d(F.pad(x, (1, 0, 1, 0)), conv.weight, conv.bias, stride=stride)

    def resnet(x: Tensor, aside: list[Tensor], half, conv) -> Tensor:
        hidden = conv(elus(x), half.first)
        if aside:  # one 1x1 convolution of all that comes from aside
            plus, minus = zip(*(link.weight.chunk(2, 1) for link in half.links), strict=True)
            hidden = hidden + F.conv2d(elus(torch.cat(aside, 1)), torch.cat([*plus, *minus], 1))
        value, gate = conv(elus(hidden), half.second).chunk(2, 1)
        return x + value * torch.sigmoid(gate)

    def with_bias(x: Tensor, *convs) -> Tensor:  # the authors' shift would leave the first row without one
        return x + sum(conv.bias for conv in convs)[:, None, None]

    start = next(weights)
    u = F.conv2d(F.pad(image, (1, 1, 1, 0)), start.down.weight)
    above = F.conv2d(F.pad(image, (1, 1, 0, 0)), start.above.weight)
    left = F.conv2d(F.pad(image, (0, 0, 1, 0)), start.left.weight)
    u = with_bias(F.pad(u, (0, 0, 1, -1)), start.down)
    ul = with_bias(F.pad(above, (0, 0, 1, -1)) + F.pad(left, (1, -1, 0, 0)), start.above, start.left)
    us, uls = [u], [ul]
    count = sum(isinstance(layer, layers_module.Block) for layer in model.layers)
    num_resnets = (count - 2) // 6
    for level in range(3):
        if level:
            layer = next(weights)
            us.append(down_shifted(us[-1], layer.down, stride=2))
            uls.append(down_right_shifted(uls[-1], layer.right, stride=2))
        for _ in range(num_resnets):
            layer = next(weights)
            us.append(resnet(us[-1], [], layer.down, down_shifted))
            uls.append(resnet(uls[-1], [us[-1]], layer.right, down_right_shifted))
    u, ul = us.pop(), uls.pop()
    for level in range(3):
        for _ in range(num_resnets + (level > 0)):
            layer = next(weights)
            u = resnet(u, [us.pop()], layer.down, down_shifted)
            ul = resnet(ul, [u, uls.pop()], layer.right, down_right_shifted)
        if level < 2:
            layer = next(weights)
            u = F.conv_transpose2d(u, layer.down.weight, layer.down.bias, stride=2)[..., 1:]
            ul = F.conv_transpose2d(ul, layer.right.weight, layer.right.bias, stride=2)
    assert not us and not uls and next(weights, None) is None
    return F.conv2d(F.elu(ul), model.output.weight, model.output.bias)


def log_joint(outputs: Tensor, levels: Tensor, num_levels: int, num_components: int) -> Tensor:
    """``log sum_k pi_k prod_c p_k(x_c | earlier channels)`` of pixels ``(..., C)``, as section 2 of the paper has it."""
    num_channels = levels.shape[-1]
    parts = outputs.unflatten(-1, (-1, num_components)).unbind(-2)
    means, log_scales = parts[1 : 1 + num_channels], parts[1 + num_channels : 1 + 2 * num_channels]
    slopes = [part.tanh() for part in parts[1 + 2 * num_channels :]]
    x = [(2 * level.double() / (num_levels - 1) - 1)[..., None] for level in levels.unbind(-1)]
    means = list(means)
    if num_channels > 1:
        means[1] = means[1] + slopes[0] * x[0]
    if num_channels == 3:
        means[2] = means[2] + slopes[1] * x[0] + slopes[2] * x[1]
    total = parts[0].log_softmax(-1)
    half = 1 / (num_levels - 1)
    for value, mean, log_scale in zip(x, means, log_scales, strict=True):
        upper = torch.sigmoid((value + half - mean) / log_scale.exp()).where(value < 1, torch.ones(()))
        lower = torch.sigmoid((value - half - mean) / log_scale.exp()).where(value > -1, torch.zeros(()))
        total = total + (upper - lower).log()
    return total.logsumexp(-1)


@pytest.mark.parametrize(
    ("shape", "num_resnets"), [((1, 5, 6), 1), ((3, 4, 4), 1), ((1, 1, 3), 2), ((3, 9, 2), 1), ((2, 5, 3), 1)]
)
def test_likelihood_is_that_of_the_authors_network(shape: tuple[int, int, int], num_resnets: int) -> None:
    model = pixelcnn_plus_plus(shape, 4, num_resnets=num_resnets, num_mixtures=3)
    x = images(model)
    numbers = 2 * x.double() / 3 - 1
    inputs = torch.cat([numbers, torch.ones_like(numbers[:, :1])], 1)
    inputs = F.pad(inputs, (0, -shape[2] % 4, 0, -shape[1] % 4))
    outputs = authors_network(model, inputs)[:, :, : shape[1], : shape[2]].movedim(1, -1)
    expected = log_joint(outputs, x.movedim(1, -1), 4, 3).flatten(1).sum(1)
    torch.testing.assert_close(model.log_prob(x), expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    num_channels=st.integers(1, 3),
    num_components=st.integers(1, 6),
    num_levels=st.integers(2, 300),
    shape=st.lists(st.integers(0, 3), max_size=2),
    seed=st.integers(0, 99),
)
def test_the_channels_of_a_pixel_have_one_indicator(
    num_channels: int, num_components: int, num_levels: int, shape: list[int], seed: int
) -> None:
    mixture = PixelMixture(likelihoods.LogisticMixture(num_levels, num_components), num_channels)
    generator = seeded(seed)
    outputs = torch.randn(*shape, mixture.num_parameters, generator=generator, dtype=torch.float64)
    levels = torch.randint(num_levels, (*shape, num_channels), generator=generator)
    conditionals = mixture.likelihood.distribution(mixture.conditionals(outputs, levels))
    expected = log_joint(outputs, levels, num_levels, num_components)
    torch.testing.assert_close(conditionals.log_prob(levels).sum(-1), expected, rtol=1e-9, atol=1e-9)


def test_without_channel_dependence_each_channel_has_its_own_indicator() -> None:
    mixture = PixelMixture(likelihoods.LogisticMixture(7, 2), 3, channel_dependence=False)
    outputs = torch.randn(5, mixture.num_parameters, generator=seeded(), dtype=torch.float64)
    levels = torch.randint(7, (5, 3), generator=seeded(1))
    assert mixture.num_parameters == 3 * 3 * 2
    found = mixture.likelihood.distribution(mixture.conditionals(outputs, levels)).log_prob(levels)
    logits, means, log_scales = outputs.view(5, 3, 3, 2).unbind(1)
    for channel in range(3):
        alone = torch.cat([logits[:, channel], means[:, channel], log_scales[:, channel]], -1)
        torch.testing.assert_close(found[:, channel], log_joint(alone, levels[:, channel, None], 7, 2))


def test_conditionals_are_one_distribution_that_normalises() -> None:
    model = pixelcnn_plus_plus((3, 2, 3), 6)
    found = model.conditionals(images(model, 4))
    assert isinstance(found, likelihoods.DiscretizedLogisticMixture)
    assert found.batch_shape == (4, 3, 2, 3) and found.event_shape == ()
    torch.testing.assert_close(found.probs.sum(-1), torch.ones(4, 3, 2, 3, dtype=torch.float64))


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((3, 1, 2), {"num_mixtures": 3}),
        ((2, 3, 1), {"num_mixtures": 3}),
        ((3, 2, 1), {"channel_dependence": False, "ordering": orderings.reversed((3, 2, 1))}),
        ((1, 2, 3), {"shortcuts": False, "ordering": orderings.column((1, 2, 3))}),
    ],
)
def test_all_729_observations_together_have_probability_one(
    shape: tuple[int, int, int], options: dict
) -> None:
    assert total_probability(pixelcnn_plus_plus(shape, 3, **options).float()) == pytest.approx(1, abs=1e-5)


def test_rows_of_padding_are_invisible() -> None:
    tall, low = (pixelcnn_plus_plus((1, height, 6), 5) for height in (8, 5))
    low.load_state_dict(tall.state_dict() | {"ordering": low.ordering})
    x = images(tall)
    above = tall.conditionals(x), low.conditionals(x[:, :, :5])
    for name in ("logits", "means", "log_scales"):
        assert torch.equal(getattr(above[0], name)[:, :, :5], getattr(above[1], name))


# --- two views -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("downsampling", [True, False])
def test_a_whole_sample_takes_the_products_of_one_pass(downsampling: bool) -> None:
    """Each activation is computed once, and each tap of each window used once."""
    model = pixelcnn_plus_plus((1, 8, 12), 4, downsampling=downsampling)

    def product(_: tuple, matrix: tuple, weight: tuple, **__: object) -> int:
        return 2 * math.prod(matrix) * weight[-1]

    in_place = dict.fromkeys([torch.ops.aten.addmm_, torch.ops.aten.baddbmm_], product)
    with FlopCounterMode(display=False) as one_pass:
        model.conditionals(images(model, 2))
    with FlopCounterMode(display=False, custom_mapping=in_place) as whole_sample:
        model.sample(2, generator=seeded())
    assert whole_sample.get_total_flops() == one_pass.get_total_flops() > 0


@pytest.mark.parametrize("is_local", [True, False])
def test_turned_images_and_contexts_have_the_raster_model_s_likelihood(is_local: bool) -> None:
    shape = (3, 3, 5)
    raster = pixelcnn_plus_plus(shape, 4, context_channels=2)
    x, context = images(raster), context_for(raster, 6, local=is_local)
    expected = raster.log_prob(x, context)
    backward = pixelcnn_plus_plus(shape, 4, context_channels=2, ordering=orderings.reversed(shape))
    turned = context.flip(2, 3) if is_local else context
    torch.testing.assert_close(backward.log_prob(x.flip(1, 2, 3), turned), expected)
    columns = pixelcnn_plus_plus((3, 5, 3), 4, context_channels=2, ordering=orderings.column((3, 5, 3)))
    turned = context.mT if is_local else context
    torch.testing.assert_close(columns.log_prob(x.mT, turned), expected)
    assert not torch.allclose(raster.log_prob(x, context + 1), expected)


@pytest.mark.parametrize(("height", "width"), [(4, 8), (4, 5), (6, 4), (3, 7), (1, 1), (2, 9)])
def test_a_global_context_is_one_that_is_the_same_everywhere(height: int, width: int) -> None:
    model = pixelcnn_plus_plus(
        (1, height, width), 4, context_channels=3, ordering=orderings.column((1, height, width))
    )
    x, context = images(model), context_for(model, 6, local=False)
    everywhere = context[:, :, None, None].expand(-1, -1, height, width)
    torch.testing.assert_close(model.log_prob(x, context), model.log_prob(x, everywhere))


def test_a_local_context_reaches_even_the_first_pixel_and_across_the_image() -> None:
    model = pixelcnn_plus_plus((1, 5, 5), 4, context_channels=1)
    x, context = images(model, 1), context_for(model, 1, local=True)
    before = model.conditionals(x, context).means
    context[..., 0, 0] += 1
    assert (model.conditionals(x, context).means != before).flatten()[:-1].all()


@pytest.mark.parametrize("height", range(4, 8))
@pytest.mark.parametrize("width", range(1, 5))
def test_lower_resolutions_see_averages_over_the_image_s_own_pixels(height: int, width: int) -> None:
    model = pixelcnn_plus_plus((1, height, width), 4, context_channels=2)
    context = context_for(model, 3, local=True)
    padded = [-(-size // 4) * 4 for size in (height, width)]
    contexts = model._contexts(context)
    assert set(contexts) == {1, 2, 4}
    for scale, seen in contexts.items():
        assert tuple(seen.shape) == (3, 2, padded[0] // scale, padded[1] // scale)
        for row, column in itertools.product(*map(range, seen.shape[2:])):
            # a cell without a pixel of its own has the value of the nearest one that has some
            top, left = min(row, (height - 1) // scale) * scale, min(column, (width - 1) // scale) * scale
            own = [
                context[..., r, c]
                for r in range(top, min(top + scale, height))
                for c in range(left, min(left + scale, width))
            ]
            torch.testing.assert_close(seen[..., row, column], torch.stack(own).mean(0))
        if [height, width] == padded:
            assert torch.equal(seen, F.avg_pool2d(context, scale))


@pytest.mark.parametrize("height", range(1, 5))
@pytest.mark.parametrize("width", range(1, 5))
def test_both_views_see_the_same_local_context_at_every_size(height: int, width: int) -> None:
    model = pixelcnn_plus_plus((1, height, width), 4, context_channels=2)
    context = context_for(model, 5, local=True)
    cached, naive = (
        model.sample(5, context, generator=seeded(4), method=method) for method in ("cached", "naive")
    )
    assert torch.equal(cached, naive)
    assert not torch.allclose(model.log_prob(cached, context), model.log_prob(cached, context.flip(0)))


# --- as a module -----------------------------------------------------------------------------------------------------


def test_ablations_keep_what_they_do_not_switch_off() -> None:
    def count(**options) -> int:
        return sum(p.numel() for p in PixelCNNPlusPlus((3, 8, 8), 6, **options).parameters())

    assert count(downsampling=False) == count()
    # a 1x1 convolution of 12 features in each half of each of the 8 blocks on the way up
    assert count() - count(shortcuts=False) == 8 * 2 * 12 * 6
    assert count() - count(channel_dependence=False) == (5 * 10 - 5 * 9) * 7


@pytest.mark.parametrize("options", ABLATIONS)
def test_every_ablation_learns(options: dict) -> None:
    model = PixelCNNPlusPlus((3, 3, 2), 4, num_resnets=1, num_levels=4, **options)
    x = torch.tensor([0, 3, 1])[:, None, None].expand(4, -1, 3, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    before = model.bits_per_dim(x).mean().item()
    for _ in range(12):
        optimizer.zero_grad()
        loss = -model(x).mean()
        loss.backward()
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
        optimizer.step()
    assert model.bits_per_dim(x).mean().item() < before - 0.3


def test_gradients_in_float64() -> None:
    model = pixelcnn_plus_plus((3, 1, 2), 4)
    x = images(model, 2)
    names = ["layers.0.left.bias", "layers.2.down.bias", "layers.3.right.second.bias", "output.bias"]

    def log_prob(*values: Tensor) -> Tensor:
        return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (x,))

    parameters = dict(model.named_parameters())
    assert torch.autograd.gradcheck(log_prob, [parameters[name] for name in names])


def test_dropout_in_training_only() -> None:
    model = pixelcnn_plus_plus((1, 3, 3), 4, dropout=0.5)
    plain = pixelcnn_plus_plus((1, 3, 3), 4)
    x = images(model)
    with torch.random.fork_rng():
        assert not torch.equal(model.train().log_prob(x), model.log_prob(x))
    assert torch.equal(model.eval().log_prob(x), plain.log_prob(x))


def test_a_view_keeps_the_weights_it_was_made_with() -> None:
    model = pixelcnn_plus_plus((1, 2, 2), 4, context_channels=1)
    context = context_for(model, 3, local=False)
    view, expected = model.incremental(3, context), copy.deepcopy(model).incremental(3, context.clone())
    lively(model, seed=5)
    context += 1
    edited = model.incremental(3, context)
    for _ in range(4):
        assert torch.equal(view.conditional().means, expected.conditional().means)
        assert not torch.allclose(view.conditional().means, edited.conditional().means)
        for each in (view, expected, edited):
            each.append(torch.ones(3))


def test_a_state_dict_brings_weights_and_ordering() -> None:
    shape = (1, 3, 4)
    model = pixelcnn_plus_plus(shape, 4, ordering=orderings.column(shape))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = PixelCNNPlusPlus(shape, 4, num_resnets=1, num_mixtures=2, num_levels=4, seed=3).double()
    other.load_state_dict(torch.load(file, weights_only=True))
    x = images(model)
    assert torch.equal(other.log_prob(x), model.log_prob(x))
    assert torch.equal(other.sample(3, generator=seeded()), model.sample(3, generator=seeded()))


def test_the_compiler_takes_the_forward_pass_whole() -> None:
    model = pixelcnn_plus_plus((3, 2, 3), 4, context_channels=1)
    x, context = images(model), context_for(model, 6, local=True)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with torch.no_grad():  # the backward pass would double the time of the test
        torch.testing.assert_close(compiled(x, context), model(x, context))


def test_initial_weights_come_from_the_seed() -> None:
    first, again, other = (PixelCNNPlusPlus((1, 4, 4), 3, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert all(not torch.equal(first[name], other[name]) for name in first if name != "ordering"), (
        "a parameter was left as it was"
    )


@pytest.mark.parametrize(
    ("shape", "options", "sentence"),
    [
        ((4, 4, 4), {}, "1, 2 or 3 channels"),
        ((4, 4), {}, r"event_shape is \(C, H, W\)"),
        (16, {}, r"event_shape is \(C, H, W\)"),
        ((1, 0, 4), {}, "sizes of at least 1"),
        ((1, 4, 4), {"channels": 0}, "channels must be 1 or more, not 0"),
        ((1, 4, 4), {"num_resnets": 0}, "num_resnets must be 1 or more, not 0"),
        ((1, 4, 4), {"num_mixtures": 0}, "num_mixtures must be 1 or more, not 0"),
        ((1, 4, 4), {"num_levels": 1}, "num_levels must be 2 or more, not 1"),
        ((1, 4, 4), {"context_channels": -1}, "context_channels must be 0 or more, not -1"),
        ((1, 4, 4), {"dropout": 1.0}, "dropout"),
        ((1, 2, 2), {"ordering": [0, 3, 1, 2]}, "raster"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(shape, options: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        PixelCNNPlusPlus(shape, **({"channels": 2} | options))
    assert "\n" not in str(error.value)
