"""The learner's progress: the best result of each exercise, kept on their own disk and sent nowhere.

It is one small JSON file in the user's data folder. ``ARMOD_PROGRESS=off`` keeps nothing; any other value is the path
of the file. A lesson never fails for its progress: a file that is missing, damaged or not writable costs the memory
of results and nothing else.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

from armod.files import write_whole

VARIABLE = "ARMOD_PROGRESS"
FORMAT = 1
PATIENCE = 5  # seconds to wait while another notebook writes; it takes milliseconds


@dataclass(frozen=True)
class Score:
    """The best result so far of one exercise; ValueError unless ``0 <= points <= max_points`` and ``max_points > 0``."""

    points: float
    max_points: float

    def __post_init__(self) -> None:
        if not (0 <= self.points <= self.max_points < math.inf and self.max_points > 0):
            raise ValueError(
                f"The points of an exercise lie between 0 and its max_points; got {self.points} of {self.max_points}."
            )

    @property
    def is_passed(self) -> bool:
        """Whether it has full marks."""
        return self.points >= self.max_points

    @property
    def share(self) -> float:
        """Points as a share of all points, from 0 to 1."""
        return self.points / self.max_points


@dataclass(frozen=True)
class Progress:
    """The best scores by lesson and exercise: ``progress.scores["4_5_1_made"]["masks"]``."""

    scores: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)

    def passed(self, lesson: str) -> int:
        """The number of exercises of that lesson that have full marks."""
        return sum(score.is_passed for score in self.scores.get(lesson, {}).values())

    def begun(self, lesson: str) -> int:
        """The number of exercises of that lesson that were checked and do not have full marks."""
        return len(self.scores.get(lesson, {})) - self.passed(lesson)

    def notes(self) -> dict[str, str]:
        """A few words for each lesson with a result: ``{"4_5_1_made": "2 exercises passed, 1 begun"}``."""
        notes = {}
        for lesson in self.scores:
            passed, begun = self.passed(lesson), self.begun(lesson)
            words = [f"{passed} exercise{'s' * (passed != 1)} passed"] if passed else []
            if begun:
                words.append(f"{begun} begun" if passed else f"{begun} exercise{'s' * (begun != 1)} begun")
            notes[lesson] = ", ".join(words)
        return notes


def load() -> Progress:
    """What is remembered; nothing, if that is off or the file is missing, damaged or not readable."""
    path = progress_file()
    if path is None:
        return Progress()
    try:
        return _parsed(path.read_bytes())
    except (OSError, _Damaged):
        return Progress()


def record(lesson: str, exercise: str, points: float, max_points: float) -> bool:
    """Remember a result if it is the best so far; a damaged file is set aside first, under a new name.

    Args:
        lesson: the lesson's name.
        exercise: the exercise's name.
        points: what the answer has achieved.
        max_points: what it can achieve.

    Returns:
        Whether the file now knows it; trouble with the file raises nothing.

    Raises:
        ValueError: for points that no exercise can give (see `Score`).
    """
    score = Score(points, max_points)
    path = progress_file()
    if path is None:
        return False
    try:
        with _locked(path):
            _remember(path, lesson, exercise, score)
    except (OSError, Timeout):
        return False
    return True


def reset() -> bool:
    """Forget everything, and say whether nothing is remembered now."""
    path = progress_file()
    if path is None or not path.exists():
        return True
    try:
        with _locked(path):
            path.unlink(missing_ok=True)
    except (OSError, Timeout):
        return False
    return True


def progress_file() -> Path | None:
    """Where progress is kept, or None if it is off."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen.lower() == "off":
        return None
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_data_path("armod", appauthor=False) / "progress.json"


class _Damaged(Exception):
    """The file does not hold progress."""


def _remember(path: Path, lesson: str, exercise: str, score: Score) -> None:
    try:
        scores = _parsed(path.read_bytes()).scores
    except FileNotFoundError:
        scores = {}
    except _Damaged:
        os.replace(path, _unused_name(path))
        scores = {}
    of_lesson = scores.get(lesson, {})
    best = of_lesson.get(exercise)
    if best is None or score.share >= best.share:
        _write(path, {**scores, lesson: {**of_lesson, exercise: score}})


def _parsed(raw: bytes) -> Progress:
    try:
        content = json.loads(raw)
        if content["format"] != FORMAT:
            raise _Damaged
        return Progress(
            {
                lesson: {
                    exercise: Score(float(entry["points"]), float(entry["max_points"]))
                    for exercise, entry in exercises.items()
                }
                for lesson, exercises in content["lessons"].items()
            }
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _Damaged from error


def _write(path: Path, scores: Mapping[str, Mapping[str, Score]]) -> None:
    lessons = {
        lesson: {
            exercise: {"points": score.points, "max_points": score.max_points}
            for exercise, score in exercises.items()
        }
        for lesson, exercises in scores.items()
    }
    text = json.dumps({"format": FORMAT, "lessons": lessons}, indent=1, sort_keys=True) + "\n"
    write_whole(path, text, mode=0o600)


def _unused_name(path: Path) -> Path:
    number = 1
    while (name := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return name


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Alone with the file, whatever other notebooks run; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock"), timeout=PATIENCE):
        yield
