"""The recipe of the alignment, on sounds whose phones are known."""

from __future__ import annotations

import gzip
from itertools import pairwise, product

import numpy as np
import pytest

from armod.speech.corpus.align import align, is_plausible
from armod.speech.corpus.choose import choose, is_held_out
from armod.speech.corpus.hmm import Chain, States, best_path, cepstra, learn, split_evenly
from armod.speech.corpus.sphinx import Span
from armod.speech.corpus.transcripts import read_transcripts

RANDOM = np.random.default_rng(0)


def test_transcripts(tmp_path) -> None:
    path = tmp_path / "texts.txt.gz"
    path.write_bytes(
        gzip.compress(
            b"; comment\n\nmenu: Press 1, or * (beep) to re-enter.\ndigits/h-40: fourtieth\ndigits/a-m: A.M.\n"
            b"letters/a: a\nbeep: [a tone]\nspy-iax: IAX\nfolder: folder 12\n"
        )
    )
    assert read_transcripts(path) == {
        "menu": ["press", "one", "or", "star", "to", "re", "enter"],
        "digits/h-40": ["fortieth"],
        "digits/a-m": ["a.", "m"],
        "letters/a": ["a."],
        "folder": ["folder", "twelve"],
    }


def brute_force(likelihoods: np.ndarray, chain: Chain) -> float:
    """The best score over all ways through a chain of one-state steps, by enumeration of phone durations (see below)."""
    best = -np.inf
    for kept in product(*([(True, False) if optional else (True,) for optional in chain.optional])):
        phones = [phone for phone, keep in zip(chain.phones, kept, strict=True) if keep]
        for path in product(range(3 * len(phones)), repeat=len(likelihoods)):
            score = cost_of(path, len(phones))
            if score is not None:
                states = [phones[place // 3] * 3 + place % 3 for place in path]
                best = max(best, score + likelihoods[np.arange(len(path)), states].sum())
    return best


def cost_of(path: tuple[int, ...], num_phones: int) -> float | None:
    """What the arcs of a path cost, from the definition of the model: None if it can't be gone."""
    stay, step, skip, at_once = np.log([0.6, 0.35, 0.05, 1e-6])
    leave = [at_once, skip, step]
    if path[0] != 0 or path[-1] // 3 != num_phones - 1:
        return None
    total = leave[path[-1] % 3]
    for before, after in pairwise(path):
        if after == before:
            total += stay
        elif before // 3 == after // 3 and after > before:
            total += step if after == before + 1 else skip
        elif after // 3 == before // 3 + 1 and after % 3 == 0:
            total += leave[before % 3]
        else:
            return None
    return total


@pytest.mark.parametrize(
    "chain", [Chain([1], [False]), Chain([0, 1], [True, False]), Chain([1, 0, 2], [False, True, False])]
)
def test_the_best_path_is_the_best_of_all(chain: Chain) -> None:
    states = States(RANDOM.normal(size=(9, 2)), RANDOM.uniform(0.5, 2, size=(9, 2)))
    observed = RANDOM.normal(size=(5, 2)) * 2
    places, found, densities = best_path(states, observed, chain)
    likelihoods = states.log_likelihoods(observed)
    numbers = sorted(set(places.tolist()))
    path = tuple(3 * numbers.index(place) + state % 3 for place, state in zip(places, found, strict=True))
    cost = cost_of(path, len(numbers))
    assert cost is not None
    assert cost + densities.sum() == pytest.approx(brute_force(likelihoods, chain))


def test_too_few_frames() -> None:
    states = States(np.zeros((9, 2)), np.ones((9, 2)))
    assert best_path(states, np.zeros((2, 2)), Chain([0, 1, 2], [True, False, False]))[0].tolist() == [1, 2]
    with pytest.raises(ValueError, match="There are 1 frames for 2 phones"):
        best_path(states, np.zeros((1, 2)), Chain([1, 2], [False, False]))


def test_learning_counts_frames() -> None:
    observed = [np.array([[0.0], [2.0], [10.0]])]
    states = learn(observed, [np.array([0, 0, -1])], 1)
    assert states.means[0] == pytest.approx([(2 + 4) / 3]) and states.means[1] == pytest.approx([4.0])


def test_a_wrong_first_alignment_is_mended() -> None:
    """Two sounds, noise and a tone, in two orders: all first alignments say that each lasts half of the time."""
    waves, first, truth = {}, {}, {}
    random = np.random.default_rng(2)  # its own, so that the tests before it don't matter
    for number in range(8):
        lengths = random.integers(12, 40, size=2)
        noise = 0.1 * random.normal(size=lengths[number % 2] * 80)
        tone = 0.3 * np.sin(np.arange(lengths[1 - number % 2] * 80) * 0.4)
        name, half = f"{number}", int(lengths.sum()) // 2
        parts, phones = ([noise, tone], ["S", "OW"]) if number % 2 == 0 else ([tone, noise], ["OW", "S"])
        waves[name] = np.concatenate(parts)
        first[name] = [Span(phones[0], 0, half, 0), Span(phones[1], half, int(lengths.sum()), 0)]
        truth[name] = len(parts[0]) // 80
    spoken = {name: ["so" if int(name) % 2 == 0 else "os"] for name in waves}
    found = align(waves, spoken, first, {})
    errors = [
        abs(sum(found[name].frames[: found[name].phones.index(found[name].phones[-1])]) - truth[name])
        for name in found
    ]
    assert np.median(errors) <= 1.5 and np.median([abs(first[n][0].end - truth[n]) for n in waves]) > 3
    assert all(sum(found[name].frames) == len(waves[name]) // 80 for name in waves)


def test_what_sounds_like_something_else_is_found() -> None:
    waves = {f"{n}": 0.1 * RANDOM.normal(size=3200) for n in range(12)} | {
        "odd": 0.5 * np.sin(np.arange(3200) * 0.2)
    }
    first = {name: [Span("S", 0, 40, 0)] for name in waves}
    found = align(waves, {name: ["s"] for name in waves}, first, {}, passes=1)
    assert not is_plausible(found)["odd"] and is_plausible(found)["3"]


def test_cepstra_and_even_thirds() -> None:
    assert cepstra(np.zeros(8000)).shape == (100, 39) and not cepstra(np.zeros(8000))[:, 13:].any()
    assert split_evenly([2, 0], [4, 1]).tolist() == [6, 6, 7, 8, 0]


def test_choice() -> None:
    spoken = {"digits/7": ["seven"], "menu": ["press", "seven"], "digits/2": ["two"]}
    spoken |= {f"text-{n:02}": ["say", "it", f"now{n // 2}"] for n in range(60)}
    phones = {name: [0, *RANDOM.integers(1, 40, size=8), 0] for name in spoken}
    frames = {name: 60 if "/" in name else 200 for name in spoken}
    split = choose(spoken, phones, frames, 9_000)
    assert split["digits/7"] == "test" and "menu" not in split and split["digits/2"] == "train"
    said = {part: {tuple(spoken[name]) for name in split if split[name] == part} for part in split.values()}
    assert not said["train"] & (said["valid"] | said["test"]) and len(said["valid"]) == 10
    assert sum(frames[name] for name in split) <= 9_000
    assert not any(is_held_out(word) for words in said["train"] for word in words)
