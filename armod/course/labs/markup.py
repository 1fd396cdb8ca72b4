"""The few marks that texts of questions and cards may have, as HTML and without them.

``code`` stands between backquotes, bold text between two asterisks, and formulas use ``<sub>``, ``<sup>``, ``<em>``.
"""

from __future__ import annotations

import html
import inspect
import re

_MARKS = {
    r"`([^`]+)`": r"<code>\1</code>",
    r"\*\*([^*]+)\*\*": r"<strong>\1</strong>",
    r"&lt;(/?)(sub|sup|em)&gt;": r"<\1\2>",
}


def inline(text: str) -> str:
    """The text as HTML: escaped, except for the few marks.

    >>> inline("**All** of x<sub>1</sub> < `x[2]`")
    '<strong>All</strong> of x<sub>1</sub> &lt; <code>x[2]</code>'
    """
    escaped = html.escape(text)
    for pattern, element in _MARKS.items():
        escaped = re.sub(pattern, element, escaped)
    return escaped


def plain(text: str) -> str:
    """The text without its marks."""
    return re.sub(r"`|\*\*|</?(?:sub|sup|em)>", "", text)


def paragraphs(text: str) -> str:
    r"""Text of several lines as HTML: an empty line ends a paragraph, and lines between ``` stay as they are.

    >>> paragraphs("One line\nand another.\n\nThe end.")
    '<p>One line and another.</p><p>The end.</p>'
    """
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(text))
    return "".join(_block(block) for block in blocks if block.strip())


def _block(block: str) -> str:
    if block.startswith("```"):
        return f"<pre>{html.escape(block.strip('`').strip())}</pre>"
    return f"<p>{inline(' '.join(block.split()))}</p>"
