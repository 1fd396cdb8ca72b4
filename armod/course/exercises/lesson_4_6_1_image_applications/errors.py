"""Exercise 2: the squared error of a mean, and of an honest draw."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise
from armod.course.exercises.engine.draws import normal

images_errors = Exercise(
    name="images-errors",
    number=2,
    title="Why the blur is nearest",
    difficulty="medium",
    minutes=12,
    names=("best_guess", "error_of_guess", "error_of_draw"),
    hints=(
        "The truth is picture m with probability p[m]. Which single picture has the smallest expected squared distance from it? Try one pixel, "
        "which is 0 or 1 with equal chances.",
        "It is the mean. Its expected squared error is the variance. A draw is a second picture, independent of the truth: both vary.",
        "`mean = p @ pictures`; the variance of each pixel is `p @ (pictures - mean) ** 2`. The difference of two independent draws has "
        "twice this variance.",
    ),
)


def best_guess(pictures: Tensor, p: Tensor) -> Tensor:
    """The picture ``(D,)`` with the smallest expected squared error."""
    return p @ pictures


def error_of_guess(pictures: Tensor, p: Tensor) -> float:
    """Its expected squared error, a mean over pixels."""
    return float((p @ (pictures - best_guess(pictures, p)).square()).mean())


def error_of_draw(pictures: Tensor, p: Tensor) -> float:
    """That of a picture which is drawn like the truth, independently of it."""
    return 2 * error_of_guess(pictures, p)


def _pictures(generator: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    return [
        (normal(generator, num, size), torch.from_numpy(generator.dirichlet([0.8] * num)))
        for num, size in ((3, 2), (5, 3))
    ]


asked_guess = images_errors.asks(
    best_guess,
    "the best guess",
    instances=_pictures,
    wrong={
        "That is the most probable picture. It is far from all others, whenever one of them is the truth.": lambda x, p: x[p.argmax()],
        "That is the mean of the pictures without their probabilities.": lambda x, p: x.mean(0),
        "That is the picture that is nearest to the best guess. The guess need not be one of the pictures.": lambda x, p: x[(x - p @ x).square().sum(1).argmin()],
        "That is the median. It has the smallest *absolute* error if all pictures are equally likely.": lambda x, p: x.median(0).values,
    },
    otherwise="Take one pixel that is 0 with probability 1/4 and 1 otherwise, and minimise the expected squared error over the guess.",
)  # fmt: skip
images_errors.asks(
    error_of_guess,
    "its error",
    points=2,
    instances=_pictures,
    wrong={
        "That is the sum over pixels. The mean is asked for.": lambda x, p: error_of_guess(x, p) * x.shape[1],
        "That is the root of it.": lambda x, p: error_of_guess(x, p) ** 0.5,
        "The pictures are not equally likely.": (lambda x, p: float((x - p @ x).square().mean()), lambda x, p: float(x.var(0).mean())),
        "That is the mean of the squares. What is left of it around the mean?": lambda x, p: float((p @ x.square()).mean()),
    },
    otherwise="It is the mean over pictures, by their probabilities, of the squared distance from the best guess.",
)  # fmt: skip
images_errors.asks(
    error_of_draw,
    "the error of an honest draw",
    points=2,
    instances=_pictures,
    wrong={
        "That is the error of the best guess. A draw varies as well, not only the truth.": error_of_guess,
        "That is the sum over pixels. The mean is asked for.": lambda x, p: error_of_draw(x, p) * x.shape[1],
        "That is the root of it.": lambda x, p: error_of_draw(x, p) ** 0.5,
        "The draw and the truth are independent: their variances add up, not their standard deviations.": lambda x, p: 4 * error_of_guess(x, p),
        "That is a draw that is never the truth. It may be, with probability p[m].": lambda x, p: float(2 * error_of_guess(x, p) / (1 - p.square().sum())),
        "You draw all pictures with the same chance.": lambda x, p: float(p @ (x[:, None] - x).square().mean((1, 2))),
    },
    otherwise="Sum over the truth and over the draw: p[m] p[n] times the mean squared distance of the pictures m and n.",
)  # fmt: skip
images_errors.add(
    "if nothing is open, and for a fair bit",
    asked_guess.on(
        lambda generator: [
            (normal(generator, 1, 3), torch.ones(1).double()),
            (torch.tensor([[0.0], [1.0]]).double(), torch.full((2,), 0.5).double()),
        ]
    ),
)
