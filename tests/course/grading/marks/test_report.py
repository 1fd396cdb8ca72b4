"""What a class and its students read: nothing in it acts, and nothing hidden is told."""

from __future__ import annotations

from pathlib import Path

from armod.course.grading.marks.gradebook import rows
from armod.course.grading.marks.report import class_page, common_messages, feedback_page, write_report
from tests.course.grading.marks.records import SCRIPT, made, mark, marks


def test_pages_escape_whatever_students_write(tmp_path: Path) -> None:
    folder = marks(
        tmp_path,
        made(SCRIPT, 1, marks=(mark(1, SCRIPT),), flags=(SCRIPT,)),
        made("eve", None),
        made("$x$", 2),
    )
    assert write_report(rows(folder), folder) == 3
    pages = [folder / "report.html", *(folder / "feedback").iterdir()]
    assert len(pages) == 4
    for page in pages:
        text = page.read_text()
        assert "<script" not in text and "default-src 'none'" in text
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
