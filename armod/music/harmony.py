"""Harmonising: alto, tenor and bass for any melody, by a model that reads the whole melody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from armod.data import notes
from armod.data.sets.chorales import LENGTH
from armod.inputs import count_of
from armod.models.base import AutoregressiveModel
from armod.models.checks import check_model
from armod.music.rules import NoParallels
from armod.music.scores import Note, Score, melody_of
from armod.pretrained import load_pretrained
from armod.settings import check_switches

WEIGHTS = "recurrent-harmony"
SOPRANO = 57, 81  # the range of the melodies that the model learnt from


@dataclass(frozen=True, eq=False, repr=False)
class Harmonies:
    """Several harmonisations of one melody.

    Args:
        score: pitches and beginnings of soprano, alto, tenor and bass, ``(N, 4, T)``, at the pitch of the given melody.
        semitones: how far the melody was transposed before it was harmonised; all voices were moved back afterwards.
        log_prob: log p(alto, tenor, bass | melody) of what is written, in nats, of the model without temperature and rule, ``(N,)``. A melody
            shorter than 64 sixteenths was harmonised with its last note held, and the rest, which counts here, was cut off.

    >>> from armod.music import melody_of
    >>> Harmonies(melody_of([(40, 8)]), 17, torch.zeros(1))
    1 harmonisation of a melody of 8 sixteenths, after it was transposed up by 17 semitones, and moved back
    """

    score: Score
    semitones: int
    log_prob: Tensor

    def __repr__(self) -> str:
        num, _, steps = self.score.pitches.shape
        way = "up" if self.semitones > 0 else "down"
        where = (
            "in its own key"
            if self.semitones == 0
            else f"after it was transposed {way} by {abs(self.semitones)} semitones, and moved back"
        )
        return f"{num} harmonisation{'s' * (num != 1)} of a melody of {steps} sixteenths, {where}"


def harmonise(
    melody: Iterable[Note],
    num_samples: int = 3,
    *,
    rule: bool = True,
    temperature: float = 0.6,
    generator: torch.Generator | None = None,
    model: AutoregressiveModel | None = None,
) -> Harmonies:
    """Find alto, tenor and bass for a melody, which begins on the first beat of a bar.

    The model knows melodies from A3 to A5 (MIDI 57..81). Any other one is first transposed by as few semitones as bring it there,
    and the score is moved back.

    Args:
        melody: notes, pairs of a MIDI pitch 0..127 (60 is the middle C; None is a rest) and a number of sixteenths; 64
            sixteenths in all at most, and two octaves from the lowest to the highest note.
        num_samples: how many harmonisations are drawn.
        rule: whether parallel fifths and octaves are forbidden (`NoParallels`).
        temperature: as in `AutoregressiveModel.sample`. At 0.6, with the rule, 74 % of the beats are triads (Bach's melodies of
            the test split; Bach 78 %, at temperature 1 61 %) and 1.4 % have voices that cross (Bach 1.6 %, 4.3 %).
        generator: source of the noise; None is torch's global generator.
        model: a model of the data set "harmony"; None is ``load_pretrained("recurrent-harmony")``.

    Returns:
        The harmonisations.

    Raises:
        ValueError: if the melody has something else than such notes, is too long or too wide, or lies where a voice would
            leave the MIDI pitches, or another argument does not fit.

    >>> found = harmonise([(67, 4), (69, 4), (71, 8)], 2, generator=torch.Generator().manual_seed(0))
    >>> found, found.score.pitches.shape
    (2 harmonisations of a melody of 16 sixteenths, in its own key, torch.Size([2, 4, 16]))
    """
    given = melody_of(melody)
    num_samples = count_of(num_samples, None)
    check_switches(rule=rule)
    semitones = _into_range(given)
    levels = _until_the_end(given.moved(semitones))
    if model is None:
        model = _shipped()
    check_model(model)
    rows = levels.expand(num_samples, -1)
    filter_ = NoParallels(model.ordering, LENGTH, levels) if rule else None
    x = model.sample(num_samples, rows, temperature=temperature, filter=filter_, generator=generator)
    x = notes.held(notes.begun(x))  # a hold of another pitch than before is a beginning, and written so
    with torch.no_grad():
        log_prob = model.log_prob(x, rows)
    num_steps = given.pitches.shape[2]
    score = Score.of(torch.cat([rows[:, None], x], 1)[..., :num_steps])
    moved = score.pitches[score.pitches >= 0] - semitones
    for way, is_beyond in (("low", moved < 0), ("high", moved > 127)):
        if bool(is_beyond.any()):
            raise ValueError(f"The melody lies so {way} that a voice would leave the MIDI pitches 0..127.")
    return Harmonies(score.moved(-semitones), semitones, log_prob)


def _into_range(given: Score) -> int:
    """The fewest semitones that bring a melody into the range of the model's."""
    sounding = given.pitches[given.pitches >= 0]
    lowest, highest = int(sounding.min()), int(sounding.max())
    if highest - lowest > SOPRANO[1] - SOPRANO[0]:
        raise ValueError(
            f"melody spans {highest - lowest} semitones, from {lowest} to {highest}, but the melodies that the model knows span "
            f"at most {SOPRANO[1] - SOPRANO[0]}."
        )
    return max(0, SOPRANO[0] - lowest) + min(0, SOPRANO[1] - highest)


def _until_the_end(given: Score) -> Tensor:
    """Levels ``(1, 64)`` of the melody; its last note, or rest, is held to the end."""
    levels = notes.from_pitches(given.pitches[:, 0], given.begins[:, 0])
    last = notes.from_pitches(given.pitches[:, 0, -1:], torch.zeros(1, 1, dtype=torch.bool))
    return torch.cat([levels, last.expand(1, LENGTH - levels.shape[1])], 1)


@cache
def _shipped() -> AutoregressiveModel:
    return load_pretrained(WEIGHTS)
