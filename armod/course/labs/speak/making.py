"""Sounds for the speak lab: several at once, or one whose levels are heard of as they are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from armod.course.labs.speak.facts import Request, Said
from armod.sound import HOP, encode
from armod.speech import PHONES, Plan, voice

PART = 5 * HOP  # samples that are told of together: a twentieth of a second
TEMPERATURE = 0.8


def plan_of(request: Request) -> Plan:
    """The plan of the shipped voice; it refuses what `armod.speech.Voice.plan` refuses."""
    return voice().plan(request.text, speed=request.speed / 100, pitch=request.pitch / 100)


def say_all(requests: Sequence[Request], seed: int = 0) -> dict[Request, Said]:
    """Say several texts at once; the arguments are those of `speak_lab`."""
    plans = [plan_of(each) for each in requests]
    generator = torch.Generator().manual_seed(seed)
    waves = voice().sound([plan.features for plan in plans], temperature=TEMPERATURE, generator=generator)
    return {
        request: said_of(plan, encode(wave).numpy().astype(np.uint8))
        for request, plan, wave in zip(requests, plans, waves, strict=True)
    }


def say_slowly(plan: Plan, heard: Callable[[int, NDArray[np.uint8]], None], seed: int = 0) -> Said:
    """Draw one sound.

    Args:
        plan: what is said.
        heard: is called with the number of the first sample of each part, and its levels, as soon as they are made.
        seed: seed of the noise.

    Returns:
        The sound.
    """
    levels = np.zeros(HOP * sum(plan.frames), dtype=np.uint8)

    def note(number: int, level: Tensor) -> None:
        levels[number] = int(level)
        if (number + 1) % PART == 0 or number + 1 == len(levels):
            begin = number // PART * PART
            heard(begin, levels[begin : number + 1])

    voice().vocoder.sample(
        1,
        plan.features[None],
        length=len(levels),
        temperature=TEMPERATURE,
        callback=note,
        generator=torch.Generator().manual_seed(seed),
    )
    return said_of(plan, levels)


def said_of(plan: Plan, levels: NDArray[np.uint8]) -> Said:
    """A plan with its levels."""
    return Said(tuple(PHONES[phone] for phone in plan.phones), tuple(plan.frames), levels)
