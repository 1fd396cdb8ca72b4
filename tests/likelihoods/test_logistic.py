"""Real-valued observations: a density that integrates to 1, draws that invert it, and a WaveNet that reads real numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor, distributions

import armod
from armod import likelihoods
from armod.likelihoods import Logistic, LogisticDensity, inverse_cdf, pick, table, temper
from tests.makers import seeded

SIZES = pytest.mark.parametrize("num_components", [1, 2, 5])


def parameters(num_components: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, 3 * num_components, generator=seeded(), dtype=torch.float64).to(dtype)


def wavenet(num_components: int = 1, context_size: int = 0, length: int = 9, **options) -> armod.WaveNet:
    """A WaveNet in float64 whose biases are not zero."""
    model = armod.WaveNet(
        (length,),
        4,
        dilations=[1, 2],
        likelihood=Logistic(num_components),
        context_size=context_size,
        **options,
    ).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=seeded(1), dtype=torch.float64)
    return model


@SIZES
def test_the_density_integrates_to_one(num_components: int) -> None:
    for row in parameters(num_components, 4):
        density = Logistic(num_components).distribution(row)
        total, error = integrate.quad(
            lambda x, density=density: density.log_prob(torch.tensor(x, dtype=torch.float64)).exp().item(),
            -200,
            200,
            points=sorted(row[num_components : 2 * num_components].tolist()),
            limit=200,
        )
        assert total == pytest.approx(1, abs=max(1e-8, 10 * error))


def test_one_component_is_scipys_logistic() -> None:
    x = np.linspace(-30, 30, 41)
    density = LogisticDensity(torch.zeros(1), torch.tensor([0.7]).double(), torch.tensor([-0.4]).double())
    ours = density.log_prob(torch.from_numpy(x))
    expected = stats.logistic(loc=0.7, scale=math.exp(-0.4))
    np.testing.assert_allclose(ours, expected.logpdf(x), rtol=1e-6)
    np.testing.assert_allclose(density.cdf(torch.from_numpy(x)), expected.cdf(x), rtol=1e-6)
    assert density.entropy().item() == pytest.approx(expected.entropy(), abs=1e-6)
    assert density.variance.item() == pytest.approx(expected.var(), rel=1e-6)


@SIZES
def test_moments_of_a_mixture_are_those_of_its_draws(num_components: int) -> None:
    density = Logistic(num_components).distribution(parameters(num_components, 1))
    u = (torch.arange(4_000, dtype=torch.float64) + 0.5) / 4_000
    draws = density.expand([4_000]).icdf(u)
    assert draws.mean().item() == pytest.approx(density.mean.item(), abs=1e-2)
    assert draws.var().item() == pytest.approx(density.variance.item(), rel=1e-2)


@SIZES
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_draw_is_the_inverse_of_the_cdf(num_components: int, dtype: torch.dtype) -> None:
    likelihood, given = Logistic(num_components), parameters(num_components, 300, dtype=dtype)
    uniform = torch.rand(300, generator=seeded(2), dtype=torch.float64) * 0.99 + 0.005
    density = likelihood.distribution(given)
    drawn = likelihood.draw(given, likelihood.noise(uniform, dtype))
    assert drawn.dtype == dtype
    assert torch.equal(drawn, inverse_cdf(density, uniform))
    torch.testing.assert_close(
        density.cdf(drawn).double(), uniform, rtol=0, atol=1e-14 if dtype == torch.float64 else 2e-6
    )


def test_a_mixture_of_equals_draws_what_one_component_draws() -> None:
    one = torch.tensor([[0.0, 0.3, -1.0]], dtype=torch.float64)
    same = torch.tensor([[0.1, -2.0, 0.3, 0.3, -1.0, -1.0]], dtype=torch.float64)
    for u in (0.001, 0.3, 0.5, 0.999):
        uniform = torch.tensor([u], dtype=torch.float64)
        expected = Logistic(1).distribution(one).icdf(uniform)
        torch.testing.assert_close(Logistic(2).distribution(same).icdf(uniform), expected, rtol=0, atol=1e-13)


@SIZES
def test_noise_at_the_ends_is_finite(num_components: int) -> None:
    given = parameters(num_components, 2, dtype=torch.float32)
    likelihood = Logistic(num_components)
    ends = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    drawn = likelihood.draw(given, likelihood.noise(ends, torch.float32))
    assert drawn.isfinite().all()
    if num_components == 1:
        furthest = (drawn - given[:, 1]) / given[:, 2].exp()
        torch.testing.assert_close(furthest.abs(), torch.full((2,), 20 * math.log(2)), rtol=1e-4, atol=0)


@SIZES
def test_a_temperature_is_that_of_the_distribution(num_components: int) -> None:
    likelihood, given = Logistic(num_components), parameters(num_components, 7)
    x = torch.linspace(-2, 2, 7, dtype=torch.float64)
    tempered = likelihood.distribution(likelihood.tempered(given, 0.5))
    torch.testing.assert_close(tempered.log_prob(x), temper(likelihood.distribution(given), 0.5).log_prob(x))
    assert (tempered.variance < likelihood.distribution(given).variance).all() or num_components > 1


def test_a_variable_is_picked() -> None:
    density = Logistic(2).distribution(parameters(2, 3, 4))
    x = torch.randn(3, 4, generator=seeded(), dtype=torch.float64)
    torch.testing.assert_close(pick(density, 2).log_prob(x[:, 2]), density.log_prob(x)[:, 2])


def test_far_out_the_logarithm_and_its_gradient_are_finite() -> None:
    for log_scale in (-1e5, -60.0, 0.0, 60.0):
        given = torch.tensor([0.0, 1e4, log_scale], requires_grad=True)
        found = Logistic().distribution(given).log_prob(torch.tensor(-1e4))
        found.backward()
        assert found.isfinite() and given.grad.isfinite().all()


def test_the_marginal_fit_covers_the_data() -> None:
    x = torch.randn(5_000, 2, generator=seeded(), dtype=torch.float64) * torch.tensor([1.0, 3.0]) + 5
    density = Logistic(3).distribution(Logistic(3).marginal(x))
    torch.testing.assert_close(density.mean, x.mean(0), rtol=0.05, atol=0.05)


@SIZES
@pytest.mark.parametrize("context_size", [0, 2])
@pytest.mark.parametrize("length", [1, 2, 3, 9])
@pytest.mark.parametrize("ordering", [None, "reversed"])
def test_cached_samples_are_naive_ones(num_components, context_size, length, ordering) -> None:
    order = None if ordering is None else armod.orderings.reversed((length,))
    model = wavenet(num_components, context_size, length, ordering=order)
    context = torch.randn(3, 2, length, generator=seeded(), dtype=torch.float64) if context_size else None
    mask = torch.rand(3, length, generator=seeded(3)) < 0.3
    for options in (
        {},
        {"temperature": 0.7},
        {"known": torch.randn(3, length, generator=seeded(4)), "mask": mask},
    ):
        cached, naive = (
            model.sample(3, context, generator=seeded(), method=method, **options)
            for method in ("cached", "naive")
        )
        assert cached.dtype == torch.float64
        torch.testing.assert_close(cached, naive, rtol=0, atol=1e-12)
        if "known" in options:
            assert torch.equal(cached[mask], options["known"].double()[mask])


@SIZES
def test_the_two_views_agree(num_components: int) -> None:
    model = wavenet(num_components)
    x = torch.randn(4, 9, generator=seeded(), dtype=torch.float64)
    view, rows = model.incremental(4), [2, 0, 0]
    per_variable = model.log_prob_per_variable(x)
    for t in range(9):
        torch.testing.assert_close(view.conditional().log_prob(x[:, t]), per_variable[:, t])
        left = x[:, t : t + 4]
        ahead = pick(view.peek(left[:, :3]), list(range(left.shape[1]))).log_prob(left)
        torch.testing.assert_close(ahead, per_variable[:, t : t + 4])
        branch = view.select(rows)
        torch.testing.assert_close(branch.conditional().log_prob(x[rows, t]), per_variable[rows, t])
        view.append(x[:, t])


def test_a_sample_has_the_density_that_the_model_says() -> None:
    # by the change of variables: dx/du is lower triangular, and each diagonal is 1 / p(x_t | x_<t)
    model = wavenet(2, length=4)
    uniform = torch.rand(1, 4, generator=seeded(), dtype=torch.float64) * 0.8 + 0.1

    def draw(u: Tensor) -> Tensor:
        return armod.sampling.samplers.sample_cached(model, u[None])[0]

    step, jacobian = 1e-6, []
    for t in range(4):
        shift = step * torch.eye(4, dtype=torch.float64)[t]
        jacobian.append((draw(uniform[0] + shift) - draw(uniform[0] - shift)) / (2 * step))
    found = -torch.stack(jacobian, dim=1).det().abs().log()
    assert found.item() == pytest.approx(model.log_prob(draw(uniform[0])[None]).item(), abs=1e-5)


def test_the_likelihood_is_differentiable_in_x() -> None:
    model = wavenet(3, context_size=2)
    x = torch.randn(2, 9, generator=seeded(), dtype=torch.float64, requires_grad=True)
    context = torch.randn(2, 2, 9, generator=seeded(), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: model.log_prob(x, context), x)


def test_the_oracle_sees_real_numbers() -> None:
    model = wavenet()
    seen = torch.tensor([[0 < i - j <= 4 for j in range(9)] for i in range(9)])
    assert torch.equal(armod.dependency_matrix(model), seen)
    assert armod.check_autoregressive(model).is_autoregressive
    assert armod.waves(model).tolist() == list(range(1, 10))


def test_a_model_learns_real_numbers() -> None:
    noise = torch.randn(128, 20, generator=seeded())
    x = torch.cumsum(noise, dim=1) / 4  # a random walk: the sample before says much
    model = armod.WaveNet((20,), 8, dilations=[1], likelihood=Logistic())
    history = armod.fit(model, x, epochs=12, batch_size=16, learning_rate=1e-2, progress=False)
    independent = model.likelihood.marginal(x.flatten()[:, None])
    blind = -model.likelihood.distribution(independent).log_prob(x.flatten()).mean().item() / math.log(2)
    assert history.train_bits_per_dim[-1] < blind - 0.8
    again = armod.evaluate(model, x)
    assert again.num_parameters == sum(parameter.numel() for parameter in model.parameters())


def test_a_model_comes_back_from_a_file(tmp_path) -> None:
    model = wavenet(2)
    armod.save(model, tmp_path / "sound.safetensors")
    again = armod.load(tmp_path / "sound.safetensors")
    assert again.likelihood == Logistic(2)
    x = torch.randn(2, 9, generator=seeded(), dtype=torch.float64)
    assert torch.equal(model.log_prob(x), again.log_prob(x))


def test_half_precision_samples_are_single() -> None:
    model = wavenet().bfloat16()
    x = model.sample(2, generator=seeded())
    assert x.dtype == torch.float32 and x.isfinite().all()
    assert model.log_prob(x).dtype == torch.float32


@pytest.mark.parametrize(
    "build",
    [
        lambda likelihood: armod.MADE((3,), [4], likelihood=likelihood),
        lambda likelihood: armod.RecurrentModel((3,), 4, likelihood=likelihood),
        lambda likelihood: armod.Transformer((3,), 4, num_layers=1, num_heads=1, likelihood=likelihood),
        lambda likelihood: armod.PixelCNN((1, 3, 3), 4, 1, likelihood=likelihood),
        lambda likelihood: armod.GatedPixelCNN((1, 3, 3), 4, 1, likelihood=likelihood),
    ],
)
def test_models_that_read_levels_refuse_it(build) -> None:
    with pytest.raises(
        ValueError, match=r"^likelihood Logistic\(num_components=1\) is of real numbers, but this"
    ):
        build(Logistic())


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda m: m.sample(1, top_k=2), ValueError, "choose among levels"),
        (lambda m: m.sample(1, top_p=0.5), ValueError, "choose among levels"),
        (lambda m: m.sample(1, greedy=True), ValueError, "choose among levels"),
        (lambda m: m.sample(1, stop=0), ValueError, "choose among levels"),
        (lambda m: m.sample(1, method="fixed-point"), ValueError, "are real numbers: use the method"),
        (armod.total_probability, ValueError, "can't be enumerated"),
        (lambda m: m.log_prob(torch.full((1, 9), torch.nan)), ValueError, "x has numbers that are not finite"),
        (lambda m: m.log_prob(torch.zeros(1, 9, dtype=torch.complex64)), ValueError, "x is complex"),
        (lambda m: m.sample(1, known=torch.full((9,), torch.inf), mask=torch.ones(9, dtype=torch.bool)), ValueError, "known has numbers"),
        (lambda m: m.incremental(1).append(torch.tensor([torch.nan])), ValueError, "value has numbers"),
        (lambda m: table(m.conditionals(torch.zeros(1, 9))), TypeError, "no table of levels"),
        (lambda m: Logistic(0), ValueError, "num_components must be 1 or more, not 0"),
        (lambda m: Logistic(1.5), ValueError, "num_components must be a whole number, not 1.5"),
        (lambda m: Logistic(2).distribution(torch.zeros(4)), ValueError, r"have shape \(..., 6\)"),
        (lambda m: LogisticDensity(torch.zeros(2), torch.zeros(3), torch.zeros(2)), ValueError, "must broadcast"),
        (lambda m: Logistic(2).distribution(torch.zeros(6)).entropy(), NotImplementedError, "no formula"),
        (lambda m: Logistic(2).distribution(torch.zeros(6)).rsample(), NotImplementedError, "have no gradient"),
    ],
)  # fmt: skip
def test_what_does_not_apply_is_refused_in_one_sentence(call, error, sentence: str) -> None:
    with pytest.raises(error, match=sentence) as caught:
        call(wavenet())
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_torch_draws_from_it_as_from_its_own() -> None:
    density = LogisticDensity(torch.zeros(3, 1), torch.ones(3, 1), torch.zeros(3, 1))
    assert isinstance(density, distributions.Distribution)
    assert density.sample((4,)).shape == (4, 3) and density.expand((2, 3)).batch_shape == (2, 3)
    assert likelihoods.num_levels(density) is None
    scale = torch.zeros(1, requires_grad=True)
    LogisticDensity(torch.zeros(1), torch.zeros(1), scale).rsample().square().backward()
    assert scale.grad.abs() > 0
