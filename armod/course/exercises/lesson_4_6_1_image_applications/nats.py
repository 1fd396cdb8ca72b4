"""Exercise 1: what a model of pictures alone knows about a picture and its thumbnail."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise
from armod.course.exercises.engine.draws import normal

images_nats = Exercise(
    name="images-nats",
    number=1,
    title="Conditional nats from joint nats",
    difficulty="easy",
    minutes=10,
    names=("conditional_log_probs", "saved_nats"),
    hints=(
        "Every picture has one thumbnail. How probable is a thumbnail, if it is made of a picture that the model draws?",
        "Bayes: p(picture | thumbnail) = p(picture) / p(thumbnail), and p(thumbnail) is the sum over all pictures with this thumbnail. A mean "
        "over what the model draws weighs each picture by its probability.",
        "`same = thumbnails[:, None] == thumbnails`; where it is False, `log_p` counts as minus infinity, and a `logsumexp` over each row gives "
        "log p(thumbnail). What is saved is the mean of log p(picture | thumbnail) - log p(picture).",
    ),
)


def conditional_log_probs(
    log_p: Tensor,
    thumbnails: Tensor,
    *,
    total: Callable[[Tensor], Tensor] = lambda found: found.logsumexp(1),
) -> Tensor:
    """Log p(picture | its thumbnail), ``(M,)``; the option is a mistake."""
    same = thumbnails[:, None] == thumbnails
    return log_p - total(torch.where(same, log_p, -torch.inf))


def saved_nats(log_p: Tensor, thumbnails: Tensor) -> float:
    """The mean over the model's pictures of what the thumbnail saves: the entropy of the thumbnails."""
    return float((log_p.exp() * (conditional_log_probs(log_p, thumbnails) - log_p)).sum())


def _pictures(generator: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    """Few thumbnails for many pictures, and not equally many for each."""
    return [
        (
            normal(generator, size).log_softmax(0),
            torch.from_numpy(np.sqrt(generator.integers(0, 16, size))).long(),
        )
        for size in (6, 9)
    ]


asked_conditional = images_nats.asks(
    conditional_log_probs,
    "log p(picture | thumbnail)",
    points=2,
    instances=_pictures,
    wrong={
        "Those are the log-probabilities of the pictures alone. Within one thumbnail they have to add up to 1.": lambda log_p, y: log_p.clone(),
        "Those are the log-probabilities of the thumbnails.": lambda log_p, y: log_p - conditional_log_probs(log_p, y),
        "You divide by the number of pictures with this thumbnail. They are not equally likely.": lambda log_p, y: log_p - (y[:, None] == y).sum(1).log(),
        "You make all pictures with the same thumbnail equally likely.": lambda log_p, y: -(y[:, None] == y).double().sum(1).log(),
        "You divide by the largest probability among the pictures with this thumbnail. All of them count.": dict(total=lambda found: found.amax(1)),
        "You multiply by p(thumbnail). A condition makes what fits it more probable.": lambda log_p, y: 2 * log_p - conditional_log_probs(log_p, y),
        "Those are probabilities. Their logarithms are asked for.": lambda log_p, y: conditional_log_probs(log_p, y).exp(),
        "Those are bits. Natural logarithms are asked for.": lambda log_p, y: conditional_log_probs(log_p, y) / float(torch.tensor(2.0).log()),
    },
    otherwise="Take two pictures with the same thumbnail, with the probabilities 0.1 and 0.3. What are they once the thumbnail is known?",
)  # fmt: skip
asked_saved = images_nats.asks(
    saved_nats,
    "what the thumbnail saves",
    points=2,
    instances=_pictures,
    wrong={
        "That is a mean in which all pictures count the same. The model draws some more often than others.": lambda log_p, y: float((conditional_log_probs(log_p, y) - log_p).mean()),
        "Those are bits.": lambda log_p, y: saved_nats(log_p, y) / float(torch.tensor(2.0).log()),
        "That is what a picture still costs when its thumbnail is known.": lambda log_p, y: -float((log_p.exp() * conditional_log_probs(log_p, y)).sum()),
        "That is what a picture costs without its thumbnail.": lambda log_p, y: -float((log_p.exp() * log_p).sum()),
        "The sign is the wrong way round: to know more can't cost nats on average.": lambda log_p, y: -saved_nats(log_p, y),
        "That would be saved if all thumbnails were equally likely: it is the most that so many thumbnails can save.": lambda log_p, y: float(torch.tensor(float(len(y.unique()))).log()),
    },
    otherwise="Write down for each picture how many nats its thumbnail saves, and take the mean as the model draws pictures.",
)  # fmt: skip
images_nats.add(
    "one thumbnail for all, one for each",
    asked_saved.on(
        lambda generator: [
            (normal(generator, 5).log_softmax(0), torch.zeros(5, dtype=torch.long)),
            (normal(generator, 5).log_softmax(0), torch.tensor([4, 1, 0, 3, 2])),
        ]
    ),
)
