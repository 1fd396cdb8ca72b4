"""What a class and each of its students get to read: one page with plots, and one page of feedback each.

Every text on these pages is escaped. Feedback tells of hidden checks only how many there are and what they gave.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from matplotlib.ticker import MaxNLocator

from armod.course.exercises.engine.result import Status
from armod.course.grading.marks.gradebook import Row, exercises_of
from armod.course.grading.marks.record import MARKED
from armod.course.grading.marks.students import Cell, checks, students
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS, css_variables
from armod.files import write_whole

MESSAGES = 12  # of the commonest are shown
BINS = 10
NAMES = 12  # of students are named for one oddity

_UNSEEN = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: var(--armod-ink); background: var(--armod-paper); color-scheme: light;
       max-width: 60em; margin: 2em auto; padding: 0 1em; overflow-wrap: anywhere; }
table { border-collapse: collapse; } th, td { text-align: left; padding: 4px 12px 4px 0; vertical-align: top;
       border-bottom: 1px solid var(--armod-masked); } th { white-space: nowrap; }
code { background: var(--armod-masked); } .passed { color: var(--armod-input); } .open { color: var(--armod-output-text); }
th button { font: inherit; font-weight: bold; border: 0; padding: 0; background: none; color: inherit; cursor: pointer; }
th button:focus-visible, input:focus-visible { outline: 2px solid var(--armod-input); }
th[aria-sort=ascending] button::after { content: " ▴"; } th[aria-sort=descending] button::after { content: " ▾"; }
input { font: inherit; } a { color: inherit; }
.watermark { border: 2px solid var(--armod-output-text); padding: 6px 12px; font-weight: bold; }
"""

# Sorts the table of students by a click on a heading, and hides those who do not hold what is searched for.
SCRIPT = """
const body = document.querySelector(".students tbody"), rows = [...body.rows];
const value = (row, place) => row.cells[place].dataset.key ?? row.cells[place].textContent;
const order = new Intl.Collator(undefined, { numeric: true }).compare;
document.querySelectorAll(".students th").forEach((heading, place) => {
  heading.firstChild.addEventListener("click", () => {
    const sign = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const numbers = rows.every((row) => "key" in row.cells[place].dataset);
    const compare = numbers ? (a, b) => a - b : order;
    rows.sort((a, b) => sign * compare(value(a, place), value(b, place)));
    body.append(...rows);
  });
});
document.querySelector("input[type=search]").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
"""


def write_report(table: Sequence[Row], folder: Path) -> int:
    """Write ``report.html``, and ``feedback/NAME.html`` for each submission that was handed in; their number."""
    (folder / "feedback").mkdir(parents=True, exist_ok=True)
    write_whole(folder / "report.html", class_page(table))
    handed_in = [row for row in table if row.record.file]
    for row in handed_in:
        write_whole(folder / "feedback" / f"{feedback_name(row)}.html", feedback_page(row))
    return len(handed_in)


def feedback_name(row: Row) -> str:
    """A file's name that every system takes and no two submissions share."""
    found = row.record
    readable = re.sub(r"[^\w-]+", "_", found.student, flags=re.ASCII).strip("_")[:60] or "student"
    digest = hashlib.sha256(f"{found.student}\0{found.file}".encode()).hexdigest()[:8]
    return f"{readable}-{found.attempt}-{digest}"


