"""The checks are fair: whoever is right passes, by whatever habit."""

from __future__ import annotations

import pytest

from armod.course.exercises import exercises_of
from tests.course.exercises.galleries import galleries, judged
from tests.course.exercises.mutants import named

GALLERIES = galleries()
# who trains takes seconds: there two habits are tried with every test, and the others by `make test-slow`
ANSWERS = [
    pytest.param(
        exercise,
        source,
        id=f"{exercise}: {title}",
        marks=[pytest.mark.slow] if named(exercise).names == ("train",) and place > 1 else [],
    )
    for gallery in GALLERIES.values()
    for exercise, answers in gallery.items()
    for place, (title, source) in enumerate(answers.items())
]


@pytest.mark.parametrize(("exercise", "source"), ANSWERS)
@pytest.mark.parametrize("student", [0, *(pytest.param(each, marks=pytest.mark.slow) for each in (1, 2))])
def test_a_right_answer_passes(exercise: str, source: str, student: int) -> None:
    result = judged(exercise, source, student=student)
    assert result.is_passed, result


@pytest.mark.parametrize("lesson", GALLERIES)
def test_a_gallery_has_five_answers_to_every_exercise(lesson: str) -> None:
    counts = {
        exercise.name: len(GALLERIES[lesson].get(exercise.name, {})) for exercise in exercises_of(lesson)
    }
    assert min(counts.values()) >= 5, counts


def test_one_unlucky_training_costs_no_points() -> None:
    source = "_right, _calls = train, []\ndef train(*given):\n    _calls.append(1)\n    return _right(*given) if len(_calls) != 1 else 0.0\n"
    assert judged("pixelcnn-training", source).is_passed
    assert not judged("pixelcnn-training", source.replace("!= 1", "> 2")).is_passed
