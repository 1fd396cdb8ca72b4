"""What a class and each of its students get to read: one page with plots, and one page of feedback each.

The templates in ``pages`` escape every text. Feedback tells of hidden checks only how many there are and what they gave.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.ticker import MaxNLocator

from armod.course.exercises.engine.result import Status
from armod.course.grading.marks.gradebook import OVERRIDE_COLUMNS, OVERRIDES, Row, exercises_of
from armod.course.grading.marks.record import MARKED, UNGRADED
from armod.course.grading.marks.students import checks, students
from armod.course.grading.marks.told import reckoned
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS, css_variables
from armod.files import write_whole

MESSAGES = 12  # of the commonest are shown
BINS = 10
NAMES = 12  # of students are named for one oddity

_UNSEEN = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
PAGES = Path(__file__).with_name("pages")


def write_report(table: Sequence[Row], folder: Path) -> int:
    """Write ``report.html``, and for each submission a page for its student and one for the instructor; their number.

    Args:
        table: The rows of the class.
        folder: The folder of marks, in which they become ``feedback/NAME.html`` and ``instructor/NAME.html``.

    Returns:
        How many submissions were handed in.
    """
    for name in ("feedback", "instructor"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    given = folder / OVERRIDES
    text = given.read_text(encoding="utf-8-sig") if given.is_file() else ",".join(OVERRIDE_COLUMNS)
    write_whole(folder / "report.html", class_page(table, text))
    handed_in = [row for row in table if row.record.file]
    for row in handed_in:
        name = f"{feedback_name(row)}.html"
        write_whole(folder / "feedback" / name, feedback_page(row))
        write_whole(folder / "instructor" / name, feedback_page(row, for_student=False))
    return len(handed_in)


def feedback_name(row: Row) -> str:
    """A file's name that every system takes and no two submissions share."""
    found = row.record
    readable = re.sub(r"[^\w-]+", "_", found.student, flags=re.ASCII).strip("_")[:60] or "student"
    digest = hashlib.sha256(f"{found.student}\0{found.file}".encode()).hexdigest()[:8]
    return f"{readable}-{found.attempt}-{digest}"


def feedback_page(row: Row, *, for_student: bool = True) -> str:
    """What one student is told about one submission; the instructor reads what hidden checks say, too."""
    title = f"{row.name}: {row.record.lesson or 'not marked'}"
    return _page("feedback.html", title, row.watermark, row=row, for_student=for_student)


def class_page(table: Sequence[Row], given: str = "") -> str:
    """What the instructor sees of the class: marks, what is hard, common, slow or odd, and a form for points by hand.

    Args:
        table: The rows of the class.
        given: The overrides' file, to which the form adds lines.

    Returns:
        The page.
    """
    counted = [row for row in table if row.counts and row.record.status == MARKED]
    heading, lines = students(table)
    lines.sort(
        key=lambda line: -float(line[-1].key or 0)
    )  # refused ones and those who lack something come first
    pictures = (marks_picture, difficulty_picture, time_picture) if counted else ()
    return _page(
        "report.html",
        "Marks of the class",
        next((row.watermark for row in table if row.watermark), ""),
        script="report.js",
        status=sorted(Counter(row.record.status for row in table).items()),
        heading=heading,
        students=lines,
        by_hand=lines_by_hand(table),
        given=given.strip(),
        pictures=[picture(counted) for picture in pictures],
        checks=checks(counted),
        messages=common_messages(counted),
        oddities=oddities(table),
    )


def lines_by_hand(table: Sequence[Row]) -> list[tuple[Row, list[str]]]:
    """What points can be given for by hand, a line each: what the course says, and any exercise or the whole, "".

    Args:
        table: The rows of the class.

    Returns:
        A row for each submission that counts, or of a student for whom nothing does, with the choices of the line.
    """
    own = {row.key: row for row in table if not row.counts}
    counted = [row for row in table if row.counts]
    for row in counted:
        own.pop(row.key, None)
    return [
        (row, choices)
        for row in sorted([*counted, *own.values()], key=lambda row: row.name)
        for choices in [*([name] for name in row.rules.manual), ["", *row.by_exercise]]
        if row.record.status != UNGRADED
    ]


def common_messages(table: Sequence[Row]) -> list[tuple[int, str, str]]:
    """Number of students, exercise and message of the commonest mistakes; numbers in messages count as equal."""
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for row in table:
        for mark in row.record.marks:
            for check in mark.visible.checks:
                if check.status is Status.MISTAKE and check.message:
                    alike = re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", check.message)
                    seen.setdefault((mark.visible.exercise, alike), {})[row.name] = check.message
    ranked = sorted(seen.items(), key=lambda item: (-len(item[1]), item[0]))[:MESSAGES]
    return [(len(who), exercise, min(who.values())) for (exercise, _), who in ranked]


