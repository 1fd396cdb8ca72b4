"""Any melody in four parts: transposed in and out, several answers, and without parallels."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from armod.data import load, notes
from armod.music import Score, harmonise, notes_of, piano_roll, voice_leading
from armod.music.harmony import SOPRANO, _shipped
from armod.pretrained import receipt
from tests.makers import seeded

TUNE = [(67, 4), (67, 4), (69, 4), (71, 4), (72, 8), (71, 4), (69, 4), (67, 12)]


@pytest.mark.parametrize("semitones", [-45, 0, 9, 40])
def test_any_key_comes_back_in_its_key(semitones: int) -> None:
    """The melody is the soprano, note by note; what was transposed is the same score moved."""
    tune = [(pitch + semitones, length) for pitch, length in TUNE]
    found = harmonise(tune, 2, generator=seeded())
    assert [notes_of(found.score[row]) for row in range(2)] == [tune, tune]
    assert found.score.pitches.shape == (2, 4, 44) and found.log_prob.shape == (2,)
    moved = [pitch + found.semitones for pitch, _ in tune]
    assert min(moved) >= SOPRANO[0] and max(moved) <= SOPRANO[1]
    if semitones == 0:
        assert found.semitones == 0 and "in its own key" in repr(found)
    else:
        again = harmonise(
            [(pitch + found.semitones, length) for pitch, length in tune], 2, generator=seeded()
        )
        assert torch.equal(again.score.moved(-found.semitones).pitches, found.score.pitches)
        assert torch.equal(again.log_prob, found.log_prob)


def test_as_few_semitones_as_bring_it_into_range() -> None:
    for lowest, highest, expected in ((57, 81, 0), (56, 80, 1), (50, 60, 7), (58, 82, -1), (90, 100, -19)):
        assert harmonise([(lowest, 4), (highest, 4)], 1).semitones == expected
    chorales = load("harmony")
    assert chorales.context is not None
    pitches = notes.pitches(chorales.context["train"])
    assert (int(pitches[pitches >= 0].min()), int(pitches.max())) == SOPRANO


@pytest.mark.parametrize(
    "melody", [[(70, 1)], [(None, 63), (60, 1)], [(60, 1), (None, 63)], [(72, 1), (60, 1)] * 32]
)
def test_short_full_and_resting_melodies(melody: list) -> None:
    found = harmonise(melody, 3, generator=seeded())
    assert notes_of(found.score[1]) == melody
    assert found.score.pitches.shape == (3, 4, sum(length for _, length in melody))


def test_answers_differ_and_the_rule_is_kept() -> None:
    chorales = load("harmony")
    assert chorales.context is not None
    bach = Score.of(chorales.context["test"][7:8, None])
    ruled, free = (harmonise(notes_of(bach), 24, rule=rule, generator=seeded()) for rule in (True, False))
    assert len({tuple(row) for row in ruled.score.pitches.flatten(1).tolist()}) == 24
    judged, unruled = voice_leading(ruled.score), voice_leading(free.score)
    assert (judged.fifths, judged.octaves) == (0, 0) and unruled.fifths + unruled.octaves > 2
    assert "24 harmonisations of a melody of 64 sixteenths" in repr(ruled)


def test_log_prob_is_the_models() -> None:
    chorales = load("harmony")
    assert chorales.context is not None
    melody = chorales.context["test"][:1]
    found = harmonise(notes_of(Score.of(melody[:, None])), 2, generator=seeded())
    x = notes.from_pitches(found.score.pitches[:, 1:], found.score.begins[:, 1:])
    with torch.no_grad():
        again = _shipped().log_prob(x, melody)
    torch.testing.assert_close(again, found.log_prob)


def test_the_melody_is_worth_something() -> None:
    told = receipt("recurrent-harmony")
    assert told.nats < 91.6  # what the Transformer reaches that knows the melody's past
    assert told.nats_without_context is not None and told.nats < told.nats_without_context - 20


@pytest.mark.parametrize(
    ("melody", "options", "message"),
    [
        ([(40, 4), (65, 4)], {}, "melody spans 25 semitones, from 40 to 65, .* at most 24"),
        ([(60, 65)], {}, "melody lasts 65 sixteenths"),
        ([], {}, "melody has no note"),
        ([(2, 4)], {}, "The melody lies so low that a voice would leave the MIDI pitches"),
        ([(60, 4)], {"model": "bach"}, "model is an AutoregressiveModel, not str"),
        ([(60, 4)], {"num_samples": -1}, "num_samples"),
        ([(60, 4)], {"rule": "yes"}, "rule"),
        ([(60, 4)], {"temperature": 0}, "temperature must be above 0"),
    ],
)
def test_what_can_not_be_harmonised_is_one_sentence(melody: Any, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        harmonise(melody, **options)
    assert "\n" not in str(error.value)


def test_a_roll_shows_every_note() -> None:
    found = harmonise(TUNE, 1, generator=seeded())
    picture = piano_roll(
        {"ours": found.score, "the tune": Score(found.score.pitches[:, :1], found.score.begins[:, :1])},
        title="Two",
    )
    owners = picture.table["score"]
    assert owners.count("the tune") == len(TUNE)
    assert picture.table["pitch"][: len(TUNE)] == [pitch for pitch, _ in TUNE]
    assert sum(picture.table["length"]) == sum(
        length for voice in range(4) for pitch, length in notes_of(found.score, voice) if pitch is not None
    ) + sum(length for _, length in TUNE)
    assert "the tune, 8 notes" in str(picture)
    for scores in ({}, {"a": harmonise(TUNE, 2).score}):
        with pytest.raises(ValueError, match=r"one score|no score"):
            piano_roll(scores, title="None")
