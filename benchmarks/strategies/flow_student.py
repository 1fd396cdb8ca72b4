"""One second of sound at 8 kHz: one pass of a flow student against a teacher's cached sampling, sample by sample.

On one core a student of the teacher's size computes as many products as the teacher does. What it saves is the starting of
8,000 times as many small operations. A student with fewer weights saves products as well.
"""

from __future__ import annotations

import torch

from armod import WaveNet
from armod.distillation import FlowStudent
from armod.likelihoods import Logistic
from benchmarks.measure import Result, interleaved

SECOND = 8_000
TEACHER = [2**k for k in range(10)] * 2  # 20 layers of 32 channels
SMALL = [2**k for k in range(8)]  # 8 layers of 16 channels: the student of the whispered vowel


def one_pass(repeats: int = 3) -> list[Result]:
    """A student of equal size, and one of 13,000 parameters, against a teacher of 20 layers and 32 channels."""
    teacher = WaveNet((SECOND,), 32, dilations=TEACHER, likelihood=Logistic()).eval()
    students = {
        "equal size": (FlowStudent(32, dilations=TEACHER), 8.0),
        "at most 14,000 parameters": (FlowStudent(16, dilations=SMALL), 40.0),
    }
    generator = torch.Generator().manual_seed(0)
    runs = [lambda: teacher.sample(1, generator=generator)]
    runs += [lambda one=one: one.sample(1, SECOND, generator=generator) for one, _ in students.values()]
    cached, *passes = interleaved(runs, repeats)
    return [
        Result(
            f"1 s of sound, student of {name} ({_size(one):,}), against a cached teacher ({_size(teacher):,})",
            seconds,
            cached,
            at_least=at_least,
        )
        for (name, (one, at_least)), seconds in zip(students.items(), passes, strict=True)
    ]


def _size(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
