"""Holds that say their pitch: the same scores as "chorales" on 93 levels, which can be transposed."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from armod.data import load, notes
from armod.data.augmentations import augmentation
from armod.data.dataset import SPLITS
from armod.data.sets.chorales import to_midi_pitches

LEVELS = st.lists(
    st.lists(st.sampled_from([0, 1, 1, 1, 2, 3, 30, 47]), min_size=1, max_size=9), min_size=1, max_size=1
)


def plainly(levels: list[int]) -> list[int]:
    """The definition, note by note."""
    found, sounding = [], None
    for level in levels:
        if level >= 2:
            sounding = level - 2
            found.append(1 + 2 * sounding)
        elif level == 1 and sounding is not None:
            found.append(2 + 2 * sounding)
        else:
            sounding = None
            found.append(0)
    return found


@settings(deadline=None, max_examples=150)
@given(LEVELS)
def test_holds_say_the_pitch_of_their_note(levels: list[list[int]]) -> None:
    assert notes.held(torch.tensor(levels)).tolist() == [plainly(row) for row in levels]


@settings(deadline=None, max_examples=150)
@given(LEVELS)
def test_the_same_pitches_sound(levels: list[list[int]]) -> None:
    held = notes.held(torch.tensor(levels))
    assert torch.equal(notes.pitches(held), to_midi_pitches(torch.tensor(levels)))
    assert torch.equal(notes.held(notes.begun(held)), held)


def test_every_window_of_the_chorales_comes_back() -> None:
    chorales, harmony = load("chorales"), load("harmony")
    assert harmony.context is not None
    for split in SPLITS:
        both = torch.cat([harmony.context[split][:, None], getattr(harmony, split)], 1)
        assert torch.equal(notes.begun(both), getattr(chorales, split))
    assert harmony.texts == chorales.texts and (harmony.event_shape, harmony.num_levels) == ((3, 64), 93)


def test_a_hold_of_another_pitch_begins_it() -> None:
    """A model may say so; a score can't."""
    assert notes.begun(torch.tensor([50, 50, 52, 0, 52])).tolist() == [26, 1, 27, 0, 27]
    assert notes.begins(torch.tensor([50, 50, 52, 0, 52])).tolist() == [True, False, True, False, True]


def test_a_score_moves_as_a_whole_within_its_room() -> None:
    scores = load("harmony").test[:5]
    down, up = notes.room(scores)
    for shift in (-down, up, torch.zeros(5).long()):
        moved = notes.transposed(scores, shift)
        before, after = notes.pitches(scores), notes.pitches(moved)
        assert torch.equal(after[before >= 0], (before + shift[:, None, None])[before >= 0])
        assert ((after < 0) == (before < 0)).all() and torch.equal(notes.begins(moved), notes.begins(scores))
        assert torch.equal(notes.transposed(moved, -shift), scores) and moved.dtype == torch.uint8
    assert (
        notes.pitches(notes.transposed(scores, -down)).masked_fill(scores == 0, 99).flatten(1).amin(1) == 36
    ).all()
    assert (notes.pitches(notes.transposed(scores, up)).flatten(1).amax(1) == 81).all()
    for shift in (up + 1, -down - 1):
        with pytest.raises(ValueError, match=r"Score 0 can be transposed by -?[0-9]+ to [0-9]+ semitones"):
            notes.transposed(scores, shift)


def test_transposition_moves_melody_and_voices_alike_and_reaches_every_key() -> None:
    data = load("harmony")
    assert data.context is not None
    x, melody = data.train[:1].expand(400, -1, -1), data.context["train"][:1].expand(400, -1)
    moved, moved_melody = notes.transpose()(x, melody, torch.Generator().manual_seed(0))
    shifts = (moved.long() - x.long()).masked_fill(x == 0, -99).flatten(1).amax(1)
    of_melody = (moved_melody.long() - melody.long()).masked_fill(melody == 0, -99).amax(1)
    assert torch.equal(shifts, of_melody)
    down, up = (int(each[0]) for each in notes.room(torch.cat([melody[:, None], x], 1)))
    assert set(shifts.tolist()) == {2 * step for step in range(-down, up + 1)}
    near, _ = notes.transpose(most=1)(x, melody, torch.Generator().manual_seed(0))
    assert set((near.long() - x.long()).unique().tolist()) <= {-2, 0, 2}
    by_name, _ = augmentation("transpose", most=1)(x, melody, torch.Generator().manual_seed(0))
    assert torch.equal(by_name, near)
    alone, nothing = notes.transpose()(x, None, torch.Generator().manual_seed(0))
    assert nothing is None and not torch.equal(alone, x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: notes.held(torch.tensor([48])), "levels 0..47; got 48..48"),
        (lambda: notes.begun(torch.tensor([93])), "levels 0..92; got 93..93"),
        (lambda: notes.pitches(torch.tensor([-1])), "levels 0..92; got -1..-1"),
        (lambda: notes.from_pitches(torch.tensor([82]), torch.tensor([True])), "36..81; got 82..82"),
        (lambda: notes.transposed(torch.tensor([[49]]), 1.5), "semitones is a whole number"),
        (lambda: notes.transposed(torch.tensor([[49]]), torch.tensor([1, 2])), "one for each of 1 scores"),
        (lambda: notes.transpose(most=0), "most"),
    ],
)
def test_what_is_no_note_is_one_sentence(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