def feedback_page(row: Row) -> str:
    """What one student is told about one submission."""
    found = row.record
    at = found.times.get("handed_in")
    when = f", handed in {_escaped(at)}" if at else ""
    parts = [
        f"<p><strong>{row.points:g} of {row.max_points:g} points</strong>, attempt {found.attempt}{when}</p>"
    ]
    if found.reason:
        parts.append(f"<p>It was not marked. {_escaped(found.reason)}</p>")
    parts += [f"<p>Still to be given by hand: {_escaped(name)}</p>" for name in row.waiting]
    parts += [f"<p>Set by hand: {_escaped(str(override))}</p>" for override in row.overrides]
    for mark in found.marks:
        parts.append(f"<h2>{_escaped(mark.visible.title)}: {mark.points} of {mark.max_points}</h2><ul>")
        for check in mark.visible.checks:
            kind = "passed" if check.status is Status.PASSED else "open"
            message = f"<br>{_with_code(check.message)}" if check.message else ""
            parts.append(
                f'<li>{_with_code(check.title)}: <strong class="{kind}">{check.status}</strong> '
                f"({check.points} of {check.max_points}){message}</li>"
            )
        for number, check in enumerate(mark.hidden.checks, 1):
            parts.append(f"<li>hidden check {number}: {check.points} of {check.max_points}</li>")
        parts.append("</ul>")
    if found.flags:
        parts.append("<h2>Noticed on the way</h2><ul>")
        parts += [f"<li>{_escaped(flag)}</li>" for flag in found.flags]
        parts.append("</ul>")
    return _page(f"{row.name}: {found.lesson or 'not marked'}", parts, row.watermark)


def class_page(table: Sequence[Row]) -> str:
    """What the instructor sees of the class: marks, the exercises' difficulty, the commonest mistakes, time, flags."""
    counted = [row for row in table if row.counts and row.record.status == MARKED]
    status = Counter(row.record.status for row in table)
    parts = [
        "<p>" + ", ".join(f"{number} {_escaped(name)}" for name, number in sorted(status.items())) + "</p>"
    ]
    parts += ["<h2>Students</h2>", _students(table)]
    if counted:
        for picture in (marks_picture(counted), difficulty_picture(counted), time_picture(counted)):
            parts.append(f"<figure>{picture.img()}</figure>")
    parts.append("<h2>Checks</h2>")
    parts.append(_table(("exercise", "check", "passed"), checks(counted)))
    parts.append("<h2>Commonest messages</h2>")
    parts.append(_table(("students", "exercise", "message"), common_messages(counted)))
    parts.append("<h2>Reasons and flags</h2>")
    parts.append(_table(("submissions", "what", "whose"), oddities(table)))
    watermark = next((row.watermark for row in table if row.watermark), "")
    return _page("Marks of the class", parts, watermark, script=SCRIPT)


def _students(table: Sequence[Row]) -> str:
    """The table of students, which can be searched and sorted; refused ones and those who lack something come first."""
    heading, lines = students(table)
    lines.sort(key=lambda line: -float(line[-1].key or 0))
    head = "".join(f'<th scope="col"><button>{_escaped(name)}</button></th>' for name in heading)
    body = "".join(f"<tr>{''.join(map(_cell, line))}</tr>" for line in lines)
    return (
        '<p><label>Search <input type="search"></label></p>'
        f'<table class="students"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    if cell.row is not None:
        text = f'<a href="feedback/{feedback_name(cell.row)}.html">{text}</a>'
    key = f' data-key="{cell.key}"' if isinstance(cell.key, float | int) else ""
    return f"<td{key}>{text}</td>"


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


def _table(heading: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    if not lines:
        return "<p>None.</p>"
    head = "".join(f'<th scope="col">{name}</th>' for name in heading)
    body = "".join(
        "<tr>" + "".join(f"<td>{_with_code(str(value))}</td>" for value in line) + "</tr>" for line in lines
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _escaped(text: str) -> str:
    """The text as HTML shows it; what would be shown as nothing, or turn the direction of a name, is shown as �."""
    return html.escape(_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text))


def _with_code(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _escaped(text))


def _page(title: str, parts: Sequence[str], watermark: str, *, script: str = "") -> str:
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"; script-src 'sha256-{allowed}'" if script else ""
    )  # this one text, and nothing that a student wrote
    mark = f'<p class="watermark">{_escaped(watermark)}</p>' if watermark else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'{policy}\">"
        f"<title>{_escaped(title)}</title>\n<style>:root {{ {css_variables()} }}{_STYLE}</style></head>\n"
        f"<body>\n<h1>{_escaped(title)}</h1>\n{mark}"
        + "\n".join(parts)
        + (f"\n<script>{script}</script>" if script else "")
        + "\n</body>\n</html>\n"
    )
