"""Build every ``.ipynb`` from its ``.py``: execute, normalise, stamp; and say which of them have drifted.

Before that, every exercise's ``.py`` from its solution's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from tqdm import tqdm

from armod.course.errors import CourseError
from armod.course.lessons import derive, trust
from armod.course.lessons.catalogue import INDEX, SUBFOLDERS, course_folder, name_of, read_head, sources
from armod.course.lessons.execute import DEFAULT_TIMEOUT, execute
from armod.course.lessons.normal_form import is_as_built, normalised
from armod.course.lessons.pair import (
    as_json,
    as_source,
    code_cells,
    code_sha256,
    read_notebook,
    read_source,
)
from armod.files import write_whole

SIZE_LIMIT = 1_000_000  # bytes; code hosts stop rendering larger notebooks
SECONDS = "seconds.json"  # how long each build ran: a file of its own, so that notebooks stay the same


@dataclass(frozen=True)
class Drift:
    """What is wrong with one notebook's pair: its name, and one sentence that says what to do."""

    name: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"


def sync(
    names: Sequence[str] = (),
    *,
    force: bool = False,
    timeout: int = DEFAULT_TIMEOUT,
    say: Callable[[str], None] = tqdm.write,
) -> list[Drift]:
    """Build the notebooks that have drifted: code that changed is executed, text that changed is taken over without.

    Args:
        names: the notebooks to build, such as ``4_5_1_made``; without names all of the course.
        force: execute the others too.
        timeout: seconds for each cell.
        say: receives a line for each notebook that was written.

    Returns:
        What could not be built, and why; the old notebooks of these are left whole.

    Raises:
        CourseError: if there is no notebook of such a name.
    """
    problems = _derive(names, write=True)
    with tqdm(sources(names, subfolders=True), desc="armod sync", unit="notebook", file=sys.stderr) as bar:
        for path in bar:
            name = name_of(path)
            bar.set_postfix_str(name)
            try:
                if force or _drift(path):
                    say(f"{name}: {_build(path, force=force, timeout=timeout)}")
            except CourseError as error:
                problems.append(Drift(name, str(error)))
    return problems + ([] if names else _orphans())


def check(names: Sequence[str] = ()) -> list[Drift]:
    """What has drifted among the notebooks named, or all; nothing is executed or written."""
    drifts = _derive(names, write=False)
    for path in sources(names, subfolders=True):
        try:
            drifts += [Drift(name_of(path), sentence) for sentence in _drift(path)]
        except CourseError as error:
            drifts.append(Drift(name_of(path), str(error)))
    return drifts + ([] if names else _orphans())


def _derive(names: Sequence[str], *, write: bool) -> list[Drift]:
    """Bring the exercises of the lessons named, or all, in step with their solutions, or only say which are not."""
    drifts = []
    chosen = [Path(name).stem for name in names]
    for solution in derive.solutions():
        if chosen and solution.stem not in chosen:
            continue
        target = derive.exercise_path(solution)
        try:
            text = derive.derived(solution)
        except CourseError as error:
            drifts.append(Drift(name_of(solution), str(error)))
            continue
        if target.is_file() and target.read_text(encoding="utf-8") == text:
            continue
        if write:
            write_whole(target, text)
        else:
            sentence = f"it is not what its solution gives; edit {name_of(solution)}.py and run `armod sync`."
            drifts.append(Drift(name_of(target), sentence))
    return drifts


