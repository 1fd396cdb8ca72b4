"""Sentences that stand once: templates in a lab's ``words.toml``, filled here and, in its page, by `createWords` of parts.js.

A template is a sentence with holes:

- ``{name}``: a word or a whole number; a list of them, joined by commas.
- ``{name:.2}``: a number with two decimals, as `armod.figures.numbers.fixed` writes it; ``{name:+.2}`` with a plus sign
  too, ``{name:.2%}`` in percent. Of a list, each of its numbers.
- ``{name|1=flip|flips}``: words for a value, those after ``1=`` if it is 1, or else the last; ``#`` among them is the
  value. A list stands for its length.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from armod.figures.numbers import fixed

HOLE = re.compile(r"\{(\w+)(?::(\+?)\.(\d)(%?))?((?:\|[^|{}]*)*)\}")


class Words(dict[str, str]):
    """The templates of a lab by name; called with a name and values, it gives the sentence.

    Raises:
        KeyError: for an unknown template, or a hole without its value.
        TypeError: for a fraction or a truth value where a word or a whole number belongs.

    >>> Words({"finding": "{heads} of {flips} {flips|1=flip|flips}, {share:.1%}"})("finding", heads=1, flips=8, share=1 / 8)
    '1 of 8 flips, 12.5%'
    """

    @classmethod
    def beside(cls, module_file: str) -> Words:
        """Those of the ``words.toml`` beside a module, given its ``__file__``."""
        return cls(tomllib.loads(Path(module_file).with_name("words.toml").read_text(encoding="utf-8")))

    def __call__(self, template: str, /, **values: Any) -> str:
        """The template with its holes filled."""
        return HOLE.sub(lambda hole: _filled(hole, values), self[template])


def _filled(hole: re.Match[str], values: Mapping[str, Any]) -> str:
    name, sign, digits, percent, forms = hole.groups()
    value = values[name]
    parts = list(value) if isinstance(value, list | tuple) else [value]
    if forms:
        key = _plain(len(parts) if isinstance(value, list | tuple) else value)
        *special, otherwise = forms[1:].split("|")
        return dict(form.split("=", 1) for form in special).get(key, otherwise).replace("#", key)
    if digits is None:
        return ", ".join(map(_plain, parts))
    return ", ".join(
        ("+" if sign and part > 0 else "") + fixed(100 * part if percent else part, int(digits)) + percent
        for part in parts
    )


def _plain(value: object) -> str:
    if isinstance(value, bool | float):
        raise TypeError(f"A hole without a number format takes words and whole numbers; got {value!r}.")
    return str(value)
