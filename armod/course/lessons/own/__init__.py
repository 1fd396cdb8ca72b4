"""The files of a course of one's own: ``armod exercise new`` makes them, ``armod exercise release`` derives the notebook."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Template

from armod.course.errors import CourseError
from armod.course.exercises.engine.exercise import exercises_of, lessons
from armod.course.exercises.engine.own import CHECKS, RELEASED
from armod.course.grading.own_course import COURSE, HIDDEN, SOLUTIONS, SUFFIX, course_above, read_course
from armod.course.lessons.derive import without_solutions
from armod.course.lessons.normal_form import normalised
from armod.course.lessons.pair import as_json, code_sha256
from armod.files import write_whole

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def new_exercise(name: str, notebook: str | None = None, folder: Path | None = None) -> list[Path]:
    """Make the files of an exercise, which can be graded as they are; a folder that is no course yet becomes one.

    Args:
        name: The exercise's name.
        notebook: The notebook that it stands in, after those that stand there; one of its own name if None.
        folder: The course; the nearest from the working folder upwards if None.

    Returns:
        The files that were made or changed.

    Raises:
        CourseError: If a name can't be one or is taken, or if there is no course.
    """
    lesson = notebook or name.replace("-", "_")
    for what, value in (("an exercise", name), ("a notebook", lesson)):
        if not _NAME.fullmatch(value):
            raise CourseError(
                f"{value!r} can't be the name of {what}; take small letters, digits, - and _, a letter first."
            )
    course = folder or course_above()
    if course is None:
        raise CourseError(
            f"No {COURSE} lies here or above; name a folder by --course FOLDER, which becomes a course if it is none."
        )
    made = []
    if not (course / COURSE).exists():
        made += _write(course / COURSE, _filled(COURSE, title=_title(course.resolve().name)))
    read_course(course)
    taken = {exercise.name: other for other in lessons() for exercise in exercises_of(other)}
    if name in taken:
        raise CourseError(f"The lesson {taken[name]} has an exercise {name!r}; choose another name.")
    number = 1 + max((exercise.number for exercise in exercises_of(lesson)), default=0)
    about = {"name": name, "names": name.replace("-", "_"), "number": str(number), "title": _title(name)}
    place = course / RELEASED / CHECKS / f"lesson_{lesson}"
    source = course / SOLUTIONS / f"{lesson}.py"
    hidden = course / HIDDEN / f"{name}.py"
    check = place / f"{about['names']}.py"
    for path in (check, hidden):
        if path.exists():
            raise CourseError(f"{path} is there already; choose another name.")
    if not (place / "__init__.py").exists():
        made += _write(place / "__init__.py", f'"""The exercises of {lesson}."""\n')
    made += _write(check, _filled("check.py", **about))
    made += _write(hidden, _filled("hidden.py", **about))
    head = (
        source.read_text(encoding="utf-8").rstrip() + "\n\n"
        if source.exists()
        else _filled("head.py", title=_title(lesson))
    )
    made += _write(source, head + _filled("exercise.py", **about))
    return [*made, release(lesson, course)]


def release(name: str, folder: Path | None = None) -> Path:
    """Derive a notebook that learners get from its solution.

    Args:
        name: The notebook's name.
        folder: The course; the nearest from the working folder upwards if None.

    Returns:
        The notebook's file.

    Raises:
        CourseError: If there is no such solution, or it has not the right form.
    """
    course = folder or course_above() or Path()
    read_course(course)
    source = course / SOLUTIONS / f"{name}.py"
    if not source.is_file():
        known = ", ".join(path.stem for path in sorted(source.parent.glob("*.py"))) or "none"
        raise CourseError(f"There is no solution {source}; there are {known}.")
    if not exercises_of(name):
        raise CourseError(
            f"{course / RELEASED / CHECKS} holds no folder lesson_{name} with an exercise in it."
        )
    notebook = without_solutions(source)
    (made,) = _write(
        course / RELEASED / f"{name}{SUFFIX}", as_json(normalised(notebook, code_sha256(notebook)))
    )
    return made


def _filled(template: str, /, **values: str) -> str:
    text = files(__name__).joinpath(f"{template}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _title(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().capitalize()


def _write(path: Path, text: str) -> list[Path]:
    try:
        write_whole(path, text)
    except OSError as error:
        raise CourseError(f"Can't write {path} ({error.strerror}); choose another folder.") from error
    return [path]
