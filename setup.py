"""Puts the course into the wheel, where no checkout is: all else about the package stands in pyproject.toml.

The sources of the lessons come as they are, their notebooks without what they printed and drew (10 MB that running them makes
anew), the map and the exercises whole.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
SHIPPED = "armod/course/lessons/shipped/notebooks"


class WithTheCourse(build_py):
    """The library and the course, and then the notebooks; an editable installation has them where they are."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            put_course(HERE / "notebooks", Path(self.build_lib, SHIPPED))


def put_course(notebooks: Path, target: Path) -> None:
    """Copy the course to ``target``."""
    (target / "exercises").mkdir(parents=True, exist_ok=True)
    for path in [*notebooks.glob("*.py"), *notebooks.glob("exercises/*.*")]:
        shutil.copyfile(path, target / path.relative_to(notebooks))
    for path in notebooks.glob("*.ipynb"):
        content = json.loads(path.read_text(encoding="utf-8"))
        if path.stem != "index":
            without_outputs(content)
        text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        (target / path.name).write_text(text, encoding="utf-8")


def without_outputs(notebook: dict) -> None:
    """Empty the code cells, and take away the stamp, which vouches for outputs."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    notebook["metadata"].pop("armod", None)


setup(cmdclass={"build_py": WithTheCourse})
