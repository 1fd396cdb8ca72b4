"""Read what students handed in: from bytes that may hold anything to a `HandedIn`, or a `Refusal` that says why.

Of a file nothing is kept but the cells: each one's kind, source, id and tags. Opening it follows no link and waits
for no pipe; whatever is wrong with it is a named reason for that submission alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from armod.course.grading.intake import kinds
from armod.course.grading.intake.submissions import Submission, is_text

MAX_BYTES = 10 * 2**20  # a single emoji makes each of them four, in the text and in what is parsed from it
MAX_PARTS = 250_000  # values of a file: each takes some hundred bytes once it is parsed
MAX_DEPTH = 64  # of lists and objects within each other; a notebook's own outputs take about ten
MAX_CELLS = 2000
MAX_SOURCE = 2**20  # characters of a cell of text
MAX_CODE = 100_000  # characters of a cell of code: Python's parser takes a thousand bytes for some of them
MAX_ALL_CODE = 1_000_000
MAX_LINK = 2**16  # bytes in which a link is looked for
MAX_WORDS = 200  # characters quoted from a file or about it


@dataclass(frozen=True)
class HandedIn:
    """A notebook as it was handed in.

    Args:
        sha256: The hash of the file's bytes.
        notebook: Its cells and no more.
        flags: What is odd about it, a sentence each.
    """

    sha256: str
    notebook: NotebookNode
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """Why a submission can't be marked, in one sentence; ``sha256`` is None where its bytes can't be read."""

    sha256: str | None
    reason: str


def read(submission: Submission) -> HandedIn | Refusal:
    """The notebook in the file, or the reason why there is none; nothing in it makes this raise or wait."""
    sha256 = None
    try:
        content = contents(submission)
        sha256 = hashlib.sha256(content).hexdigest()
        notebook, flags = _parsed(content)
    except Unreadable as problem:
        return Refusal(sha256, _sentence(problem))
    return HandedIn(sha256, notebook, flags)


def fingerprint(submission: Submission) -> str:
    """The hash of a submission's bytes, or the reason why they can't be read."""
    try:
        return hashlib.sha256(contents(submission)).hexdigest()
    except Unreadable as problem:
        return _sentence(problem)


class Unreadable(Exception):
    """Why a file can't be read, as a sentence that lacks its subject and its full stop."""


def contents(submission: Submission) -> bytes:
    """The bytes of a submission.

    Args:
        submission: Where it lies.

    Returns:
        All its bytes.

    Raises:
        Unreadable: If it is no regular file, too large, refused already, or the system refuses to read it.
    """
    if submission.reason is not None:
        raise Unreadable(kinds.COLAB if _leads_to_colab(submission) else submission.reason)
    content = _beginning(submission, MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Unreadable(f"is larger than {MAX_BYTES // 2**20} MB; clear the outputs and save it again")
    return content


def _leads_to_colab(submission: Submission) -> bool:
    if not kinds.may_be_a_link(submission.reason or ""):
        return False
    try:
        return kinds.is_link_to_colab(_beginning(submission, MAX_LINK))
    except Unreadable:
        return False


def _beginning(submission: Submission, size: int) -> bytes:
    """So many bytes of a regular file, or all; no link is followed, no pipe waited for."""
    try:
        # without O_NONBLOCK a named pipe would wait for somebody to write into it
        descriptor = os.open(submission.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        if submission.path.is_symlink():
            raise Unreadable("is a symbolic link; hand in the notebook itself") from error
        raise Unreadable(f"can't be opened ({getattr(error, 'strerror', None) or error})") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):  # Python itself would refuse to open a folder
        os.close(descriptor)
        raise Unreadable(f"is {_KINDS.get(stat.S_IFMT(mode), 'something else')}, not a regular file")
    with open(descriptor, "rb") as file:
        try:
            return file.read(size)
        except OSError as error:
            raise Unreadable(f"can't be read ({error.strerror})") from error


# How a text begins that says how it is written, what that is, and what is said of it.
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig", "The file begins with a byte order mark."),
    ((b"\xff\xfe", b"\xfe\xff"), "utf-16", "The file is written in UTF-16."),
)
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _sentence(problem: Unreadable) -> str:
    return f"The file {problem}."


def _parsed(content: bytes) -> tuple[NotebookNode, tuple[str, ...]]:
    if not content.strip():
        raise Unreadable("is empty")
    if (complaint := kinds.beginning(content)) is not None:
        raise Unreadable(complaint)
    encoding, flag = next((found for marks, *found in _MARKS if content.startswith(marks)), ("utf-8", ""))
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"is no {encoding.upper().removesuffix('-SIG')} text (byte {error.start})"
        ) from error
    notebook, flags = _notebook(_document(text))
    return notebook, (*filter(None, [flag]), *flags)


def _document(text: str) -> dict[str, Any]:
    """The JSON object in the text, neither too large nor too deep."""
    if sum(map(text.count, ",[{")) > MAX_PARTS:
        raise Unreadable(f"holds more than {MAX_PARTS:,} values; clear the outputs and save it again")
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise Unreadable(f"is nested more than {MAX_DEPTH} levels deep") from error
    except ValueError as error:
        raise Unreadable(_no_json(text, error)) from error
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            break
    else:
        raise Unreadable(f"is nested more than {MAX_DEPTH} levels deep")
    if not isinstance(document, dict):
        raise Unreadable(f"holds a JSON {_json_kind(document)}, not a notebook")
    return document


