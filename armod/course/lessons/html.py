"""An executed notebook as one HTML file that needs no kernel, no network and no other file."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets.config import Config

from armod.course.errors import CourseError
from armod.course.lessons.mathml import to_mathml
from armod.course.lessons.mine.exercises import FOLDER as MY_EXERCISES

# Nothing of nbconvert's page that fetches scripts: require.js, MathJax, Mermaid, the manager of Jupyter widgets.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Math TeX Gyre", math; }
math[display="block"] { margin: 0.6em 0; }
body.jp-Notebook { max-width: 62rem; margin: 0 auto; }
/* On a phone a wide picture does not shrink until its letters can't be read: one moves along it. */
@media (max-width: 40rem) {
  .jp-OutputArea-output { overflow-x: auto; }
  .jp-OutputArea-output img { max-width: max(100%, 46rem) !important; }
}
</style>
{%- endblock -%}
"""
# No widget views: without a kernel they are nothing, and the description beside them is shown instead.
SHOWN_FIRST = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]
LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "audio": "src",
    "video": "src",
    "source": "src",
    "link": "href",
}


def to_html(notebook: NotebookNode, title: str, folder: Path) -> str:
    """The page of an executed notebook.

    Args:
        notebook: the notebook, which is left as it is.
        title: the title of the page.
        folder: where pictures that the text names are taken from.

    Returns:
        The HTML, which needs no other file.

    Raises:
        CourseError: if a formula can't be rendered, or if something would be fetched from elsewhere.
    """
    exporter = _Exporter(config=Config(NbConvertBase={"display_data_priority": SHOWN_FIRST}))
    exporter.raw_template = TEMPLATE
    page = NotebookNode(notebook)
    page.cells = [_with_formulas(cell) for cell in notebook.cells]
    page.metadata = NotebookNode({**notebook.metadata, "title": title})
    page.metadata.pop("widgets", None)
    text, _ = exporter.from_notebook_node(page, {"metadata": {"name": title, "path": str(folder)}})
    soup = BeautifulSoup(text, features="html.parser")
    _link_pages(soup)
    _refuse_remote(soup)
    return str(soup)


class _Exporter(HTMLExporter):
    """nbconvert's exporter, with formulas rendered while the text is."""

    embed_images = True
    language_code = "en"

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        renderer = _Renderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            path=context.get("resources", {}).get("metadata", {}).get("path", ""),
            anchor_link_text=self.anchor_link_text,
        )
        return MarkdownWithMath(renderer=renderer).render(source)


class _Renderer(IPythonRenderer):
    """Renders markdown; nbconvert's parser finds the formulas, outside code only."""

    def block_html(self, html: str) -> str:
        # nbconvert would parse each block by itself, and close a fold before the text that belongs into it
        return super().block_html(html) if "<img" in html else html

    def inline_math(self, body: str) -> str:
        return to_mathml(body, display=False)

    def block_math(self, body: str) -> str:
        return to_mathml(body, display=True)

    def latex_environment(self, name: str, body: str) -> str:
        return to_mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)


def _with_formulas(cell: NotebookNode) -> NotebookNode:
    """The cell, its outputs in LaTeX (as sympy prints) turned into MathML."""
    if cell.cell_type != "code":
        return cell
    copy = NotebookNode(cell)
    copy.outputs = [_with_formula(output) for output in cell.outputs]
    return copy


def _with_formula(output: NotebookNode) -> NotebookNode:
    data = output.get("data", {})
    if "text/latex" not in data or "text/html" in data:
        return output
    found = re.fullmatch(r"(?s)\s*(\$\$?|\\\[)?(.*?)(\$\$?|\\\])?\s*", data["text/latex"])
    body = found[2] if found else data["text/latex"]
    copy = NotebookNode(output)
    copy.data = NotebookNode(
        {**data, "text/html": to_mathml(body.replace(r"\displaystyle", ""), display=True)}
    )
    return copy


def _link_pages(soup: BeautifulSoup) -> None:
    """A link to another notebook of the course becomes one to its page; the learner's own copies have none."""
    for anchor in soup.select("a[href]"):
        href = str(anchor["href"])
        if href.startswith(f"{MY_EXERCISES}/"):
            anchor.unwrap()
        elif not re.match(r"[a-z]+:|//|/", href):
            anchor["href"] = re.sub(r"\.ipynb(?=$|#)", ".html", href)


def _refuse_remote(soup: BeautifulSoup) -> None:
    for name, attribute in LOADS.items():
        for element in soup.find_all(name):
            _refuse_address(element, str(element.get(attribute, "")))
    for element in soup.find_all(["style", "script"]):
        pattern = r"""@import\s+(?:url\()?["']?([^"')\s;]+)|url\(["']?([^"')]+)"""
        if element.name == "script":
            pattern = r"""\bimport\s*\(?\s*["']([^"']+)|\bfrom\s+["'](https?:[^"']+)"""
        for match in re.finditer(pattern, element.string or ""):
            _refuse_address(element, next(filter(None, match.groups())))


def _refuse_address(element: Tag, address: str) -> None:
    if address and not address.startswith(("data:", "#", "blob:")):
        raise CourseError(
            f"The page would not stand alone: <{element.name}> loads {escape(address[:80])}; "
            "put what it needs into the notebook.",
            exit_code=1,
        )
