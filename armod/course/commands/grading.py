"""The commands ``armod grade`` and ``armod marks``; what they do lies in `armod.course.grading`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from armod.course.commands.options import course
from armod.course.errors import CourseError

if TYPE_CHECKING:
    from armod.course.grading.intake.times import Times
    from armod.course.grading.marks.gradebook import Row
    from armod.course.grading.marks.roster import Roster

Command = Callable[..., None]

TRUST = "I trust every one of these submissions"


class _OneOf(click.ParamType):
    """One of several names; which there are is looked up when somebody asks, other packages may add some."""

    def __init__(self, name: str, known: Callable[[], list[str]]) -> None:
        self.name, self.known = name, known

    def get_metavar(self, *_: Any, **__: Any) -> str:
        return f"[{'|'.join(self.known())}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.known():
            self.fail(f"{value!r} is not one of {', '.join(self.known())}.", param, ctx)
        return value


def _formats() -> list[str]:
    from armod.course.grading.marks.export import FORMATS

    return list(FORMATS)


def _runners() -> list[str]:
    from armod.plugins import plugins

    return ["sandbox", "docker", *plugins("armod.confinements")]


def _number(name: str, default: int, what: str, *, at_least: int = 1) -> Callable[[Command], Command]:
    """An option that takes a whole number."""
    return click.option(name, default=default, show_default=True, type=click.IntRange(at_least), help=what)


def _with_policy(command: Command) -> Command:
    """The options that say which attempts count."""
    for option in (
        course,
        click.option(
            "--late",
            type=click.Choice(["count", "exclude", "ignore"]),
            help="Whether what is late may count, or nobody looks; as the course says, or count.",
        ),
        click.option(
            "--due",
            metavar="TIME",
            type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
            help="What was handed in after it is late; without it, as the course says.",
        ),
        click.option(
            "--attempts",
            type=click.Choice(["last", "best"]),
            help="Which of a student's attempts counts; as the course says, or the last.",
        ),
    ):
        command = option(command)
    return command


def _table(folder: Path, course: Path | None, policy: dict[str, Any], roster: Roster | None) -> list[Row]:
    """The marks by what the course says, and by what the call says otherwise; what fits nobody is warned of."""
    from armod.course.grading.marks.gradebook import rows, stale
    from armod.course.grading.marks.lateness import Policy
    from armod.course.grading.own_course import read_course

    own = read_course(course.resolve()) if course else None
    found = rows(folder, Policy.of(own, **policy), roster=roster)
    for sentence in stale(folder, found):
        click.echo(f"Note: {sentence}", err=True)
    return found


@click.command()
@click.argument("submissions", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder of marks.")
@_number("--jobs", 1, "Submissions marked at a time, at most one a core.")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Mark on a dask.distributed cluster that sees the same folders."
)
@_with_policy
@click.option("--hidden", type=click.Path(path_type=Path), help="A folder of checks of your own, in Python.")
@click.option("--roster", type=click.Path(path_type=Path), help="A CSV file of those who are in the class.")
@click.option(
    "--numbers",
    metavar="COLUMN",
    help="The column of the roster with each student's number, so that `student` is not theirs to choose.",
)
@click.option(
    "--times",
    type=click.Path(path_type=Path),
    help="A CSV file that says when each student handed in, such as Moodle's grading worksheet.",
)
@click.option(
    "--lesson", help="Mark every submission as this lesson's; without it, as the one that it answers."
)
@_number("--question-timeout", 10, "Seconds for one answer.")
@_number("--cell-timeout", 60, "Seconds for one cell.")
@_number("--notebook-timeout", 600, "Seconds for a whole submission.")
@_number("--memory", 2048, "MiB for all that one submission starts and writes.", at_least=256)
@click.option(
    "--runner",
    type=_OneOf("runner", _runners),
    default="sandbox",
    show_default=True,
    help="What locks students' code in: bubblewrap, or containers of docker's.",
)
@click.option(
    "--unsandboxed",
    is_flag=True,
    help="Lock nothing in. You are asked to say so in words, and every exported mark says so too.",
)
def grade(
    submissions: Path,
    out: Path,
    jobs: int,
    scheduler: str | None,
    course: Path | None,
    hidden: Path | None,
    roster: Path | None,
    numbers: str | None,
    times: Path | None,
    lesson: str | None,
    question_timeout: int,
    cell_timeout: int,
    notebook_timeout: int,
    memory: int,
    runner: str,
    unsandboxed: bool,
    **policy: Any,
) -> None:
    """Mark the notebooks of a class, each locked in a sandbox.

    SUBMISSIONS holds STUDENT.ipynb files, or a folder named after each student with several attempts. Each submission
    gets a record in the folder of marks, also one that can't be marked; what has one is left alone, so that the same
    command goes on after an interruption. Exit code 0 when every submission has a record.

    \b
    armod grade handed_in --out marks
    armod grade handed_in --out marks --jobs 4 --hidden my_checks --roster class.csv
    armod grade handed_in --out marks --course statistics
    """
    from armod.course.grading.confinement.kernel_client import OVERLOADED
    from armod.course.grading.confinement.limits import MIB, Limits
    from armod.course.grading.grade import grade as grade_class
    from armod.course.grading.marking import Settings
    from armod.course.grading.marks.lateness import Policy
    from armod.course.grading.marks.record import TRIES
    from armod.course.grading.marks.roster import read_roster
    from armod.course.grading.own_course import read_course
    from armod.course.lessons.catalogue import course_folder

    if unsandboxed:
        if runner != "sandbox":
            raise CourseError(
                f"Either --runner {runner} or --unsandboxed: the one locks in, the other does not."
            )
        _ask_for_trust()
    own = read_course(course.resolve()) if course else None
    settings = Settings(
        own.released if own else course_folder() / "notebooks" / "exercises",
        hidden=hidden.resolve() if hidden else own.hidden if own else None,
        lesson=lesson,
        limits=Limits(
            question_seconds=question_timeout,
            cell_seconds=cell_timeout,
            notebook_seconds=notebook_timeout,
            memory=memory * MIB,
        ),
        confinement="none" if unsandboxed else runner,
    )
    students = read_roster(roster) if roster else None
    known = _times(times, roster)
    graded = grade_class(
        submissions,
        out,
        settings,
        jobs=jobs,
        scheduler=scheduler,
        roster=students,
        times=known,
        policy=Policy.of(own, **policy),
        numbers=numbers,
    )
    click.echo(
        f"{graded.submissions - len(graded.failures)} of {graded.submissions} submissions have a record in {out}: "
        f"{graded.now} new, {graded.refused} refused with a reason; {graded.absent} in the roster handed in nothing."
    )
    if graded.strangers:
        click.echo(
            f"Of those who handed in, {graded.strangers} are in no line of the roster, or not in one alone; look whether "
            "their names stand in one of its columns.",
            err=True,
        )
    if graded.without_core > OVERLOADED:
        click.echo(
            f"The machine was overloaded: notebooks had no core for {graded.without_core:.0%} of their time, which did not "
            "count for their time-outs; give fewer --jobs, or wait until others are done.",
            err=True,
        )
    if graded.again or graded.overloaded:
        click.echo(
            f"{graded.again} ran out of time meanwhile and were tried again, one at a time; the time of {graded.overloaded} may "
            f"still have run out for that alone, which their record says, and the same command tries them {TRIES} times.",
            err=True,
        )
    for file, failure in graded.failures.items():
        click.echo(f"{file!r} was given up: {failure}.", err=True)
    if graded.failures and settings.hidden:
        click.echo("Hidden checks are asked once every submission has its record.", err=True)
    sys.exit(1 if graded.failures else 0)


def _times(table: Path | None, roster: Path | None) -> Times | None:
    """When students handed in: by a table, or by the roster if it has such a column, as Moodle's worksheet does."""
    from armod.course.grading.intake.times import COLUMNS, Times
    from armod.course.grading.marks.roster import read_roster

    found = [Times.in_table(read_roster(path), path) for path in (table or roster,) if path]
    if table and not any(found):
        raise CourseError(f"{table} has no column of times; call one of its columns {COLUMNS[0]!r}.")
    return found[0] if found else None


