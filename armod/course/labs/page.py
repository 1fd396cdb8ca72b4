"""One self-contained ``text/html`` output for an interactive picture: alive wherever scripts run, a picture elsewhere.

The output holds a static ``<img alt>``, the styles, the numbers (computed in Python) and a drawing module in plain
JavaScript. No kernel, no comm, no network: it lives in JupyterLab, in a notebook that was saved and reopened, and in
exported HTML. Where scripts do not run - an untrusted notebook, a code host's page - the static picture shows.

A drawing module is an ES module without imports that exports one function::

    export function mount(stage, data, helpers) { ... }     // may be async

``stage`` is an empty ``<div>`` to fill; ``data`` is what Python gave; ``helpers`` are the functions of ``page.js``. The
static picture makes room only when ``mount`` has finished without an error. Every ``<input>``, ``<select>``,
``<button>`` or focusable element that uses keys needs the attribute ``data-lm-suppress-shortcuts`` itself, or JupyterLab
keeps its arrow keys; ``helpers.element`` sets it on form controls.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from armod.figures.style import css_variables


@dataclass(frozen=True)
class Widget:
    """An interactive output: `html` for eyes and keyboards, `text` (one stable sentence) for everything else."""

    html: str
    text: str

    def __str__(self) -> str:
        """The sentence."""
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


def page(module_js: str, data: object, fallback_img: str, *, label: str, css: str = "") -> str:
    """The whole output as one ``<div>``: the same text for the same arguments, its id a hash of its content.

    ``module_js``: source of the drawing module (see this file's head; `asset` reads one that ships with armod).
    ``data``: anything `json` writes; large tables go through `packed`. ``fallback_img``: an ``<img alt="...">`` such as
    `Picture.img` gives. ``label``: the accessible name of the whole. ``css``: the widget's own rules, each selector
    beginning with ``.armod-widget`` (they share the page with the notebook's), added to those of ``page.css``.

    Raises:
        ValueError: if the module would end its own script element, or the image has no alternative text.
    """
    if "</script" in module_js.lower() or "<!--" in module_js:
        raise ValueError(
            'A drawing module must not contain "</script" or "<!--": it is put into a script element.'
        )
    if 'alt="' not in fallback_img or 'alt=""' in fallback_img:
        raise ValueError(
            "The static picture of a widget needs alternative text: <img alt=...>, as Picture.img gives."
        )
    numbers = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    content = "\0".join([module_js, numbers, fallback_img, label, css, asset("page.js"), asset("page.css")])
    identity = "armod-" + hashlib.sha256(content.encode()).hexdigest()[:12]
    return (
        f'<div class="armod-widget" data-armod="{identity}" role="group" aria-label="{html.escape(label)}">\n'
        f"<style>.armod-widget {{ {css_variables()} }}\n{asset('page.css')}{css}</style>\n"
        f'<div class="armod-still">{fallback_img}</div>\n'
        f'<script type="module">\n{module_js}\n{asset("page.js")}\nawaken("{identity}", {numbers}, mount);\n</script>\n'
        "</div>"
    )


def packed(raw: bytes) -> str:
    """Bytes as short text for `data`: gzip, then base64; ``helpers.unpack`` in the page gives the bytes back."""
    return base64.b64encode(gzip.compress(raw, compresslevel=9, mtime=0)).decode()


def asset(name: str) -> str:
    """The text of a ``.js`` or ``.css`` file beside this one."""
    return files("armod.course.labs").joinpath(name).read_text(encoding="utf-8")
