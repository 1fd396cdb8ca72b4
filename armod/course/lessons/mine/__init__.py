"""The learner's own part of the course, which `armod lab` opens.

It is ``my_course/`` in a checkout, where git ignores it, else ``armod-course/``, in the working directory or above it. It holds a copy of the map and of each lesson (`lessons`), which updates renew and whose notes they keep, and below
``my_exercises/`` a copy of each notebook of exercises (`exercises`), which no update touches.
"""

from __future__ import annotations

from pathlib import Path

from armod.course.lessons.catalogue import SHIPPED, course_folder

OF_AN_INSTALLATION = "armod-course"


def my_course() -> Path:
    """The folder of the learner's own notebooks, whether or not it is there yet."""
    if course_folder() != SHIPPED.resolve():
        return course_folder() / "my_course"
    here = Path.cwd()
    for folder in (here, *here.parents):
        if folder.name == OF_AN_INSTALLATION:
            return folder
        if (folder / OF_AN_INSTALLATION).is_dir():
            return folder / OF_AN_INSTALLATION
    return here / OF_AN_INSTALLATION
