"""Formulas as MathML, which browsers draw by themselves: no script, no fonts to fetch, readable to screen readers."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from xml.etree import ElementTree

from latex2mathml.converter import convert

from armod.course.errors import CourseError

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
THIN_SPACE = "0.167em"
# What latex2mathml knows under another name only.
SYNONYMS = {
    r"\\(begin|end)\{aligned\}": r"\\\1{split}",
    r"\\arg\s*\\(max|min)(?![a-zA-Z])": r"\\arg\1",
    r"\\arg(?![a-zA-Z])": r"\\operatorname{arg}",
}
# Of others latex2mathml silently drops the name.
ENVIRONMENTS = re.compile(r"(equation|align|gather)\*?|split|cases|array|small\w*matrix|[pbvBV]?matrix")


def to_mathml(tex: str, *, display: bool) -> str:
    """One formula as a ``<math>`` element; CourseError quoting the formula if it can't be rendered faithfully."""
    source = tex.strip()
    for pattern, synonym in SYNONYMS.items():
        source = re.sub(pattern, synonym, source)
    if source.count("{") - source.count(r"\{") != source.count("}") - source.count(r"\}"):
        raise CourseError(f"The formula '{tex.strip()}' has braces that do not match.", exit_code=1)
    for name in re.findall(r"\\begin\{(.*?)\}", source):
        if not ENVIRONMENTS.fullmatch(name):
            raise CourseError(
                f"The formula '{tex.strip()}' can't be rendered: there is no environment '{name}' here.",
                exit_code=1,
            )
    try:
        math = ElementTree.fromstring(
            _escape_ampersands(convert(source, display="block" if display else "inline"))
        )
    except Exception as error:  # latex2mathml raises many kinds, ParseError and IndexError among them
        raise CourseError(
            f"The formula '{tex.strip()}' can't be rendered ({type(error).__name__}).", exit_code=1
        ) from error
    leftover = [text for text in math.itertext() if re.search(r"\\\w|&", text)]
    if leftover:
        raise CourseError(
            f"The formula '{tex.strip()}' can't be rendered: '{leftover[0]}' is not known; write it another way.",
            exit_code=1,
        )
    for element in list(math.iter()):
        _as_mathml_core(element)
    ElementTree.register_namespace("", NAMESPACE)
    return ElementTree.tostring(math, encoding="unicode")


def _as_mathml_core(element: ElementTree.Element) -> None:
    """Say in MathML Core, the part that browsers implement, what latex2mathml says in full MathML."""
    kind, text = _kind(element), element.text or ""
    variant = element.attrib.get("mathvariant")
    if variant not in (None, "normal"):
        del element.attrib["mathvariant"]
        element.text = "".join(_styled(character, variant) for character in text)
    if kind == "mo" and _is_function(element):
        element.tag = f"{{{NAMESPACE}}}mi"
    if text == "~":  # \sim, a relation and not an accent
        element.tag, element.text = f"{{{NAMESPACE}}}mo", "∼"
    if text == "/":
        element.attrib.update(lspace="0", rspace="0")
    if kind in ("msub", "msup", "msubsup", "munder", "mover", "munderover"):
        for operator in (
            inner for script in list(element)[1:] for inner in script.iter(f"{{{NAMESPACE}}}mo")
        ):
            operator.attrib.update(lspace="0", rspace="0")
    if kind == "mtr":
        _align(list(element))
    if kind in ("mrow", "mtd", "math"):
        _space_functions(element)


def _align(cells: list[ElementTree.Element]) -> None:
    """Columns flush as their alignment says; a right and a left one meet without a gap, at the relation."""
    sides = [cell.attrib.pop("columnalign", "") for cell in cells]
    for cell, side, before in zip(cells, sides, ["", *sides], strict=False):
        if side:
            flush = {"right": ";padding-right:0", "left": ";padding-left:0" if before == "right" else ""}
            cell.set("style", f"text-align:{side}{flush.get(side, '')}")


def _space_functions(row: ElementTree.Element) -> None:
    """Put a thin space between a function's name and its bare argument: log p, not logp."""
    children = list(row)
    for left, right in reversed(list(pairwise(children))):
        name = left[0] if _kind(left) in ("msub", "msup", "msubsup") else left
        if _is_function(name) and _kind(right) not in ("mo", "mspace"):
            space = ElementTree.Element(f"{{{NAMESPACE}}}mspace", {"width": THIN_SPACE})
            row.insert(children.index(left) + 1, space)


def _is_function(element: ElementTree.Element) -> bool:
    r"""Whether this is a name such as log or, from \operatorname, KL; the thin space is that in 'arg max'."""
    text = (element.text or "").replace("\u2009", "")
    return _kind(element) in ("mi", "mo") and len(text) > 1 and text.isascii() and text.isalpha()


def _styled(character: str, variant: str) -> str:
    """The character of that style in Unicode, as ('N', 'script') -> '𝒩'; itself where there is none."""
    name = unicodedata.name(character, "").replace("LATIN ", "").replace("GREEK ", "").replace("LETTER ", "")
    style = variant.replace("-", " ").replace("double struck", "double-struck").upper()
    for prefix in ("MATHEMATICAL ", ""):
        try:
            return unicodedata.lookup(f"{prefix}{style} {name}")
        except KeyError:
            continue
    return character


def _kind(element: ElementTree.Element) -> str:
    return element.tag.removeprefix(f"{{{NAMESPACE}}}")


def _escape_ampersands(markup: str) -> str:
    return re.sub(r"&(?!#?\w+;)", "&amp;", markup)
