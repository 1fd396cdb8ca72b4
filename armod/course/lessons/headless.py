"""Run lessons headless, several at a time, and leave of each an executed notebook and a page that stands alone."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from nbformat import NotebookNode
from rich.table import Table
from rich.text import Text
from tqdm import tqdm

from armod.course.errors import CourseError
from armod.course.lessons.catalogue import course_folder, name_of, read_title, sources
from armod.course.lessons.course_kernel import kill_all
from armod.course.lessons.execute import DEFAULT_TIMEOUT, Outcome, execute
from armod.course.lessons.html import to_html
from armod.course.lessons.pair import as_json, declared_parameters, read_source
from armod.files import write_whole


@dataclass(frozen=True)
class Result:
    """One row of the summary; ``failure`` is the failing cell with its error's last line, None when all went well."""

    name: str
    seconds: float
    failure: str | None = None


def run_lessons(
    names: Sequence[str],
    out: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    jobs: int = 1,
    timeout: int = DEFAULT_TIMEOUT,
) -> list[Result]:
    """Run lessons and write ``NAME.ipynb`` and ``NAME.html`` of each.

    A lesson that fails stops no other, and still leaves what it came to. Ctrl-C kills every kernel; files are whole or
    not there.

    Args:
        names: the lessons; without names the map and every lesson.
        out: the folder of the files.
        parameters: new values for names of the cells tagged ``parameters``.
        jobs: how many lessons run at a time.
        timeout: seconds for each cell.

    Returns:
        How each lesson went, in the order of the names.

    Raises:
        CourseError: if a name is wrong, a parameter not declared or the folder not writable, before anything is run; or
            if a kernel does not start.
    """
    parameters = dict(parameters or {})
    chosen = {name_of(path): path for path in sources(names)}
    notebooks = {name: read_source(path) for name, path in chosen.items()}
    for name, notebook in notebooks.items():
        _require_declared(parameters, name, notebook)
    titles = {name: read_title(path)[0] for name, path in chosen.items()}
    _require_writable(out)

    stopping = Event()

    def one(name: str) -> Result:
        folder = chosen[name].parent
        outcome = execute(
            notebooks[name],
            folder,
            parameters=parameters,
            timeout=timeout,
            bar={"desc": name, "leave": False, "file": sys.stderr},
        )
        if stopping.is_set():
            raise CancelledError
        return Result(name, outcome.seconds, _export(outcome, titles[name], folder, out / name))

    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = [pool.submit(one, name) for name in chosen]
        try:
            with tqdm(total=len(chosen), desc="armod run", unit="lesson", file=sys.stderr) as bar:
                for future in as_completed(futures):
                    future.result()
                    bar.update()
        except BaseException:
            stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in futures):
                kill_all()  # again and again: a kernel may just be starting
                time.sleep(0.1)
            raise
        return [future.result() for future in futures]


def summary(results: Sequence[Result]) -> Table:
    """The table that the command prints: lesson, seconds, status, failing cell with its error's last line."""
    table = Table("lesson", "seconds", "status", "failing cell", highlight=False)
    table.columns[1].justify = "right"
    for column in table.columns:
        column.overflow = "fold"
    for result in results:
        status = Text("failed", style="bold red") if result.failure else Text("ok", style="green")
        table.add_row(Text(result.name), f"{result.seconds:.1f}", status, Text(result.failure or ""))
    return table


def _export(outcome: Outcome, title: str, folder: Path, stem: Path) -> str | None:
    """Write both files and return what failed, in the cells or in making the page."""
    failure = f"[{outcome.failed_cell}] {outcome.error}" if outcome.error else None
    write_whole(Path(f"{stem}.ipynb"), as_json(outcome.notebook))
    try:
        write_whole(Path(f"{stem}.html"), to_html(outcome.notebook, title, folder))
    except CourseError as error:
        return failure or f"no page: {error}"
    return failure


# what a parameter takes, by the type of its default
KINDS = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str,), "a text"),
}


def _require_declared(parameters: Mapping[str, Any], name: str, notebook: NotebookNode) -> None:
    declared = declared_parameters(notebook)
    for parameter, value in parameters.items():
        if parameter not in declared:
            raise CourseError(
                f"Lesson {name} does not declare a parameter '{parameter}'; "
                + (f"it declares {', '.join(declared)}." if declared else "it declares none.")
            )
        kind = type(declared[parameter])
        types, due = KINDS.get(kind, ((object,), ""))
        if not isinstance(value, types) or (isinstance(value, bool) and kind in (int, float)):
            raise CourseError(f"Parameter '{parameter}' of lesson {name} is {due}; got '{value}'.")


def _require_writable(out: Path) -> None:
    if out.resolve().is_relative_to(course_folder() / "notebooks"):
        raise CourseError(f"--out {out} lies in the course's own notebooks; choose a folder outside of them.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise CourseError(
            f"Can't write to {out} ({error.strerror}); choose another folder for --out."
        ) from error
