"""Exercise 1: how far a stack of dilated convolutions looks, and what it really sees."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from armod.course.exercises import Exercise, reading

wavenet_field = Exercise(
    name="wavenet-field",
    number=1,
    title="Far, and dense",
    difficulty="easy",
    minutes=6,
    names=("receptive_field", "fewest_layers", "steps_back"),
    hints=(
        "Draw one layer of three taps with dilation 2. Which steps does output t read? How far back is the oldest, and how "
        "many samples are there from it to t?",
        "For the layers: what is the field of L layers with dilations 1, 2, 4, ...? Try L = 1, 2, 3 until it is enough. For the "
        "steps: what a layer reads `s` steps back has itself read steps back from there.",
        "Each layer adds (k - 1) d to the field of 1 that there is without layers. Keep a set of steps, at first `{0}`, and "
        "for each layer add each of 0, d, 2d, ..., (k - 1) d to each step of the set.",
    ),
)


Stack = tuple[int, list[int]]


def receptive_field(k: int, dilations: list[int]) -> int:
    """Each layer adds (k - 1) d."""
    return 1 + (k - 1) * sum(dilations)


def fewest_layers(k: int, num_samples: int) -> int:
    """By the field of one layer more, until it is enough."""
    return next(depth for depth in itertools.count() if _doubled(k, depth) >= num_samples)


def steps_back(k: int, dilations: list[int]) -> list[int]:
    """The sums of one tap's step in every layer."""
    return sorted({sum(path) for path in itertools.product(*_taps(k, dilations))})


def _doubled(k: int, depth: int) -> int:
    return receptive_field(k, [2**layer for layer in range(depth)])


def _taps(k: int, dilations: list[int]) -> list[list[int]]:
    """The steps back of each layer by itself."""
    return [[tap * d for tap in range(k)] for d in dilations]


def _stacks(generator: np.random.Generator) -> Iterator[Stack]:
    """One layer, several, one tap only; not doubled ones first, on which several mistakes would look alike."""
    yield 4, generator.permutation([2, 3, 5, 6])[:3].tolist()
    yield from ((2, [1, 2, 4]), (3, [2]), (1, [1, 2]))


def _lengths(generator: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Just enough, one sample more, and one less; the sample t alone."""
    yield from ((2, 1), (3, 2))
    for k, depth in ((2, 5), (3, 4), (int(generator.integers(4, 7)), 3)):
        for extra in (0, 1, -1):
            yield k, _doubled(k, depth) + extra


def _gaps(generator: np.random.Generator) -> Iterator[Stack]:
    """Dense stacks, stacks with gaps, paths that meet."""
    yield from ((2, [1, 2, 4]), (2, [4, 4]), (3, [3, 1]))
    yield from ((2, generator.permutation([2, 3, 7]).tolist()), (3, [2, 4]), (1, [5]))


def _seen_layers(got: int, right: int, k: int, num_samples: int) -> str:
    depth = min(max(got, 0), 40)
    return f"`fewest_layers({k}, {num_samples})` gave {got}, and {depth} layers see {_doubled(k, depth)} samples."


def _enough(got: int, right: int, k: int, num_samples: int) -> str:
    if got > right:
        return f"{right} layers see {_doubled(k, right)}, and that is enough."
    return f"That is too few: does a layer of {k} taps add what you think?"


def _path(got: list[int], right: list[int], k: int, dilations: list[int]) -> str:
    if set(got) == set(right):
        return "Those are the right steps. Each is due once, in rising order."
    if max(got, default=0) > right[-1]:
        return f"The field ends {right[-1]} steps back."
    for step in right:
        if step not in got:
            path = next(path for path in itertools.product(*_taps(k, dilations)) if sum(path) == step)
            by = ", ".join(f"{back} back in layer {number}" for number, back in enumerate(path))
            return f"There is a path to the sample {step} back: {by}."
    return f"By which path does it see the sample {min(set(got) - set(right))} back?"


def _read_steps(reply: Any, what: str, right: list[int]) -> list[int]:
    return reading.tensor(reply, what, integers=True).flatten().tolist()


wavenet_field.asks(
    receptive_field,
    "how far a stack looks",
    instances=_stacks,
    wrong={
        "That is how many steps *back* it reaches. Output t itself reads step t, too.": lambda k, dilations: (k - 1) * sum(dilations),
        "You take k gaps for each layer. How many are there between k taps?": lambda k, dilations: 1 + k * sum(dilations),
        "How many gaps are there between k taps? And how many samples does a stack without layers see?": lambda k, dilations: k * sum(dilations),
        "That would be so with two taps a layer. There are k.": lambda k, dilations: 1 + sum(dilations),
        "You count one layer more, of dilation 1, below the stack. Some networks have one; here it is not in `dilations`.": lambda k, dilations: receptive_field(k, [1, *dilations]),
        "That would be so without dilation.": lambda k, dilations: 1 + (k - 1) * len(dilations),
        "You look at the widest layer only. The others stand below or above it.": lambda k, dilations: 1 + (k - 1) * max(dilations),
        "You multiply the dilations. What does one more layer add?": lambda k, dilations: 1 + (k - 1) * math.prod(dilations),
        "That holds for dilations 1, k, k², ...; these are others.": lambda k, dilations: k ** len(dilations),
    },
    otherwise="Begin with a single layer: which is the oldest step that it reads?",
)  # fmt: skip
wavenet_field.asks(
    fewest_layers,
    "how many layers it takes",
    instances=_lengths,
    seen=_seen_layers,
    wrong={
        "That many layers of two taps would be needed. There are k.": lambda k, num_samples: math.ceil(math.log2(num_samples)),
        "One layer fewer is enough.": lambda k, num_samples: fewest_layers(k, num_samples) + 1,
        "How many samples does a stack without any layer see? Output t reads step t itself.": lambda k, num_samples: max(1, fewest_layers(k, num_samples)),
    },
    otherwise=_enough,
)  # fmt: skip
wavenet_field.asks(
    steps_back,
    "which samples it sees",
    points=2,
    instances=_gaps,
    read=_read_steps,
    wrong={
        "Step 0 is missing: does output t not read step t?": lambda k, dilations: steps_back(k, dilations)[1:],
        "That is the whole field. Is there a path to each of its samples? Try one step back.": lambda k, dilations: list(range(receptive_field(k, dilations))),
        "Those are the steps of the single layers. Under a layer there are other layers, which look back once more.": lambda k, dilations: sorted(set(itertools.chain(*_taps(k, dilations)))),
        "You count from 1. Output t reads step t, 0 steps back.": lambda k, dilations: [step + 1 for step in steps_back(k, dilations)],
    },
    otherwise=_path,
)  # fmt: skip
