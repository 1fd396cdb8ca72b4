"""The commands ``armod lab``, ``armod run``, ``armod site``, ``armod sync`` and ``armod update``; what they do lies in `armod.course.lessons`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from armod.course.commands.options import cell_timeout


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Serve at exactly this port; without it, a free one."
)
@click.option("--browser/--no-browser", default=True, help="Open a browser, where there is a screen.")
@click.option(
    "--author", is_flag=True, help="Show the course's own notebooks and their sources, not your copies."
)
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(port: int | None, browser: bool, author: bool, jupyter_options: tuple[str, ...]) -> None:
    """Open JupyterLab at the course map, and print its address.

    It shows your own copy of the course: write into it as you like. In a checkout that is the folder my_course; where
    armod was installed without one, armod-course, here or above, which is made if it is not there yet.

    What follows `--` goes to JupyterLab itself.

    \b
    armod lab
    armod lab --port 8890 --no-browser
    armod lab -- --ip=0.0.0.0
    """
    from armod.course.lessons.jupyter_lab import start_lab

    sys.exit(start_lab(port, browser, jupyter_options, author=author))


@click.command()
def update() -> None:
    """Renew your copies of the lessons, and keep what you wrote.

    After `git pull` or `pip install --upgrade armod`. Cells that you edited or added stay, each where it stood; your exercises are not
    touched. `armod lab` does the same when it starts.
    """
    from armod.course.errors import CourseError
    from armod.course.lessons.mine import exercises, lessons

    exercises.make_missing()
    renewals = lessons.renew()
    if not renewals:
        raise CourseError("Your copies can't be written: the course's folder is read-only.", exit_code=1)
    for renewal in renewals:
        click.echo(renewal)
    sys.exit(1 if any(renewal.outcome == "damaged" for renewal in renewals) else 0)


@click.command()
@click.argument("lessons", nargs=-1, metavar="[LESSON]...")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The folder that receives the results."
)
@click.option(
    "-p",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="Set a parameter of the lessons; repeatable.",
)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="Lessons that run at a time."
)
@cell_timeout
def run(
    lessons: tuple[str, ...], out: Path, parameters: tuple[tuple[str, str], ...], jobs: int, timeout: int
) -> None:
    """Run lessons without a screen: all of them and the map, or those named.

    Each leaves an executed NAME.ipynb and a NAME.html that needs nothing else. A lesson that fails stops no other;
    the table at the end names its cell, and the exit code is 1.

    \b
    armod run --out results
    armod run 4_5_1_made --out results -p seed 3 -p quick true
    armod run --out results --jobs 4 --timeout 120
    """
    from rich.console import Console

    from armod.course.lessons.headless import run_lessons, summary

    values = {name: _scalar(value) for name, value in parameters}
    results = run_lessons(lessons, out, parameters=values, jobs=jobs, timeout=timeout)
    console = Console()
    console.print(summary(results))
    failed = sum(result.failure is not None for result in results)
    console.print(
        f"{len(results) - failed} of {len(results)} ran well; see {out}", highlight=False, soft_wrap=True
    )
    sys.exit(1 if failed else 0)


@click.command()
@click.argument("lessons", nargs=-1, metavar="[LESSON]...")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The folder that receives the site."
)
@click.option(
    "--library/--no-library",
    default=True,
    show_default=True,
    help="With the guide and the reference of the library.",
)
def site(lessons: tuple[str, ...], out: Path, library: bool) -> None:
    """Build the course as a static site: all of it, or the lessons named.

    The course map is its front page. Lessons show what they showed when they were built; their labs, predictions, sounds and
    quizzes work without a kernel. No page asks another host for anything, so the folder can be read from a disk, or
    be put on any web server. A folder that holds something else is refused; a site that is there already is replaced.

    \b
    armod site --out public
    armod site 4_5_1_made --out draft --no-library
    python -m http.server --directory public
    """
    from armod.course.lessons.catalogue import require_checkout

    # before the import, which would ask for Sphinx where it couldn't help
    require_checkout("`armod site` shows what the lessons printed and drew")
    from armod.course.lessons.site import build_site

    num_pages = build_site(out, lessons, library=library)
    click.echo(f"{num_pages} pages; open {out / 'index.html'} in a browser.")


@click.command()
@click.argument("notebooks", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Only report what has drifted; exit 1 if anything has.")
@click.option("--force", is_flag=True, help="Build even what is up to date.")
@cell_timeout
def sync(notebooks: tuple[str, ...], check: bool, force: bool, timeout: int) -> None:
    """Build each .ipynb from its .py: execute it, normalise it, stamp it.

    Only what has drifted is built; a notebook whose text alone changed is not run again. A notebook that raises an
    error or reaches 1 MB is refused, and its old one kept.

    \b
    armod sync
    armod sync 4_5_1_made --force
    armod sync --check
    """
    from armod.course.lessons import build
    from armod.course.lessons.catalogue import require_checkout

    if check and force:
        raise click.UsageError("--check only reports and --force builds; give one of them.")
    require_checkout("`armod sync` builds the course's own notebooks")
    problems = build.check(notebooks) if check else build.sync(notebooks, force=force, timeout=timeout)
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo("Every notebook is in step with its source.")
    sys.exit(1 if problems else 0)


def _scalar(text: str) -> Any:
    """A parameter's value as a person means it: 3, 0.5, true, null, or the text itself."""
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