def oddities(table: Sequence[Row]) -> list[tuple[int, str, str]]:
    """Why submissions were refused, and what was flagged: how many, what, and whose; the rarest first."""
    whose: dict[str, list[str]] = {}
    for row in table:
        for text in filter(None, (row.record.reason, *row.record.flags)):
            attempt = f" ({row.record.attempt})" if row.record.attempt > 1 else ""
            whose.setdefault(text, []).append(row.name + attempt)
    ranked = sorted(whose.items(), key=lambda item: len(item[1]))
    return [
        (len(names), text, ", ".join(names[:NAMES]) + (", ..." if len(names) > NAMES else ""))
        for text, names in ranked
    ]


def marks_picture(table: Sequence[Row]) -> Picture:
    """How many students got which share of the points."""
    shares = [100 * row.points / (row.max_points or 1) for row in table]
    counts = [0] * BINS
    for share in shares:
        counts[min(BINS - 1, int(share * BINS / 100))] += 1
    with new_picture(6.4, 2.8) as picture:
        axes = picture.subplots()
        starts = [100 / BINS * number for number in range(BINS)]
        axes.bar(starts, counts, width=100 / BINS, align="edge", color=COLOURS["input"], edgecolor="white")
        axes.set(title=f"Half of them reach {median(shares):.0f} % of the points", xlim=(0, 100))
        axes.set(xlabel="share of the points, %", ylabel="submissions")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        picture.tight_layout()
        picture.describe(
            f"Marks of {len(shares)} submissions: the median is {median(shares):.0f} % of the points, the lowest "
            f"{min(shares):.0f} %, the highest {max(shares):.0f} %.",
            {"from %": starts, "submissions": counts},
        )
    return picture


def difficulty_picture(table: Sequence[Row]) -> Picture:
    """The mean share of the points that each exercise gave."""
    names = list(exercises_of(table))
    shares = []
    for name in names:
        found = [
            100 * row.by_exercise[name] / max(1, mark.max_points)
            for row in table
            for mark in row.record.marks
            if mark.visible.exercise == name
        ]
        shares.append(sum(found) / len(found))
    with new_picture(6.4, 0.9 + 0.32 * len(names)) as picture:
        axes = picture.subplots()
        axes.barh(range(len(names)), shares, color=COLOURS["output"])
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.invert_yaxis()
        hardest = min(zip(shares, names, strict=True))
        title = f"The hardest, {hardest[1]}, gave {hardest[0]:.0f} % of its points"
        axes.set_title(title, parse_math=False)
        axes.set(xlabel="mean share of the points, %", xlim=(0, 100))
        picture.tight_layout()
        picture.describe(
            f"Mean share of the points for each of {len(names)} exercises; the hardest was {hardest[1]} "
            f"with {hardest[0]:.0f} %.",
            {"exercise": names, "mean %": shares},
        )
    return picture


def time_picture(table: Sequence[Row]) -> Picture:
    """How long it took to mark each submission."""
    seconds = sorted(float(row.record.times.get("seconds", 0.0)) for row in table)
    with new_picture(6.4, 2.4) as picture:
        axes = picture.subplots()
        axes.plot(range(1, len(seconds) + 1), seconds, color=COLOURS["hidden"], marker="o", markersize=3)
        axes.set_title(f"Marking took {median(seconds):.1f} s in the middle, {seconds[-1]:.1f} s at most")
        axes.set(xlabel="submissions, the quickest first", ylabel="seconds to mark")
        axes.set_ylim(0, 1.1 * max(seconds[-1], 0.1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        picture.tight_layout()
        picture.describe(
            f"Marking a submission took {median(seconds):.1f} s in the middle and {seconds[-1]:.1f} s at most.",
            {"seconds": seconds},
        )
    return picture


def _page(name: str, title: str, watermark: str, *, script: str = "", **values: Any) -> str:
    """A page without a source but itself; of scripts it runs this one, and nothing that a student wrote."""
    text = (PAGES / script).read_text(encoding="utf-8") if script else ""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return (
        _pages()
        .get_template(name)
        .render(
            title=title,
            watermark=watermark,
            colours=Markup(css_variables()),
            style=Markup((PAGES / "pages.css").read_text(encoding="utf-8")),
            script={"text": Markup(text), "digest": Markup(digest)} if script else None,
            **values,
        )
    )


@cache
def _pages() -> Environment:
    """The templates; whatever they show is escaped, and what would be shown as nothing or turns a name round is seen as �."""
    pages = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        trim_blocks=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else _seen(str(value)),
    )
    pages.filters |= {"with_code": _with_code, "number": "{:g}".format, "page": feedback_name}
    pages.filters["reckoned"] = reckoned
    return pages


def _seen(text: str) -> str:
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)


def _with_code(value: object) -> Markup:
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(_seen(str(value))))))
