"""What students hand in instead of a notebook, by the file's name and by how it begins: what it is, and what to do."""

from __future__ import annotations

import re

NOTEBOOK = ".ipynb"
_ASK = "ask for the .ipynb file itself"
_RENAMED = "is a notebook under another name; take away what follows .ipynb, and it is marked"
_ARCHIVE = "is an archive; unpack it into a folder named after the student"
_PAGE = "is a web page or a text that was typed into a form, not a notebook; " + _ASK
_LINK = "is a link, not a notebook; " + _ASK
_TEXT = "is a text document, not a notebook; " + _ASK
_PDF = "is a PDF, not a notebook; " + _ASK
_PYTHON = "is a Python file, not a notebook; " + _ASK
_NONE = "is no notebook; if it is no student's, move it out of this folder"
COLAB = "is a link to Colab; there File > Download > Download .ipynb gives the notebook, " + _ASK

_KINDS = {
    (".pdf",): _PDF,
    (".zip", ".tar", ".tar.gz", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar"): _ARCHIVE,
    (".html", ".htm", ".xhtml", ".mhtml"): _PAGE,
    (".url", ".webloc", ".desktop", ".lnk", ".gdoc"): _LINK,
    (".txt", ".md", ".rtf", ".doc", ".docx", ".odt", ".pages", ".tex"): _TEXT,
    (".py",): _PYTHON,
}
INSTEAD_OF_A_NOTEBOOK = (_RENAMED, _ARCHIVE, _PAGE, _LINK, _PDF)
_MAY_HOLD_A_LINK = (_PAGE, _LINK, _TEXT)
_COLAB = re.compile(rb"colab\.(?:research\.)?google\.com", re.IGNORECASE)

# A text that stands where a notebook should: how it begins, and what it is.
_BEGINNINGS = (
    (b"PK\x03\x04", "is a zip archive, not a notebook; unpack it"),
    (b"%PDF", "is a PDF, not a notebook"),
    ((b"\x1f\x8b", b"BZh", b"\xfd7zXZ"), "is compressed; unpack it"),
)


def complaint(name: str) -> str:
    """What a file of that name is and what to do, as a sentence without subject and full stop; "" for a notebook."""
    lowered = name.lower()
    if lowered.endswith(NOTEBOOK):
        return ""
    if re.search(rf"{re.escape(NOTEBOOK)}[.\w() -]{{1,12}}$", lowered):
        return _RENAMED
    return next((what for endings, what in _KINDS.items() if lowered.endswith(endings)), _NONE)


def suffixes(name: str) -> list[str]:
    """How the name of such a file may end beside its student's name, the longest first."""
    match = re.search(rf"{re.escape(NOTEBOOK)}[.\w() -]{{1,12}}$", name.lower())
    endings = [ending for group in _KINDS for ending in group]
    return [match[0]] if match else sorted(endings, key=len, reverse=True)


def may_be_a_link(reason: str) -> bool:
    """Whether it is worth a look for a link in it."""
    return reason in _MAY_HOLD_A_LINK


def is_link_to_colab(content: bytes) -> bool:
    """Whether it leads to a notebook in Colab."""
    return _COLAB.search(content) is not None


def beginning(content: bytes) -> str | None:
    """What a file is that begins like no notebook."""
    return next((what for start, what in _BEGINNINGS if content.startswith(start)), None)
