"""Alignment of all prompts: by pocketsphinx first, then by models of this voice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from armod.speech.corpus.hmm import Chain, best_path, cepstra, learn, split_evenly
from armod.speech.corpus.sphinx import Span
from armod.speech.text import PHONES

_NUMBERS = {phone: number for number, phone in enumerate(PHONES)}
_WORST_SCORE = -5.5  # nats per frame below the median: tones, or other words than the transcript's


class Aligned(NamedTuple):
    """The phones of a prompt.

    Args:
        phones: their numbers in `PHONES`.
        frames: how many frames of 10 ms each lasts.
        words: number of the word of each phone; -1 for silence.
        score: log density in nats of a frame with speech.

    >>> Aligned([0, 1], [3, 4], [-1, 0], -20.0).frames
    [3, 4]
    """

    phones: list[int]
    frames: list[int]
    words: list[int]
    score: float


def align(
    waves: Mapping[str, NDArray[np.float64]],
    spoken: Mapping[str, list[str]],
    first: Mapping[str, list[Span] | None],
    dictionary: Mapping[str, list[tuple[str, ...]]],
    *,
    passes: int = 4,
) -> dict[str, Aligned]:
    """Align every prompt.

    The pronunciation of a word is the one that pocketsphinx found, and the dictionary's first where it found no way.

    Args:
        waves: floats ``(T,)`` at 8 kHz by prompt.
        spoken: words by prompt.
        first: what `first_alignment` found.
        dictionary: pronunciations by word.
        passes: how often the models learn.

    Returns:
        The phones of every prompt.
    """
    observed = {name: cepstra(wave) for name, wave in waves.items()}
    chains, words = {}, {}
    for name in waves:
        chains[name], words[name] = _chain(spoken[name], first[name], dictionary)
    labels: dict[str, NDArray[np.int64]] = {}
    for name, spans in first.items():
        if spans is not None:
            states = split_evenly(
                [_NUMBERS[span.phone] for span in spans], [span.end - span.begin for span in spans]
            )
            # its frames are centred 8 ms later
            states = np.concatenate([states[:1], states])[: len(observed[name])]
            labels[name] = np.pad(states, (0, len(observed[name]) - len(states)), constant_values=-1)
    found: dict[str, Any] = {}
    for _ in range(passes):
        models = learn([observed[name] for name in labels], list(labels.values()), len(PHONES))
        found = {name: best_path(models, observed[name], chain) for name, chain in chains.items()}
        labels = {name: states for name, (_, states, _) in found.items()}
    return {
        name: _collected(places, densities, chains[name], words[name])
        for name, (places, _, densities) in found.items()
    }


def is_plausible(aligned: Mapping[str, Aligned]) -> dict[str, bool]:
    """Tell which prompts sound like their transcript; tones and other words score far below the median."""
    median = np.median([one.score for one in aligned.values()])
    return {name: bool(one.score > median + _WORST_SCORE) for name, one in aligned.items()}


def _chain(
    spoken: list[str], spans: list[Span] | None, dictionary: Mapping[str, list[tuple[str, ...]]]
) -> tuple[Chain, list[int]]:
    """The chain of a prompt, and the number of the word of each of its phones."""
    phones, words = [0], [-1]
    for number, word in enumerate(spoken):
        if spans is None:
            sounds = dictionary[word][0]
        else:
            sounds = tuple(span.phone for span in spans if span.word == number)
        phones += [*(_NUMBERS[sound] for sound in sounds), 0]
        words += [number] * len(sounds) + [-1]
    return Chain(phones, [word < 0 for word in words]), words


def _collected(
    places: NDArray[np.int64], densities: NDArray[np.float64], chain: Chain, words: list[int]
) -> Aligned:
    used, frames = np.unique(places, return_counts=True)
    is_speech = np.array(words)[places] >= 0
    score = float(densities[is_speech].mean())
    return Aligned(
        [chain.phones[place] for place in used], frames.tolist(), [words[place] for place in used], score
    )
