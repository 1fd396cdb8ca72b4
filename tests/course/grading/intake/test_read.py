"""Whatever is handed in, reading it gives a notebook or one sentence, at once, and follows no link."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from armod.course.errors import CourseError
from armod.course.grading.intake.read import MAX_BYTES, HandedIn, Refusal, read
from armod.course.grading.intake.submissions import submissions
from tests.course.grading.handed_in import cell, document, submitted, write

SECRET = "the classmate's answer is 42"


def changed(**changes: Any) -> dict[str, Any]:
    return document() | changes


def with_cell(**changes: Any) -> dict[str, Any]:
    return document() | {"cells": [cell("a = 1") | changes]}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in document().items() if name != key}


def text() -> str:
    return json.dumps(document())


# What is in the file, and words of the reason that it gets.
MALFORMED: dict[str, tuple[Callable[[], Any], str]] = {
    "empty": (lambda: b"", "is empty"),
    "blank": (lambda: b" \n\t\n", "is empty"),
    "zero bytes": (lambda: b"\0" * 1000, "no JSON|zero bytes"),
    "cut off": (lambda: text()[: len(text()) // 2], "cut off"),
    "cut off after a brace": (lambda: "{", "cut off"),
    "followed by more": (lambda: text() + text(), "no whole JSON"),
    "web page": (lambda: "<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
    "xml": (lambda: "<?xml version='1.0'?><a/>", "web page"),
    "merge markers": (lambda: text().replace("{", "{\n<<<<<<< HEAD\n", 1), "merge"),
    "merge markers at the end": (lambda: text() + "\n>>>>>>> theirs", "merge"),
    "half of UTF-16": (lambda: text().encode("utf-16")[:-1], "UTF-16"),
    "UTF-16 without a mark": (lambda: text().encode("utf-16-le"), "zero bytes|no JSON"),
    "Latin-1": (lambda: b'{"cells": "\xe9"}', "UTF-8"),
    "zip": (lambda: b"PK\x03\x04rest", "zip"),
    "PDF": (lambda: b"%PDF-1.7", "PDF"),
    "gzip": (lambda: b"\x1f\x8b\x08rest", "compressed"),
    "Python": (lambda: "def f(x):\n    return x\n", "no JSON"),
    "null": (lambda: "null", "null"),
    "number": (lambda: "17", "number"),
    "list": (lambda: "[]", "list"),
    "text": (lambda: '"a notebook"', "text"),
    "other object": (lambda: {"answer": 42}, "version"),
    "deep lists": (lambda: "[" * 100_000 + "]" * 100_000, "deep"),
    "deep metadata": (lambda: changed(metadata=json.loads('{"a":' * 200 + "1" + "}" * 200)), "deep"),
    "many values": (lambda: text()[:-1] + ', "n": [' + "{}," * 600_000 + "{}]}", "more than 250,000 values"),
    "huge integer": (lambda: text()[:-1] + ', "n": ' + "9" * 100_000 + "}", "no whole JSON"),
    "too large": (lambda: b" " * (MAX_BYTES + 1), "larger than"),
    "v2": (lambda: changed(nbformat=2), "format 2"),
    "v3 without cells": (lambda: {"nbformat": 3, "nbformat_minor": 0, "worksheets": []}, "without cells"),
    "v3 of nothing": (lambda: {"nbformat": 3, "worksheets": [7]}, "list of cells"),
    "v3 with a null": (lambda: {"nbformat": 3, "worksheets": [{"cells": [None]}]}, "cell 1 is a JSON null"),
    "v9": (lambda: changed(nbformat=9), "format 9"),
    "version of text": (lambda: changed(nbformat="4"), "version"),
    "version is true": (lambda: changed(nbformat=True), "version"),
    "no version": (lambda: without("nbformat"), "version"),
    "no minor version": (lambda: without("nbformat_minor"), "minor"),
    "no cells": (lambda: without("cells"), "list of cells"),
    "cells are null": (lambda: changed(cells=None), "list of cells"),
    "cells are an object": (lambda: changed(cells={"0": {}}), "list of cells"),
    "not one cell": (lambda: changed(cells=[]), "without cells"),
    "too many cells": (lambda: changed(cells=[cell("a = 1")] * 5000), "5,000 cells"),
    "null cell": (lambda: changed(cells=[None]), "cell 1 is a JSON null"),
    "list cell": (lambda: changed(cells=[[]]), "cell 1 is a JSON list"),
    "cell of no kind": (lambda: changed(cells=[{"source": "a"}]), "no known kind"),
    "cell of another kind": (lambda: with_cell(cell_type="heading"), "no known kind"),
    "kind is a list": (lambda: with_cell(cell_type=["code"]), "no known kind"),
    "source is a number": (lambda: with_cell(source=7), "no source"),
    "source is null": (lambda: with_cell(source=None), "no source"),
    "source of numbers": (lambda: with_cell(source=[1, 2]), "no source"),
    "long source": (lambda: with_cell(source="#" * 2**21), "too long"),
    "long code": (lambda: with_cell(source="a;" * 60_000), "too long"),
    "much code": (lambda: changed(cells=[cell("#" * 90_000) for _ in range(12)]), "more than 1,000,000"),
    "lone surrogate": (lambda: with_cell(source="a = '\ud800'"), "Unicode"),
    "metadata is a list": (lambda: with_cell(metadata=[]), "metadata"),
    "notebook's metadata is text": (lambda: changed(metadata="python"), "rules"),
    "outputs are text": (lambda: with_cell(outputs="42"), "rules"),
    "output of no type": (lambda: with_cell(outputs=[{}]), "rules"),
    "count is text": (lambda: with_cell(execution_count="first"), "rules"),
    "tags are an object": (lambda: with_cell(metadata={"tags": {"a": 1}}), "rules"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_file_is_refused_for_a_named_reason(name: str, tmp_path: Path) -> None:
    make, words = MALFORMED[name]
    path = write(tmp_path / "ada.ipynb", make())
    begun = time.process_time()
    found = read(submitted(path))
    assert time.process_time() - begun < 5
    assert isinstance(found, Refusal)
    assert any(word in found.reason for word in words.split("|")), found.reason
    assert found.reason.startswith("The file ") and found.reason.endswith(".")
    assert "\n" not in found.reason and len(found.reason) < 400
    found.reason.encode()


def test_a_folder_that_is_called_like_a_notebook_is_one_students_trouble(tmp_path: Path) -> None:
    (tmp_path / "ada" / "x.ipynb").mkdir(parents=True)
    write(tmp_path / "bob.ipynb", document())
    ada, bob = submissions(tmp_path)
    found = read(ada)
    assert isinstance(found, Refusal) and "a folder" in found.reason
    assert isinstance(read(bob), HandedIn)


def test_there_are_enough_malformed_files() -> None:
    assert len(MALFORMED) >= 30


def special(kind: str, path: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "elsewhere" / "secret.ipynb", SECRET)
    match kind:
        case "link":
            path.symlink_to(secret)
        case "dangling link":
            path.symlink_to(tmp_path / "nowhere")
        case "link to itself":
            path.symlink_to(path)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(path))
        case "link to a device":
            path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "kind", ["link", "dangling link", "link to itself", "pipe", "folder", "socket", "link to a device"]
)
def test_what_is_no_regular_file_is_refused_at_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "class"
    folder.mkdir()
    monkeypatch.chdir(folder)  # a socket's path must be short
    special(kind, Path("eve.ipynb"), tmp_path)
    (one,) = submissions(Path())
    found = read(one)
    assert isinstance(found, Refusal) and found.sha256 is None and one.student == "eve"
    assert SECRET not in found.reason


def test_a_link_to_a_classmates_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "class" / "ada" / "try.ipynb", document())
    (tmp_path / "class" / "eve").symlink_to(tmp_path / "class" / "ada")
    found = {one.student: read(one) for one in submissions(tmp_path / "class")}
    assert isinstance(found["ada"], HandedIn)
    assert isinstance(found["eve"], Refusal) and "symbolic link" in found["eve"].reason


INSTEAD: dict[str, tuple[bytes, str, str]] = {
    "ada.pdf": (b"%PDF", "ada", "is a PDF"),
    "ada.ipynb.txt": (b"{}", "ada", "take away what follows .ipynb"),
    "ada.ipynb (1)": (b"{}", "ada", "take away what follows .ipynb"),
    "ada.zip": (b"PK", "ada", "unpack it into a folder"),
    "ada.tar.gz": (b"x", "ada", "unpack it into a folder"),
    "ada_4711_98_text.html": (b"<p>my answer", "ada_4711_98_text", "typed into a form"),
    "ada_4711_98_link.html": (b"<a href='https://colab.research.google.com/x'>", "ada_4711_98_link", "Download .ipynb"),
    "ada.url": (b"URL=https://colab.google.com/drive/1", "ada", "Download .ipynb"),
    "ada.webloc": (b"http://example.org", "ada", "is a link"),
    "ada.docx": (b"PK", "ada", "text document"),
    "ada.py": (b"x = 1", "ada", "Python file"),
    "ada.png": (b"\x89PNG", "ada.png", "no student's"),
}  # fmt: skip


@pytest.mark.parametrize("name", INSTEAD)
def test_what_is_handed_in_instead_of_a_notebook_is_refused_by_name(name: str, tmp_path: Path) -> None:
    content, student, words = INSTEAD[name]
    write(tmp_path / "class" / name, content)
    (one,) = submissions(tmp_path / "class")
    found = read(one)
    assert (one.student, one.file) == (student, name)
    assert isinstance(found, Refusal) and words in found.reason and "\n" not in found.reason


def test_a_student_with_other_files_only_has_a_record_that_names_them(tmp_path: Path) -> None:
    write(tmp_path / "ada" / "data.csv", "1")
    write(tmp_path / "ada" / ".git" / "x.pdf", "")
    write(tmp_path / "bob" / "data.csv", "1")
    write(tmp_path / "bob" / "hw.ipynb", document())
    write(tmp_path / "cy" / "hw" / "try.zip", "PK")
    write(tmp_path / "cy" / "hw.ipynb", document())
    write(tmp_path / "dee" / "a" / "b" / "c" / "d" / "e" / "f.ipynb", document())
    os.symlink("/dev/zero", tmp_path / "eve.html")
    reasons = [(one.file, one.reason) for one in submissions(tmp_path)]
    assert [file for file, _ in reasons] == [
        "ada",
        "bob/hw.ipynb",
        "cy/hw.ipynb",
        "cy/hw/try.zip",
        "dee",
        "eve.html",
    ]
    assert "(it holds data.csv)" in str(reasons[0][1]) and "(it holds e/)" in str(reasons[4][1])
    assert [reason for _, reason in reasons[1:3]] == [None, None]
    assert isinstance(read(submissions(tmp_path)[-1]), Refusal)  # at once


def of_format_3() -> dict[str, Any]:
    cells = [
        {"cell_type": "code", "input": cell["source"], "outputs": [], "language": "python", "metadata": cell["metadata"]}
        if cell["cell_type"] == "code"
        else {"cell_type": cell["cell_type"], "source": cell["source"]}
        for cell in document()["cells"]
    ]  # fmt: skip
    heading = {"cell_type": "heading", "level": 1, "source": "A title", "metadata": {}}
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [heading, *cells]}]}


def less(*keys: str) -> dict[str, Any]:
    cells = [{key: value for key, value in cell.items() if key not in keys} for cell in document()["cells"]]
    return {**document(), "cells": cells}


LENIENT: dict[str, tuple[Callable[[], Any], str]] = {
    "a byte order mark": (lambda: b"\xef\xbb\xbf" + text().encode(), "byte order mark"),
    "UTF-16": (lambda: text().encode("utf-16"), "UTF-16"),
    "big-endian UTF-16": (lambda: b"\xfe\xff" + text().encode("utf-16-be"), "UTF-16"),
    "format 3": (of_format_3, "old format 3"),
    "no outputs": (lambda: less("outputs"), ""),
    "no execution counts": (lambda: less("execution_count"), ""),
    "neither, nor metadata nor ids": (lambda: less("outputs", "execution_count", "metadata", "id"), ""),
    "no metadata of the notebook": (lambda: without("metadata"), ""),
    "line ends of Windows": (lambda: json.dumps(document()).replace("\\n", "\\r\\n"), ""),
}


@pytest.mark.parametrize("name", LENIENT)
def test_where_nothing_is_lost_a_file_is_read(name: str, tmp_path: Path) -> None:
    make, flag = LENIENT[name]
    found = read(submitted(write(tmp_path / "ada.ipynb", make())))
    assert isinstance(found, HandedIn), found
    assert [flag in one for one in found.flags] == ([True] if flag else [])
    released = ["".join(cell["source"]) for cell in document()["cells"]]
    assert [cell.source for cell in found.notebook.cells][-len(released) :] == released


def test_the_last_attempt_is_the_last_in_time(tmp_path: Path) -> None:
    for name, day in (("start.ipynb", 1), ("final.ipynb", 3), ("draft.pdf", 2)):
        os.utime(write(tmp_path / "ada" / name, document()), (day * 86400, day * 86400))
    assert [one.file for one in submissions(tmp_path)] == [
        "ada/start.ipynb",
        "ada/draft.pdf",
        "ada/final.ipynb",
    ]
    for number, one in enumerate(submissions(tmp_path)):  # as unpacking leaves them: then by name
        os.utime(one.path, (number, number))
    assert [one.file for one in submissions(tmp_path)] == [
        "ada/draft.pdf",
        "ada/final.ipynb",
        "ada/start.ipynb",
    ]


def test_of_a_file_only_cells_are_kept(tmp_path: Path) -> None:
    content = document()
    content["metadata"]["kernelspec"] = {"name": "evil", "display_name": "evil", "language": "bash"}
    content["cells"][3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "mark: 100"}]
    found = read(submitted(write(tmp_path / "ada.ipynb", content)))
    assert isinstance(found, HandedIn)
    assert "evil" not in str(found.notebook) and "mark: 100" not in str(found.notebook)
    assert {tuple(cell.metadata) for cell in found.notebook.cells} == {("tags",)}


def test_old_and_doubled_ids_are_no_reason_to_refuse(tmp_path: Path) -> None:
    old = document() | {"nbformat_minor": 2}
    for item in old["cells"]:
        del item["id"]
    assert isinstance(read(submitted(write(tmp_path / "old.ipynb", old))), HandedIn)
    doubled = document()
    doubled["cells"].append(dict(doubled["cells"][-1]))
    found = read(submitted(write(tmp_path / "doubled.ipynb", doubled)))
    assert isinstance(found, HandedIn) and "id of an earlier one" in found.flags[0]


def test_students_and_their_attempts(tmp_path: Path) -> None:
    for name in (
        "ada.ipynb",
        "ada/try-10.ipynb",
        "ada/try-9.ipynb",
        "bob_assignment_file/hw/week 1.IPYNB",
        ".ipynb_checkpoints/ada-checkpoint.ipynb",
        "__MACOSX/._ada.ipynb",
        "._ada.ipynb",
        "..ipynb",
    ):
        write(tmp_path / name, "{}")
    write(tmp_path / "notes.txt", "not handed in")
    (tmp_path / "cleo").mkdir()
    found = [(one.student, one.attempt, one.file) for one in submissions(tmp_path)]
    assert found == [
        (".", 1, "..ipynb"),
        ("ada", 1, "ada.ipynb"),
        ("ada", 2, "ada/try-9.ipynb"),
        ("ada", 3, "ada/try-10.ipynb"),
        ("bob_assignment_file", 1, "bob_assignment_file/hw/week 1.IPYNB"),
        ("cleo", 1, "cleo"),
        ("notes", 1, "notes.txt"),
    ]


NASTY = [
    "=1+1",
    "+cmd|' C calc'!A0",
    "@SUM(A1)",
    'O\'Neil "the\tquoted"',
    "two\nlines\r",
    "-2",
    "🦊 fox",
    "..",
    "...",
    "a..b",
    "<script>alert(1)<",
    "%s%n{0}",
    "$(touch x)`x`",
    "x" * 249,
    "é" * 120,
    "con",
    " space ",
    "ends.ipynb",
]


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_name_is_a_students_name(name: str, tmp_path: Path) -> None:
    write(tmp_path / f"{name}.ipynb", document())
    (one,) = submissions(tmp_path)
    assert one.student == name
    assert isinstance(read(one), HandedIn)


def test_a_name_that_is_no_utf8_is_told_in_one_that_is(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.ipynb"
    with open(path, "wb") as file:
        file.write(json.dumps(document()).encode())
    (one,) = submissions(tmp_path)
    assert (one.student, one.file) == ("caf\\xe9", "caf\\xe9.ipynb")
    assert isinstance(read(one), HandedIn)


def test_names_that_differ_stay_different(tmp_path: Path) -> None:
    names = [
        b"caf\xe9",
        b"caf\\xe9",
        b"caf\\\\xe9",
        b"\\caf\xe9",
        b"\\\\caf\xe9",
        b"caf\\\xe9",
        b"a\\b",
        b"a\\\\b",
    ]
    for name in names:
        with open(os.fsencode(tmp_path) + b"/" + name + b".ipynb", "wb") as file:
            file.write(json.dumps(document()).encode())
    assert len({one.student for one in submissions(tmp_path)}) == len(names)
    assert {"a\\b", "a\\\\b"} <= {one.student for one in submissions(tmp_path)}


def test_a_folder_without_submissions_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="no submission"):
        submissions(tmp_path)
    with pytest.raises(CourseError, match="can't be read"):
        submissions(tmp_path / "nowhere")
