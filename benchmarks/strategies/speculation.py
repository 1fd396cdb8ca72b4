"""Speculative sampling with drafts that are counted: passes, proposals that are kept, and seconds over cached sampling."""

from __future__ import annotations

import statistics

import torch

import armod
from armod.pretrained import recipe_path
from armod.pretrained.recipe import read_recipe
from armod.sampling import Speculative
from benchmarks.measure import Result, interleaved

SEEDS = 10


def plays(repeats: int = 3) -> list[Result]:
    """A GPT of 480 tokens and a bigram of them, one text of 128 tokens.

    On a Transformer of letters with a trigram (the control ``transformer-sonnets.toml``) it was 0.37 passes a variable, 0.69
    of the proposals kept, and 1.27 times as quick as cached. A token of two letters is harder to propose, and these bounds are its
    own. The seconds are for information: they are those of cached sampling, 0.98 of its speed.
    """
    text, model = (
        read_recipe(recipe_path("transformer-plays")).load_data(),
        armod.load_pretrained("transformer-plays"),
    )
    draft = armod.NGram(model.event_shape, 2, num_levels=text.num_levels).fit(text.train)
    sampler = Speculative(draft, window=4)
    passes, kept, judged = _counts(model, sampler)
    ours, cached = interleaved([lambda: _sample(model, sampler), lambda: _sample(model, "cached")], repeats)
    note = f"mean of {SEEDS} seeds"
    return [
        Result(
            "speculative sampling of 128 tokens with a bigram, passes against variables",
            ours=passes,
            reference=model.num_variables,
            at_most=0.55,
            note=note,
            unit="passes",
        ),
        Result(
            "the same, proposals that are kept",
            ours=judged,
            reference=kept,
            at_least=0.5,
            note=note,
            unit="proposals",
        ),
        Result(f"the same, {SEEDS} texts one after the other, against cached", ours, cached),
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