def _build(path: Path, *, force: bool, timeout: int) -> str:
    """Build one notebook and say how; CourseError, and the old one left whole, if it can't be."""
    text, source, name = path.read_text(encoding="utf-8"), read_source(path), name_of(path)
    outputs = None if force else _outputs_of_this_code(source, path)
    if outputs is not None:
        for cell, old in zip(code_cells(source), outputs, strict=True):
            cell.outputs = old
        built, how = source, "text taken over; its code is unchanged and was not run"
    else:
        outcome = execute(source, path.parent, timeout=timeout, bar={"desc": name, "leave": False})
        if not outcome.ok:
            raise CourseError(f"cell [{outcome.failed_cell}] failed: {outcome.error}", exit_code=1)
        built, how = outcome.notebook, f"built in {outcome.seconds:.0f} s"
        _record_seconds(name, outcome.seconds)
    notebook = as_json(normalised(built, _stamp(source, path)))
    if len(notebook.encode()) >= SIZE_LIMIT:
        raise CourseError(
            f"the notebook would have {len(notebook.encode()) / 1e6:.1f} MB and the limit is 1 MB; show less.",
            exit_code=1,
        )
    write_whole(path.with_suffix(".ipynb"), notebook)
    trust.sign([path.with_suffix(".ipynb")])  # who built it may see it alive before committing it
    if path.read_text(encoding="utf-8") != text:
        how += "; the .py was edited meanwhile, so run `armod sync` again"
    elif as_source(source) != text:
        write_whole(path, as_source(source))
        how += "; the .py was brought into jupytext's own form"
    return how


def _drift(path: Path) -> list[str]:
    """Why the notebook of this source must be built, one sentence for each reason."""
    target = path.with_suffix(".ipynb")
    if not target.is_file():
        return ["there is no .ipynb; `armod sync` builds it."]
    source, found = read_source(path), []
    try:
        notebook = read_notebook(target)
    except CourseError:
        return ["the .ipynb is damaged; `armod sync` builds it anew."]
    text = path.read_text(encoding="utf-8")
    if as_source(source) != text or as_source(notebook) != text:
        found.append("the .py and the .ipynb differ; keep your edits in the .py and run `armod sync`.")
    if notebook.metadata.get("armod", {}).get("code_sha256") != _stamp(source, path):
        found.append("the outputs are not those of this code; `armod sync` makes them anew.")
    elif not is_as_built(notebook):
        found.append("the .ipynb was run by hand since it was built; `armod sync` makes its outputs anew.")
    if any(output.output_type == "error" for cell in code_cells(notebook) for output in cell.outputs):
        found.append("the .ipynb holds an error; mend the .py and run `armod sync`.")
    if target.stat().st_size >= SIZE_LIMIT:
        found.append("the .ipynb has 1 MB or more; show less.")
    if not found and as_json(normalised(notebook, _stamp(source, path))) != target.read_text(
        encoding="utf-8"
    ):
        found.append("the .ipynb was saved by another program; `armod sync` brings it into its own form.")
    return found


def _orphans() -> list[Drift]:
    folder = course_folder() / "notebooks"
    unpaired = [
        Drift(name_of(path, folder), "this .ipynb has no .py beside it; move it elsewhere or delete it.")
        for place in (folder, *(folder / subfolder for subfolder in SUBFOLDERS))
        for path in sorted(place.glob("*.ipynb"))
        if not path.with_suffix(".py").is_file()
    ]
    derived = [derive.exercise_path(solution) for solution in derive.solutions()]
    return unpaired + [
        Drift(
            name_of(path, folder), "this exercise has no solution to be derived from; write one or delete it."
        )
        for path in sorted((folder / "exercises").glob("*.py"))
        if path not in derived
    ]


def _stamp(source: NotebookNode, path: Path) -> str:
    """The hash of what the outputs follow from: the code, for the map the heads of the lessons, for exercises the checks."""
    name, also = name_of(path), []
    if name == INDEX:
        also = [read_head(other) for other in sources() if other != path]
    elif "/" in name:
        also = derive.identity_of_checks(path.stem)
    return code_sha256(source, also=also)


def _outputs_of_this_code(source: NotebookNode, path: Path) -> list[list[NotebookNode]] | None:
    """The outputs that an earlier build made of exactly this code, one list for each code cell; None if there are none."""
    try:
        old = read_notebook(path.with_suffix(".ipynb"))
    except CourseError:
        return None
    stamped = old.metadata.get("armod", {}).get("code_sha256")
    if stamped == _stamp(source, path) == _stamp(old, path) and is_as_built(old):
        return [cell.outputs for cell in code_cells(old)]
    return None


def _record_seconds(name: str, seconds: float) -> None:
    path = course_folder() / "notebooks" / SECONDS
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[name] = round(seconds)
    write_whole(path, json.dumps(known, indent=1, sort_keys=True) + "\n")
