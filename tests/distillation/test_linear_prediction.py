"""The whispered teacher: its density, entropy and spectrum against independent derivations."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import linalg, signal, stats

import armod
from armod.distillation import LinearPrediction, analyse, utterance_context
from tests.makers import seeded


def teacher(order: int = 3, length: int = 9) -> LinearPrediction:
    features = torch.tensor([*[1.2, -0.9, 0.4, 0.2, -0.1][:order], -1.5], dtype=torch.float64)
    return LinearPrediction(features, order=order, event_shape=(length,))


def weights_of(model: LinearPrediction) -> np.ndarray:
    """What a sample is made of, read off the means: a unit impulse shows one weight after the other."""
    impulse = torch.zeros(1, model.order + 1, dtype=torch.float64)
    impulse[0, 0] = 1
    return model.conditionals(impulse).means[0, 1:, 0].numpy()


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_density_is_that_of_filtered_noise(order: int) -> None:
    model = teacher(order)
    x = torch.randn(2, 9, generator=seeded(), dtype=torch.float64)
    filtered = signal.lfilter(np.r_[1, -weights_of(model)], [1], x.numpy(), axis=1)
    expected = stats.logistic(scale=math.exp(-1.5)).logpdf(filtered).sum(1)
    np.testing.assert_allclose(model.log_prob(x), expected, rtol=1e-10)


@pytest.mark.parametrize("order", [1, 3, 5])
def test_any_reflection_coefficients_are_stable(order: int) -> None:
    for seed in range(20):
        features = 2 * torch.randn(order + 1, generator=seeded(seed), dtype=torch.float64)
        model = LinearPrediction(features, order=order)
        poles = np.roots(np.r_[1, -weights_of(model)])
        assert (abs(poles) < 1).all()


@pytest.mark.parametrize("length", [1, 2, 3, 9])
def test_cached_samples_are_naive_ones(length: int) -> None:
    moving = LinearPrediction(order=3, event_shape=(length,)).double()
    context = torch.randn(2, 4, length, generator=seeded(), dtype=torch.float64)
    for model, told in ((teacher(3, length), None), (moving, context)):
        cached, naive = (
            model.sample(2, told, generator=seeded(), method=method) for method in ("cached", "naive")
        )
        assert cached.dtype == torch.float64
        torch.testing.assert_close(cached, naive, rtol=0, atol=1e-12)
    view = moving.incremental(2, context)
    per_variable = moving.log_prob_per_variable(cached, context)
    for t in range(length):
        torch.testing.assert_close(
            view.select([1]).conditional().log_prob(cached[1:, t]), per_variable[1:, t]
        )
        view.append(cached[:, t])


def test_the_oracle_sees_the_order() -> None:
    assert armod.check_autoregressive(teacher()).out_of_reach >= {(8, 4), (4, 0)}
    assert armod.check_autoregressive(teacher()).is_autoregressive
    assert armod.dependency_matrix(teacher())[8].nonzero().flatten().tolist() == [5, 6, 7]


def test_the_entropy_is_that_of_samples() -> None:
    model = teacher(length=400)
    estimate, error = model.entropy(200, generator=seeded())
    assert estimate / 400 == pytest.approx(model.entropy_rate(), abs=5 * error / 400)
    assert model.entropy_rate() == pytest.approx(0.5)


def test_the_spectrum_is_that_of_the_process() -> None:
    model = teacher()
    frequencies, response = signal.freqz([1], np.r_[1, -weights_of(model)], worN=65, include_nyquist=True)
    expected = abs(response) ** 2 * math.exp(-3) * math.pi**2 / 3
    np.testing.assert_allclose(model.spectrum(65), expected, rtol=1e-9)
    assert frequencies[-1] == pytest.approx(math.pi)
    x = model.sample(50, length=2000, generator=seeded())
    assert x[:, 200:].var().item() == pytest.approx(model.spectrum(1025).mean().item(), rel=0.05)


def test_what_changes_in_time_is_the_same_as_what_stays() -> None:
    model = teacher()
    x = torch.randn(2, 9, generator=seeded(), dtype=torch.float64)
    moving = LinearPrediction(order=3).double()
    for told in (model.features[None], model.features[None, :, None].expand(1, -1, 9)):
        torch.testing.assert_close(moving.log_prob(x, told), model.log_prob(x))
    torch.testing.assert_close(moving.spectrum(9, model.features[None])[0, 0], model.spectrum(9))


def test_an_analysed_process_gives_its_own_filter() -> None:
    # an independent derivation: the normal equations of the frame's own autocorrelations
    model = teacher()
    x = model.sample(1, length=4000, generator=seeded())[0]
    features, gain = analyse(x, order=3)
    frame = x[2000 - 120 : 2000 + 120].numpy() * signal.windows.hann(240, sym=False)
    lags = np.array([frame[lag:] @ frame[: 240 - lag] for lag in range(4)])
    lags[0] = lags[0] * (1 + 1e-4) + 1e-9
    expected = linalg.solve_toeplitz(lags[:3], lags[1:])
    found = weights_of(LinearPrediction(features[:, 2000], order=3))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert gain[2000].item() == pytest.approx(
        math.sqrt(lags[0] / np.square(signal.windows.hann(240, sym=False)).sum()), rel=1e-3
    )


@pytest.mark.parametrize("length", [1, 79, 80, 81, 500])
def test_sounds_of_any_length(length: int) -> None:
    features, gain = analyse(torch.randn(length, generator=seeded()))
    assert features.shape == (11, length) and gain.shape == (length,)
    assert features.isfinite().all() and (gain > 0).all()
    quiet, low = analyse(torch.zeros(length))
    assert quiet.isfinite().all() and (low < 1e-4).all()


def test_the_whispered_vowel() -> None:
    vowel = LinearPrediction.vowel()
    poles = np.roots(np.r_[1, -weights_of(vowel.double())])
    assert 0.9 < abs(poles).max() < 0.99  # it rings
    assert vowel.spectrum(1025).mean().item() == pytest.approx(1, abs=0.01)
    assert -1.5 < vowel.entropy_rate() < -0.5


def test_the_whispered_sentence_has_about_unit_variance() -> None:
    context, gain = utterance_context("0930")
    assert context.shape == (1, 11, 26_320) and gain.shape == (1, 26_320)
    window = context[:, :, 8000:12_000]
    x = LinearPrediction().sample(2, window, length=4000, generator=seeded())
    assert 0.7 < x.std() < 1.3


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: LinearPrediction(torch.zeros(3)), "features are 11 finite numbers"),
        (lambda: LinearPrediction(torch.tensor([0.0, torch.nan]), order=1), "features are 2 finite numbers"),
        (lambda: LinearPrediction("vowel"), "features is a tensor"),
        (lambda: LinearPrediction(order=0), "order must be 1 or more, not 0"),
        (lambda: LinearPrediction(event_shape=(3, 3)), "event_shape is"),
        (lambda: LinearPrediction().sample(2), "needs a context"),
        (lambda: analyse(torch.zeros(2, 3)), "wave is a sound of floats"),
        (lambda: analyse(torch.zeros(0)), "wave is a sound of floats"),
        (lambda: utterance_context("0931"), "name is one of 0870"),
        (lambda: LinearPrediction().entropy_rate(), "needs features"),
    ],
)  # fmt: skip
def test_bad_calls_are_one_sentence(call, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value)
