"""Run a notebook of live labs a hundred times without a browser, by papermill, nbclient and nbval in turn: nothing may hang.

``python scripts/hundred_runs.py [RUNS]`` prints a line for each run, then how many ended and the longest. A run that takes
longer than `LIMIT` is stopped and counts as one that hung; so does one that ends without its pages.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat

RUNS, LIMIT = 100, 600  # seconds
CELLS = (
    "import torch\nfrom armod import MADE, likelihoods\n"
    "from armod.course.labs import dependency_lab, dilation_lab, field_lab, mask_lab",
    "masks = mask_lab(4, (4,), live=True)\nmasks",
    "field = field_lab(live=True)\nfield",
    "dilation_lab(live=True)",
    "dependency_lab(MADE((3,), [4], likelihood=likelihoods.Bernoulli()), live=True)",
    "masks.output = 2\nmasks.ordering = [3, 2, 1, 0]\nfield.layers = 'A5, B3x2'\nmasks.masks[0].shape, field.dilations",
)
LAST = "(torch.Size([4, 4]), [1, 2])"


def new_notebook() -> nbformat.NotebookNode:
    """The notebook, not run yet."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


def check(notebook: nbformat.NotebookNode) -> None:
    """Each lab left its page, and the last cell what the traits were set to."""
    for cell in notebook.cells[1:5]:
        (output,) = cell.outputs
        if (
            set(output.data) != {"text/html", "text/plain"}
            or 'class="armod-still"' not in output.data["text/html"]
        ):
            raise ValueError(f"No page of the lab, but {sorted(output.data)}.")
    if notebook.cells[5].outputs[0].data["text/plain"] != LAST:
        raise ValueError("The traits are not what they were set to.")


def by_papermill(source: Path, target: Path) -> list[str]:
    """What papermill's command line runs."""
    return ["-m", "papermill", "--no-progress-bar", str(source), str(target)]


def by_nbclient(source: Path, target: Path) -> list[str]:
    """What nbclient runs; jupyter-execute writes into its own copy."""
    target.write_bytes(source.read_bytes())
    return ["-c", "from nbclient.cli import main; main()", "--inplace", str(target)]


def by_nbval(source: Path, target: Path) -> list[str]:
    """What nbval runs: each cell again, its output compared with the one that nbclient stored."""
    stored = source.with_name("stored.ipynb")
    if not stored.exists():
        run(by_nbclient, source, stored)
    target.write_bytes(stored.read_bytes())
    options = ["--nbval-lax", "--nbval-cell-timeout=300", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    return ["-m", "pytest", *options, "--rootdir", str(source.parent), str(target)]


def run(way: Callable[[Path, Path], list[str]], source: Path, target: Path) -> float:
    """Seconds of one run, which must end well and leave its pages."""
    command = way(source, target)
    before = time.perf_counter()
    subprocess.run(
        [sys.executable, *command], check=True, capture_output=True, timeout=LIMIT, cwd=source.parent
    )
    spent = time.perf_counter() - before
    check(nbformat.read(target, as_version=4))
    return spent


def main() -> None:
    """Run it so many times."""
    runs = int(sys.argv[1]) if sys.argv[1:] else RUNS
    ways, spent, failed = (by_papermill, by_nbclient, by_nbval), [], 0
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "labs.ipynb"
        nbformat.write(new_notebook(), source)
        for number in range(runs):
            way = ways[number % len(ways)]
            try:
                spent.append(run(way, source, Path(folder) / "out.ipynb"))
                print(number + 1, way.__name__, f"{spent[-1]:.1f} s", flush=True)
            except (subprocess.SubprocessError, ValueError) as error:
                failed += 1
                print(
                    number + 1,
                    way.__name__,
                    "did not end well:",
                    error,
                    getattr(error, "stderr", b"")[-400:],
                    flush=True,
                )
    print(f"{len(spent)} of {runs} ended well, the longest in {max(spent):.1f} s")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
