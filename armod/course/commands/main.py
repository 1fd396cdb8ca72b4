"""The command ``armod``: open the course, run it headless, build it, and say what works here.

Each command's work lives in a module of its own, imported when it is called, so that ``--help`` is quick and a
core installation without the course's tools still has a command line.
"""

from __future__ import annotations

from typing import Any

import click

from armod.course.commands import doctor, exercises, grading, lessons, training
from armod.course.errors import CourseError
from armod.plugins import PluginError

# what only `armod site` needs
OF_THE_SITE = ("docutils", "furo", "myst_parser", "sphinx")


class _Commands(click.Group):
    """A group whose expected failures are one sentence on standard error, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            sentence, code = str(error), error.exit_code
        except PluginError as error:
            sentence, code = str(error), 1
        except ModuleNotFoundError as error:
            if (error.name or "armod").split(".")[0] == "armod":
                raise
            missing = (error.name or "").split(".")[0]
            extra = "course,docs" if missing in OF_THE_SITE else "course"
            sentence = f"This command needs '{missing}', which is not installed: pip install 'armod[{extra}]'"
            code = 1
        click.echo(f"armod: {sentence}", err=True)
        ctx.exit(code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="armod")
def main() -> None:
    """An interactive course on autoregressive models.

    \b
    armod lab                          open the course in JupyterLab
    armod run --out results            run every lesson, without a screen
    armod check 4_5_1_made             what the checks say to your exercises
    armod grade handed_in --out marks  mark a class, in a sandbox
    armod site --out public            the course as a web site
    armod doctor                       what works here, and how to mend the rest

    Exit codes: 0 all is well, 1 the work found a failure, 2 the call itself was wrong.
    """


for command in (
    lessons.lab,
    lessons.run,
    lessons.site,
    lessons.update,
    lessons.sync,
    exercises.check,
    exercises.exercise,
    exercises.progress,
    training.train,
    grading.grade,
    grading.marks,
    doctor.doctor,
):
    main.add_command(command)
