"""The pages of the guide as programs: sybil finds their blocks, which are run in order, in a folder of their own.

Three kinds of blocks stand in the guide. ``python`` is executed, in one namespace for the whole page. ``text`` shows what
the block before it printed, and nothing that a block prints may be left out. ``sh`` is a command; it runs in the page's
folder. A comment ``<!-- file: NAME -->`` puts the Python block below it there under that name, for a command to run.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

from sybil import Document, Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

from tests.checkout import CHECKOUT
from tests.harness.patience import FACTOR

PAGES = sorted((CHECKOUT / "docs" / "guide").glob("*.md"))
PROGRAMS = [CHECKOUT / "docs" / "index.md", *PAGES]
KINDS = ("python", "text", "sh")


def languages(text: str) -> list[str]:
    """The language of each fenced block; "" if a block does not say."""
    return re.findall(r"^```([\w{}-]*).*?^```$", text, re.MULTILINE | re.DOTALL)


def run_page(path: Path, folder: Path) -> None:
    """Execute every block of a page; the first wrong one raises an error that names the page and the line."""
    page = _Page(folder)
    document: Document = Sybil(
        [
            CodeBlockParser("python", page.run),
            CodeBlockParser("text", page.compare),
            CodeBlockParser("sh", page.call),
        ]
    ).parse(path)
    with contextlib.chdir(folder):
        for example in document.examples():
            example.evaluate()
        page.expect_silence("the end of the page")


def same(expected: str, printed: str) -> bool:
    """Whether the page says what was printed.

    A number with a decimal point may differ by two in its last place, because machines round in their own ways, and
    ``...`` stands for anything. All else is equal to the letter, spaces aside.
    """
    parts = re.split(r"(-?\d+\.\d+|\.\.\.|\s+)", expected.strip())
    patterns = [_pattern(part) for part in parts]
    match = re.fullmatch("".join(patterns), printed.strip(), re.DOTALL)
    if match is None:
        return False
    numbers = [part for part in parts if re.fullmatch(r"-?\d+\.\d+", part)]
    return all(
        abs(float(number) - float(found)) <= 2.0001 * 10.0 ** -len(number.partition(".")[2])
        for number, found in zip(numbers, match.groups(), strict=True)
    )


def _pattern(part: str) -> str:
    if re.fullmatch(r"-?\d+\.\d+", part):
        return r"(-?\d+\.\d+)"
    if part == "...":
        return ".*?"
    return r"\s+" if part.isspace() else re.escape(part)


class _Page:
    """What happened on a page so far."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._printed, self._execute = folder, "", PythonEvaluator()

    def run(self, example: Example) -> None:
        self.expect_silence(f"line {example.line}")
        before = example.document.text[: example.region.start]
        if name := re.search(r"<!-- file: ([\w.]+) -->\s*\Z", before):
            (self._folder / name[1]).write_text(example.parsed)
            return
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            self._execute(example)
        self._printed = printed.getvalue()

    def compare(self, example: Example) -> str | None:
        printed, self._printed = self._printed, ""
        is_right = same(example.parsed, printed)
        return None if is_right else f"the page says\n{example.parsed}\nbut this was printed:\n{printed}"

    def call(self, example: Example) -> str | None:
        self.expect_silence(f"line {example.line}")
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(
            ["bash", "-euc", example.parsed],
            env=os.environ | {"PATH": path, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            timeout=600 * FACTOR,
        )
        self._printed = done.stdout
        return done.stderr or "it failed" if done.returncode else None

    def expect_silence(self, place: str) -> None:
        assert not self._printed.strip(), (
            f"the page leaves out, before {place}, what was printed:\n{self._printed}"
        )
