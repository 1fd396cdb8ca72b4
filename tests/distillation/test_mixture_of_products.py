"""A mixture of products: its likelihood by enumeration, its fit by what expectation-maximisation promises, its draws by counts."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

import armod
from armod import Histogram
from armod.distillation import MixtureOfProducts
from armod.settings import generator_of


def every(num_variables: int, num_levels: int) -> Tensor:
    """Every observation ``(K**D, D)``."""
    return torch.tensor(list(itertools.product(range(num_levels), repeat=num_variables)))


def entropy(probs: Tensor) -> Tensor:
    return -(probs * probs.clamp(min=1e-300).log()).sum(-1)


@pytest.fixture(scope="module", params=[((2, 3), 2), ((4,), 3), ((1,), 5), ((2, 1, 2), 2)])
def fitted(request: pytest.FixtureRequest) -> MixtureOfProducts:
    shape, num_levels = request.param
    x = torch.randint(num_levels, (37, *shape), generator=generator_of(3))
    x[:20] //= 2
    return MixtureOfProducts(3).fit(x, num_levels=num_levels, steps=4)


def test_it_sums_to_one(fitted: MixtureOfProducts) -> None:
    x = every(fitted.event_shape.numel(), fitted.num_levels).view(-1, *fitted.event_shape)
    assert math.isclose(fitted.log_prob(x).exp().sum(), 1, rel_tol=1e-12)


def test_the_likelihood_is_the_formula(fitted: MixtureOfProducts) -> None:
    x = every(fitted.event_shape.numel(), fitted.num_levels)[-5:]
    for row in x:
        total = 0.0
        for weight, probs in zip(fitted.weights.tolist(), fitted.probs.flatten(1, -2).tolist(), strict=True):
            total += weight * math.prod(probs[d][level] for d, level in enumerate(row.tolist()))
        one = fitted(row.view(1, *fitted.event_shape).to(torch.uint8))
        assert one.dtype == torch.float64
        assert math.isclose(one.item(), math.log(total), rel_tol=1e-12)


def test_no_step_makes_the_fit_worse() -> None:
    x, smoothing = torch.randint(3, (200, 6), generator=generator_of(0)), 0.3
    x[:100, :3] = 0
    gains = []
    for steps in range(1, 12):
        model = MixtureOfProducts(4).fit(x, steps=steps, smoothing=smoothing)
        gains.append((model.log_prob(x).sum() + smoothing * model.probs.log().sum()).item())
    rises = torch.tensor(gains).diff()
    assert (rises > -1e-3).all() and rises.sum() > 1


def test_two_patterns_are_found() -> None:
    patterns = torch.tensor([[0, 0, 0, 0, 2], [1, 1, 2, 2, 0]])
    x = patterns[torch.tensor([0] * 30 + [1] * 10)]
    model = MixtureOfProducts(2).fit(x, smoothing=1e-3, seed=1)
    assert torch.allclose(model.weights.sort().values, torch.tensor([0.25, 0.75]).double(), atol=1e-4)
    assert model.probs.argmax(-1)[model.weights.argsort(descending=True)].equal(patterns)


@pytest.mark.parametrize("num_levels", [2, 3])
def test_independent_variables_lose_what_their_entropies_exceed_the_teachers_by(num_levels: int) -> None:
    # a teacher whose probabilities are the shares of the very rows that the student is fitted to
    x = torch.randint(num_levels, (50, 4), generator=generator_of(1))
    x[:, 3] = x[:, 0]
    teacher, student = Histogram((4,), num_levels).fit(x), MixtureOfProducts(1).fit(x, smoothing=1e-9)
    states = every(4, num_levels)
    of_teacher = teacher.log_prob(states)
    of_states = of_teacher.exp()
    kl = (of_states * (of_teacher - student.log_prob(states)))[of_states > 0].sum()
    shares = torch.stack([(x == level).double().mean(0) for level in range(num_levels)], -1)
    expected = entropy(shares).sum() - entropy(of_states)
    assert expected > 0.5
    assert math.isclose(kl, expected, rel_tol=1e-6)


def test_it_draws_its_own_distribution(fitted: MixtureOfProducts) -> None:
    number = 40_000
    drawn = fitted.sample(number, generator=generator_of(5))
    assert drawn.dtype == torch.int64 and drawn.shape == (number, *fitted.event_shape)
    states = every(fitted.event_shape.numel(), fitted.num_levels)
    place = fitted.num_levels ** torch.arange(states.shape[1] - 1, -1, -1)
    shares = torch.bincount(drawn.flatten(1) @ place, minlength=len(states)) / number
    probs = fitted.log_prob(states.view(-1, *fitted.event_shape)).exp()
    assert ((shares - probs).abs() < 5 * (probs * (1 - probs) / number).sqrt() + 1e-4).all()


def test_probabilities_below_15_bits_are_drawn() -> None:
    model = MixtureOfProducts(1).fit(torch.zeros(1, 1000), num_levels=3)
    rare = 2.0**-17
    model.probs[..., 0], model.probs[..., 1], model.probs[..., 2] = rare, rare, 1 - 2 * rare
    drawn = model.sample(4000, generator=generator_of(0))
    for level in (0, 1):  # 30.5 of them are due; 0 or 122 without the bits that come after the first 15
        assert 8 <= (drawn == level).sum() <= 60


def test_the_generator_decides(fitted: MixtureOfProducts) -> None:
    before = torch.get_rng_state()
    first, second = (fitted.sample(7, generator=generator_of(seed)) for seed in (2, 2))
    assert first.equal(second) and torch.get_rng_state().equal(before)
    assert fitted.sample(0, generator=generator_of(2)).shape == (0, *fitted.event_shape)
    assert fitted.log_prob(fitted.sample(0)).shape == (0,)
    torch.manual_seed(2)
    assert fitted.sample(7).equal(first)


def test_one_level_is_certain() -> None:
    model = MixtureOfProducts(2).fit(torch.zeros(3, 4), num_levels=1)
    assert model.sample(2).tolist() == [[0] * 4] * 2 and model.log_prob(torch.zeros(1, 4)).item() == 0


def test_a_fit_is_saved_as_any_module(fitted: MixtureOfProducts) -> None:
    other = MixtureOfProducts(3)
    other.load_state_dict(fitted.state_dict())
    x = fitted.sample(5, generator=generator_of(0))
    assert other.log_prob(x).equal(fitted.log_prob(x))
    with pytest.raises(RuntimeError, match="size mismatch for weights"):
        MixtureOfProducts(2).load_state_dict(fitted.state_dict())


def test_what_a_teacher_of_digits_hands_on() -> None:
    """200 components lose 57 nats, independent pixels 103; digits themselves teach digits better than the teacher does."""
    teacher = armod.load_pretrained("made-digits28")
    with torch.no_grad():
        x, held_out = teacher.sample(12_000, generator=generator_of(0)).split([10_000, 2_000])
        of_teacher = teacher.log_prob(held_out)
    student, independent = MixtureOfProducts(200).fit(x, steps=6), MixtureOfProducts(1).fit(x, steps=1)
    kl = {
        each.num_components: (of_teacher - each.log_prob(held_out)).mean() for each in (student, independent)
    }
    assert kl[200] <= 62
    by_entropies = entropy(independent.probs[0]).sum() + of_teacher.mean()
    assert abs(kl[1] - by_entropies) < 1 and kl[1] > 95
    digits = armod.data.load("digits28").binarize()
    control = MixtureOfProducts(200).fit(digits.train, steps=6)
    assert control.log_prob(digits.test).mean() > student.log_prob(digits.test).mean() + 5
