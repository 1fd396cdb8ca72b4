"""The course as a static site: ``armod site --out DIR``.

One Sphinx project, put together in a temporary folder: the pages of ``docs/``, with their settings, and a page for each
notebook as it is committed, outputs and all (`pages`). The course map is its front page. What Sphinx lacks stands in
`extension`. Nothing of the site needs a server, a kernel or another host.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.console import strip_colors
from sphinx.util.docutils import docutils_namespace, patch_docutils
from tqdm import tqdm

from armod.course.errors import CourseError
from armod.course.lessons.catalogue import INDEX, course_folder, lessons, sources
from armod.course.lessons.pair import read_notebook
from armod.course.lessons.site.pages import Contents, front_page, page_of

MARK = "made-by-armod-site.txt"  # a folder that holds it may be written anew


def build_site(out: Path, names: Sequence[str] = (), *, library: bool = True) -> int:
    """Build the site; a folder that it fails for is left as it was.

    Args:
        out: the folder of the site: new, empty, or a site that this function built before.
        names: the lessons that it holds, as `sources` knows them; without names all. The map is always there.
        library: whether it holds the library's guide and reference as well.

    Returns:
        The number of pages.

    Raises:
        CourseError: if a name is wrong, the folder holds something else or can't be written to, a notebook is not built,
            or a page has a mistake, such as a link that leads nowhere.
    """
    contents = _contents(names, library=library)
    _require_ours(out)
    with tempfile.TemporaryDirectory(prefix="armod-site-") as scratch:
        source, target = Path(scratch, "source"), Path(scratch, "site")
        _assemble(source, contents)
        # without the reference, the names of its objects in the text lead nowhere
        settings = {"html_title": "Autoregressive models"} | (
            {} if library else {"suppress_warnings": ["ref.guide"]}
        )
        num_pages = _run_sphinx(source, target, Path(scratch, "doctrees"), settings)
        shutil.rmtree(target / "_sources", ignore_errors=True)
        (target / ".buildinfo").unlink(missing_ok=True)
        (target / ".nojekyll").touch()  # or GitHub Pages would leave out the folders that begin with _
        (target / MARK).write_text(
            "`armod site` made this folder, and replaces it as a whole.\n", encoding="utf-8"
        )
        try:
            out.mkdir(parents=True, exist_ok=True)
            for old in out.iterdir():
                shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
            for new in target.iterdir():
                shutil.move(new, out / new.name)
        except OSError as error:
            raise _unwritable(out) from error
    return num_pages


def _contents(names: Sequence[str], *, library: bool) -> Contents:
    chosen = {path.stem for path in sources(names)} if names else None
    listed = tuple(lesson for lesson in lessons() if chosen is None or lesson.name in chosen)
    folder = course_folder()
    if not (folder / "docs" / "conf.py").is_file():
        raise CourseError(
            f"{folder} holds no docs/conf.py, from which the site takes its guide and its looks.", exit_code=1
        )
    return Contents(listed, folder, library=library)


def _require_ours(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file()):
        raise CourseError(
            f"--out {out} holds something that `armod site` did not make; choose a new or an empty folder."
        )
    nearest = next(folder for folder in (out.resolve(), *out.resolve().parents) if folder.exists())
    if not os.access(nearest, os.W_OK) or not nearest.is_dir():
        raise _unwritable(out)
    if out.resolve() in (course_folder(), *course_folder().parents):
        raise CourseError(f"--out {out} holds the course itself; choose a folder of its own.")


def _unwritable(out: Path) -> CourseError:
    return CourseError(f"Can't write to {out}; choose another folder for --out.")


def _assemble(source: Path, contents: Contents) -> None:
    """Write the sources of all pages."""
    docs = contents.folder / "docs"
    kept = None if contents.library else shutil.ignore_patterns("api", "guide", "glossary.md", INDEX + ".md")
    shutil.copytree(docs, source, ignore=kept)
    if contents.library:
        (source / f"{INDEX}.md").rename(source / "library.md")
    notebooks = contents.folder / "notebooks"
    text = front_page(read_notebook(notebooks / f"{INDEX}.ipynb"), contents)
    (source / f"{INDEX}.md").write_text(text, encoding="utf-8")
    (source / "exercises").mkdir()
    for name in contents.notebooks:
        path = notebooks / f"{name}.ipynb"
        shutil.copyfile(path, source / f"{name}.ipynb")
        (source / f"{name}.md").write_text(page_of(read_notebook(path), name, contents), encoding="utf-8")


def _run_sphinx(source: Path, target: Path, doctrees: Path, settings: Mapping[str, object]) -> int:
    """Build strictly; every warning becomes a line of the error."""
    warnings = io.StringIO()
    try:
        with patch_docutils(source), docutils_namespace():
            app = Sphinx(
                source,
                source,
                target,
                doctrees,
                "html",
                confoverrides=dict(settings),
                status=None,
                warning=warnings,
                warningiserror=True,
            )
            num_pages = len(list(app.project.discover()))
            with tqdm(
                total=2 * num_pages, desc="armod site", unit="page", file=sys.stderr, leave=False
            ) as bar:

                def advance(name: str) -> None:
                    bar.set_postfix_str(name)
                    bar.update()

                app.connect("source-read", lambda app, name, source: advance(name))
                app.connect("html-page-context", lambda app, name, *rest: advance(name))
                app.build()
    except SphinxError as error:
        raise CourseError(f"The site could not be built: {error}", exit_code=1) from error
    mistakes = strip_colors(warnings.getvalue()).replace(f"{source}/", "").strip()
    if app.statuscode or mistakes:
        raise CourseError(f"The site has mistakes, and was not written:\n{mistakes}", exit_code=1)
    return num_pages
