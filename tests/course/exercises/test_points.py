"""The marks are fair: what a wrong answer gets does not depend on the number that its instances are drawn from."""

from __future__ import annotations

import pytest

from armod.course.exercises import Answer, exercises_of
from armod.course.exercises.engine.answer import InProcess
from armod.course.exercises.engine.judge import judge
from tests.course.exercises.mutants import Mutant, judged_mutant, mutants, named, solved

ASKED = [mutant for mutant in mutants() if mutant.asked is not None and mutant.asked.own is not None]
TRAINED = "parallel-student"  # it trains: seconds for each number
LESSONS = [
    "4_2_histograms",
    "4_6_1_image_applications",
    "4_6_2_sequence_applications",
    "4_7_1_caching",
    "4_7_2_parallel_generation",
]
NAMES = {exercise.name for lesson in LESSONS for exercise in exercises_of(lesson)} - {TRAINED}
MUTANTS = [mutant for mutant in mutants() if mutant.exercise in NAMES]
every_mutant = pytest.mark.parametrize(
    "mutant", MUTANTS, ids=lambda mutant: f"{mutant.exercise}: {mutant.title}"
)


@every_mutant
def test_a_mutant_gets_the_same_points_for_two_numbers(mutant: Mutant) -> None:
    assert len({judged_mutant(mutant, student=student).points for student in range(2)}) == 1


@pytest.mark.slow
@every_mutant
def test_a_mutant_gets_the_same_points_for_fifty_numbers(mutant: Mutant) -> None:
    """These exercises draw nothing in the notebook itself, but for values of one's own: one run of the solution does for all."""
    exercise, asked = named(mutant.exercise), mutant.asked
    names = dict(solved(exercise.lesson, 0))
    exec(compile(mutant.source, mutant.title, "exec"), names)
    points = set()
    for student in range(50):
        names |= {each.name: each.right(*each.own(student)) for each in exercise.asked if each.own}
        if asked is not None:
            names[asked.name] = mutant.function(*asked.own(student)) if asked.own else mutant.function
        points.add(judge(exercise, Answer(InProcess(dict(names)), student=student)).points)
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
