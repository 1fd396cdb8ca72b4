"""The compose lab: what its words say, what it refuses, and what a kernel adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from armod.course.labs import compose_lab
from armod.course.labs.compose.facts import STEPS, Tune, pitch_name
from armod.course.labs.compose.lab import compose
from armod.course.labs.compose.live import LiveComposeLab
from armod.music import harmonise, melody_of, voice_leading
from tests.course.labs.compose.cases import MELODIES, compose_state, tunes

CALL = [list(note) for note in MELODIES["a call"]]


def test_the_words_name_the_chord_the_triads_and_the_nats() -> None:
    facts = compose_state(1, 2, 5)
    tune = tunes()[1]
    score = tune.scores[2]
    assert facts.finding == (
        f"a call, harmony 3 of 3: triads on {100 * round(voice_leading(score).triads, 4):.0f}% of its beats, "
        f"{tune.nats[2]:.1f} nats"
    )
    midi = score.pitches[0, :, 5].tolist()
    assert facts.detail.startswith(f"Step 6 of 64: soprano {pitch_name(midi[0])}, alto {pitch_name(midi[1])}")
    # the rest of the melody at its third step is silent in the soprano alone
    assert tune.scores.pitches[0, 0, 2] == -1 and "soprano" not in tune.chord(0, 2)
    assert tune.chord(0, STEPS - 1) == "silence"  # after the end of the melody
    assert [pitch_name(pitch) for pitch in (36, 59, 60, 70)] == ["C2", "B3", "C4", "B♭4"]


def test_the_pages_notes_are_those_of_the_harmoniser() -> None:
    due = harmonise(MELODIES["a call"], 3, generator=torch.Generator().manual_seed(0))
    page = tunes()[1].for_page()
    assert page["soprano"] == [(0, 2, 60), (4, 12, 67), (16, 2, 65), (18, 14, 64)] and page["steps"] == 32
    for k, voices in enumerate(page["harmonies"]):
        for voice, notes in enumerate(voices, 1):
            sounding = torch.full((32,), -1)
            for begin, length, pitch in notes:
                sounding[begin : begin + length] = pitch
            assert sounding.equal(due.score.pitches[k, voice])
    assert page["nats"] == [round(-each, 1) for each in due.log_prob.tolist()]


def test_a_melody_of_another_range_is_shown_where_it_is() -> None:
    widget = compose([(30, 8), (42, 8)])
    assert widget.data["low"] < 30 and widget.data["high"] == 81
    assert [note[2] for note in widget.data["tunes"][0]["soprano"]] == [30, 42]


def test_the_kernel_harmonises_what_the_page_or_python_sets() -> None:
    lab = compose_lab(MELODIES, live=True)
    assert lab.melody == [list(note) for note in MELODIES["a scale"]] and lab.found["name"] == "a scale"
    lab.set_state({"melody": [[64, 8], [None, 4], [62, 4]]})  # what arrives from a page
    assert lab.found["soprano"] == [(0, 8, 64), (12, 4, 62)] and len(lab.found["harmonies"]) == 3
    assert lab.tune.scores.pitches.shape == (3, 4, 16)
    first = lab.found
    lab.set_state({"melody": [[64, 8], [None, 4], [62, 4]]})
    assert lab.found == first
    assert "your own, harmony 1 of 3" in str(lab.tabled())
    lab.melody = [(60, 2), (None, 2), (67, 12), (65, 2), (64, 14)]  # a given one is known already
    assert lab.melody == CALL and lab.found["name"] == "a call" and "a call, harmony 1" in str(lab.tabled())
    with pytest.raises(ValueError, match="Note 0 of the melody is a pair"):
        lab.melody = [60, 2]
    assert lab.melody == CALL
    with pytest.raises(ValueError, match="melody spans 30 semitones"):
        lab.melody = [(60, 4), (90, 4)]
    assert lab.melody == CALL and lab.found["name"] == "a call"


def bad_calls() -> Iterator[tuple[Callable[[], Any], str]]:
    score = tunes()[0].scores
    yield lambda: compose_lab({}), "needs at least one melody"
    yield lambda: compose([]), "melody has no note"
    yield lambda: compose([(40, 4), (80, 4)]), "spans 40 semitones"
    yield lambda: compose_lab(MELODIES, live=True, harmony=3), "harmony is one of 0, 1, 2; got 3"
    yield lambda: Tune("x", score, (1.0,)), "A tune of the compose lab has harmonies .* and 1"
    yield lambda: Tune("x", melody_of([(60, 4)]), (1.0,)), r"'x' has \(1, 1, 4\)"


@pytest.mark.parametrize(("make", "sentence"), list(bad_calls()))
def test_bad_calls_are_one_sentence(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


def test_the_live_lab_is_a_page_where_no_kernel_is() -> None:
    lab = compose_lab(MELODIES, live=True)
    bundle = lab._repr_mimebundle_()
    assert isinstance(lab, LiveComposeLab) and set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == str(compose_lab(MELODIES))
