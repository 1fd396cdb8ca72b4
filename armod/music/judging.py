"""A judge of voice leading: chords, crossings, and the parallels that the first lesson of harmony forbids."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from armod.music.scores import Score, scores_of

FIFTH, OCTAVE = 7, 0  # semitones between two voices, but for whole octaves
_TRIADS = [
    {(root + step) % 12 for step in chord}
    for root in range(12)
    for chord in ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8))
]


@dataclass(frozen=True)
class VoiceLeading:
    """What `voice_leading` counts.

    Args:
        triads: the share of beats whose pitches all belong to one triad: major, minor, diminished or augmented. Beats of silence
            do not count.
        crossings: the share of beats at which a voice is above its upper neighbour.
        fifths: parallel fifths per 1,000 pairs of moving voices: both voices move in the same direction from a fifth to a fifth,
            octaves between them apart. A pair moves where both its voices have another pitch than a sixteenth before.
        octaves: the same for octaves and unisons.
        pairs: how many pairs of moving voices there are.

    >>> print(VoiceLeading(0.776, 0.016, 0.4, 0.4, 4984))
    triads on 78 % of beats, crossings on 1.6 %, parallel fifths 0.4 and octaves 0.4 per 1,000 of 4,984 moving pairs
    """

    triads: float
    crossings: float
    fifths: float
    octaves: float
    pairs: int

    def __str__(self) -> str:
        return (
            f"triads on {self.triads:.0%} of beats, crossings on {self.crossings:.1%}, parallel fifths {self.fifths:.1f} and "
            f"octaves {self.octaves:.1f} per 1,000 of {self.pairs:,} moving pairs"
        ).replace("%", " %")


def voice_leading(pitches: Score | Tensor, *, beat: int = 4) -> VoiceLeading:
    """Judge scores by their chords and by how their voices move.

    Args:
        pitches: scores, or MIDI numbers ``(N, voices, T)`` with the highest voice first; -1 is silence.
        beat: sixteenths of a beat.

    Returns:
        The shares and rates; not a number where nothing was counted.

    Raises:
        ValueError: if the pitches have another shape, or the beat is below 1.

    >>> parallel = torch.tensor([[[67, 69], [60, 62]]])
    >>> found = voice_leading(parallel, beat=1)
    >>> found.fifths, found.octaves, found.pairs
    (1000.0, 0.0, 1)
    """
    midi = scores_of(pitches)
    if isinstance(beat, bool) or not isinstance(beat, int) or beat < 1:
        raise ValueError(f"beat is a number of sixteenths, 1 or more, not {beat!r}.")
    on_beats = midi[:, :, ::beat]
    pairs = int(moving(midi).sum())
    fifths, octaves = (
        1000 * int(parallels(midi, interval).sum()) / pairs if pairs else float("nan")
        for interval in (FIFTH, OCTAVE)
    )
    return VoiceLeading(_share_of_triads(on_beats), _share_of_crossings(on_beats), fifths, octaves, pairs)


def moving(midi: Tensor) -> Tensor:
    """Say where both voices of a pair sound and move.

    Args:
        midi: MIDI numbers ``(N, voices, T)``.

    Returns:
        Booleans ``(N, pairs, T - 1)``, for the pairs of voices in the order of ``torch.combinations``.

    >>> moving(torch.tensor([[[67, 69, 69], [60, 62, 64]]])).tolist()
    [[[True, False]]]
    """
    before, now = midi[..., :-1], midi[..., 1:]
    moves = (before >= 0) & (now >= 0) & (before != now)
    upper, lower = _pairs(midi.shape[1])
    return moves[:, upper] & moves[:, lower]


def parallels(midi: Tensor, interval: int) -> Tensor:
    """Find where a pair of voices moves in parallel.

    Args:
        midi: MIDI numbers ``(N, voices, T)``.
        interval: semitones from the lower to the upper voice, 0..11, but for whole octaves.

    Returns:
        Booleans ``(N, pairs, T - 1)``, as `moving`.

    >>> parallels(torch.tensor([[[67, 69], [60, 62]]]), 7).tolist()
    [[[True]]]
    """
    upper, lower = _pairs(midi.shape[1])
    above, below = midi[:, upper], midi[:, lower]
    is_interval = (above - below) % 12 == interval
    same_way = above.diff().sign() == below.diff().sign()
    return moving(midi) & same_way & is_interval[..., :-1] & is_interval[..., 1:]


def _pairs(num_voices: int) -> tuple[Tensor, Tensor]:
    both = torch.combinations(torch.arange(num_voices), 2)
    return both[:, 0], both[:, 1]


def _share_of_triads(midi: Tensor) -> float:
    """Of the beats ``(N, voices, beats)`` at which something sounds."""
    classes = torch.nn.functional.one_hot(midi.clamp(min=0) % 12, 12).bool() & (midi >= 0)[..., None]
    chords = classes.any(1).flatten(0, 1)  # (N * beats, 12)
    chords = chords[chords.any(1)]
    triads = torch.tensor([[tone in triad for tone in range(12)] for triad in _TRIADS])
    strange = (chords[:, None] & ~triads).any(2)
    return (~strange).any(1).float().mean().item()


def _share_of_crossings(midi: Tensor) -> float:
    """Of the beats at which something sounds."""
    upper, lower = midi[:, :-1], midi[:, 1:]
    crossed = ((upper >= 0) & (upper < lower)).any(1)
    return crossed[(midi >= 0).any(1)].float().mean().item()
