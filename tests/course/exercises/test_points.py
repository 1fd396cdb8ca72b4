"""The marks are fair: what a wrong answer gets does not depend on the number that its instances are drawn from."""

from __future__ import annotations

import pytest

from armod.course.exercises import Answer, exercises_of
from armod.course.exercises.engine.answer import InProcess
from armod.course.exercises.engine.judge import judge
from tests.course.exercises.mutants import Mutant, judged_mutant, mutants, named, solved

ASKED = [mutant for mutant in mutants() if mutant.asked is not None and mutant.asked.own is not None]
NAMES = [exercise.name for exercise in exercises_of("4_2_histograms")]
MUTANTS = [mutant for mutant in mutants() if mutant.exercise in NAMES]
every_mutant = pytest.mark.parametrize(
    "mutant", MUTANTS, ids=lambda mutant: f"{mutant.exercise}: {mutant.title}"
)


@every_mutant
def test_a_mutant_gets_the_same_points_for_three_numbers(mutant: Mutant) -> None:
    assert len({judged_mutant(mutant, student=student).points for student in range(3)}) == 1


@pytest.mark.slow
@every_mutant
def test_a_mutant_gets_the_same_points_for_fifty_numbers(mutant: Mutant) -> None:
    """These exercises draw nothing in the notebook itself: one run of the solution does for all numbers."""
    names = dict(solved("4_2_histograms", 0))
    exec(compile(mutant.source, mutant.title, "exec"), names)
    if mutant.asked is not None:
        names[mutant.asked.name] = mutant.function
    points = {
        judge(named(mutant.exercise), Answer(InProcess(dict(names)), student=student)).points
        for student in range(50)
    }
    assert len(points) == 1


@pytest.mark.parametrize("mutant", ASKED, ids=lambda mutant: f"{mutant.exercise}: {mutant.title}")
def test_everybodys_own_numbers_tell_every_known_mistake(mutant: Mutant) -> None:
    """Numbers for which a mistake happens to be right, or another mistake, would give other points."""
    assert all(mutant.can_be_told(student) for student in range(12))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", ASKED, ids=lambda mutant: f"{mutant.exercise}: {mutant.title}")
def test_fifty_own_numbers_tell_every_known_mistake(mutant: Mutant) -> None:
    assert all(mutant.can_be_told(student) for student in range(50))


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant",
    [mutant for mutant in mutants() if mutant not in MUTANTS],
    ids=lambda mutant: f"{mutant.exercise}: {mutant.title}",
)
def test_any_mutant_gets_the_same_points_for_three_numbers(mutant: Mutant) -> None:
    assert len({judged_mutant(mutant, student=student).points for student in range(3)}) == 1
