"""Distillation: the KL falls, its estimate is right where the truth is known, and without the entropy the student collapses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import armod
from armod.distillation import FlowStudent, LinearPrediction, distill, kl
from armod.distillation.flow import FlowStudent as Student
from armod.likelihoods import Logistic
from tests.makers import seeded

WHITE = LinearPrediction(torch.tensor([0.0, 0.0, 0.0]), order=2, event_shape=(30,))


def exact(mean: float = 0.0, log_scale: float = 0.0, **options) -> FlowStudent:
    """A student whose means and log scales are the same everywhere."""
    student = FlowStudent(4, dilations=[1], **options)
    for flow in student.flows:
        torch.nn.init.zeros_(flow.head.weight)
        flow.head.bias.data = torch.tensor([0.0, mean, log_scale])
    return student


class Judge(torch.nn.Module):
    """A teacher of one's own that has only a log_prob: AR(1) with normal innovations."""

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        before = torch.nn.functional.pad(x[:, :-1], (1, 0))
        return torch.distributions.Normal(0.5 * before, 1.0).log_prob(x).sum(1)


def test_a_student_that_is_its_own_teacher_has_no_divergence() -> None:
    assert kl(exact(), WHITE, num_samples=20, generator=seeded()) == (0.0, 0.0)
    assert kl(exact(num_flows=2), WHITE, num_samples=20) == (0.0, 0.0)


@pytest.mark.parametrize(("mean", "log_scale"), [(0.5, 0.0), (0.0, -1.0), (-1.0, 0.4)])
def test_the_estimate_is_the_integral(mean: float, log_scale: float) -> None:
    # KL between two logistic densities by quadrature
    x = torch.linspace(-80, 80, 400_001, dtype=torch.float64)
    ours = Logistic().distribution(torch.tensor([0.0, mean, log_scale]).double()).log_prob(x)
    theirs = Logistic().distribution(torch.zeros(3).double()).log_prob(x)
    truth = torch.trapezoid(ours.exp() * (ours - theirs), x).item()
    found, error = kl(exact(mean, log_scale), WHITE, num_samples=400, generator=seeded())
    assert error < 0.02 and found == pytest.approx(truth, abs=4 * error)


def test_the_standard_error_is_that_of_repeated_estimates() -> None:
    found = [kl(exact(0.5), WHITE, num_samples=50, generator=seeded(k)) for k in range(60)]
    means, errors = map(torch.tensor, zip(*found, strict=True))
    assert means.std().item() == pytest.approx(errors.mean().item(), rel=0.35)


def test_the_divergence_falls_and_its_parts_add_up() -> None:
    teacher = LinearPrediction(torch.tensor([0.9, -0.3, -0.7]), order=2, event_shape=(80,))
    student = FlowStudent(8, dilations=[1, 2, 4])
    before, _ = kl(student, teacher, num_samples=50, generator=seeded())
    history = distill(student, teacher, steps=150, length=80, learning_rate=1e-2, progress=False)
    after, error = kl(student, teacher, num_samples=50, generator=seeded())
    assert after < 0.3 * before and error < 0.1
    assert len(history) == 150 and history.seconds > 0
    for total, cross_entropy, entropy in zip(history.kl, history.cross_entropy, history.entropy, strict=True):
        assert total == pytest.approx(cross_entropy - entropy)
    assert sum(history.kl[-20:]) < sum(history.kl[:20])


def test_without_the_entropy_the_student_falls_silent_and_the_teacher_likes_it() -> None:
    found = {}
    for entropy in (True, False):
        student = FlowStudent(4, dilations=[1, 2])
        history = distill(
            student, WHITE, entropy=entropy, steps=150, length=30, learning_rate=3e-2, progress=False
        )
        cross_entropy = sum(history.cross_entropy[-10:]) / 10
        found[entropy] = cross_entropy, student.sample(20, 30, generator=seeded()).std().item()
    assert found[False][0] < found[True][0] - 0.3  # it looks better
    assert found[False][1] < 0.3 * found[True][1]  # it is silence


@pytest.mark.parametrize("draws", [1, 3])
def test_more_draws_have_the_same_mean_and_less_noise(draws: int) -> None:
    student = exact(0.3, -0.2)
    history = distill(
        student, WHITE, steps=40, draws=draws, length=30, learning_rate=1e-9, batch_size=2, progress=False
    )
    truth, _ = kl(exact(0.3, -0.2), WHITE, num_samples=400, generator=seeded())
    values = torch.tensor(history.kl)
    error = values.std().item() / math.sqrt(40)
    assert values.mean().item() == pytest.approx(truth, abs=4 * error)
    assert values.std() < (0.3 if draws == 1 else 0.17)


def test_a_trained_wavenet_teaches() -> None:
    teacher = armod.WaveNet((20,), 4, dilations=[1], likelihood=Logistic(2), context_size=2)
    with torch.no_grad():
        teacher.head.bias[-2:] = -1.5  # quieter than the noise
    weights = [parameter.clone() for parameter in teacher.parameters()]
    student = FlowStudent(4, dilations=[1], context_size=2)
    contexts = [torch.randn(2, 30, generator=seeded()), torch.randn(2, 50, generator=seeded(1))]
    history = distill(student, teacher, contexts, steps=30, length=20, learning_rate=1e-2, progress=False)
    assert sum(history.kl[-5:]) < sum(history.kl[:5])
    assert all(torch.equal(a, b) for a, b in zip(weights, teacher.parameters(), strict=True))
    assert all(parameter.grad is None and parameter.requires_grad for parameter in teacher.parameters())
    assert kl(student, teacher, contexts[1][None], num_samples=3)[1] > 0


