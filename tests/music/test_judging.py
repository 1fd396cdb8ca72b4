"""The judge of voice leading: on scores written by hand, on Bach, and on voices that do not belong together."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
import torch
from torch import Tensor

from armod.data import load
from armod.music import Score, shuffled_voices, voice_leading
from tests.makers import seeded

C4, D4, E4, F4, G4, A4 = 60, 62, 64, 65, 67, 69


def by_hand(midi: list[list[int]]) -> tuple[int, int, int]:
    """Moving pairs, parallel fifths and parallel octaves of one score, step by step."""
    pairs = fifths = octaves = 0
    for upper, lower in combinations(midi, 2):
        for k in range(1, len(upper)):
            a, b, c, d = upper[k - 1], lower[k - 1], upper[k], lower[k]
            if min(a, b, c, d) < 0 or a == c or b == d:
                continue
            pairs += 1
            if (a < c) == (b < d):
                fifths += (a - b) % 12 == (c - d) % 12 == 7
                octaves += (a - b) % 12 == (c - d) % 12 == 0
    return pairs, fifths, octaves


def test_counts_are_those_of_the_definition() -> None:
    midi = torch.randint(58, 66, (60, 4, 30), generator=seeded())
    midi[torch.rand(midi.shape, generator=seeded(1)) < 0.1] = -1
    expected = [sum(each) for each in zip(*(by_hand(score) for score in midi.tolist()), strict=True)]
    found = voice_leading(midi)
    assert found.pairs == expected[0] > 1500
    assert found.fifths == pytest.approx(1000 * expected[1] / expected[0])
    assert found.octaves == pytest.approx(1000 * expected[2] / expected[0])
    assert min(expected) > 10


@pytest.mark.parametrize(
    ("upper", "lower", "fifths", "octaves"),
    [
        ([G4, A4], [C4, D4], 1000, 0),  # up
        ([A4, G4], [D4, C4], 1000, 0),  # down
        ([G4, A4], [C4 - 12, D4 - 12], 1000, 0),  # twelfths
        ([G4, A4 - 12], [C4, D4], 0, 0),  # from a fifth to a fifth, but not the same way
        ([G4, G4], [C4, C4], None, None),  # nothing moves
        ([G4, A4], [C4, C4], None, None),  # one voice moves
        ([C4, D4], [C4, D4], 0, 1000),  # unisons
        ([C4 + 12, D4 + 12], [C4, D4], 0, 1000),
        ([C4, D4], [G4, A4], 0, 0),  # crossed: the interval up to the upper voice is a fourth
        ([E4, F4], [C4, D4], 0, 0),
        ([-1, A4], [C4, D4], None, None),  # a voice that enters
    ],
)
def test_parallels_of_two_voices(upper: list[int], lower: list[int], fifths: Any, octaves: Any) -> None:
    found = voice_leading(torch.tensor([[upper, lower]]))
    if fifths is None:
        assert found.pairs == 0 and found.fifths != found.fifths
    else:
        assert (found.fifths, found.octaves, found.pairs) == (fifths, octaves, 1)


def test_triads_and_crossings_are_of_beats() -> None:
    chords = torch.tensor(
        [
            [[76, 0, 0, 0, 76, 0, 0, 0, 72, 0, 0, 0, -1]],
            [[72, 0, 0, 0, 72, 0, 0, 0, 76, 0, 0, 0, -1]],
            [[67, 0, 0, 0, 67, 0, 0, 0, 67, 0, 0, 0, -1]],
            [[48, 0, 0, 0, 50, 0, 0, 0, 48, 0, 0, 0, -1]],
        ]
    ).squeeze(1)[None]  # C major, with a D below, with soprano and alto crossed, silence
    found = voice_leading(chords)
    assert (found.triads, found.crossings) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    for classes, is_triad in (
        ([0, 4, 8], 1),
        ([0, 3, 6], 1),
        ([0, 3, 7], 1),
        ([0, 4], 1),
        ([0, 1], 0),
        ([0, 4, 7, 10], 0),
    ):
        chord = torch.tensor(classes).flip(0)[None, :, None] + 60
        if len(classes) > 1:
            assert voice_leading(chord).triads == is_triad


def test_bach_leads_voices_and_chance_does_not() -> None:
    """Figures of the corpus, which a wrong judge would miss; the voices of different chorales are the control."""
    chorales = load("chorales")
    bach, by_chance = (
        voice_leading(Score.of_chorales(each))
        for each in (chorales.test, shuffled_voices(chorales.train, generator=seeded()))
    )
    assert bach.triads == pytest.approx(0.7827, abs=0.001) and bach.crossings == pytest.approx(
        0.0156, abs=0.001
    )
    assert bach.fifths == bach.octaves == pytest.approx(0.40, abs=0.01) and bach.pairs == 4984
    assert by_chance.triads < 0.2 < by_chance.crossings and min(by_chance.fifths, by_chance.octaves) > 15


def test_shuffled_voices_are_each_bachs() -> None:
    levels = torch.arange(24).view(6, 4, 1)
    found = shuffled_voices(levels, generator=seeded())
    assert torch.equal(found.sort(0).values, levels) and not torch.equal(found, levels)
    assert levels.tolist() == torch.arange(24).view(6, 4, 1).tolist()


@pytest.mark.parametrize(
    ("pitches", "options", "message"),
    [
        (torch.zeros(4, 8).long(), {}, r"shape \(N, voices, T\) with 2 voices or more, not \(4, 8\)"),
        (torch.zeros(1, 1, 8).long(), {}, r"not \(1, 1, 8\)"),
        (torch.zeros(1, 4, 8), {}, "pitches is a Score, or MIDI numbers"),
        ([[60]], {}, "pitches is a Score, or MIDI numbers"),
        (torch.zeros(1, 4, 8).long(), {"beat": 0}, "beat is a number of sixteenths, 1 or more, not 0"),
        (torch.zeros(1, 4, 8).long(), {"beat": 1.5}, "beat is a number"),
    ],
)
def test_what_is_no_score_is_one_sentence(pitches: Tensor, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        voice_leading(pitches, **options)
    assert "\n" not in str(error.value)
