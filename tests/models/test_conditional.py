"""An encoder and a model are one model: its two views agree, the input reaches what it must, and rows stay apart."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import armod
from armod import AutoregressiveModel, Conditional, encoders, likelihoods
from armod.likelihoods import log_prob as log_prob_of
from tests.makers import lively, made, seeded

BITS, THREE = likelihoods.Bernoulli(), likelihoods.Categorical(3)
N = 4


class Mean(nn.Module):
    """A global context of the mean of an image: an encoder of somebody's own."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.linear = nn.Linear(1, channels)

    def forward(self, raw: Tensor) -> Tensor:
        return self.linear(raw.flatten(1).mean(1, keepdim=True))


def conditional(encoder: nn.Module, model: AutoregressiveModel, **options: bool) -> Conditional:
    return lively(Conditional(encoder, model, **options), scale=0.4).double()


def images(scale: float = 1, channels: int = 3, **options: int) -> nn.Module:
    return encoders.images(2, channels, scale=scale, channels=4, num_layers=1, **options)


def sequences(channels: int = 3, **options: int) -> nn.Module:
    return encoders.sequences(2, channels, channels=4, num_layers=1, **options)


# each with the shape of one raw input
CASES: dict[str, tuple[Callable[[], Conditional], tuple[int, ...]]] = {
    "gated, the same size": (
        lambda: conditional(
            images(), armod.GatedPixelCNN((1, 3, 4), 4, 1, likelihood=BITS, context_channels=3)
        ),
        (2, 3, 4),
    ),
    "pixelcnn, colour, larger": (
        lambda: conditional(images(2), armod.PixelCNN((3, 4, 2), 6, 1, likelihood=THREE, context_channels=3)),
        (2, 2, 1),
    ),
    "pixelcnn++, smaller, column": (
        lambda: conditional(
            images(1 / 2),
            armod.PixelCNNPlusPlus(
                (1, 3, 2),
                4,
                num_resnets=1,
                num_mixtures=2,
                num_levels=3,
                context_channels=3,
                ordering=armod.orderings.column((1, 3, 2)),
            ),
        ),
        (2, 6, 4),
    ),
    "multi-scale, one pixel of input, coordinates": (
        lambda: conditional(
            images(3),
            armod.MultiScale((1, 3, 3), 4, 1, likelihood=BITS, context_channels=3, coordinates=True),
        ),
        (2, 1, 1),
    ),
    "subscale": (
        lambda: conditional(
            images(), armod.Subscale((1, 3, 2), 2, 4, 1, likelihood=BITS, context_channels=3)
        ),
        (2, 3, 2),
    ),
    "wavenet, hop": (
        lambda: conditional(
            sequences(hop=3), armod.WaveNet((6,), 3, dilations=[1, 2], likelihood=THREE, context_size=3)
        ),
        (2, 2),
    ),
    "wavenet, a context at its own rate": (
        lambda: conditional(
            sequences(),
            armod.WaveNet((6,), 3, dilations=[1, 2], likelihood=THREE, context_size=3, context_hop=2),
        ),
        (2, 3),
    ),
    "recurrent, one variable": (
        lambda: conditional(sequences(), armod.RecurrentModel((1,), 4, likelihood=THREE, context_size=3)),
        (2, 1),
    ),
    "transformer, interpolated, reversed": (
        lambda: conditional(
            sequences(hop=2, interpolate=True),
            armod.Transformer(
                (4,), 6, num_layers=1, num_heads=2, likelihood=BITS, context_size=3, ordering=[3, 2, 1, 0]
            ),
        ),
        (2, 2),
    ),
    "made, global, not normalised": (
        lambda: conditional(Mean(3), made((4,), (12,), 3, context_size=3), normalise=False),
        (2, 3),
    ),
    "two encoders": (
        lambda: conditional(
            images(2, 2),
            conditional(images(), armod.GatedPixelCNN((1, 2, 2), 4, 1, likelihood=BITS, context_channels=3)),
        ),
        (2, 1, 1),
    ),
}
EACH = pytest.mark.parametrize(("build", "shape"), CASES.values(), ids=CASES.keys())
Build = Callable[[], Conditional]


