"""The checks are proved: the solution passes for every learner, every mutant fails and is told why."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.course.exercises.mutants import (
    Mutant,
    exercises,
    is_killed,
    is_misnamed,
    judged_mutant,
    judged_reference,
    mutants,
)

EXERCISES, MUTANTS = exercises(), mutants()
STUDENTS = [
    0,
    pytest.param(1, marks=pytest.mark.slow),
]  # papermill asks for 1, in `tests/notebooks/test_exercises.py`
MANY = range(12)  # some mistakes are right for one learner's own numbers: then the next learner's tell
every_mutant = pytest.mark.parametrize(
    "mutant", MUTANTS, ids=lambda mutant: f"{mutant.exercise}: {mutant.title}"
)


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_the_solution_passes_for_every_learner(exercise, student: int) -> None:
    result = judged_reference(exercise, student=student)
    assert result.is_passed, result


@every_mutant
def test_every_mutant_is_told_what_is_wrong(mutant: Mutant) -> None:
    assert _times_told(mutant, enough=1), "no learner's numbers tell this mistake: say one sentence for both"


@pytest.mark.slow
@every_mutant
def test_every_mutant_is_told_to_a_dozen_learners(mutant: Mutant) -> None:
    assert _times_told(mutant, enough=len(MANY))


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_every_check_catches_some_mutant(exercise) -> None:
    """A check that no mutant fails may as well not be there."""
    missed = {check.title for check in exercise.checks}
    for mutant in MUTANTS:
        if mutant.exercise == exercise.name:
            missed -= {check.title for check in judged_mutant(mutant).checks if not check.points}
    assert missed == set()


def _times_told(mutant: Mutant, *, enough: int) -> int:
    """To how many learners, one after the other, it is told what is wrong; none is told another mistake."""
    told = 0
    for student in MANY:
        if told < enough:
            result = judged_mutant(mutant, student=student)
            assert not is_misnamed(mutant, result), result
            if mutant.can_be_told(student):
                assert is_killed(mutant, result), result
                told += 1
    return told


def test_every_exercise_has_three_mutants_with_words_of_their_own() -> None:
    counts = Counter(mutant.exercise for mutant in MUTANTS)
    assert set(counts) == {exercise.name for exercise in EXERCISES}
    assert min(counts.values()) >= 3
    assert all(mutant.says.strip() for mutant in MUTANTS)
    assert len({(mutant.exercise, mutant.title) for mutant in MUTANTS}) == len(MUTANTS)
