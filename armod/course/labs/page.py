"""One self-contained ``text/html`` output for an interactive picture: alive wherever scripts run, a picture elsewhere.

The output holds a static ``<img alt>``, the styles, the numbers (computed in Python) and a drawing module in plain
JavaScript. No kernel, no comm, no network: it lives in JupyterLab, in a notebook that was saved and reopened, and in
exported HTML. Where scripts do not run - an untrusted notebook, a code host's page - the static picture shows.

A drawing module is an ES module without imports that exports one function::

    export function mount(stage, data) { ... }     // may be async

``stage`` is an empty ``<div>`` to fill; ``data`` is what Python gave. The functions of ``page.js`` are in reach, in a
lab those of ``sketch.js`` and ``parts.js`` as well. The static picture makes room only when ``mount`` has finished without an error. Every
``<input>``, ``<select>``, ``<button>`` or focusable element that uses keys needs the attribute
``data-lm-suppress-shortcuts`` itself, or JupyterLab keeps its arrow keys; ``element`` sets it on form controls.

A lab is a folder: facts, picture, ``lab.py``, its ``.js`` and ``.css`` files and ``words.toml``; see `lab_page`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from armod.course.labs.words import Words
from armod.figures.picture import Picture
from armod.figures.style import css_variables


@dataclass(frozen=True)
class Widget:
    """An interactive output: `html` for eyes and keyboards, `text` (one stable sentence) for everything else."""

    html: str
    text: str
    # what a page is made of, for its live form
    script: str = field(default="", repr=False)
    style: str = field(default="", repr=False)
    data: Mapping[str, object] = field(default_factory=dict, repr=False)
    still: str = field(default="", repr=False)
    label: str = field(default="", repr=False)

    def __str__(self) -> str:
        """The sentence."""
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def lab_page(
    module_file: str,
    data: Mapping[str, object],
    still: Picture,
    *,
    mount: str = "lab",
    others: Collection[str] = (),
    label: str = "label",
    about: str = "about",
    **names: str,
) -> Widget:
    """A lab as one notebook output.

    Args:
        module_file: the ``__file__`` of the lab's module, beside which its other files lie (see `lab_files`).
        data: numbers for the page, as in `page`; the words are added as ``data.words``, which `createWords` fills.
        still: the picture of the first state.
        mount: as in `lab_files`.
        others: as in `lab_files`.
        label: the template in its ``words.toml`` that names the lab for a screen reader.
        about: the template that introduces it in a sentence.
        **names: what the label and the introduction leave open.

    Returns:
        The output, with a description for where no HTML is shown.
    """
    script, style, words = lab_files(module_file, mount=mount, others=others)
    image, name = still.img(dots_per_inch=100), words(label, **names)
    numbers = {**data, "words": words}
    output = page(script, numbers, image, label=name, css=style)
    text = f"{words(about, **names)} At first: {still.description}"
    return Widget(output, text, script, style, numbers, image, name)


def lab_files(
    module_file: str, *, mount: str = "lab", others: Collection[str] = ()
) -> tuple[str, str, Words]:
    """Script, styles and words of a lab: all ``.js`` and ``.css`` files beside a module, after those that labs share.

    Args:
        module_file: the ``__file__`` of the module.
        mount: the script that exports ``mount``, of those whose names begin with "lab"; the others of these are left out.
        others: scripts and styles of other labs that come before, such as "field/kinds.js".

    Returns:
        The script, the styles, and the words.
    """
    folder, here = Path(module_file).parent, Path(__file__).parent
    parts = []
    for kind, shared in (("js", ("sketch.js", "parts.js")), ("css", ("parts.css",))):
        own = [
            file
            for file in sorted(folder.glob(f"*.{kind}"))
            if kind == "css" or not file.stem.startswith("lab") or file.stem == mount
        ]
        files = [here / name for name in (*shared, *others) if name.endswith(f".{kind}")] + own
        parts.append("".join(map(_without_comments, files)))
    return parts[0], parts[1], Words.beside(module_file)


def check_knobs(lab: str, **knobs: tuple[object, Collection[object]]) -> None:
    """Refuse a value that a knob does not have: ``check_knobs("field lab", depth=(1, range(2, 7)))``.

    Args:
        lab: how messages call the lab.
        knobs: the value and the choices of each knob, by name.

    Raises:
        ValueError: for the first knob whose value is none of its choices.
    """
    for name, (value, choices) in knobs.items():
        if value not in choices:
            if isinstance(choices, range) and len(choices) > 64:
                named = f"{choices[0]}, {choices[1]}, ..., {choices[-1]}"
            else:
                named = ", ".join(map(str, choices))
            raise ValueError(f"In the {lab}, {name} is one of {named}; got {value}.")


def page(
    module_js: str, data: object, still: str, *, label: str, css: str = "", kind: str = "", live: str = ""
) -> str:
    """The whole output as one ``<div>``.

    Args:
        module_js: source of the drawing module (see this file's head).
        data: anything `json` writes; large tables go through `packed`.
        still: what shows where no script runs: an ``<img alt="...">`` such as `Picture.img` gives, or other HTML.
        label: the accessible name of the whole.
        css: the widget's own rules, each selector beginning with ``.armod-widget`` (they share the page with the
            notebook's), added to those of ``page.css``.
        kind: classes of the whole, beside ``armod-widget``.
        live: the id of a model in a kernel, to which the page is linked if it is there.

    Returns:
        HTML, the same for the same arguments; its id is a hash of its content.

    Raises:
        ValueError: if the module would end its own script element, or an image has no alternative text.
    """
    if "</script" in module_js.lower() or "<!--" in module_js:
        raise ValueError(
            'A drawing module must not contain "</script" or "<!--": it is put into a script element.'
        )
    if not still or not all(re.search(r'\balt="[^"]', image) for image in re.findall(r"<img\b[^>]*>", still)):
        raise ValueError(
            "The static picture of a widget needs alternative text: <img alt=...>, as Picture.img gives."
        )
    numbers = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    content = "\0".join([module_js, numbers, still, label, css, kind, asset("page.js"), asset("page.css")])
    link = f' data-live="{live}"' if live else ""
    identity = "armod-" + hashlib.sha256(content.encode()).hexdigest()[:12]
    return (
        f'<div class="{f"armod-widget {kind}".rstrip()}" data-armod="{identity}"{link} role="group" aria-label="{html.escape(label)}">\n'
        f"<style>.armod-widget {{ {css_variables()} }}\n{asset('page.css')}{css}</style>\n"
        f'<div class="armod-still">{still}</div>\n'
        f'<script type="module">\n{module_js}\n{asset("page.js")}\nawaken("{identity}", {numbers}, mount);\n</script>\n'
        "</div>"
    )


def packed(raw: bytes) -> str:
    """Bytes as short text for `data`: gzip, then base64; ``unpack`` in the page gives the bytes back."""
    return base64.b64encode(gzip.compress(raw, compresslevel=9, mtime=0)).decode()


def asset(name: str) -> str:
    """The text of a ``.js`` or ``.css`` file, by its place from this folder, without lines of comment."""
    return _without_comments(Path(__file__).parent / name)


def _without_comments(file: Path) -> str:
    """A script or styles for a page, which need not carry the lines that explain them: a notebook holds ten and more of them."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith("//"))
