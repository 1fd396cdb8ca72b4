"""Notes whose holds say their pitch: 93 levels for the voices of the chorales.

In the data set "chorales" a hold is one level whatever goes on. So the last chord is hidden from the step after
it, behind a row of equal holds. Here level 0 is a rest, and each of the pitches 36..81 has two levels, one where it begins and
one where it goes on. Both forms say the same of a window, so that likelihoods in nats compare. In this one a score can be
transposed by adding a number.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from armod.settings import check_sizes, whole_numbers

LOWEST, HIGHEST = 36, 81  # MIDI numbers
REST_LEVEL, HOLD_LEVEL, LOWEST_LEVEL = 0, 1, 2  # of "chorales"
REST = 0
NUM_PITCHES = HIGHEST - LOWEST + 1
NUM_LEVELS = 1 + 2 * NUM_PITCHES


def held(levels: Tensor) -> Tensor:
    """Turn levels of "chorales" into levels whose holds say their pitch.

    Args:
        levels: levels ``0..47``, ``(..., T)``. A hold without a note before it in the window is silence.

    Returns:
        Levels ``0..92``, uint8 ``(..., T)``.

    Raises:
        ValueError: if there is another level.

    >>> held(torch.tensor([26, 1, 1, 0, 28])).tolist()
    [49, 50, 50, 0, 53]
    """
    _check(levels, LOWEST_LEVEL + NUM_PITCHES)
    return from_pitches(to_midi_pitches(levels), levels >= LOWEST_LEVEL)


def begun(notes: Tensor) -> Tensor:
    """Turn levels whose holds say their pitch into levels of "chorales".

    A hold of a pitch that did not sound before begins it: a score can't say anything else.

    Args:
        notes: levels ``0..92``, ``(..., T)``.

    Returns:
        Levels ``0..47``, uint8 ``(..., T)``.

    Raises:
        ValueError: if there is another level.

    >>> begun(torch.tensor([50, 50, 0, 53, 52])).tolist()
    [26, 1, 0, 28, 27]
    """
    found = pitches(notes)
    levels = torch.where(begins(notes), found - LOWEST + LOWEST_LEVEL, HOLD_LEVEL)
    return torch.where(found < 0, REST_LEVEL, levels).to(torch.uint8)


def pitches(notes: Tensor) -> Tensor:
    """Find the pitch that sounds at each step.

    Args:
        notes: levels ``0..92``, of any shape.

    Returns:
        MIDI numbers, int64 of the same shape; -1 where nothing sounds.

    Raises:
        ValueError: if there is another level.

    >>> pitches(torch.tensor([49, 50, 0])).tolist()
    [60, 60, -1]
    """
    _check(notes, NUM_LEVELS)
    numbers = notes.long()
    return torch.where(numbers == REST, -1, (numbers - 1) // 2 + LOWEST)


def begins(notes: Tensor) -> Tensor:
    """Find where notes begin: where a level says so, or another pitch sounds than at the step before.

    Args:
        notes: levels ``0..92``, ``(..., T)``.

    Returns:
        Booleans ``(..., T)``.

    >>> begins(torch.tensor([50, 50, 49, 0, 52])).tolist()
    [True, False, True, False, True]
    """
    found = pitches(notes)
    before = torch.cat([torch.full_like(found[..., :1], -1), found[..., :-1]], -1)
    return (found >= 0) & ((notes.long() % 2 == 1) | (found != before))


def from_pitches(midi: Tensor, starts: Tensor) -> Tensor:
    """Make levels of pitches.

    Args:
        midi: MIDI numbers 36..81, or -1 where nothing sounds, of any shape.
        starts: booleans of the same shape, True where a note begins.

    Returns:
        Levels ``0..92``, uint8 of the same shape.

    Raises:
        ValueError: if a pitch is outside 36..81.

    >>> from_pitches(torch.tensor([60, 60, -1]), torch.tensor([True, False, False])).tolist()
    [49, 50, 0]
    """
    sounding = midi[midi >= 0]
    if sounding.numel() and not LOWEST <= int(sounding.min()) <= int(sounding.max()) <= HIGHEST:
        raise ValueError(
            f"The chorales' pitches are {LOWEST}..{HIGHEST}; got {int(sounding.min())}..{int(sounding.max())}."
        )
    levels = 1 + 2 * (midi - LOWEST) + (~starts).long()
    return torch.where(midi < 0, REST, levels).to(torch.uint8)


def room(notes: Tensor) -> tuple[Tensor, Tensor]:
    """Find how far each score can be transposed within the pitches 36..81.

    Args:
        notes: levels ``0..92``, ``(N, ...)``.

    Returns:
        The most semitones down and up, int64 ``(N,)`` each; both 0 for a score of rests.

    >>> room(torch.tensor([[49, 53], [0, 0]]))
    (tensor([24,  0]), tensor([19,  0]))
    """
    found = pitches(notes).flatten(1)
    is_note = found >= 0
    lowest = torch.where(is_note, found, HIGHEST).amin(1)
    highest = torch.where(is_note, found, LOWEST).amax(1)
    is_empty = ~is_note.any(1)
    return (lowest - LOWEST).masked_fill(is_empty, 0), (HIGHEST - highest).masked_fill(is_empty, 0)


def transposed(notes: Tensor, semitones: int | Tensor) -> Tensor:
    """Move every note of a score by a number of semitones.

    Args:
        notes: levels ``0..92``, ``(N, ...)``.
        semitones: one number, or whole numbers ``(N,)``; below 0 is down.

    Returns:
        Levels of the same shape and dtype.

    Raises:
        ValueError: if the semitones are no whole numbers, or a note would leave 36..81.

    >>> transposed(torch.tensor([[49, 50, 0]]), 2).tolist()
    [[53, 54, 0]]
    """
    shift = torch.as_tensor(semitones)
    if whole_numbers(shift.flatten().tolist()) is None or shift.shape not in (
        torch.Size([]),
        notes.shape[:1],
    ):
        raise ValueError(
            f"semitones is a whole number, or one for each of {len(notes)} scores, not {semitones!r}."
        )
    down, up = room(notes)
    shift = shift.long().to(notes.device).expand(len(notes))
    if bool(((shift < -down) | (shift > up)).any()):
        row = int(((shift < -down) | (shift > up)).nonzero()[0])
        raise ValueError(
            f"Score {row} can be transposed by {-int(down[row])} to {int(up[row])} semitones within the pitches "
            f"{LOWEST}..{HIGHEST}, not by {int(shift[row])}."
        )
    moved = notes.long() + 2 * shift.view(-1, *[1] * (notes.dim() - 1))
    return torch.where(notes == REST, notes, moved.to(notes.dtype))


def transpose(
    most: int | None = None,
) -> Callable[[Tensor, Tensor | None, torch.Generator], tuple[Tensor, Tensor | None]]:
    """Make an augmentation for `armod.fit`: every score is transposed by chance, and its melody with it.

    All transpositions within the pitches 36..81 are equally likely.

    Args:
        most: the most semitones, up or down; None is as far as there is room.

    Returns:
        A function of levels ``(N, voices, T)``, a melody ``(N, T)`` as context or None, and a generator.

    Raises:
        ValueError: if `most` is below 1.

    >>> score = torch.tensor([[[49, 50, 0]]])
    >>> transpose(most=2)(score, None, torch.Generator().manual_seed(3))[0].tolist()
    [[[45, 46, 0]]]
    """
    if most is not None:
        check_sizes(most=most)

    def moved(x: Tensor, context: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        down, up = room(x)
        if context is not None:
            of_melody = room(context)
            down, up = torch.minimum(down, of_melody[0]), torch.minimum(up, of_melody[1])
        if most is not None:
            down, up = down.clamp(max=most), up.clamp(max=most)
        chance = torch.rand(len(x), generator=generator).to(down.device)
        shift = (chance * (down + up + 1)).long() - down
        return transposed(x, shift), None if context is None else transposed(context, shift)

    return moved


def to_midi_pitches(levels: Tensor) -> Tensor:
    """Find the pitch that sounds at each step.

    A note *begins* where its level is 2 or more. A hold without a note before it in the window is silence.

    Args:
        levels: tensor ``(..., T)``.

    Returns:
        MIDI numbers, int64 ``(..., T)``; -1 where nothing sounds.

    >>> to_midi_pitches(torch.tensor([1, 26, 1, 0, 1, 28]))
    tensor([-1, 60, 60, -1, -1, 62])
    """
    steps = torch.arange(levels.shape[-1], device=levels.device).expand(levels.shape)
    beginnings = torch.where(levels != HOLD_LEVEL, steps, 0).cummax(dim=-1).values
    begun = levels.long().gather(-1, beginnings)
    return torch.where(begun >= LOWEST_LEVEL, begun - LOWEST_LEVEL + LOWEST, -1)


def _check(levels: Tensor, num_levels: int) -> None:
    if levels.numel() and not 0 <= int(levels.min()) <= int(levels.max()) < num_levels:
        raise ValueError(
            f"These notes have levels 0..{num_levels - 1}; got {int(levels.min())}..{int(levels.max())}."
        )
