"""What a class and its students read: nothing in it acts, and nothing hidden is told."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from armod.course.grading.marks.gradebook import OVERRIDE_COLUMNS, OVERRIDES, rows
from armod.course.grading.marks.lateness import Policy
from armod.course.grading.marks.report import class_page, common_messages, feedback_page, write_report
from armod.course.grading.marks.students import checks, students
from armod.course.grading.own_course import Course, Rules
from tests.course.grading.marks.records import SCRIPT, made, mark, marks

DUE = datetime(2026, 1, 8, 13, tzinfo=UTC)


def test_pages_escape_whatever_students_write(tmp_path: Path) -> None:
    folder = marks(
        tmp_path,
        made(SCRIPT, 1, marks=(mark(1, SCRIPT),), flags=(SCRIPT,)),
        made("eve", None),
        made("$x$", 2),
    )
    assert write_report(rows(folder), folder) == 3
    pages = [folder / "report.html", *(folder / "feedback").iterdir(), *(folder / "instructor").iterdir()]
    assert len(pages) == 7
    for page in pages:
        text = page.read_text()
        own = page.name == "report.html"
        assert text.count("<script") == own and "default-src 'none'" in text
        assert ("script-src 'sha256-" in text) == own
    assert "alert" in (folder / "report.html").read_text()


def test_pages_show_what_would_not_be_seen(tmp_path: Path) -> None:
    odd = "a\0b\x1bc\u202ed"
    folder = marks(tmp_path, made(odd, 1, marks=(mark(1, odd),), flags=(odd,)))
    for text in (class_page(rows(folder)), feedback_page(rows(folder)[0])):
        assert "a�b�c�d" in text and not set("\0\x1b\u202e") & set(text)


def test_feedback_of_the_likest_names_is_kept_apart(tmp_path: Path) -> None:
    folder = marks(tmp_path, *(made(name, 1) for name in ("a/b", "a.b", "a b", "../a", "é" * 200)))
    write_report(rows(folder), folder)
    assert len(list((folder / "feedback").iterdir())) == 5


def test_the_commonest_mistakes_come_first_whatever_their_numbers(tmp_path: Path) -> None:
    said = {"ada": "gave 3 for 4", "bob": "gave 12.5 for -4", "eve": "gave up"}
    folder = marks(tmp_path, *(made(name, 1, marks=(mark(1, text),)) for name, text in said.items()))
    assert common_messages(rows(folder)) == [(2, "one", "gave 12.5 for -4"), (1, "one", "gave up")]


def test_the_report_has_a_line_for_each_student_with_what_counts(tmp_path: Path) -> None:
    other = {"lesson": "other", "file": "ada/other.ipynb"}
    folder = marks(
        tmp_path,
        made("ada", 1, day=1),
        made("ada", 3, attempt=2, day=2),
        made("ada", 3, attempt=3, day=9, **other),
        made("bob", 2),
        made("eve", None),
        absent=("zoe",),
    )
    rules = {"lesson": Rules(weight=3, manual={"essay": 2}), "other": Rules(points=10, due=DUE)}
    table = rows(folder, Policy(course=Course(lessons=rules, per_day=50)))
    heading, lines = students(table)
    assert heading == ["student", "lesson", "other", "total", "attempts", "late", "to look at"]
    assert [[cell.text for cell in line] for line in lines] == [
        # of 5 points, 2 of them by hand; of 10, half of which were lost; 3 times 3 / 5 and 5 / 10, of 4
        ["ada", "3 of 5", "5 of 10", "57.5 %", "3", "1", "by hand: essay"],
        ["bob", "2 of 5", "", "30.0 %", "1", "", "by hand: essay"],
        ["eve", "", "", "0.0 %", "1", "", f"refused: The file is no notebook: {SCRIPT}."],
        ["zoe", "", "", "0.0 %", "0", "", "absent: Nothing was handed in."],
    ]
    write_report(table, folder)
    page = (folder / "report.html").read_text()
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == 4 and all((folder / link).is_file() for link in links)
    # hidden checks speak to the instructor alone: of one attempt it failed, of the others it was passed or never asked
    told = [link for link in links if "SECRET MESSAGE" in (folder / link).read_text()]
    assert [Path(link).name[:5] for link in told] == ["bob-1"]
    assert not any("SECRET" in path.read_text() for path in (folder / "feedback").iterdir())
    assert page.index("eve") < page.index("bob")  # who needs a look comes first
    assert checks(table)[:3] == [
        ("one", "first", "4 of 4"),
        ("one", SCRIPT, "3 of 4"),
        ("one", "hidden check 1", "2 of 4"),
    ]


def test_each_message_stands_beside_the_answer_and_the_comment(tmp_path: Path) -> None:
    answer = "def f(x):\n\treturn '</pre><script>'\n"
    folder = marks(tmp_path, made("ada", 1, answers={"one": answer}), made("bob", 2))
    lines = ["ada,,one,,you,today,look at <x>", "ada,,one,2,you,today,half", "bob,,,,you,today,well"]
    (folder / OVERRIDES).write_text("\n".join([",".join(OVERRIDE_COLUMNS), *lines]) + "\n")
    ada, bob = rows(folder)
    flagged = replace(ada, record=replace(ada.record, flags=("`student` was <5>",)))
    for text in (feedback_page(flagged), class_page([flagged])):
        assert "<code>student</code> was &lt;5&gt;" in text
    assert (ada.points, bob.points) == (2, 2) and not bob.has_points_by_hand
    page = feedback_page(ada)
    section = page[page.index("<section>") : page.index("</section>")]
    assert "<pre>def f(x):\n\treturn &#39;&lt;/pre&gt;&lt;script&gt;&#39;\n</pre>" in section
    assert "Look again." in section and "Comment: one: by you, today: look at &lt;x&gt;" in section
    assert page.count("Set by hand: one: 2 by you") == 1
    assert "<p>Comment: total: by you, today: well</p>" in feedback_page(bob)
    assert "<pre>" not in feedback_page(bob)  # a record of an older armod has no answers


def test_the_script_of_the_report_is_the_one_that_its_policy_allows(tmp_path: Path) -> None:
    page = class_page(rows(marks(tmp_path, made("ada", 1))))
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page


@pytest.mark.browser
@pytest.mark.slow
def test_the_table_is_sorted_and_searched_in_a_browser(page, tmp_path: Path) -> None:
    folder = marks(tmp_path, *(made(name, points) for name, points in (("bob", 2), ("ada", 3), ("cy", 1))))
    write_report(rows(folder), folder)
    page.goto((folder / "report.html").as_uri())

    def shown() -> list[str]:
        return [row.split()[0] for row in page.locator(".students tbody tr:visible").all_inner_texts()]

    page.get_by_role("button", name="student").click()
    assert shown() == ["ada", "bob", "cy"]
    page.get_by_role("button", name="lesson").click()
    assert shown() == ["cy", "bob", "ada"]
    page.get_by_role("button", name="lesson").click()
    assert shown() == ["ada", "bob", "cy"]
    page.get_by_role("searchbox").fill("BO")
    assert shown() == ["bob"]


@pytest.mark.browser
@pytest.mark.slow
def test_points_and_comments_given_in_a_browser_are_read_back(page, tmp_path: Path) -> None:
    odd = 'a"da, <b>'
    folder = marks(tmp_path, made(odd, 1), made("bob", 2), made("eve", None), absent=("zoe",))
    before = "bob,,one,,you,yesterday,look again"
    (folder / OVERRIDES).write_text(",".join(OVERRIDE_COLUMNS) + f"\n{before}\n")
    policy = Policy(course=Course(lessons={"lesson": Rules(manual={"essay": 4})}))
    write_report(rows(folder, policy), folder)
    page.goto((folder / "report.html").as_uri())
    lines = page.locator(".by-hand tbody tr")
    assert [row.split()[0] for row in lines.all_inner_texts()] == ['a"da,'] * 2 + ["bob"] * 2 + ["eve", "zoe"]
    button = page.get_by_role("button", name="Download overrides.csv")

    def give(line: int, points: str, why: str) -> None:
        lines.nth(line).get_by_label("points").fill(points)
        lines.nth(line).get_by_label("why").fill(why)

    give(0, "3.5", 'clear, and "short"')
    lines.nth(3).get_by_label("what for").select_option("one")
    give(3, "", "well done")
    give(5, "1", "")
    downloads: list[object] = []
    page.on("download", lambda one: downloads.append(one))
    button.click()  # nobody says who gives them, or why
    page.get_by_label("Given by").fill("me")
    button.click()
    assert downloads == []
    give(5, "1", "was ill")
    with page.expect_download() as download:
        button.click()
    download.value.save_as(folder / OVERRIDES)
    table = {row.name: row for row in rows(folder, policy)}
    assert [(o.exercise, o.points, o.who, o.why) for o in table[odd].overrides] == [
        ("essay", 3.5, "me", 'clear, and "short"')
    ]
    assert [(o.exercise, o.points, o.why) for o in table["bob"].overrides] == [
        ("one", None, "look again"),
        ("one", None, "well done"),
    ]
    assert (table[odd].points, table["zoe"].points) == (4.5, 1.0) and not table["eve"].overrides
