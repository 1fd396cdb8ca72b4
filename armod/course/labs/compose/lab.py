"""The compose lab: a melody on a piano roll, three harmonies of it by a model, and their sound.

Given melodies are in the page with all their harmonies. A melody that is written in the page needs the model again. On a live kernel
it is asked at once; without one the page writes the call of `compose` that does the same in a cell. The page makes the sound itself,
from the notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from armod.course.labs.compose.facts import PITCH_NAMES, STEPS, ComposeFacts, Tune, say
from armod.course.labs.page import Widget, check_knobs, lab_page
from armod.models.base import AutoregressiveModel
from armod.music import Note, harmonise, piano_roll
from armod.music.harmony import SOPRANO

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab

NUM_HARMONIES = 3
TEMPO = 84  # beats a minute
_LOWEST, _HIGHEST = 36, 81  # of the model's four voices


def compose_lab(
    melodies: Mapping[str, Iterable[Note]],
    *,
    tune: int = 0,
    harmony: int = 0,
    step: int = 0,
    seed: int = 0,
    temperature: float = 0.6,
    rule: bool = True,
    model: AutoregressiveModel | None = None,
    live: bool = False,
) -> Widget | LiveLab:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        melodies: notes by the name of the melody, as `armod.music.harmonise` takes them.
        tune: the melody, from 0.
        harmony: one of its three harmonies, from 0.
        step: the sixteenth at the cursor, from 0 to 63.
        seed: seed of the noise; every melody has the same.
        temperature: as `armod.music.harmonise`.
        rule: as `armod.music.harmonise`.
        model: as `armod.music.harmonise`.
        live: whether to make an ipywidget: a melody that is written in the page is harmonised by the kernel. Its traits are
            ``melody`` and ``found``; `LiveComposeLab.tune` has the notes.

    Returns:
        The output.

    Raises:
        ValueError: for no melody, one that can't be harmonised, or a value that the lab's knobs do not have.

    >>> print(str(compose_lab({"a scale": [(67, 4), (69, 4), (71, 4), (72, 4)]})).split(": triads")[0])
    Compose lab, an interactive piano roll of harmonies. At first: a scale, harmony 1 of 3
    """
    if not melodies:
        raise ValueError("The compose lab needs at least one melody under its name.")

    def find(name: str, melody: Iterable[Note]) -> Tune:
        noise = torch.Generator().manual_seed(seed)
        found = harmonise(
            melody, NUM_HARMONIES, rule=rule, temperature=temperature, generator=noise, model=model
        )
        return Tune(name, found.score, tuple((-found.log_prob).tolist()))

    tunes = [find(name, melody) for name, melody in melodies.items()]
    if live:
        from armod.course.labs.compose.live import LiveComposeLab

        knobs = {"tune": tune, "harmony": harmony, "step": step}
        compose_page(tunes, **knobs)  # refuses what the page would refuse
        return LiveComposeLab(tunes, find, compose_page, knobs)
    return compose_page(tunes, tune=tune, harmony=harmony, step=step)


def compose_page(tunes: Sequence[Tune], *, tune: int = 0, harmony: int = 0, step: int = 0) -> Widget:
    """The lab of tunes that are harmonised already, its knobs set as in `compose_lab`."""
    facts = ComposeFacts(tuple(tunes), tune, harmony, step)
    check_knobs(
        "compose lab",
        tune=(tune, range(len(tunes))),
        harmony=(harmony, range(NUM_HARMONIES)),
        step=(step, range(STEPS)),
    )
    pitches = [pitch for each in tunes for pitch in each.scores.pitches.flatten().tolist() if pitch >= 0]
    data = {
        "tunes": [each.for_page() for each in tunes],
        "pitches": PITCH_NAMES,
        "low": min([_LOWEST, *pitches]),
        "high": max([_HIGHEST, *pitches]),
        "range": SOPRANO,
        "steps": STEPS,
        "tempo": TEMPO,
        "start": {"tune": tune, "harmony": harmony, "step": step},
    }
    shown = facts.shown
    still = piano_roll({shown.name: shown.scores[harmony]}, title=facts.finding)
    still.describe(facts.description, still.table)
    return lab_page(__file__, data, still)


def compose(
    melody: Iterable[Note], *, seed: int = 0, temperature: float = 0.6, rule: bool = True, live: bool = False
) -> Widget | LiveLab:
    """Harmonise a melody of your own, as a page of the compose lab.

    Args:
        melody: notes, pairs of a MIDI pitch (60 is the middle C; None is a rest) and a number of sixteenths.
        seed: as `compose_lab`, like the rest.
        temperature: see there.
        rule: see there.
        live: see there.

    Returns:
        The output.

    Raises:
        ValueError: if the melody can't be harmonised.
    """
    return compose_lab({say("own"): melody}, seed=seed, temperature=temperature, rule=rule, live=live)
