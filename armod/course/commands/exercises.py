"""The commands ``armod check``, ``armod exercise`` and ``armod progress``: what learners do with their own answers."""

from __future__ import annotations

import sys

import click

from armod.course.commands.options import cell_timeout, yes
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
    """Your own copies of the exercises."""


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