def _ask_for_trust() -> None:
    click.echo(
        "Nothing will be locked in: these notebooks run as you do, with your files, your passwords and your network, and "
        "can forge their own marks.",
        err=True,
    )
    try:
        said = click.prompt(f"To go on, type: {TRUST}", err=True, default="", show_default=False)
    except click.Abort:
        said = ""
        click.echo(err=True)
    if said.strip() != TRUST:
        raise CourseError("Nothing was run: --unsandboxed needs those words, typed as they stand.")


@click.group()
def marks() -> None:
    """What to do with the marks of a class."""


@marks.command()
@click.argument("folder", metavar="MARKS", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    required=True,
    type=_OneOf("format", _formats),
    help="For a spreadsheet (csv), for Gradescope, Canvas or Moodle, or for a CI service (junit).",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The file to write; without it, standard output."
)
@click.option(
    "--roster",
    type=click.Path(path_type=Path),
    help="Canvas' own export, for the students' ids, or Moodle's grading worksheet, to be filled in.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="[LESSON=]COLUMN",
    help="For canvas and moodle: the column of the roster that the marks go into; again for another lesson.",
)
@click.option(
    "--zeros", is_flag=True, help="For canvas and moodle: 0 points for those of whom nothing counts."
)
@click.option("--dry-run", is_flag=True, help="Say who is late and what that costs, and write nothing.")
@_with_policy
def export(
    folder: Path,
    form: str,
    out: Path | None,
    roster: Path | None,
    columns: tuple[str, ...],
    zeros: bool,
    dry_run: bool,
    course: Path | None,
    **policy: Any,
) -> None:
    """Write the marks of a class in the form that others read, refused and missing submissions included.

    Points given by hand stand in MARKS/overrides.csv, with the columns student, lesson, exercise, points, who, when, why.

    \b
    armod marks export marks --format csv --out marks.csv
    armod marks export marks --format canvas --roster canvas.csv --column "Week 1" --zeros
    armod marks export marks --format moodle --roster worksheet.csv --out filled.csv
    """
    from armod.course.grading.marks import told
    from armod.course.grading.marks.export import FORMATS, canvas, moodle
    from armod.course.grading.marks.gradebook import require_hidden
    from armod.course.grading.marks.roster import read_roster

    students = read_roster(roster) if roster else None
    table = _table(folder, course, policy, students)
    if dry_run:
        click.echo(told.told(table))
        return
    for sentence in told.in_short(table):
        click.echo(sentence, err=True)
    require_hidden(table)
    if form in ("canvas", "moodle"):
        fill_in = canvas.export if form == "canvas" else moodle.export
        text = fill_in(table, students, columns=columns, zeros=zeros)
    elif columns or zeros:
        raise CourseError(f"--column and --zeros are for --format canvas or moodle, not for {form}.")
    else:
        text = FORMATS[form](table, students)
    if out is None:
        click.echo(text.encode(), nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise CourseError(f"Can't write {out} ({error.strerror}); choose another file for --out.") from error


@marks.command()
@click.argument("folder", metavar="MARKS", type=click.Path(path_type=Path))
@click.option("--roster", type=click.Path(path_type=Path), help="A CSV file with the students' names.")
@click.option(
    "--moodle",
    metavar="ZIP",
    type=click.Path(path_type=Path),
    help="Write the pages of what counts into a zip that Moodle takes as feedback files; the worksheet is the roster.",
)
@_with_policy
def report(
    folder: Path, roster: Path | None, moodle: Path | None, course: Path | None, **policy: Any
) -> None:
    """Write MARKS/report.html about the class, and a page of feedback for each submission in MARKS/feedback.

    \b
    armod marks report marks
    """
    from armod.course.grading.marks.gradebook import require_hidden
    from armod.course.grading.marks.report import write_report
    from armod.course.grading.marks.roster import read_roster
    from armod.course.grading.marks.told import in_short

    students = read_roster(roster) if roster else None
    table = _table(folder, course, policy, students)
    for sentence in in_short(table):
        click.echo(sentence, err=True)
    require_hidden(table)
    count = write_report(table, folder)
    click.echo(f"Wrote {folder / 'report.html'} and {count} pages in {folder / 'feedback'}.")
    if moodle is not None:
        from armod.course.grading.marks.export.moodle import write_feedback
        from armod.course.grading.marks.report import feedback_page

        click.echo(f"Wrote {write_feedback(table, students, moodle, feedback_page)} pages into {moodle}.")
