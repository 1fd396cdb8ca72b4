"""Guess and verify against the cached sampler: passes with whole observations, and seconds with windows.

The samples are identical, or the benchmark ends with an error. `evaluations` counts passes, the mean of five seeds. `seconds`
takes turns with the cached sampler, seed by seed, and states the median of the ratios.
"""

from __future__ import annotations

import copy
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

import armod
from armod import AutoregressiveModel
from armod.sampling import Copy, Draft, FirstOf, GuessAndVerify, Table
from benchmarks.measure import Result

# the largest share of D that the mean number of passes may have; the last two, names and a resonance, are for information
SHARES = {
    "made-digits28": 0.05,
    "pixelcnn-digits28": 0.10,
    "gated-pixelcnn-small-digits28": 0.15,
    "pixelcnn-plus-plus-photos16": 0.2,
    "gated-pixelcnn-mixture-photos16": 0.2,
    "transformer-chorales": 0.3,
    "transformer-plays": None,
    "wavenet-speech": None,
}
DIGITS = {1: 2.2, 4: 1.6, 16: None, 64: None}
MADES = {1: 1.2, 4: None, 16: None}
CHORALES = {1: 1.2, 4: None, 16: None, 64: None}


def evaluations(shares: dict[str, float | None] = SHARES, seeds: int = 5) -> list[Result]:
    """One sample from whole passes: their number as a share of D."""
    results = []
    for name, share in shares.items():
        model, counts = armod.load_pretrained(name), []
        sampler = GuessAndVerify()
        for seed in range(seeds):
            _same(model, 1, seed, sampler)
            counts.append(sampler.report.evaluations)
        size, mean = model.num_variables, statistics.mean(counts)
        results.append(
            Result(
                f"{name}: passes (as ms), against D",
                mean / 1000,
                size / 1000,
                at_most=1 if share is None else share,
                note=f"{min(counts)} to {max(counts)} of {size}" + ("" if share else ", no bound"),
            )
        )
    return results


def digits(numbers: dict[int, float | None] = DIGITS, seeds: int = 10) -> list[Result]:
    """Rows of the PixelCNN: the pixel above is guessed, where nothing was drawn yet."""
    model = armod.load_pretrained("pixelcnn-digits28")
    width = model.event_shape[-1]
    sampler = GuessAndVerify(FirstOf("previous", Copy(width)), window=width - 1)
    return [
        _seconds(model, "pixelcnn-digits28", num, sampler, seeds, bound) for num, bound in numbers.items()
    ]


def made(numbers: dict[int, float | None] = MADES, seeds: int = 10) -> list[Result]:
    """Chunks of the MADE: what was drawn last is guessed."""
    model, sampler = armod.load_pretrained("made-digits28"), GuessAndVerify(window=127)
    return [_seconds(model, "made-digits28", num, sampler, seeds, bound) for num, bound in numbers.items()]


def chorales(numbers: dict[int, float | None] = CHORALES, seeds: int = 10) -> list[Result]:
    """Three notes of each voice of a chorale at once: what was drawn last, and beyond it a counted table."""
    model, train = armod.load_pretrained("transformer-chorales"), armod.data.load("chorales").train
    table = Table(
        train.flatten(1)[:, model.ordering], note_before, model.likelihood.num_levels, smoothing=0.05
    )
    sampler = GuessAndVerify(FirstOf("previous", Draft(table)), window=12)
    return [
        _seconds(model, "transformer-chorales", num, sampler, seeds, bound) for num, bound in numbers.items()
    ]


def note_before(past: Sequence[int]) -> int:
    """The row of the table: a voice, its note before, the place in the bar, and whether the voice before moved."""
    step = len(past)
    if step < 8:
        return step - 8
    has_moved = past[step - 1] != past[step - 5]
    return ((past[step - 4] * 16 + step // 4 % 16) * 4 + step % 4) * 2 + has_moved


def _seconds(
    model: AutoregressiveModel,
    name: str,
    num: int,
    sampler: GuessAndVerify,
    seeds: int,
    at_least: float | None,
) -> Result:
    """Both ways from the noise of each seed, in turn; the result has the median ratio."""
    ours, cached, counts = [], [], []
    for seed in range(seeds):
        _same(model, num, seed, sampler)  # and warms up
        mine, theirs = (
            min(_process_seconds(partial(_sample, model, num, seed, method)) for _ in range(3))
            for method in (sampler, "cached")
        )
        ours.append(mine)
        cached.append(theirs)
        counts.append(sampler.report.evaluations)
    ratio = statistics.median(theirs / mine for mine, theirs in zip(ours, cached, strict=True))
    seconds = statistics.median(ours)
    return Result(
        f"{name}, {num} at once: guess and verify, against cached",
        seconds,
        ratio * seconds,
        at_least=at_least,
        note=f"identical samples, {statistics.mean(counts):.0f} passes of {model.num_variables}",
    )


def _same(model: AutoregressiveModel, num: int, seed: int, sampler: GuessAndVerify) -> None:
    """Raise an AssertionError if the sample is not the cached one; a draw at its threshold may fall otherwise in float32 alone."""
    if not torch.equal(_sample(model, num, seed, sampler), _sample(model, num, seed, "cached")):
        precise = copy.deepcopy(model).double()
        samples = [_sample(precise, num, seed, method) for method in (GuessAndVerify(), "cached")]
        assert torch.equal(*samples), "samples differ"


def _sample(model: AutoregressiveModel, num: int, seed: int, method: str | GuessAndVerify) -> Tensor:
    return model.sample(num, generator=torch.Generator().manual_seed(seed), method=method)


def _process_seconds(work: Callable[[], object]) -> float:
    gc.collect(0)
    begin = time.process_time()
    work()
    return time.process_time() - begin
