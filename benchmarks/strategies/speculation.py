"""Speculative sampling with drafts that are counted: passes, proposals that are kept, and seconds over cached sampling."""

from __future__ import annotations

import statistics

import torch

import armod
from armod.sampling import Speculative
from benchmarks.measure import Result, interleaved

SEEDS = 10


def sonnets(repeats: int = 3) -> list[Result]:
    """A Transformer of 61 characters and a trigram, one text of 128 characters."""
    text, model = armod.data.load("sonnets"), armod.load_pretrained("transformer-sonnets")
    draft = armod.NGram(model.event_shape, 3, num_levels=text.num_levels).fit(text.train)
    sampler = Speculative(draft, window=4)
    passes, kept, judged = _counts(model, sampler)
    ours, cached = interleaved([lambda: _sample(model, sampler), lambda: _sample(model, "cached")], repeats)
    note = f"mean of {SEEDS} seeds"
    return [
        Result(
            "speculative sampling of 128 characters with a trigram, passes against variables",
            ours=passes,
            reference=model.num_variables,
            at_most=0.42,
            note=note,
            unit="passes",
        ),
        Result(
            "the same, proposals that are kept",
            ours=judged,
            reference=kept,
            at_least=0.65,
            note=note,
            unit="proposals",
        ),
        Result(f"the same, {SEEDS} texts one after the other, against cached", ours, cached, at_least=1.0),
    ]


def speech() -> list[Result]:
    """A WaveNet of 256 levels and a bigram of levels, for information: a sound is not guessed by its last level alone."""
    sound, model = armod.data.load("speech"), armod.load_pretrained("wavenet-speech")
    draft = armod.NGram(model.event_shape, 2, num_levels=sound.num_levels).fit(sound.train)
    passes, kept, judged = _counts(model, Speculative(draft, window=4), seeds=1)
    return [
        Result(
            "speculative sampling of speech with a bigram, passes against variables",
            ours=passes,
            reference=model.num_variables,
            unit="passes",
        ),
        Result("the same, proposals that are kept", ours=judged, reference=kept, unit="proposals"),
    ]


def _counts(
    model: armod.AutoregressiveModel, sampler: Speculative, seeds: int = SEEDS
) -> tuple[float, int, int]:
    """Mean passes of a sample, and how many of all proposals were kept and judged."""
    passes, kept, judged = [], 0, 0
    for seed in range(seeds):
        model.sample(1, generator=torch.Generator().manual_seed(seed), method=sampler)
        passes.append(sampler.report.evaluations)
        kept, judged = kept + sampler.report.num_kept, judged + sampler.report.num_judged
    return statistics.mean(passes), kept, judged


def _sample(model: armod.AutoregressiveModel, method: object) -> None:
    for seed in range(SEEDS):
        model.sample(1, generator=torch.Generator().manual_seed(seed), method=method)  # type: ignore[arg-type]