def test_a_teacher_of_ones_own_needs_only_a_log_prob() -> None:
    student = FlowStudent(4, dilations=[1])
    before, _ = kl(student, Judge(), num_samples=100, length=30, generator=seeded())
    distill(student, Judge(), steps=60, length=30, learning_rate=2e-2, progress=False)
    assert kl(student, Judge(), num_samples=100, length=30, generator=seeded())[0] < before - 0.1


@pytest.mark.parametrize(
    "contexts", [torch.zeros(3, 2), torch.zeros(3, 2, 40), [torch.zeros(2, 9), torch.zeros(2, 40)]]
)
def test_contexts_of_all_forms(contexts) -> None:
    student, teacher = FlowStudent(4, dilations=[1], context_size=2), LinearPrediction(order=1)
    history = distill(student, teacher, contexts, steps=3, length=30, progress=False)
    assert len(history) == 3 and all(map(math.isfinite, history.kl))


def test_windows_of_contexts_and_sounds_belong_together() -> None:
    from armod.distillation.distilling import _Windows

    contexts = [torch.arange(50.0)[None], 100 + torch.arange(20.0)[None]]
    windows = _Windows(contexts, [piece[0] for piece in contexts], 10, 64, seeded())
    context, sounds = windows.draw()
    assert torch.equal(context[:, 0], sounds) and context.shape == (64, 1, 10)
    assert torch.equal(sounds.diff(dim=1), torch.ones(64, 9))
    assert sounds.min() == 0 and sounds.max() == 119  # both ends are reached


def test_the_power_loss_moves_the_power() -> None:
    sounds = 3 * torch.randn(5, 200, generator=seeded())
    student = FlowStudent(4, dilations=[1])
    louder = exact(0.0, 0.0)
    for each, power in ((student, 0.0), (louder, 10.0)):
        distill(
            each, WHITE, power=power, sounds=sounds, steps=40, length=100, learning_rate=2e-2, progress=False
        )
    assert louder.sample(9, 99).std() > 1.15 * student.sample(9, 99).std()
    history = distill(
        student, WHITE, power=1.0, steps=2, length=20, progress=False
    )  # the teacher's own sounds
    assert len(history) == 2


def test_the_same_seed_gives_the_same_student() -> None:
    states = []
    for seed in (0, 0, 1):
        student = FlowStudent(4, dilations=[1])
        distill(student, WHITE, steps=5, length=20, seed=seed, progress=False)
        states.append(torch.cat([parameter.flatten() for parameter in student.parameters()]))
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])


def test_a_budget_in_seconds_ends() -> None:
    history = distill(FlowStudent(4, dilations=[1]), WHITE, seconds=0.2, length=20, progress=False)
    assert 0.1 < history.seconds < 2 and len(history) > 1


def test_an_interruption_leaves_the_weights_of_the_last_whole_step(monkeypatch: pytest.MonkeyPatch) -> None:
    student, seen = FlowStudent(4, dilations=[1]), []
    step = torch.optim.Adam.step

    def half_a_step(self, *args, **kwargs):
        if len(seen) < 3:
            step(self, *args, **kwargs)
            seen.append([parameter.detach().clone() for parameter in student.parameters()])
            return
        next(student.parameters()).data.fill_(7.0)
        raise KeyboardInterrupt

    monkeypatch.setattr(torch.optim.Adam, "step", half_a_step)
    with pytest.raises(KeyboardInterrupt):
        distill(student, WHITE, steps=10, length=20, progress=False)
    for ours, expected in zip(student.parameters(), seen[-1], strict=True):
        assert torch.equal(ours, expected) and ours.grad is None


def test_the_bar_says_the_divergence(capsys: pytest.CaptureFixture[str]) -> None:
    distill(Student(4, dilations=[1]), WHITE, steps=2, length=20)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"draws": 0}, "draws must be 1 or more, not 0"),
        ({"steps": 1, "seconds": 1}, "steps or of seconds, not both"),
        ({"steps": -1}, "steps must be 0 or more"),
        ({"seconds": 0}, "seconds is a number above 0, not 0"),
        ({"power": -1}, "power is a weight, 0 or more, not -1"),
        ({"entropy": None}, "entropy must be True or False"),
        ({"length": 0}, "length must be 1 or more"),
        ({"learning_rate": 0}, "learning_rate is a number above 0"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"contexts": torch.zeros(2, 3)}, "The student needs a context of 0 numbers, but contexts have 3"),
        ({"contexts": "all"}, "contexts is a tensor or a list of tensors"),
        ({"contexts": [torch.zeros(2, 3, 4)]}, "contexts has pieces of 1 or 2 dimensions"),
        ({"sounds": torch.zeros(2, 3, 4), "power": 1}, "sounds has pieces of 1 dimensions"),
    ],
)  # fmt: skip
def test_bad_calls_are_one_sentence(options, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        distill(FlowStudent(4, dilations=[1]), WHITE, **{"progress": False, **options})
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_bad_calls_of_kl_are_one_sentence() -> None:
    for call, sentence in (
        (lambda: kl(exact(), WHITE, num_samples=1), "num_samples must be 2 or more, not 1"),
        (lambda: kl(exact(), WHITE, num_samples=2, length=0), "length must be 1 or more"),
        (lambda: kl(exact(context_size=1), LinearPrediction(order=1), num_samples=2), "needs a context of shape"),
        (lambda: distill(exact(context_size=1), WHITE), "The student needs a context of 1 numbers, but contexts have none"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=sentence):
            call()
