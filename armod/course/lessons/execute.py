"""Run one notebook headless, through papermill, and say honestly how it went."""

from __future__ import annotations

import asyncio
import logging
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from armod.course.errors import CourseError
from armod.course.lessons.course_kernel import CourseKernel
from armod.course.lessons.pair import code_cells, last_line, read_notebook

DEFAULT_TIMEOUT = 600

# What papermill logs of dead and late cells, the Outcome says better.
logging.getLogger("papermill").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Outcome:
    """How a run went.

    Args:
        notebook: the executed notebook, as far as it came.
        seconds: how long the run took.
        failed_cell: the number that the notebook shows as ``[n]`` at the cell that failed; None when all went well.
        error: what went wrong there; None when all went well.
    """

    notebook: NotebookNode
    seconds: float
    failed_cell: int | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every code cell ran and none raised an error."""
        return self.error is None


def execute(
    notebook: NotebookNode,
    folder: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    timeout: int = DEFAULT_TIMEOUT,
    bar: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run a notebook; one that fails, hangs, kills its kernel or ends by ``sys.exit(0)`` raises nothing here.

    Args:
        notebook: the notebook, which is left as it is.
        folder: the working directory of the run.
        parameters: new values for names of the cell tagged ``parameters``.
        timeout: seconds for each cell.
        bar: options of tqdm for a bar over the cells; None draws none.

    Returns:
        The executed notebook, and what failed where.

    Raises:
        CourseError: if the kernel does not start.
    """
    error = None
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="armod-") as scratch:
        # papermill keeps what ran only in the file that it saves after every cell.
        saved = Path(scratch, "executed.ipynb")
        try:
            papermill.execute_notebook(
                notebook,
                str(saved).replace("{", "{{").replace("}", "}}"),  # papermill formats paths
                parameters=dict(parameters or {}),
                kernel_name="python3",
                progress_bar=dict(bar) if bar is not None else False,
                execution_timeout=timeout,
                kernel_manager_class=CourseKernel,
                resources={"metadata": {"path": str(folder)}},
                store_widget_state=False,
                record_timing=False,
                iopub_timeout=60,
                shutdown_kernel="immediate",
                extra_arguments=["--log-level=ERROR"],
            )
        except PapermillExecutionError as problem:
            error = _error_of(problem)
        except CellTimeoutError:
            error = f"The cell ran longer than {timeout} s."
        except DeadKernelError:
            error = "The kernel died."
        except RuntimeError as problem:
            if "Kernel died" not in str(problem):
                raise
            raise CourseError(
                "The kernel did not start; `armod doctor` says what is missing here.", exit_code=1
            ) from problem
        finally:
            _end_tasks()
        executed = read_notebook(saved)
    seconds = time.perf_counter() - start
    started = [cell for cell in code_cells(executed) if cell.metadata.papermill.start_time]
    if error is None and (len(started) < len(code_cells(executed)) or _exits(started[-1:])):
        error = "The notebook was ended early by sys.exit()."
    return Outcome(_tidy(executed), seconds, len(started) if error else None, error)


def _end_tasks() -> None:
    """End what nbclient still waits for when a cell was late, before the event loop is thrown away with it."""
    loop = ensure_event_loop()
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


def _error_of(problem: PapermillExecutionError) -> str:
    last = last_line(re.sub(r"\x1b\[[0-9;]*m", "", problem.evalue or ""))
    return f"{problem.ename}: {last}" if last else problem.ename


def _exits(cells: list[NotebookNode]) -> bool:
    return any(cell.metadata.papermill.exception for cell in cells)


def _tidy(notebook: NotebookNode) -> NotebookNode:
    """Drop papermill's own records, which hold paths and times."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
    return notebook
