"""The flow student: its density is that of its sounds, and no scale or mean reads the noise of its own sample."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import armod
from armod.distillation import FlowStudent
from tests.makers import seeded


def student(num_flows: int = 1, context_size: int = 0, channels: int = 4) -> FlowStudent:
    """A student in float64 whose heads and biases are far from zero."""
    made = FlowStudent(channels, dilations=[1, 2], num_flows=num_flows, context_size=context_size).double()
    with torch.no_grad():
        for number, parameter in enumerate(made.parameters()):
            parameter += 0.4 * torch.randn(parameter.shape, generator=seeded(number), dtype=torch.float64)
    return made


def context_for(size: int, length: int, num: int = 1) -> Tensor | None:
    return torch.randn(num, size, length, generator=seeded(9), dtype=torch.float64) if size else None


def reads(model: FlowStudent, length: int) -> Tensor:
    """[t, j]: do mean or scale of sample t react to noise j, at one of several points?"""
    seen = torch.zeros(length, length, dtype=torch.bool)
    for seed in range(6):  # at one point a unit may be dead
        (z,) = model.noise(1, length, seeded(seed))
        said = torch.autograd.functional.jacobian(lambda z: torch.stack(model(z[None]))[:, 0], z)
        seen |= (said != 0).any(0)
    return seen


@pytest.mark.parametrize("num_flows", [1, 2, 3])
@pytest.mark.parametrize("context_size", [0, 3])
def test_the_density_is_the_change_of_variables(num_flows: int, context_size: int) -> None:
    model, context = student(num_flows, context_size), context_for(context_size, 5)
    x, log_prob = model.rsample_and_log_prob(1, 5, context, seeded())
    z = model.noise(1, 5, seeded())

    def sound(z: Tensor) -> Tensor:
        mean, log_scale = model(z[None], context)
        return (mean + log_scale.exp() * z)[0]

    torch.testing.assert_close(sound(z[0])[None], x)
    jacobian = torch.autograd.functional.jacobian(sound, z[0])
    noise = armod.likelihoods.LogisticDensity(*torch.zeros(3, 5, 1, dtype=torch.float64)).log_prob(z).sum()
    assert log_prob.item() == pytest.approx((noise - jacobian.det().abs().log()).item(), abs=1e-10)


@pytest.mark.parametrize("num_flows", [1, 2])
def test_a_sample_sees_only_the_noise_before_it(num_flows: int) -> None:
    model = student(num_flows, channels=16)  # so that no sample has only dead units
    seen = reads(model, 12)
    back = torch.arange(12)[:, None] - torch.arange(12)[None, :]
    assert not seen[back <= 0].any()
    assert torch.equal(seen, (back > 0) & (back <= model.receptive_field))


def test_the_leak_that_this_would_catch(monkeypatch: pytest.MonkeyPatch) -> None:
    model = student()
    before = type(model.flows[0].inputs).before
    monkeypatch.setattr(type(model.flows[0].inputs), "before", lambda self, z: before(self, z.roll(-1, 0)))
    assert reads(model, 12).diagonal().any()


def test_given_the_noise_before_a_sample_is_logistic_with_what_forward_says() -> None:
    model, z = student(2), student(2).noise(1, 6, seeded())
    mean, log_scale = model(z)
    last = []
    for value in (-3.0, 0.0, 2.0):  # only the last sample moves, on a straight line
        other = z.clone()
        other[0, -1] = value
        again_mean, again_scale = model(other)
        torch.testing.assert_close(again_mean, mean)
        torch.testing.assert_close(again_scale, log_scale)
        last.append(mean[0, -1] + log_scale[0, -1].exp() * value)
    torch.testing.assert_close((last[1] - last[0]) / 3, log_scale[0, -1].exp())


def test_two_flows_are_one_after_the_other() -> None:
    model, z = student(2, 3), student().noise(2, 7, seeded())
    context = context_for(3, 7)
    made = z
    for flow in model.flows:
        said = flow.conditionals(made, context.expand(2, -1, -1))
        made = said.means[..., 0] + said.log_scales[..., 0].clamp(-7, 3).exp() * made
    mean, log_scale = model(z, context)
    torch.testing.assert_close(mean + log_scale.exp() * z, made)


def test_a_log_scale_is_clamped() -> None:
    model = student()
    for far, limit in ((-1e3, -7.0), (1e3, 3.0)):
        with torch.no_grad():
            model.flows[0].head.bias[-1] = far
        assert model(model.noise(1, 4, seeded()))[1].unique().tolist() == [limit]


@pytest.mark.parametrize("length", [1, 2, 3, 40])
@pytest.mark.parametrize("context_size", [0, 2])
def test_samples_of_any_length(length: int, context_size: int) -> None:
    model, context = student(2, context_size), context_for(context_size, length)
    x = model.sample(3, length, context, seeded())
    assert x.shape == (3, length) and x.isfinite().all() and not x.requires_grad
    again, log_prob = model.rsample_and_log_prob(3, length, context, seeded())
    assert torch.equal(again, x) and log_prob.shape == (3,) and log_prob.requires_grad
    assert model.sample(0, length, context).shape == (0, length)
    # a longer sound begins in the same way
    if context_size == 0:
        torch.testing.assert_close(
            model(model.noise(1, 50, seeded()))[0][:, :length],
            model(model.noise(1, 50, seeded())[:, :length])[0],
        )


def test_contexts_of_all_forms() -> None:
    model = student(1, 2)
    everywhere = torch.randn(3, 2, generator=seeded(), dtype=torch.float64)
    local = everywhere[:, :, None].expand(3, 2, 6)
    torch.testing.assert_close(
        model.sample(3, 6, everywhere, seeded()), model.sample(3, context=local, generator=seeded())
    )
    torch.testing.assert_close(
        model.sample(3, 6, everywhere[:1], seeded())[0], model.sample(3, 6, everywhere, seeded())[0]
    )


def test_no_sample_waits_for_another() -> None:
    model = student(2)
    assert armod.waves(model).tolist() == [1] * (model.receptive_field + 1)
    # and that is so: one evaluation of each flow makes them all
    calls = []
    for flow in model.flows:
        flow.head.register_forward_hook(lambda *given: calls.append(given))
    model.sample(1, 100)
    assert len(calls) == 2


def test_the_start_is_nearly_the_noise() -> None:
    model = FlowStudent(16, dilations=[1, 2, 4, 8])
    mean, log_scale = model(model.noise(2, 200, seeded()))
    assert mean.abs().mean() < 0.2 and log_scale.abs().mean() < 0.2


def test_the_global_generator_is_left_alone_and_seeds_differ() -> None:
    before = torch.random.get_rng_state()
    one, two = FlowStudent(4, dilations=[1]), FlowStudent(4, dilations=[1], seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(one.flows[0].head.weight, two.flows[0].head.weight)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: FlowStudent(0, dilations=[1]), "channels must be 1 or more, not 0"),
        (lambda: FlowStudent(4, dilations=[]), "dilations are numbers from 1 on"),
        (lambda: FlowStudent(4, dilations=[1], num_flows=0), "num_flows must be 1 or more, not 0"),
        (lambda: FlowStudent(4, dilations=[1], context_size=-1), "context_size must be 0 or more"),
        (lambda: student().sample(2), "length is the number of samples"),
        (lambda: student().sample(2, 0), "length must be 1 or more, not 0"),
        (lambda: student().sample(-1, 3), "num_samples must be 0 or more"),
        (lambda: student().sample(2, 3, torch.zeros(1, 2)), "built without a context"),
        (lambda: student(1, 2).sample(2, 3), "needs a context of shape"),
        (lambda: student(1, 2).sample(2, 3, torch.zeros(1, 2, 4)), r"has shape \(2, 2, 4\)"),
        (lambda: student(1, 1).sample(2, 3, torch.full((1, 1), torch.nan)), "context has numbers that are not finite"),
        (lambda: student().sample(2, 3, generator=0), "generator is a torch.Generator or None"),
        (lambda: student()(torch.zeros(3)), r"z is noise \(N, T\)"),
        (lambda: student()("noise"), r"z is a tensor of noise"),
    ],
)  # fmt: skip
def test_bad_calls_are_one_sentence(call, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