def inputs_for(shape: tuple[int, ...], num: int = N) -> Tensor:
    return torch.randn(num, *shape, generator=seeded(9), dtype=torch.float64)


def levels_for(model: Conditional, num: int = N) -> Tensor:
    return torch.randint(model.likelihood.num_levels, (num, *model.event_shape), generator=seeded(1))


@EACH
def test_both_views_are_those_of_the_model_behind_it(build: Build, shape: tuple[int, ...]) -> None:
    model = build()
    x, raw = levels_for(model), inputs_for(shape)
    log_probs = log_prob_of(model.conditionals(x, raw), x)
    by_hand = model.model.conditionals(x, model.encode(raw))
    torch.testing.assert_close(log_probs, log_prob_of(by_hand, x), rtol=1e-12, atol=0)
    torch.testing.assert_close(model.log_prob_per_variable(x, raw), log_probs, rtol=1e-10, atol=0)
    torch.testing.assert_close(model(x, raw), log_probs.flatten(1).sum(1), rtol=1e-10, atol=0)
    bits = -model.log_prob(x, raw) / (math.log(2) * model.num_variables)
    torch.testing.assert_close(model.bits_per_dim(x, raw), bits)
    view = model.incremental(N, raw)
    for step, variable in enumerate(model.ordering.tolist()):
        value = x.flatten(1)[:, variable]
        found = log_prob_of(view.conditional(), value)
        torch.testing.assert_close(found, log_probs.flatten(1)[:, variable], rtol=0, atol=1e-10)
        if step == 0:
            peeked = view.peek(value[:, None]).log_prob(x.flatten(1)[:, model.ordering[:2]].double())
            torch.testing.assert_close(
                peeked, log_probs.flatten(1)[:, model.ordering[:2]], atol=1e-10, rtol=0
            )
            other = view.select([2, 0])
            torch.testing.assert_close(log_prob_of(other.conditional(), value[[2, 0]]), found[[2, 0]])
        view.append(value)


@EACH
def test_every_method_gives_the_same_sample_and_the_same_completion(
    build: Build, shape: tuple[int, ...]
) -> None:
    model = build()
    x, raw = levels_for(model), inputs_for(shape)
    mask = torch.rand(x.shape, generator=seeded(2)) < 0.4
    for completion in ({}, {"known": x, "mask": mask}, {"temperature": 0.6, "top_k": 2}):
        cached, naive, guessed = (
            model.sample(N, raw, generator=seeded(3), method=method, **completion)
            for method in ("cached", "naive", "fixed-point")
        )
        assert torch.equal(cached, naive) and torch.equal(cached, guessed)
    assert torch.equal(model.sample(context=raw, known=x, mask=mask)[mask], x[mask])
    one = model.sample(3, raw[:1], generator=seeded(3))
    assert torch.equal(one, model.sample(3, raw[:1].repeat(3, *[1] * len(shape)), generator=seeded(3)))
    assert model.sample(0, raw[:0]).shape == (0, *model.event_shape)


def test_a_sequence_may_have_any_length() -> None:
    for name, frames in {"wavenet, hop": 3, "wavenet, a context at its own rate": 5}.items():
        model = CASES[name][0]()
        raw, length = inputs_for((2, frames), 2), 9 if "hop" in name else 10
        cached, naive = (
            model.sample(2, raw, length=length, generator=seeded(), method=m) for m in ("cached", "naive")
        )
        assert torch.equal(cached, naive) and cached.shape == (2, length)
        assert model.log_prob(cached, raw).shape == (2,)
        assert model.incremental(2, raw).conditional().batch_shape == (2,)


