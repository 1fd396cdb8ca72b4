"""Exercise 6: train a student that makes sound in one pass."""

from __future__ import annotations

import numpy as np
import torch

from armod.course.exercises import Answer, Exercise, Handle, Mistake, reading, shown
from armod.distillation import FlowStudent, LinearPrediction, kl
from armod.sampling.threads import one_thread

CHANNELS, DILATIONS, LENGTH = 8, (1, 2, 4, 8), 50
BOUND = 0.1  # nats per sample; the solution reaches about a third of it
NUM_STEPS = 150

parallel_student = Exercise(
    name="parallel-student",
    number=6,
    title="Train a student",
    difficulty="stretch",
    minutes=25,
    names=("train",),
    hints=(
        "In each step the student makes a few sounds, with their log-density. What does the teacher say about the same sounds? Which mean "
        "do you minimise?",
        "The loss is the mean of log q(x) - log p(x), divided by the length of a sound. Both terms have a gradient: the sounds are made by the "
        "student, so the teacher's opinion of them depends on its weights.",
        "`x, log_q = student.rsample_and_log_prob(8, 50)`, `loss = (log_q - teacher.log_prob(x)).mean() / 50`. Then the usual three lines: "
        "`optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`. Adam with a learning rate of 0.02 that falls to 0 does it.",
    ),
)


def teacher_of(generator: np.random.Generator) -> LinearPrediction:
    """A process that remembers its last two samples, with one resonance, and a loudness of its own."""
    reflections = torch.from_numpy(generator.uniform([-0.75, 0.4], [-0.55, 0.6]))
    log_scale = torch.from_numpy(generator.uniform(-1.2, -0.8, 1))
    return LinearPrediction(torch.cat([reflections.atanh(), log_scale]).float(), order=2)


def _elsewhere(answer: Answer, teacher: LinearPrediction) -> Handle:
    return answer.make("distillation.LinearPrediction", teacher.features, order=2)


def _trained(answer: Answer, teacher: LinearPrediction) -> FlowStudent:
    """The student after the learner's training, rebuilt here from its weights: nothing else of it is believed."""
    student = answer.make("distillation.FlowStudent", CHANNELS, dilations=list(DILATIONS))
    with one_thread(torch.device("cpu")):  # so small a network only waits for a second one
        answer.call("train", student, _elsewhere(answer, teacher), NUM_STEPS)
    rebuilt = FlowStudent(CHANNELS, dilations=DILATIONS)
    reading.weights(student.call("state_dict"), rebuilt, "The student")
    return rebuilt


def entropy_of(student: FlowStudent) -> float:
    """The entropy of a student in nats per sample."""
    with torch.no_grad():
        _, log_scale = student(student.noise(50, LENGTH, torch.Generator().manual_seed(0)))
    return float(log_scale.mean()) + 2


@parallel_student.check("the student learns something", points=2)
def it_learns(answer: Answer, generator: np.random.Generator) -> None:
    """Its divergence falls far below that of a student that was never trained."""
    teacher = teacher_of(generator)
    student = _trained(answer, teacher)
    before, after = (
        _divergence(each, teacher) for each in (FlowStudent(CHANNELS, dilations=DILATIONS), student)
    )
    if after > before / 2:
        raise Mistake(
            f"After `train` with {NUM_STEPS} steps KL(student || teacher) is {after:.2f} nats per sample; untrained it is {before:.2f}. "
            f"{_why(student, teacher)}"
        )


@parallel_student.check(f"KL below {BOUND} nats per sample after {NUM_STEPS} steps", points=3)
def it_is_close(answer: Answer, generator: np.random.Generator) -> None:
    """Another teacher, so that nothing can be typed in."""
    teacher = teacher_of(generator)
    student = _trained(answer, teacher)
    divergence = _divergence(student, teacher)
    if not divergence < BOUND:
        raise Mistake(
            f"KL(student || teacher) is {shown(round(divergence, 2))} nats per sample; below {BOUND} is due. {_why(student, teacher)}"
        )


def _divergence(student: FlowStudent, teacher: LinearPrediction) -> float:
    return kl(student, teacher, num_samples=50, length=LENGTH, generator=torch.Generator().manual_seed(0))[0]


def _why(student: FlowStudent, teacher: LinearPrediction) -> str:
    untrained = FlowStudent(CHANNELS, dilations=DILATIONS)
    own, right = entropy_of(student), teacher.entropy_rate()
    if all(torch.equal(a, b) for a, b in zip(student.parameters(), untrained.parameters(), strict=True)):
        return "The weights have not changed at all. Does the optimiser hold the student's weights, and does it take a step?"
    if own < right - 1:
        return (
            f"The student's entropy is {own:.1f} nats per sample, the teacher's {right:.1f}: it has collapsed onto the teacher's favourite "
            "sound. What keeps a student loud?"
        )
    if own > right + 1:
        return (
            f"The student's entropy is {own:.1f} nats per sample, the teacher's {right:.1f}: it makes noise, and more and more of it. Which "
            "of the two terms has the wrong sign, or no gradient?"
        )
    return "Are the gradients set to zero in each step, and does the learning rate fall towards the end?"
