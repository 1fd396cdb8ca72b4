"""The normal form of a built notebook: two builds of the same code write the same bytes, where figures allow."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import Any

from nbformat import NotebookNode

from armod.course.lessons.pair import FILTERS, KERNELSPEC, code_cells

_LIVE = re.compile(r' data-live="[0-9a-f]{32}"')

# What jupytext reads from the metadata of a cell: its tags, and blank lines of the .py which its own rule does not ask for.
KEPT = ("tags", "lines_to_next_cell")

LANGUAGE = {
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "pygments_lexer": "ipython3",
}


def normalised(notebook: NotebookNode, code_sha256: str) -> NotebookNode:
    """The notebook without random ids, times, versions and widget state, stamped with what it was built from.

    Args:
        notebook: the executed notebook, which is left as it is.
        code_sha256: the hash of the code that the outputs follow from.

    Returns:
        A new notebook. Its stamp ``metadata.armod`` holds this hash and that of the outputs, by which an edited source
        and a notebook that was run by hand are both found.
    """
    seen: Counter[str] = Counter()
    count = 0
    cells = []
    for cell in notebook.cells:
        seen[cell.source] += 1
        runs = cell.cell_type == "code" and bool(cell.source.strip())
        count += runs
        new = NotebookNode(
            id=built_id(cell.source, seen[cell.source]),
            cell_type=cell.cell_type,
            source=cell.source,
            metadata=NotebookNode(
                {key: cell.metadata[key] for key in KEPT if cell.metadata.get(key) not in (None, [])}
            ),
        )
        if cell.cell_type == "code":
            new.execution_count = count if runs else None
            new.outputs = _normal_outputs(cell.outputs, count)
        cells.append(new)
    result = NotebookNode(nbformat=4, nbformat_minor=5, cells=cells, metadata=NotebookNode())
    result.metadata.update(
        kernelspec=NotebookNode(KERNELSPEC),
        language_info=NotebookNode(LANGUAGE),
        jupytext=NotebookNode(FILTERS),
        armod=NotebookNode(code_sha256=code_sha256, outputs_sha256=outputs_sha256(result)),
    )
    return result


def built_id(source: str, number: int) -> str:
    """The id of the cell with this text, the ``number``-th of them from 1: it follows from the text, so an insertion moves no id."""
    return _digest([source, number])[:12]


def is_as_built(notebook: NotebookNode) -> bool:
    """Whether the outputs are those that were stamped, none added, changed or run again to another result."""
    return notebook.metadata.get("armod", {}).get("outputs_sha256") == outputs_sha256(notebook)


def outputs_sha256(notebook: NotebookNode) -> str:
    """The hash of all outputs in order; execution counts, which tell nothing, left out."""
    return _digest([_normal_outputs(cell.outputs, 0) for cell in code_cells(notebook)])


def _normal_outputs(outputs: list[NotebookNode], count: int) -> list[NotebookNode]:
    """The outputs of one cell, with what was printed in several messages, as timing had it, joined to one."""
    result: list[NotebookNode] = []
    for output in outputs:
        new = NotebookNode({key: value for key, value in output.items() if key != "transient"})
        if new.output_type == "execute_result":
            new.execution_count = count
        if "text/html" in (data := new.get("data", {})):
            # the model that a live lab had in this run's kernel
            new.data = NotebookNode({**data, "text/html": _LIVE.sub("", data["text/html"])})
        last = result[-1] if result else NotebookNode()
        if new.output_type == "stream" and last.get("name") == new.name:
            last.text += new.text
        else:
            result.append(new)
    return result


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
