"""Exercise 3: the best of k answers is no score."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise

images_best_of = Exercise(
    name="images-best-of",
    number=3,
    title="The best of k is no score",
    difficulty="medium",
    minutes=15,
    names=("best_of", "smallest_k"),
    hints=(
        "All ways to choose k of the n errors are equally likely. When is the smallest error of all the best one of those chosen?",
        "Sort the errors. In how many of the `comb(n, k)` choices is the i-th smallest one the best? The others that are chosen must come from "
        "behind it.",
        "With `sorted` errors, counted from 0, that happens in `comb(n - 1 - i, k - 1)` choices. For the second function try k = 1, 2, ... in turn.",
    ),
)


def best_of(
    errors: Tensor, k: int, *, ways: Callable[[int, int, int], int] = lambda n, k, i: comb(n - 1 - i, k - 1)
) -> float:
    """The expected smallest of k errors out of n; the option is a mistake."""
    ordered, n = errors.sort().values, len(errors)
    return float(sum(ways(n, k, i) * ordered[i] for i in range(n))) / comb(n, k)


def smallest_k(wild: Tensor, honest: Tensor) -> int:
    """The first k at which the wild model's best is better than the honest model's; 0 if there is none."""
    for k in range(1, len(wild) + 1):
        if best_of(wild, k) < best_of(honest, k):
            return k
    return 0


def _with_replacement(errors: Tensor, k: int) -> float:
    ordered, n = errors.sort().values, len(errors)
    return float(sum(((n - i) ** k - (n - i - 1) ** k) * ordered[i] for i in range(n))) / n**k


def _errors(generator: np.random.Generator) -> list[tuple[Tensor, int]]:
    return [(torch.from_numpy(generator.uniform(1, 9, n)), k) for n, k in ((6, 3), (7, 2))]


def _rivals(generator: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    """Errors that lie together, and errors all over the place, of which the smallest wins in the end."""
    found = []
    for n in (6, 8, 7, 9):
        honest, wild = generator.uniform(3.5, 5, n), generator.uniform(1.5, 12, n)
        wild[generator.integers(n)] = generator.uniform(1.5, 3)
        found.append((torch.from_numpy(wild), torch.from_numpy(honest)))
    return found


def _first(better: Callable[[Tensor, Tensor, int], bool]) -> Callable[[Tensor, Tensor], int]:
    return lambda wild, honest: next((k for k in range(1, len(wild) + 1) if better(wild, honest, k)), 0)


asked_best = images_best_of.asks(
    best_of,
    "the expected best of k",
    points=3,
    instances=_errors,
    wrong={
        "That is the best of the first k. Any k of the errors may be chosen.": lambda errors, k: float(errors[:k].min()),
        "That is the best of all errors, as if all were chosen.": lambda errors, k: float(errors.min()),
        "That is the mean error: the best of one.": lambda errors, k: float(errors.mean()),
        "You put each error back before you choose the next one. Here k *different* answers are drawn.": _with_replacement,
        "That is the *largest* of the k errors.": lambda errors, k: -best_of(-errors, k),
        "That is the mean of the k smallest errors.": lambda errors, k: float(errors.sort().values[:k].mean()),
    },
    otherwise="Take three errors, 1, 2 and 4, and k = 2. There are three choices: {1, 2}, {1, 4} and {2, 4}.",
)  # fmt: skip
asked_smallest = images_best_of.asks(
    smallest_k,
    "when the wild model wins",
    points=2,
    instances=_rivals,
    wrong={
        "That is one too few: at this k the honest model is still better, or they tie.": lambda wild, honest: max(0, smallest_k(wild, honest) - 1),
        "You compare the best of the first k answers. Their order is chance.": _first(lambda wild, honest, k: bool(wild[:k].min() < honest[:k].min())),
        "You look for the *honest* model's win.": _first(lambda wild, honest, k: best_of(honest, k) < best_of(wild, k)),
        "Where there is such a k, it is not always the largest one. The smallest is asked for.": lambda wild, honest: len(wild) if smallest_k(wild, honest) else 0,
    },
    otherwise="Compare `best_of(wild, k)` with `best_of(honest, k)` for k = 1, 2, 3 and so on.",
)  # fmt: skip
images_best_of.add(
    "all, one, equal errors",
    asked_best.on(
        lambda generator: [
            (torch.tensor([3.0, 1.0, 2.0]).double(), 3),
            (torch.tensor([3.0, 1.0, 2.0]).double(), 1),
            (torch.tensor([2.0]).double(), 1),
            (torch.tensor([2.0, 2.0, 5.0]).double(), 2),
        ]
    ),
)
images_best_of.add(
    "if it never wins",
    asked_smallest.on(
        lambda generator: [(torch.tensor([4.0, 5.0]).double(), torch.tensor([1.0, 2.0]).double())]
    ),
)
