"""The two halves of a notebook: ``NAME.py``, which people edit, and ``NAME.ipynb``, which is derived from it."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from jupytext.formats import JupytextFormatError
from nbformat import NotebookNode

from armod.course.errors import CourseError

# The filters of jupytext.toml, which JupyterLab reads; here, and in each notebook, so that they hold in any folder.
FILTERS = {"cell_metadata_filter": "tags,-all", "notebook_metadata_filter": "kernelspec,-all"}
PERCENT: dict[str, Any] = {"extension": ".py", "format_name": "percent", **FILTERS}
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def read_source(path: Path) -> NotebookNode:
    """The notebook that a ``.py`` stands for, without outputs; CourseError if it is not in the percent format."""
    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt=PERCENT)
    except (OSError, UnicodeDecodeError, JupytextFormatError, ValueError) as error:
        raise CourseError(
            f"{path} can't be read as a notebook: {last_line(str(error))}", exit_code=1
        ) from error
    notebook.metadata = NotebookNode(kernelspec=NotebookNode(KERNELSPEC))
    return notebook


def read_notebook(path: Path) -> NotebookNode:
    """The notebook in an ``.ipynb``; CourseError if it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError, KeyError, nbformat.ValidationError) as error:
        raise CourseError(
            f"{path} can't be read as a notebook; `armod sync` builds it anew.", exit_code=1
        ) from error


def as_source(notebook: NotebookNode) -> str:
    """The text of the ``.py`` that a notebook belongs to."""
    return jupytext.writes(notebook, fmt=PERCENT)


def as_json(notebook: NotebookNode) -> str:
    """The text of the ``.ipynb``, the same for the same notebook."""
    return nbformat.writes(notebook, version=4) + "\n"


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that a run executes: code that is not blank."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def code_sha256(notebook: NotebookNode, also: Sequence[str] = ()) -> str:
    """The hash of the code cells, one by one, and of ``also``, other texts that the outputs follow from."""
    parts = [cell.source.rstrip() for cell in code_cells(notebook)]
    return hashlib.sha256("\0".join([*parts, *also]).encode()).hexdigest()


def has_tag(cell: NotebookNode, tag: str) -> bool:
    """Whether a cell carries this tag."""
    return tag in cell.metadata.get("tags", [])


def declared_parameters(notebook: NotebookNode) -> dict[str, Any]:
    """The names that the cell tagged ``parameters`` assigns, with their values; None for one that is no plain value."""
    found: dict[str, Any] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and has_tag(cell, "parameters"):
            for statement in ast.parse(cell.source).body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                if isinstance(statement, ast.AnnAssign):
                    targets = [statement.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        found[target.id] = _plain(statement.value)
    return found


def _plain(expression: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(expression) if expression is not None else None
    except ValueError:
        return None


def last_line(text: str) -> str:
    """The last line of a message that is not blank: of a traceback, the error itself."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