@EACH
def test_a_batch_is_its_members_one_by_one(build: Build, shape: tuple[int, ...]) -> None:
    """A norm over the batch would fail here."""
    model = build()
    x, raw = levels_for(model), inputs_for(shape)
    rows = [model.log_prob(x[n : n + 1], raw[n : n + 1]) for n in range(N)]
    torch.testing.assert_close(model.log_prob(x, raw), torch.cat(rows), rtol=1e-10, atol=0)
    louder = torch.cat([raw[:1], 1000 * raw[1:]])
    torch.testing.assert_close(model.log_prob(x, louder)[:1], rows[0], rtol=1e-10, atol=0)
    alone = model.log_prob(x, raw[:1])  # one input for all
    torch.testing.assert_close(
        alone, model.log_prob(x, raw[:1].repeat(N, *[1] * len(shape))), rtol=1e-10, atol=0
    )


@EACH
def test_the_probabilities_of_all_observations_sum_to_one(build: Build, shape: tuple[int, ...]) -> None:
    model = build()
    num_levels, num = model.likelihood.num_levels, model.num_variables
    if num_levels**num > 5000:
        return
    every = torch.cartesian_prod(*[torch.arange(num_levels)] * num).view(-1, *model.event_shape)
    for raw in inputs_for(shape, 2):
        assert model.log_prob(every, raw[None]).exp().sum().item() == pytest.approx(1, abs=1e-10)


@EACH
def test_a_model_comes_back_from_a_file(build: Build, shape: tuple[int, ...], tmp_path: Path) -> None:
    model = build()
    x, raw = levels_for(model), inputs_for(shape)
    armod.save(model, tmp_path / "model")
    if isinstance(model.encoder, Mean):
        with pytest.raises(
            ValueError, match=r"needs the class .*Mean, which armod does not import by itself"
        ):
            armod.load(tmp_path / "model")
    loaded = armod.load(tmp_path / "model", classes=[Mean])
    assert torch.equal(loaded.log_prob(x, raw), model.eval().log_prob(x, raw))
    assert torch.equal(*(one.sample(context=raw, generator=seeded()) for one in (model, loaded)))
    assert loaded.normalise == model.normalise and list(loaded.state_dict()) == list(model.state_dict())
    again = copy.deepcopy(model)
    again.load_state_dict(loaded.state_dict())
    assert torch.equal(again.log_prob(x, raw), model.log_prob(x, raw))


def small(normalise: bool = True) -> Conditional:
    pixels = armod.GatedPixelCNN((1, 2, 2), 4, 1, likelihood=BITS, context_channels=3)
    return Conditional(images(), pixels, normalise=normalise)


def test_files_refuse_what_they_could_not_bring_back(tmp_path: Path) -> None:
    pixels = armod.GatedPixelCNN((1, 2, 2), 4, 1, likelihood=BITS, context_channels=3)
    layers = nn.Sequential(nn.Conv2d(2, 3, 1))
    with pytest.raises(
        ValueError, match=r"The argument encoder of Conditional is a Sequential, which a file can't hold"
    ):
        armod.save(Conditional(layers, pixels), tmp_path / "model")
    changed = images()
    changed.layers.append(nn.Conv2d(4, 4, 1))
    with pytest.raises(ValueError, match=r"This ImageEncoder is no longer .* because layers\.1 was changed"):
        armod.save(Conditional(changed, pixels), tmp_path / "model")
    model = small()
    model.model.kernel_size = 5
    with pytest.raises(
        ValueError, match=r"This GatedPixelCNN is no longer .* because kernel_size was changed"
    ):
        armod.save(model, tmp_path / "model")
    plain, normalised = small(normalise=False), small()
    with pytest.raises(ValueError, match="normalise=False, but this Conditional has normalise=True"):
        normalised.load_state_dict(plain.state_dict())


