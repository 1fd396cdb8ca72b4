"""Every committed notebook by nbval: each cell runs, and cells tagged exact give what they gave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT

COURSE = CHECKOUT
FOLDERS = ["notebooks", "notebooks/exercises", "notebooks/solutions"]
NOTEBOOKS = [path for folder in FOLDERS for path in sorted((COURSE / folder).glob("*.ipynb"))]


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_cell_runs_and_exact_cells_are_equal(path: Path) -> None:
    plugins = ["-p", "no:cacheprovider", "-p", "no:timeout", "-o", "addopts="]
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "120"]
    settings = {
        "OMP_NUM_THREADS": "1",
        "ARMOD_PROGRESS": "off",
        "TQDM_DISABLE": "1",
        "ARMOD_COURSE": str(COURSE),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *options, str(path)],
        cwd=path.parent,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