def _no_json(text: str, error: ValueError) -> str:
    start = text.lstrip()[:200].lower()
    if re.search(r"^(<<<<<<<|=======|>>>>>>>)", text, re.MULTILINE):
        return "holds the markers of an unfinished merge (<<<<<<<); resolve it and save it again"
    if start.startswith(("<!doctype", "<html", "<?xml", "<head", "<body")):
        return "is a web page, not a notebook; download the notebook itself"
    if "\0" in text:
        return "holds zero bytes: it is damaged, or no text"
    where = f" (line {error.lineno}: {error.msg})" if isinstance(error, json.JSONDecodeError) else ""
    if start.startswith("{"):
        return f"is damaged or cut off: it is no whole JSON{where}"
    return f"is no notebook: it is no JSON{where}"


def _notebook(document: dict[str, Any]) -> tuple[NotebookNode, tuple[str, ...]]:
    """The notebook's cells, made anew, and what is odd about them."""
    version, flags = document.get("nbformat"), list[str]()
    if type(version) is not int:
        raise Unreadable("is no notebook: it does not say its format's version")
    if version == 3:
        document = _of_format_3(document)
        flags.append("The notebook is of the old format 3.")
    elif version != 4:
        raise Unreadable(f"is a notebook of format {str(version)[:20]}; open it in JupyterLab and save it")
    if type(document.get("nbformat_minor")) is not int:
        raise Unreadable("is no notebook: it does not say its format's minor version")
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise Unreadable("is no notebook: it has no list of cells")
    if not cells:
        raise Unreadable("is a notebook without cells")
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"has {len(cells):,} cells and the limit is {MAX_CELLS:,}")
    seen: set[str] = set()
    made = []
    for number, cell in enumerate(cells, 1):
        clean = _cell(cell, number)
        if clean.id in seen:
            flags.append(f"Cell {number} has the id of an earlier one.")
        seen.add(clean.id)
        made.append(clean)
    if sum(len(cell.source) for cell in made if cell.cell_type == "code") > MAX_ALL_CODE:
        raise Unreadable(f"is too long: its code has more than {MAX_ALL_CODE:,} characters")
    _validated(document, made)
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=made), tuple(flags)


def _cell(cell: Any, number: int) -> NotebookNode:
    if not isinstance(cell, dict):
        raise Unreadable(f"is damaged: cell {number} is a JSON {_json_kind(cell)}")
    kind, source = cell.get("cell_type"), cell.get("source")
    if kind not in ("code", "markdown", "raw"):
        raise Unreadable(f"is damaged: cell {number} is of no known kind")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise Unreadable(f"is damaged: cell {number} has no source text")
    source = source.replace("\r\n", "\n")
    if len(source) > (most := MAX_CODE if kind == "code" else MAX_SOURCE):
        raise Unreadable(f"is too long: cell {number} has {len(source):,} characters, at most {most:,}")
    metadata = cell.get("metadata", {})
    if not isinstance(metadata, dict):
        raise Unreadable(f"is damaged: the metadata of cell {number} is no object")
    tags = metadata.get("tags", [])
    identity = cell.get("id")
    made = {
        "cell_type": kind,
        "id": identity if isinstance(identity, str) and identity else f"cell-{number}",
        "source": source,
        "metadata": NotebookNode(
            tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
        ),
    }
    if not is_text(made["id"], source, *made["metadata"].tags):
        raise Unreadable(f"is damaged: cell {number} holds text that is not valid Unicode")
    if kind == "code":
        made |= {"outputs": [], "execution_count": None}
    return NotebookNode(made)


# What tools leave out that take outputs away, and nothing is lost by.
_MISSING: dict[str, dict[str, Any]] = {
    "code": {"metadata": {}, "outputs": [], "execution_count": None},
    "markdown": {"metadata": {}},
    "raw": {"metadata": {}},
}


def _of_format_3(document: dict[str, Any]) -> dict[str, Any]:
    """The same cells as format 4 has them; what is none stays, to be refused."""
    sheets = document.get("worksheets")
    if not isinstance(sheets, list) or not all(
        isinstance(sheet, dict) and isinstance(sheet.get("cells", []), list) for sheet in sheets
    ):
        raise Unreadable("is no notebook: it has no list of cells")
    cells = [_cell_of_format_3(cell) for sheet in sheets for cell in sheet.get("cells", [])]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def _cell_of_format_3(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    kind = cell.get("cell_type")
    made = {"cell_type": "markdown" if kind in ("heading", "html") else kind}
    made |= {"source": cell.get("input" if kind == "code" else "source")}
    return made | ({"metadata": cell["metadata"]} if "metadata" in cell else {})


def _validated(document: dict[str, Any], made: list[NotebookNode]) -> None:
    """Refuse what breaks the notebooks' own rules; ids, which tools leave out or double, are given anew."""
    cells = [
        _MISSING[cell["cell_type"]]
        | {key: value for key, value in cell.items() if key != "id"}
        | {"id": f"cell-{number}"}
        for number, cell in enumerate(document["cells"])
    ]
    copy = {"metadata": {}, **document, "nbformat": 4, "nbformat_minor": 5, "cells": cells}
    try:
        nbformat.validate(copy, version=4, version_minor=5, relax_add_props=True)
    except nbformat.ValidationError as error:
        raise Unreadable(f"breaks the rules of notebooks: {_first_line(str(error.message))}") from error
    except Exception as error:  # the validator itself may stumble over what was never meant to be one
        raise Unreadable(f"breaks the rules of notebooks ({type(error).__name__})") from error


def _first_line(text: str) -> str:
    line = (text.splitlines() or [""])[0]
    line = line.encode("utf-8", "backslashreplace").decode()
    return line if len(line) <= MAX_WORDS else f"{line[: MAX_WORDS - 1]}…"


def _json_kind(value: Any) -> str:
    kinds = {dict: "object", list: "list", str: "text", bool: "truth value", type(None): "null"}
    return kinds.get(type(value), "number")
