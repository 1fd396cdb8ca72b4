"""Exercise 1: how far a stack of dilated convolutions looks, and what it really sees."""

from __future__ import annotations

import itertools
import math

import numpy as np

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown

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


@wavenet_field.check("how far a stack looks")
def field_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """One layer, several, one tap only."""
    # not doubled ones first, on which several mistakes would look alike
    some = tuple(int(d) for d in generator.permutation([2, 3, 5, 6])[:3])
    for kernel_size, dilations in ((4, some), (2, (1, 2, 4)), (3, (2,)), (1, (1, 2))):
        call = f"`receptive_field({kernel_size}, {shown(list(dilations))})`"
        got = reading.integer(answer.call("receptive_field", kernel_size, list(dilations)), call)
        right = _field(kernel_size, dilations)
        if got == right:
            continue
        total, depth = sum(dilations), len(dilations)
        known = [
            (right - 1, "That is how many steps *back* it reaches. Output t itself reads step t, too."),
            (1 + kernel_size * total, "How many gaps are there between k taps?"),
            (kernel_size * total, "How many gaps are there between k taps? And what does a stack of no layers see?"),
            (1 + total, "So it would be with two taps a layer. There are k."),
            (right + kernel_size - 1, "You count one layer more, of dilation 1, below the stack. Some networks have one; here it is not in `dilations`."),
            (1 + (kernel_size - 1) * depth, "So it would be without dilation."),
            (1 + (kernel_size - 1) * max(dilations), "You look at the widest layer only. The others stand below or above it."),
            (1 + (kernel_size - 1) * math.prod(dilations), "You multiply the dilations. What does one more layer add?"),
            (kernel_size**depth, "That holds for dilations 1, k, k², ...; these are others."),
        ]  # fmt: skip
        for wrong, message in known:
            if got == wrong:
                raise Mistake(f"{call} gave {got}. {message}")
        raise Mistake(
            f"{call} gave {got}. Begin with a single layer: which is the oldest step that it reads?"
        )


@wavenet_field.check("how many layers it takes")
def layers_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Just enough, and one sample more."""
    for kernel_size, depth in ((2, 5), (3, 4), (int(generator.integers(4, 7)), 3)):
        full = _field(kernel_size, _doubling(depth))
        for num_samples in (full, full + 1, full - 1):
            call = f"`fewest_layers({kernel_size}, {num_samples})`"
            got = reading.integer(answer.call("fewest_layers", kernel_size, num_samples), call)
            right = depth + (num_samples > full)
            if got == right:
                continue
            seen = f"{call} gave {got}. {max(got, 0)} layers see {_field(kernel_size, _doubling(min(got, 40)))} samples"
            if got > right:
                fewer = _field(kernel_size, _doubling(right))
                raise Mistake(f"{seen}; {right} see {fewer}, and that is enough.")
            raise Mistake(f"{seen}. That is too few: does a layer of {kernel_size} taps add what you think?")


@wavenet_field.check("which samples it sees", points=2)
def steps_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Dense stacks, stacks with gaps, paths that meet."""
    some = tuple(int(d) for d in generator.permutation([2, 3, 7]))
    for kernel_size, dilations in (
        (2, (1, 2, 4)),
        (2, (4, 4)),
        (3, (3, 1)),
        (2, some),
        (3, (2, 4)),
        (1, (5,)),
    ):
        call = f"`steps_back({kernel_size}, {shown(list(dilations))})`"
        reply = answer.call("steps_back", kernel_size, list(dilations))
        found = reading.tensor(reply, call, integers=True).flatten().tolist()
        right = _steps(kernel_size, dilations)
        if found == right:
            continue
        seen, got = f"{call} gave {shown(found)}.", set(found)
        layers = [{tap * d for tap in range(kernel_size)} for d in dilations]
        farthest = _field(kernel_size, dilations) - 1
        known = [
            (set(right), "Those are the right steps. Each is due once, in rising order."),
            (set(right) - {0}, "Step 0 is missing: does output t not read step t?"),
            (set(range(farthest + 1)), "That is the whole field. Is there a path to each of its samples? Try one step back."),
            (set.union(*layers), "Those are the steps of the single layers. What lies under a layer are other layers, which look back once more."),
            ({step + 1 for step in right}, "You count from 1. Output t reads step t, 0 steps back."),
        ]  # fmt: skip
        for wrong, message in known:
            if got == wrong:
                raise Mistake(f"{seen} {message}")
        if max(got, default=0) > farthest:
            raise Mistake(f"{seen} The field ends {farthest} steps back.")
        for step in right:
            if step not in got:
                raise Mistake(f"{seen} There is a path to the sample {step} back: {_path(step, layers)}.")
        raise Mistake(f"{seen} By which path does it see the sample {min(got - set(right))} back?")


def _field(kernel_size: int, dilations: tuple[int, ...]) -> int:
    return 1 + (kernel_size - 1) * sum(dilations)


def _doubling(depth: int) -> tuple[int, ...]:
    return tuple(2**layer for layer in range(depth))


def _steps(kernel_size: int, dilations: tuple[int, ...]) -> list[int]:
    """The sums of one tap's step in every layer."""
    choices = itertools.product(*([tap * d for tap in range(kernel_size)] for d in dilations))
    return sorted({sum(path) for path in choices})


def _path(step: int, layers: list[set[int]]) -> str:
    path = next(path for path in itertools.product(*layers) if sum(path) == step)
    return ", ".join(f"{back} back in layer {number}" for number, back in enumerate(path))
