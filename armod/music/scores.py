"""Scores as pitches and beginnings, and melodies as lists of notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from armod.data import notes
from armod.data.sets.chorales import LENGTH
from armod.inputs import described
from armod.settings import shown, whole_numbers

Note: TypeAlias = tuple[int | None, int]  # a MIDI pitch, or None for a rest, and how many sixteenths it lasts


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """What sounds at each sixteenth, and where notes begin.

    Args:
        pitches: MIDI numbers, int64 ``(N, voices, T)``; -1 where nothing sounds. The first voice is the highest.
        begins: booleans of the same shape, True where a note begins.

    >>> score = Score.of(torch.tensor([[[49, 50, 0], [25, 26, 26]]]))
    >>> score.pitches.tolist(), score
    ([[[60, 60, -1], [48, 48, 48]]], 1 score of 2 voices and 3 sixteenths)
    """

    pitches: Tensor
    begins: Tensor

    @classmethod
    def of(cls, levels: Tensor) -> Score:
        """Read levels whose holds say their pitch, ``(N, voices, T)`` (`armod.data.notes`)."""
        return cls(notes.pitches(levels), notes.begins(levels))

    @classmethod
    def of_chorales(cls, levels: Tensor) -> Score:
        """Read levels of the data set "chorales", ``(N, voices, T)``."""
        return cls.of(notes.held(levels))

    def __len__(self) -> int:
        return len(self.pitches)

    def __getitem__(self, rows: Any) -> Score:
        """Select scores by a slice or a tensor of indices; a single index keeps its dimension."""
        chosen = slice(rows, rows + 1 or None) if isinstance(rows, int) else rows
        return Score(self.pitches[chosen], self.begins[chosen])

    def moved(self, semitones: int) -> Score:
        """Transpose every note.

        Args:
            semitones: below 0 is down.

        Returns:
            A new score.
        """
        return Score(torch.where(self.pitches < 0, -1, self.pitches + semitones), self.begins)

    def __repr__(self) -> str:
        num, voices, steps = self.pitches.shape
        return f"{num} score{'s' * (num != 1)} of {voices} voices and {steps} sixteenths"


def melody_of(melody: Iterable[Note]) -> Score:
    """Write a melody as a score of one voice.

    Args:
        melody: notes, pairs of a MIDI pitch 0..127 (60 is the middle C; None is a rest) and a number of sixteenths.

    Returns:
        The score ``(1, 1, T)``.

    Raises:
        ValueError: if a note is no such pair, there is none, or they last longer than 64 sixteenths.

    >>> melody_of([(67, 2), (None, 1), (69, 1)]).pitches.tolist()
    [[[67, 67, -1, 69]]]
    """
    if isinstance(melody, str | bytes) or not isinstance(melody, Iterable):
        raise ValueError(f"melody is a list of notes, pairs such as (67, 4), not {shown(melody)}.")
    found, starts = [], []
    for number, note in enumerate(melody):
        pitch, length = _note(number, note)
        found += [pitch] * length
        starts += [pitch >= 0] + [False] * (length - 1)
    if not any(pitch >= 0 for pitch in found):
        raise ValueError(
            "melody has no note: give pairs such as (67, 4), a MIDI pitch and a number of sixteenths."
        )
    if len(found) > LENGTH:
        raise ValueError(
            f"melody lasts {len(found)} sixteenths, but the model's scores have {LENGTH}: cut it in pieces."
        )
    return Score(torch.tensor([[found]]), torch.tensor([[starts]]))


def notes_of(score: Score, voice: int = 0) -> list[Note]:
    """Write one voice of a single score as a list of notes.

    Args:
        score: a score ``(1, voices, T)``.
        voice: which one.

    Returns:
        The notes, as `melody_of` takes them.

    >>> notes_of(melody_of([(67, 2), (None, 1), (69, 1)]))
    [(67, 2), (None, 1), (69, 1)]
    """
    lines: list[tuple[int, int]] = []
    for pitch, starts in zip(score.pitches[0, voice].tolist(), score.begins[0, voice].tolist(), strict=True):
        if lines and pitch == lines[-1][0] and not starts:
            lines[-1] = pitch, lines[-1][1] + 1
        else:
            lines.append((pitch, 1))
    return [(None if pitch < 0 else pitch, length) for pitch, length in lines]


def scores_of(pitches: object, num_voices: int | None = None) -> Tensor:
    """Take the pitches of scores, or a `Score`.

    Args:
        pitches: int64 ``(N, voices, T)``, or a score.
        num_voices: how many voices are due; None is two or more.

    Returns:
        MIDI numbers, int64.

    Raises:
        ValueError: if they have another shape, or are no whole numbers.

    >>> scores_of(torch.zeros(2, 4, 8).long()).shape
    torch.Size([2, 4, 8])
    """
    found = pitches.pitches if isinstance(pitches, Score) else pitches
    is_whole = isinstance(found, Tensor) and not (found.is_floating_point() or found.dtype == torch.bool)
    if not is_whole:
        raise ValueError(f"pitches is a Score, or MIDI numbers (N, voices, T), not {described(found)}.")
    assert isinstance(found, Tensor)
    if found.dim() != 3 or (found.shape[1] < 2 if num_voices is None else found.shape[1] != num_voices):
        due = "2 voices or more" if num_voices is None else f"{num_voices} voices"
        raise ValueError(f"pitches has shape (N, voices, T) with {due}, not {tuple(found.shape)}.")
    return found.long()


def _note(number: int, note: Sequence[Any]) -> tuple[int, int]:
    """A pitch, -1 for a rest, and a length."""
    is_pair = isinstance(note, tuple | list) and len(note) == 2
    length = whole_numbers(note[1:]) if is_pair else None
    pitch = [-1] if is_pair and note[0] is None else whole_numbers(note[:1]) if is_pair else None
    is_rest = is_pair and note[0] is None
    if length is None or pitch is None or length[0] < 1 or not (is_rest or 0 <= pitch[0] <= 127):
        raise ValueError(
            f"Note {number} of the melody is a pair of a MIDI pitch 0..127 (or None) and a number of sixteenths, "
            f"1 or more, not {shown(note)}."
        )
    return pitch[0], length[0]
