"""Gradescope's autograder: a zip that runs in their container, and what runs there.

Gradescope unpacks the zip into ``/autograder/source``, runs its ``setup.sh`` once, as root, and ``run_autograder`` for each
submission, whose files lie in ``/autograder/submission``; it reads ``/autograder/results/results.json``. What
``run_autograder`` prints only instructors see (https://gradescope-autograders.readthedocs.io, *Autograder Specifications*).

What locks students' code in there is said in the output for instructors and in ``extra_data``: the sandbox if the container lets
one be made, which a container of docker's as a rule does not; otherwise another user without rights and without any socket that
leaves the machine, from whom the checks, the submission and the results are closed. Neither can change a mark. If not even
that can be had, nothing is run.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from armod.course.errors import CourseError
from armod.course.exercises.engine.own import open_checks
from armod.course.grading.confinement import sandbox
from armod.course.grading.confinement.elsewhere import user as other_user
from armod.course.grading.confinement.visible import PACKAGE
from armod.course.grading.examiner import hidden_checks
from armod.course.grading.grade import grade
from armod.course.grading.intake.rebuild import read_release
from armod.course.grading.marking import Settings
from armod.course.grading.marks.export.gradescope import results_of
from armod.course.grading.marks.gradebook import rows
from armod.course.grading.marks.record import GIVEN_UP
from armod.files import write_whole

CONFIGURATION = "autograder.json"
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints")

SETUP = """\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it makes the image: Python {python} and what armod needs, as on the machine that made this.
set -euo pipefail
apt-get install -y --no-install-recommends ca-certificates curl util-linux bubblewrap
curl -LsSf https://astral.sh/uv/install.sh | env UV_INSTALL_DIR=/usr/local/bin sh
export UV_PYTHON_INSTALL_DIR=/autograder/interpreters # where students' code may read it, which runs as another user
uv venv --python {python} /autograder/python
uv pip install --python /autograder/python/bin/python --index-strategy unsafe-best-match \\
    --extra-index-url https://download.pytorch.org/whl/cpu --requirement /autograder/source/requirements.txt
"""
RUN = """\
#!/usr/bin/env bash
# Gradescope runs this for each submission, as root.
set -euo pipefail
place=$(cd "$(dirname "$0")" && pwd)
# the library alone is for students' code to read
library="$place/source/armod"
chmod -R go-rwx "$place/submission" "$place/results" "$library/course/exercises" "$library/course/grading"
find "$place/source" -mindepth 1 -maxdepth 1 ! -name armod -exec chmod -R go-rwx {} +
export PYTHONPATH="$place/source" OMP_NUM_THREADS=1
exec "$place/python/bin/python" -m armod.course.grading.autograder "$place"
"""


def write_autograder(path: Path, lesson: str, released: Path, hidden: Path | None = None) -> None:
    """Write the zip that Gradescope takes as an autograder.

    Args:
        path: The zip.
        lesson: The lesson that is handed in.
        released: The folder of its released notebook, and of the checks of a course of one's own.
        hidden: The folder of hidden checks, if there are any.

    Raises:
        CourseError: If there is no such lesson, its notebook was not released, or a hidden check can't be read.
    """
    open_checks(released)
    read_release(released, lesson)
    if hidden is not None:
        hidden_checks(hidden)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    files: dict[str, str] = {
        "setup.sh": SETUP.format(python=python),
        "run_autograder": RUN,
        "requirements.txt": "".join(f"{line}\n" for line in _requirements()),
        CONFIGURATION: json.dumps({"lesson": lesson, "hidden": hidden is not None}) + "\n",
        # by which the package, which nobody installs there, knows its own version
        f"armod-{version('armod')}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: armod\nVersion: {version('armod')}\n",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in files.items():
            about = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            about.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            archive.writestr(about, text, zipfile.ZIP_DEFLATED)
        archive.write(released / f"{lesson}.ipynb", f"released/{lesson}.ipynb")
        folders = {"armod": PACKAGE, "released/checks": released / "checks"}
        for place, folder in (folders | ({"hidden": hidden} if hidden else {})).items():
            for file in _files(folder):
                archive.write(file, f"{place}/{file.relative_to(folder).as_posix()}")


def run(place: Path) -> str:
    """Mark the submission in a folder laid out as Gradescope's ``/autograder``.

    Args:
        place: That folder.

    Returns:
        What instructors are told.

    Raises:
        CourseError: If nothing can be marked here; then there is no ``results.json``, and Gradescope says that the autograder failed.
    """
    source = place / "source"
    about = json.loads((source / CONFIGURATION).read_text(encoding="utf-8"))
    confinement, said = _confinement()
    settings = Settings(
        source / "released",
        hidden=source / "hidden" if about["hidden"] else None,
        lesson=about["lesson"],
        confinement=confinement,
    )
    with tempfile.TemporaryDirectory() as folder:
        handed_in, out = Path(folder, "class"), Path(folder, "marks")
        shutil.copytree(
            place / "submission", handed_in / _student(place / "submission_metadata.json"), symlinks=True
        )
        grade(handed_in, out, settings)
        table = rows(out)
    row = next((row for row in table if row.counts), table[-1])
    if row.record.status == GIVEN_UP:
        raise CourseError(row.record.reason or "It was given up.", exit_code=1)
    results = results_of(row)
    results["extra_data"]["confinement"] = confinement
    (place / "results").mkdir(exist_ok=True)
    write_whole(place / "results" / "results.json", json.dumps(results, indent=1) + "\n")
    return f"{said}\n{row.record.student}: {row.points:g} of {row.max_points:g} points, {row.record.status}."


def _confinement() -> tuple[str, str]:
    """What locks students' code in here, and what to say of it."""
    trouble = sandbox.trouble()
    if trouble is None:
        return (
            "sandbox",
            "Students' code was locked in: no network, no file of the container but Python's, no other process.",
        )
    if other_user.trouble() is None:
        return "user", (
            "Students' code ran as another user without rights: it can open no network, and read neither checks nor results; but it "
            "shares the container's processes and what everybody may read in it. No sandbox can be made here, because "
            f"{trouble[0]}."
        )
    sandbox.require("user")
    raise AssertionError


def _student(path: Path) -> str:
    """Who handed in, as a folder may be called."""
    try:
        users = json.loads(path.read_text(encoding="utf-8"))["users"]
        name = ", ".join(str(user.get("email") or user["name"]) for user in users)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        name = ""
    return re.sub(r"[\0/]", "_", name).lstrip(".")[:80] or "student"


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part in LEFT_OUT for part in path.parts):
            yield path


def _requirements() -> Iterator[str]:
    """What armod and its course require, in the versions that are here."""
    for line in requires("armod") or ():
        requirement, _, marker = line.partition(";")
        match = re.match(r"[\w.-]+", requirement)
        if match and ("extra" not in marker or re.search(r"""extra == ['"]course['"]""", marker)):
            try:
                yield f"{match[0]}=={version(match[0]).partition('+')[0]}"
            except PackageNotFoundError:
                continue  # it is for other systems


def main(place: Path) -> Any:
    """What ``run_autograder`` runs: one sentence and exit code 1 where nothing can be marked."""
    try:
        print(run(place))
    except CourseError as error:
        sys.exit(f"armod: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
