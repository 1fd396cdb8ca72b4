"""How well is the voice understood? ``python -m benchmarks.applications.speech``; needs pocketsphinx (``pip install 'armod[dev]'``).

An outside recogniser chooses one of eighty words (`benchmarks.applications.recogniser`). Real recordings are judged in the same
run: what is not understood there can't be asked of a model. Every model speaks every word with each of three seeds, and the
voice that reads a text with twelve, because a share of 18 held-out words moves by seven points from three to three. The distance
between a copy and its original is `armod.sound.spectral_distance`, in decibels.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from armod.data.dataset import SPLITS
from armod.data.sets import speech as read_aloud
from armod.data.sets.prompts import Recording, recordings
from armod.models.base import AutoregressiveModel
from armod.mu_law import mu_law_decode
from armod.sound import HOP, NUM_BANDS, decode, features, levelled, spectral_distance
from armod.speech import NAMES, draw_sounds, load_model, receipt_of, voice
from armod.speech.corpus.choose import is_held_out
from armod.speech.learning import described
from armod.speech.phone_features import describe_frames
from armod.speech.recogniser import words_by_bayes
from benchmarks.applications.recogniser import WORDS, recognise

RESULTS = Path(__file__).with_suffix(".json")
SEEDS = (0, 1, 2)
READING, SEEDS_OF_READING = "split, from text alone, T = 0.8", range(12)
DIGITS = WORDS[:10]

Speaker = Callable[[torch.Generator], list[Tensor]]  # says all words


def real_recordings() -> dict[str, Recording]:
    """One recording of each word, the first by its name."""
    found: dict[str, Recording] = {}
    for split in SPLITS:
        for one in recordings(split):
            found.setdefault(one.text, one)
    return {word: found[word] for word in WORDS}


def speakers(real: dict[str, Recording]) -> dict[str, Speaker]:
    """Every way to say all words."""
    vocoder, direct = (load_model(name) for name in ("vocoder", "direct"))
    assert isinstance(vocoder, AutoregressiveModel) and isinstance(direct, AutoregressiveModel)
    measured = [features(decode(one.levels)) for one in real.values()]
    plans = [voice().plan(word) for word in WORDS]
    predicted = [describe_frames(plan.phones, plan.frames) for plan in plans]
    aligned = [described(one) for one in real.values()]
    planned = [voice().acoustic.features(frames) for frames in aligned]
    swapped = [
        (torch.cat([text[:NUM_BANDS], sound[NUM_BANDS:]]), torch.cat([sound[:NUM_BANDS], text[NUM_BANDS:]]))
        for text, sound in zip(planned, measured, strict=True)
    ]
    bands, pitches = (list(each) for each in zip(*swapped, strict=True))

    def at(model: AutoregressiveModel, told: list[Tensor], temperature: float) -> Speaker:
        return lambda generator: draw_sounds(model, told, temperature=temperature, generator=generator)

    def nothing(generator: torch.Generator) -> list[Tensor]:
        babble, longest = load_model("babble"), max(one.shape[1] for one in measured) * HOP
        assert isinstance(babble, AutoregressiveModel)
        levels = babble.sample(len(WORDS), length=longest, generator=generator)
        return [decode(row[: one.shape[1] * HOP]) for row, one in zip(levels, measured, strict=True)]

    found: dict[str, Speaker] = {"babble": nothing} if "babble" in NAMES else {}
    for temperature in (1.0, 0.8):
        found |= {
            f"direct, durations of the recording, T = {temperature}": at(direct, aligned, temperature),
            f"direct, from text alone, T = {temperature}": at(direct, predicted, temperature),
            f"copy of the recording, T = {temperature}": at(vocoder, measured, temperature),
            f"split, from text alone, T = {temperature}": at(
                vocoder, [plan.features for plan in plans], temperature
            ),
        }
    found["copy, but with the spectrum that the text predicts, T = 0.8"] = at(vocoder, bands, 0.8)
    found["copy, but with the pitch that the text predicts, T = 0.8"] = at(vocoder, pitches, 0.8)
    return found


def share(heard: list[str], words: list[str] | None = None) -> float:
    """The share of the words that were understood, of all or of some."""
    right = [word == said for word, said in zip(WORDS, heard, strict=True) if words is None or word in words]
    return round(sum(right) / len(right), 4)


def judged(heard: list[list[str]]) -> dict[str, float]:
    """The shares over all seeds."""
    held_out = [word for word in WORDS if is_held_out(word)]
    parts = {"words": None, "held out": held_out, "digits": list(DIGITS)}
    return {
        name: round(sum(share(one, part) for one in heard) / len(heard), 4) for name, part in parts.items()
    }


def judge_speaker(name: str, speaker: Speaker, real: dict[str, Recording]) -> dict[str, object]:
    """Let it say every word with every seed, and judge it; a copy is also compared with what it copies."""
    seeds = SEEDS_OF_READING if name == READING else SEEDS
    made, begin = [speaker(torch.Generator().manual_seed(seed)) for seed in seeds], time.process_time()
    found: dict[str, object] = dict(judged([recognise(sounds) for sounds in made]))
    loudness = [wave.square().mean().sqrt().item() for sounds in made for wave in sounds]
    found |= {
        "quietest": round(min(loudness), 4),
        "seconds to judge": round(time.process_time() - begin),
    }
    if name.startswith("copy of"):
        held_out = [number for number, word in enumerate(WORDS) if is_held_out(word)]
        waves = [decode(real[WORDS[number]].levels) for number in held_out]
        found |= distances([made[0][number] for number in held_out], waves, "another word")
    return found


def distances(copies: list[Tensor], waves: list[Tensor], others: str) -> dict[str, float]:
    """Mean decibels between copies and what they copy, and as a control between copies and the next of these."""
    found = {}
    for what, each in (("the recording", waves), (others, [*waves[1:], waves[0]])):
        apart = [
            spectral_distance(copy[: len(wave)], wave[: len(copy)])
            for copy, wave in zip(copies, each, strict=True)
        ]
        found[f"dB from {what}"] = round(sum(apart) / len(apart), 2)
    return found


def judge_recordings(real: dict[str, Recording]) -> dict[str, float]:
    """What is understood of recordings, and how far held-out ones are apart: the most that a copy can be from another word."""
    waves = {word: decode(one.levels) for word, one in real.items()}
    held_out = [wave for word, wave in waves.items() if is_held_out(word)]
    return judged([recognise([*waves.values()])]) | distances(held_out, held_out, "another word")


def second_voice() -> dict[str, float]:
    """Copies of sentences that another speaker reads, whom the vocoder has never heard (the data set "speech")."""
    spoken = [levelled(mu_law_decode(levels)).clamp(-1, 1) for levels in read_aloud.utterances().values()]
    waves = [wave[: len(wave) // HOP * HOP] for wave in spoken]
    copies = voice().sound(
        [features(wave) for wave in waves], generator=torch.Generator().manual_seed(SEEDS[0])
    )
    found = {"seconds of sound": round(sum(map(len, waves)) / 8000, 1)}
    return found | distances(copies, waves, "another piece")


def by_bayes(name: str, real: dict[str, Recording]) -> float:
    """The share of the held-out words that a model names right by Bayes' rule."""
    words = [word for word in WORDS if is_held_out(word)]
    named = words_by_bayes([real[word].levels for word in words], words, name)
    return round(sum(a == b for a, b in zip(named, words, strict=True)) / len(words), 4)


