"""The commands ``armod check``, ``armod exercise`` and ``armod progress``: what learners do with their own answers."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from armod.course.commands.options import cell_timeout, course, yes
from armod.course.errors import CourseError


@click.command()
@click.argument("notebook")
@cell_timeout
def check(notebook: str, timeout: int) -> None:
    """Run a NOTEBOOK of exercises and print what its visible checks say.

    NOTEBOOK is a file, or the name of a lesson: then it is your own copy of its exercises. Exit code 1 if any check is
    not passed; "not answered yet" counts as not passed.

    \b
    armod check 4_5_1_made
    armod check my_course/my_exercises/4_5_1_made.ipynb
    """
    from armod.course.lessons.check_notebook import check_notebook

    report = check_notebook(notebook, timeout=timeout)
    click.echo(report)
    sys.exit(0 if report.is_passed else 1)


@click.group()
def exercise() -> None:
    """Your own copies of the exercises, and exercises of a course of your own."""


@exercise.command()
@click.argument("name")
@yes
def restore(name: str, yes: bool) -> None:
    """Bring an exercise back to its released form, after asking; your old notebook is kept beside it.

    NAME is an exercise, or a lesson for all the exercises of its notebook.

    \b
    armod exercise restore made-masks
    armod exercise restore 4_5_1_made
    """
    from armod.course.lessons.mine import exercises

    plan = exercises.restoration(name)
    if not yes:
        click.confirm(f"Restore {plan}? Your answers there will be replaced.", abort=True)
    kept = exercises.restore(plan)
    click.echo(f"Restored {plan}." + (f" The old notebook is kept as {kept.name} beside it." if kept else ""))
    click.echo("If the notebook is open in JupyterLab: File > Reload Notebook from Disk.")


@exercise.command()
@click.argument("name")
@click.option("--notebook", help="The notebook to add it to; without it, a notebook of its own.")
@course
def new(name: str, notebook: str | None, course: Path | None) -> None:
    """Make the files of an exercise of your own: its solution, checks, hidden checks and the notebook for learners.

    They can be graded as they are; put your own question in the place of theirs, then `armod exercise release`. A FOLDER
    that is no course yet becomes one.

    \b
    armod exercise new mean --notebook week_1 --course statistics
    """
    from armod.course.lessons.own import new_exercise

    for path in new_exercise(name, notebook, course):
        click.echo(path)


@exercise.command()
@click.argument("notebook")
@course
def release(notebook: str, course: Path | None) -> None:
    """Derive the NOTEBOOK that learners get from its solution, in a course of your own.

    \b
    armod exercise release week_1 --course statistics
    """
    from armod.course.lessons import own

    click.echo(own.release(notebook, course))


@exercise.command()
@click.argument("lesson")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("autograder.zip"),
    show_default=True,
    help="The zip to write.",
)
@click.option("--hidden", type=click.Path(path_type=Path), help="A folder of checks of your own, in Python.")
@course
def autograder(lesson: str, out: Path, hidden: Path | None, course: Path | None) -> None:
    """Write the zip by which Gradescope marks a LESSON in its own containers.

    What locks students' code in there, its output says to instructors: the sandbox where the container lets one be made,
    else another user without rights and network.

    \b
    armod exercise autograder week_1 --course statistics
    """
    from armod.course.grading.autograder import write_autograder
    from armod.course.grading.own_course import read_course
    from armod.course.lessons.catalogue import course_folder

    own = read_course(course.resolve()) if course else None
    released = own.released if own else course_folder() / "notebooks" / "exercises"
    write_autograder(out, lesson, released, hidden or (own.hidden if own else None))
    click.echo(f"Wrote {out}; in Gradescope: Configure Autograder > Upload autograder zip.")


@click.group()
def progress() -> None:
    """What is remembered, on this computer alone, of your exercises."""


@progress.command()
@yes
def reset(yes: bool) -> None:
    """Forget the results of all your exercises, after asking; your notebooks stay as they are."""
    from armod.course.exercises.engine import progress as memory

    path = memory.progress_file()
    if path is None or not path.exists():
        click.echo("Nothing is remembered.")
        return
    if not yes:
        click.confirm(f"Forget every result remembered in {path}?", abort=True)
    if not memory.reset():
        raise CourseError(f"{path} can't be removed; delete it by hand.", exit_code=1)
    click.echo("Your progress is forgotten.")
