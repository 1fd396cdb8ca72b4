"""The learner's own part of the course: ``my_course/``, which git ignores, and which `armod lab` opens.

It holds a copy of the map and of each lesson (`lessons`), which updates renew and whose notes they keep, and below
``my_exercises/`` a copy of each notebook of exercises (`exercises`), which no update touches.
"""

from __future__ import annotations

from pathlib import Path

from armod.course.lessons.catalogue import course_folder


def my_course() -> Path:
    """The folder of the learner's own notebooks, whether or not it is there yet."""
    return course_folder() / "my_course"
