"""A committed notebook as the source of a page: its text as MyST Markdown, its outputs as they are.

Two tags of cells, named as in other tools, say what only a notebook needs: ``remove-cell`` keeps a cell off the site,
``remove-input`` its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from nbformat import NotebookNode

from armod.course.errors import CourseError
from armod.course.lessons.catalogue import INDEX, Lesson
from armod.course.lessons.mine.exercises import FOLDER as MY_EXERCISES

LINK = re.compile(r"\[(?P<words>[^][]+)\]\((?P<page>[\w./-]+)\.ipynb(?:#(?P<place>[^)]+))?\)")
HREF = re.compile(r'href="(?P<page>[\w./-]+)\.ipynb(?P<place>#[^"]*)?"')


@dataclass(frozen=True)
class Contents:
    """What the site holds: lessons with their exercises, of the course in ``folder``, and perhaps the library's pages."""

    lessons: tuple[Lesson, ...]
    folder: Path
    library: bool = True

    @property
    def exercises(self) -> dict[str, Lesson]:
        """The notebooks of exercises by their names, as in ``exercises/4_5_1_made``."""
        named = {f"exercises/{lesson.name}": lesson for lesson in self.lessons}
        return {
            name: each
            for name, each in named.items()
            if (self.folder / "notebooks" / f"{name}.ipynb").is_file()
        }

    def pages_on_the_course(self) -> list[str]:
        """The pages of ``docs/`` that are not on the library, as its own index lists them."""
        text = (self.folder / "docs" / f"{INDEX}.md").read_text(encoding="utf-8")
        (listed,) = re.findall(r"^:caption: The course\n\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        return str(listed).split()

    @property
    def notebooks(self) -> list[str]:
        """All notebooks but the map, by their names."""
        return [*(lesson.name for lesson in self.lessons), *self.exercises]


def page_of(notebook: NotebookNode, name: str, contents: Contents) -> str:
    """The Markdown of a lesson or of exercises.

    Args:
        notebook: the executed notebook.
        name: its name, as in ``exercises/4_5_1_made``.
        contents: what else the site holds; links to other notebooks become text.

    Returns:
        The text of the page.

    Raises:
        CourseError: if the notebook is not built.
    """
    _require_built(notebook, name)
    head, *rest = _cells(notebook, contents, depth=name.count("/"))
    stem = name.rpartition("/")[2]
    exercises = f"exercises/{stem}"
    offers = [f"{{download}}`The notebook <{stem}.ipynb>`"]
    if name in contents.exercises:
        offers.append(f"[The lesson](../{stem}.md)")
    elif exercises in contents.exercises:
        offers.append(f"[Its exercises]({exercises}.md)")
        rest.append(_tree("", [f"Exercises <{exercises}>"]))
    offers += [
        f"[{words}]({'../' * name.count('/')}{page}.md)"
        for words, page in (("The map", INDEX), ("How to run it", "running"))
    ]
    return "\n\n".join([head, "{.offers}\n" + " · ".join(offers), *rest]) + "\n"


def front_page(notebook: NotebookNode, contents: Contents) -> str:
    """The Markdown of the map, with the contents of the whole site."""
    _require_built(notebook, INDEX)
    parts = ["---\nhide-toc: true\n---", *_cells(notebook, contents)]
    parts.append(
        _tree(
            "The course", ["The map <self>", *(f"{_short(each)} <{each.name}>" for each in contents.lessons)]
        )
    )
    if contents.library:
        parts.append(_tree("The library", ["Guide and reference <library>"]))
    parts.append(_tree("Run it, teach it", contents.pages_on_the_course()))
    return "\n\n".join(parts) + "\n"


def _tree(caption: str, pages: Sequence[str]) -> str:
    """A hidden table of contents: what the bar at the side lists, and the order of the pages."""
    return "\n".join(
        ["```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), "", *pages, "```"]
    )


def _require_built(notebook: NotebookNode, name: str) -> None:
    if not notebook.metadata.get("armod"):
        raise CourseError(f"{name}.ipynb is not built yet; `armod sync {name}` builds it.", exit_code=1)


def _short(lesson: Lesson) -> str:
    return lesson.title.partition(":")[0]


def _cells(notebook: NotebookNode, contents: Contents, depth: int = 0) -> Iterator[str]:
    """The text of each cell; what only prepares, parameters and imports, lies in a fold."""
    folded: list[str] = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        if "remove-cell" in tags or not cell.source.strip():
            continue
        is_code = cell.cell_type == "code"
        if is_code and not cell.outputs and ("parameters" in tags or folded):
            folded.append(f"```python\n{cell.source}\n```")
            continue
        if folded:
            yield _fold("Preparations", folded)
            folded = []
        if not is_code:
            yield _text(cell.source, contents, depth)
            continue
        if "remove-input" not in tags:
            yield f"```python\n{cell.source}\n```"
        for output in cell.outputs:
            yield _output(output, contents, depth)
    if folded:
        yield _fold("Preparations", folded)


def _fold(summary: str, parts: Sequence[str]) -> str:
    return "\n\n".join([f'<details class="preparations"><summary>{summary}</summary>', *parts, "</details>"])


def _text(source: str, contents: Contents, depth: int) -> str:
    """The text of a cell, its links turned to pages, and without the way back and on, which each page of the site has."""
    text = re.sub(r"\n+---\n\n.*\(index\.ipynb\).*\s*\Z", "", source)
    text = text.replace(
        f"[Your own copy of the exercises]({MY_EXERCISES}/", "[Your own copy of the exercises](exercises/"
    )
    text = LINK.sub(lambda found: _link(found, contents, depth), text)
    # A card of a prediction opens the folds of the text that follows it, and looks for it by Jupyter's names. Headings
    # stay outside: they begin sections, which no element may cut in two.
    heading = re.search(r"^#{1,6} ", text, re.MULTILINE)
    before = text[: heading.start()] if heading else text
    if "<details>" in before:
        return f'<div class="jp-Cell jp-MarkdownCell">\n\n{before.strip()}\n\n</div>\n\n{text[len(before) :]}'
    return text


def _link(found: re.Match[str], contents: Contents, depth: int) -> str:
    if not _is_there(found["page"], contents, depth):
        return found["words"]
    # Jupyter's anchors are the words with hyphens; those of the site are in lower case and without other marks
    place = "#" + re.sub(r"[^\w-]", "", found["place"].lower()) if found["place"] else ""
    return f"[{found['words']}]({found['page']}.md{place})"


def _is_there(page: str, contents: Contents, depth: int) -> bool:
    """Whether the site has what a notebook that lies ``depth`` folders deep calls ``page``."""
    name = page.removeprefix("../") if page.startswith("../") or depth == 0 else f"exercises/{page}"
    return name in [INDEX, *contents.notebooks]


def _output(output: NotebookNode, contents: Contents, depth: int) -> str:
    data = output.get("data", {})
    if "text/html" in data:
        html = HREF.sub(
            lambda found: (
                f'href="{found["page"]}.html{found["place"] or ""}"'
                if _is_there(found["page"], contents, depth)
                else ""
            ),
            data["text/html"],
        )
        return f'``````{{raw}} html\n<div class="jp-Cell output">\n{html}\n</div>\n``````'
    if output.output_type == "stream" or "text/plain" in data:
        text = output.text if output.output_type == "stream" else data["text/plain"]
        return f"``````text\n{text.rstrip()}\n``````"
    if output.output_type == "error":
        return f"``````text\n{escape(output.ename)}: {output.evalue}\n``````"
    raise CourseError(f"The site can't show an output of the kinds {', '.join(data)}.", exit_code=1)
