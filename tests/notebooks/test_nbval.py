"""Every committed notebook by nbval: each cell runs, and cells tagged exact give what they gave."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.checkout import CHECKOUT

FOLDERS = ["notebooks", "notebooks/exercises", "notebooks/solutions"]
NOTEBOOKS = [path for folder in FOLDERS for path in sorted((CHECKOUT / folder).glob("*.ipynb"))]
LESSONS = sorted({path.stem for path in NOTEBOOKS})


# A process of pytest takes seconds to start: one runs a lesson with its exercises and solutions, and loads nbval alone.
@pytest.mark.notebook
@pytest.mark.timeout(600)
@pytest.mark.parametrize("lesson", LESSONS)
def test_every_cell_runs_and_exact_cells_are_equal(lesson: str) -> None:
    paths = [str(path) for path in NOTEBOOKS if path.stem == lesson]
    plugins = ["-c", os.devnull, "--rootdir", str(CHECKOUT), "-p", "nbval.plugin", "-p", "no:cacheprovider"]
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "120"]
    settings = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_NUM_THREADS": "1",
        "ARMOD_PROGRESS": "off",
        "TQDM_DISABLE": "1",
        "ARMOD_COURSE": str(CHECKOUT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *options, *paths],
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
