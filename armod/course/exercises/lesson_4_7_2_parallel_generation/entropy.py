"""Exercise 4: what a student is told, and what is missing if it is told only what its teacher thinks of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from torch import Tensor

from armod.course.exercises import Exercise
from armod.course.exercises.engine.draws import normal

parallel_entropy = Exercise(
    name="parallel-entropy",
    number=4,
    title="What the teacher thinks, and what the student must keep",
    difficulty="medium",
    minutes=12,
    names=("kl_estimate", "best_scale", "best_scale_without_entropy"),
    hints=(
        "KL(q || p) is a mean over samples of q. Of which difference? Each sample has been scored by both.",
        "The standard error of a mean of N numbers is their standard deviation (N - 1 in the denominator) divided by the square root of N. "
        "For the scales: KL is cross-entropy minus entropy. Which of the two grows with s, and how fast?",
        "`differences = log_student - log_teacher`. The cross-entropy is s^2 / 2 + log(2 pi) / 2 at scale s if the teacher's is 1; the "
        "entropy is log s and a constant. Look at both derivatives; the teacher's scale only stretches the axis.",
    ),
)


def kl_estimate(
    log_student: Tensor,
    log_teacher: Tensor,
    *,
    difference: Callable[[Tensor, Tensor], Tensor] = lambda student, teacher: student - teacher,
    error: Callable[[Tensor], float] = lambda each: float(each.std() / math.sqrt(len(each))),
) -> tuple[float, float]:
    """The mean and its standard error; every option is a mistake."""
    each = difference(log_student, log_teacher)
    return float(each.mean()), error(each)


def own_scale(student: int) -> tuple[float]:
    """The teacher's scale, as the given cell of the notebook sets it."""
    return (1.5 + student % 7 / 4,)


def best_scale(scale: float) -> float:
    """That of the teacher."""
    return scale


def best_scale_without_entropy(scale: float) -> float:
    """None: the cross-entropy falls down to the mode."""
    return 0.0


def _scores(generator: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    return [(normal(generator, num) - 3, normal(generator, num) - 4) for num in (5, 12)]


parallel_entropy.asks(
    kl_estimate,
    "an estimate with its standard error",
    points=3,
    instances=_scores,
    wrong={
        "You have the sign the wrong way round: a divergence is not negative, but for its noise.": dict(difference=lambda student, teacher: teacher - student),
        "That is the cross-entropy: what the teacher thinks of the student. Where is the student's entropy?": dict(difference=lambda student, teacher: -teacher),
        "That is the student's entropy. What does the teacher think of its samples?": dict(difference=lambda student, teacher: -student),
        "You weigh each sample by the student's density once more. The samples come from the student: that has been done.": dict(difference=lambda student, teacher: student.exp() * (student - teacher)),
        "Those are bits. The divergence is asked for in the unit of the log-densities.": dict(difference=lambda student, teacher: (student - teacher) / math.log(2)),
        "That is how much the samples differ, not how sure their mean is.": dict(error=lambda each: float(each.std())),
        "The standard error falls with the square root of the number of samples.": dict(error=lambda each: float(each.std() / len(each))),
        "One degree of freedom has gone into the mean: divide by N - 1 under the root of the standard deviation.": dict(error=lambda each: float(each.std(correction=0) / math.sqrt(len(each)))),
    },
    otherwise="Take the difference of both scores sample by sample; then its mean, and the standard error of that mean.",
)  # fmt: skip
parallel_entropy.asks(
    best_scale,
    "the scale of the best student",
    own=own_scale,
    atol=0.01,  # whoever searches on a grid, or by descent, is right
    wrong={
        "That is the teacher's variance, or its inverse. At which scale are both distributions the same?": (lambda scale: scale**2, lambda scale: 1 / scale),
        "At scale 0 the entropy is minus infinity, and KL subtracts it.": lambda scale: 0.0,
    },
    otherwise="A divergence is 0 only where both distributions are the same.",
)  # fmt: skip
parallel_entropy.asks(
    best_scale_without_entropy,
    "the scale that the teacher likes best",
    points=2,
    own=own_scale,
    atol=0.01,
    wrong={
        "That student is the best one with its entropy. But a sample nearer to the mode is more likely to the teacher, always.": best_scale,
        "There the student is only a little quieter than its teacher. What keeps it from becoming quieter still?": lambda scale: scale / 2,
    },
    otherwise="The teacher's log-density of a sample x is -x^2 / (2 scale^2), up to a constant. Which x does it like best?",
)  # fmt: skip
