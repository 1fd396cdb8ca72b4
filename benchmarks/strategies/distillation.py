"""What a student in one pass gains over its autoregressive teacher."""

from __future__ import annotations

import armod
from armod.distillation import MixtureOfProducts
from armod.settings import generator_of
from benchmarks.measure import Result, interleaved

IMAGES, COMPONENTS = 1000, 200


def mixture(repeats: int = 10) -> list[Result]:
    """Images by a mixture of products, against its teacher's cached sampling."""
    teacher = armod.load_pretrained("made-digits28")
    student = MixtureOfProducts(COMPONENTS).fit(teacher.sample(IMAGES, generator=generator_of(0)), steps=1)
    generator = generator_of(1)
    ours, cached = interleaved(
        [
            lambda: student.sample(IMAGES, generator=generator),
            lambda: teacher.sample(IMAGES, generator=generator),
        ],
        repeats,
        often=[10, 1],
    )
    name = f"mixture of {COMPONENTS} products, {IMAGES:,} images, against its teacher, cached"
    return [Result(name, ours, cached, at_least=20)]
