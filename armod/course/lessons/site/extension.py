"""What the site adds to Sphinx and its theme: formulas as MathML, and what screen readers miss in the theme's pages."""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from armod.course.lessons.mathml import to_mathml

# Two landmarks of one kind need names, a heading its level, and the page of the search a heading. A cell over nothing heads
# nothing.
NAMED = {
    '<th class="head"><p></p></th>': "<td></td>",
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    '<aside class="toc-drawer': '<aside aria-label="This page" class="toc-drawer',
    'class="caption" role="heading">': 'class="caption" role="heading" aria-level="2">',
}
# A signature of several lines is no list of definitions.
SIGNATURE = re.compile(r"<dl>\s*((?:<dd>(?:(?!</?d[dlt]).)*</dd>\s*)+)</dl>", re.DOTALL)
SEARCH = '<article role="main" id="furo-main-content">'


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add it; Sphinx calls this for the name of the module in ``conf.py``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("build-finished", _name_parts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _inline(writer: HTML5Translator, node: nodes.math) -> None:
    writer.body.append(to_mathml(node.astext(), display=False))
    raise nodes.SkipNode


def _block(writer: HTML5Translator, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{to_mathml(node.astext(), display=True)}</div>')
    raise nodes.SkipNode


def _name_parts(app: Sphinx, problem: Exception | None) -> None:
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for old, new in NAMED.items():
            text = text.replace(old, new)
        text = SIGNATURE.sub(_lines, text)
        if path.name == "search.html":
            text = text.replace(SEARCH, f"{SEARCH}\n<h1>Search</h1>")
        path.write_text(text, encoding="utf-8")


def _lines(signature: re.Match[str]) -> str:
    lines = signature[1].replace("<dd>", "<span>").replace("</dd>", "</span>")
    return f'<span class="lines">{lines}</span>'
