"""Every committed notebook by nbval, as it stands: each cell runs, and cells tagged exact give what they gave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT
from tests.harness.patience import FACTOR

LESSONS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))
# papermill runs these with every test, and looks at their marks as well: `test_exercises.py`
OTHERS = [
    path
    for folder in ("exercises", "solutions")
    for path in sorted((CHECKOUT / "notebooks" / folder).glob("*.ipynb"))
]
# in full these take four fifths of the time of all lessons; papermill runs each of their cells with every test, in quick
LONG = {
    "4_4_recurrent_networks",
    "4_5_2_wavenet",
    "4_5_3_pixelcnn",
    "4_5_4_pixelcnn_variants",
    "4_6_1_image_applications",
    "4_6_2_sequence_applications",
    "4_7_1_caching",
    "4_7_2_parallel_generation",
}
NOTEBOOKS = [
    *(pytest.param(path, marks=[pytest.mark.slow] if path.stem in LONG else []) for path in LESSONS),
    *(pytest.param(path, marks=pytest.mark.slow) for path in OTHERS),
]
assert set(path.stem for path in LESSONS) > LONG


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_cell_runs_and_exact_cells_are_equal(path: Path) -> None:
    # `armod.course` is no plugin, but with it nbformat is there a second sooner
    plugins = [
        "-c",
        os.devnull,
        "--rootdir",
        str(CHECKOUT),
        "-p",
        "armod.course",
        "-p",
        "nbval.plugin",
        "-p",
        "no:cacheprovider",
    ]
    options = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", str(round(600 * FACTOR))]
    settings = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_NUM_THREADS": "1",
        "ARMOD_PROGRESS": "off",
        "TQDM_DISABLE": "1",
        "ARMOD_COURSE": str(CHECKOUT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, *options, str(path)],
        cwd=CHECKOUT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
