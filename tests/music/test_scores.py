"""Scores, melodies, phrases that go on, and how they sound."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from armod import RecurrentModel, orderings
from armod.data import load
from armod.likelihoods import Categorical
from armod.music import Score, continue_phrase, melody_of, notes_of, synthesise
from tests.makers import lively, seeded

MELODY = [(67, 4), (67, 2), (None, 3), (69, 1), (60, 6)]


def test_a_melody_comes_back_note_by_note() -> None:
    score = melody_of(MELODY)
    assert notes_of(score) == MELODY and score.pitches.shape == (1, 1, 16)
    assert score.pitches[0, 0].tolist() == [67] * 6 + [-1] * 3 + [69] + [60] * 6
    assert score.begins[0, 0].nonzero().flatten().tolist() == [0, 4, 9, 10]
    assert notes_of(melody_of([(0, 1)])) == [(0, 1)] and notes_of(melody_of([(127, 64)])) == [(127, 64)]


def test_scores_of_chorales_are_read_voice_by_voice() -> None:
    levels = load("chorales").test[:3]
    score = Score.of_chorales(levels)
    for voice in range(4):
        line = notes_of(score[1], voice)
        assert sum(length for _, length in line) == 64
        assert len([pitch for pitch, _ in line if pitch is not None]) == int((levels[1, voice] >= 2).sum())
    assert len(score) == 3 and len(score[-1]) == 1 and torch.equal(score[-1].pitches, score.pitches[2:])
    up = score.moved(2)
    assert ((up.pitches - score.pitches) == torch.where(score.pitches < 0, 0, 2)).all()


@pytest.mark.parametrize(
    ("melody", "message"),
    [
        ([], "melody has no note"),
        ([(None, 4)], "melody has no note"),
        ([(67, 40), (69, 25)], "melody lasts 65 sixteenths, but the model's scores have 64"),
        ([(67, 4), (128, 4)], r"Note 1 of the melody is a pair .* not \(128, 4\)"),
        ([(-1, 4)], r"Note 0 of the melody is a pair .* not \(-1, 4\)"),
        ([(67, 0)], r"not \(67, 0\)"),
        ([(67, 1.5)], r"not \(67, 1.5\)"),
        ([(67.5, 1)], r"not \(67.5, 1\)"),
        ([67, 69], "Note 0 of the melody is a pair .* not 67"),
        ([(67, 4, 4)], r"not \(67, 4, 4\)"),
        ("C4 D4", "melody is a list of notes"),
        (67, "melody is a list of notes"),
    ],
)
def test_what_is_no_melody_is_one_sentence(melody: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        melody_of(melody)
    assert "\n" not in str(error.value)


def test_a_phrase_goes_on_from_its_beginning() -> None:
    model = lively(
        RecurrentModel((4, 64), 5, cell="gru", likelihood=Categorical(48), ordering=orderings.column((4, 64)))
    )
    beginning = load("chorales").test[4, :, :20]
    found = continue_phrase(beginning, 5, model=model, generator=seeded())
    assert found.pitches.shape == (5, 4, 64)
    assert (found.pitches[..., :20] == Score.of_chorales(beginning[None]).pitches).all()
    assert len({tuple(row) for row in found.pitches[..., 20:].flatten(1).tolist()}) == 5
    for wrong in (beginning[:3], beginning[:, :0], load("chorales").test[4], "a phrase"):
        with pytest.raises(ValueError, match=r"beginning is levels \(4, t\) with t from 1 to 63"):
            continue_phrase(wrong, model=model)  # type: ignore[arg-type]


def test_a_note_sounds_at_its_pitch_while_it_lasts() -> None:
    sound = synthesise(melody_of([(69, 4), (None, 8), (81, 4)]), tempo=60, sample_rate=8000)
    assert len(sound) == math.ceil(4.15 * 8000) and sound.abs().max() == pytest.approx(0.9)
    for begin, hertz in ((0.1, 440), (3.1, 880)):
        part = sound[int(begin * 8000) : int((begin + 0.5) * 8000)]
        loudest = torch.fft.rfft(part).abs().argmax().item() * 2  # bins of 2 hertz
        assert abs(loudest - hertz) <= 2
    assert sound[int(1.3 * 8000) : int(2.9 * 8000)].abs().max() == 0
    assert synthesise(melody_of([(69, 4)]), tempo=120).shape == (math.ceil(0.65 * 8000),)


def test_a_repeated_note_is_struck_twice() -> None:
    held, struck = (synthesise(melody_of(line), tempo=60) for line in ([(69, 8)], [(69, 4), (69, 4)]))
    assert struck[8000:8800].abs().max() > 1.2 * held[8000:8800].abs().max()


@pytest.mark.parametrize(
    ("score", "options", "message"),
    [
        (Score.of(torch.zeros(2, 4, 8).long()), {}, "score is one score, but there are 2"),
        (melody_of([(69, 4)]), {"tempo": 0}, "tempo is a number above 0"),
        (melody_of([(69, 4)]), {"sample_rate": "8k"}, "sample_rate is a number"),
    ],
)
def test_what_can_not_sound_is_one_sentence(score: Score, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synthesise(score, **options)


def test_silence_is_silent() -> None:
    assert synthesise(Score.of(torch.zeros(1, 4, 8).long())).abs().max() == 0