def one_word() -> dict[str, float]:
    """How long it takes to say "seven"."""
    begin = time.process_time()
    wave = voice().sound([voice().plan("seven").features], generator=torch.Generator().manual_seed(0))[0]
    return {
        "seconds of sound": len(wave) / 8000,
        "processor seconds": round(time.process_time() - begin, 3),
    }


def main() -> None:
    """Judge everything, or what is named, and keep the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", help="beginnings of the names of what is measured; none for all")
    chosen = tuple(parser.parse_args().parts) or ("",)
    torch.set_num_threads(1)
    real = real_recordings()
    parts: dict[str, Callable[[], object]] = {"real recordings": partial(judge_recordings, real)}
    for name, speaker in speakers(real).items():
        parts[name] = partial(judge_speaker, name, speaker, real)
    parts["receipts"] = lambda: {name: receipt_of(name) for name in NAMES}
    for name in ("vocoder", "direct"):
        parts[f"as a recogniser of held-out words: {name}"] = partial(by_bayes, name, real)
    parts["one word"] = one_word
    parts["second voice"] = second_voice
    for name, measure in parts.items():
        if name.startswith(chosen):
            kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            found = {name: measure()}
            RESULTS.write_text(json.dumps(kept | found, indent=1, sort_keys=True) + "\n")
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