def test_the_context_has_the_same_size_whatever_the_encoder_makes() -> None:
    model = small().double()
    raw = inputs_for((2, 2, 2))
    with torch.no_grad():
        for factor in (0.3, 1, 1e3, 1e6):
            model.encoder.last.weight.normal_(0, factor, generator=seeded())
            model.encoder.last.bias.zero_()
            size = model.encode(raw).square().mean(1)
            torch.testing.assert_close(size, torch.ones_like(size), rtol=0, atol=0.05)
        model.encoder.last.weight.zero_()
        assert torch.equal(model.encode(raw), torch.zeros(N, 3, 2, 2, dtype=torch.float64))
    model.log_prob(levels_for(model), raw).sum().backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in model.parameters())
    half = encoders.normalised(torch.full((1, 2), 6e4, dtype=torch.float16))
    assert torch.equal(half, torch.ones_like(half))  # its square is infinite in float16
    assert not torch.allclose(small(normalise=False).encode(raw.float()).square().mean(1), torch.ones(1))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_gives_samples_and_single_log_probabilities(dtype: torch.dtype) -> None:
    model = small().to(dtype)
    raw = inputs_for((2, 2, 2)).float()
    x = model.sample(context=raw, generator=seeded())
    assert model.encode(raw).dtype == dtype and model.log_prob(x, raw).dtype == torch.float32
    exact = copy.deepcopy(model).double().log_prob(x, raw.to(dtype))
    torch.testing.assert_close(model.log_prob(x, raw).double(), exact, rtol=0.05, atol=0.05)


def test_an_ensemble_behind_an_encoder_learns_and_samples_as_an_ensemble() -> None:
    model = conditional(Mean(3), made((3,), (12,), 3, num_masks=2, context_size=3))
    x, raw = levels_for(model, 5), inputs_for((2, 3), 5)
    members = [member.log_prob(x, model.encode(raw)) for member in model.model.members]
    expected = torch.stack(members).logsumexp(0) - math.log(2)
    torch.testing.assert_close(model.log_prob(x, raw), expected)
    for step in (0, 1):
        torch.testing.assert_close(model.training_log_prob(x, raw, step=step), members[step])
    assert model.sample(context=raw, generator=seeded()).shape == (5, 3)


def test_fit_trains_encoder_and_model_together_and_the_input_matters() -> None:
    """Each image shows at its left edge what its input, a number at the lower right, says."""
    raw = torch.zeros(16, 2, 3, 3)
    raw[::2, :, 2, 2] = 1
    x = torch.zeros(16, 1, 3, 3, dtype=torch.uint8)
    x[::2, :, :, 0] = 1
    pixels = armod.GatedPixelCNN((1, 3, 3), 6, 1, likelihood=BITS, context_channels=4)
    model = Conditional(encoders.images(2, 4, channels=8, num_layers=2), pixels)
    before = copy.deepcopy(model.state_dict())
    armod.fit(model, (x, raw), epochs=40, batch_size=4, learning_rate=0.02, progress=False)
    right, wrong = model.log_prob(x, raw).mean().item(), model.log_prob(x, raw.flip(0)).mean().item()
    assert right > -0.2 > -0.6 > wrong  # an unconditional model loses log 2 = 0.69 at least
    assert armod.evaluate(model, (x, raw)).nats == pytest.approx(-right, abs=1e-4)
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert {"encoder.first.weight", "encoder.last.bias"} <= moved
    assert torch.equal(model.sample(context=raw[:2], greedy=True), x[:2].long())


def test_it_does_what_every_model_does() -> None:
    model, other = small(), small()
    x, raw = levels_for(model), inputs_for((2, 2, 2)).float()
    one_by_one = torch.func.vmap(lambda x, raw: model.log_prob(x[None], raw[None])[0])(x, raw)
    torch.testing.assert_close(one_by_one, model.log_prob(x, raw))
    speculative = armod.sampling.Speculative(other, window=2)  # the draft reads the raw input, too
    assert model.sample(context=raw, method=speculative).shape == x.shape
    assert speculative.report.evaluations <= 4
    assert model.entropy(context=raw)[1] > 0 and model.sample_and_log_prob(context=raw)[1].shape == (N,)
    streamed = [item.level.item() for item in model.stream(raw[:1], generator=seeded())]
    assert streamed == model.sample(1, raw[:1], generator=seeded()).flatten().tolist()
    mask = torch.tensor([[False, False], [True, True]])
    whole = torch.full((2, 2), True)
    known_below = armod.completion_log_prob(model, x, mask, raw)
    assert known_below.shape == (N,)
    assert torch.equal(armod.completion_log_prob(model, x, whole, raw), torch.zeros(N))
    assert model.receptive_field(1, 1).shape == (1, 2, 2)


def test_a_bad_call_is_one_sentence() -> None:
    model = small()
    x, raw = levels_for(model), inputs_for((2, 2, 2)).float()
    pixels = armod.GatedPixelCNN((1, 2, 2), 4, 1, likelihood=BITS)
    for call, words in [
        (lambda: Conditional(images(), pixels), "this GatedPixelCNN was built without one"),
        (lambda: Conditional(small(), images()), "encoder is a module from the raw input .*, not a Conditional"),
        (lambda: Conditional(images(), images()), "model is an AutoregressiveModel, not ImageEncoder"),
        (lambda: Conditional(abs, small()), "encoder is a module"),
        (lambda: Conditional(images(), small(), normalise="yes"), "normalise must be True or False"),
        (lambda: model.log_prob(x), "needs a context, which its encoder reads"),
        (lambda: model.sample(2), "needs a context, which its encoder reads"),
        (lambda: model.log_prob(x, [[0.0]]), "context is a tensor of what the encoder reads"),
        (lambda: model.log_prob(x, torch.tensor(0.0)), r"not shape \(\)"),
        (lambda: model.log_prob(x, raw[:3]), "a row for each of the 4 observations, or one row for all"),
        (lambda: model.incremental(3, raw), "a row for each of the 3 observations"),
        (lambda: model.log_prob(x, raw[:, :1]), r"has shape \(N, 2, h, w\), not \(4, 1, 2, 2\)"),
        (lambda: model.log_prob(x, raw[..., :1]), r"The encoder's output, of shape \(4, 3, 2, 1\), does not fit"),
        (lambda: model.sample(context=raw * math.nan), "not finite"),
        (lambda: model.log_prob(x[:, 0], raw), "Observations of this model have shape"),
        (lambda: Conditional(nn.Linear(3, 4), small()).encode(raw), "The encoder can't read a context of shape"),
        (lambda: Conditional(nn.Flatten(0), small()).encode(raw), r"but it gave torch.float32 \(32,\)"),
        (lambda: Conditional(nn.LSTM(2, 3), small()).encode(raw[:, 0]), "but it gave a tuple"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=words) as refused:
            call()
        assert str(refused.value).count(". ") == 0
    with torch.no_grad():
        model.encoder.last.bias.fill_(math.nan)
    with pytest.raises(ValueError, match=r"The weights `encoder.last.bias` are not all finite"):
        model.sample(context=raw)


def test_a_subclass_that_changes_the_conditionals_samples_what_they_say() -> None:
    class Shy(Conditional):
        def conditionals(self, x: Tensor, context: Tensor | None = None) -> torch.distributions.Distribution:
            return super().conditionals(0 * x, context)

    model = Shy(images(), armod.GatedPixelCNN((1, 2, 2), 4, 1, likelihood=BITS, context_channels=3)).double()
    x, raw = levels_for(model), inputs_for((2, 2, 2))
    torch.testing.assert_close(
        model.log_prob(x, raw), log_prob_of(model.conditionals(x, raw), x).sum((1, 2, 3))
    )
    cached, naive = (model.sample(3, raw[:1], generator=seeded(3), method=m) for m in ("cached", "naive"))
    assert torch.equal(cached, naive)
