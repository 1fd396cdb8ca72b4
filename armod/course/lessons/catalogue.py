"""Where the course lies, and what each lesson says about itself.

A lesson is the pair ``notebooks/NAME.py`` (the source) and ``notebooks/NAME.ipynb`` (derived). The first markdown
cell of the source is its head, in exactly this form (``index``, the map, ends after the question)::

    # %% [markdown]
    # # 4.5.1 MADE: one network, every conditional
    #
    # **How can one forward pass compute all conditionals at once?**
    #
    # After this lesson you can
    # - build the masks of a MADE of any depth
    # - say who sees whom
    #
    # **Minutes** 60 · **Needs** chain rule; maximum likelihood · **Teaches** autoregressive masks

Nothing here needs more than the standard library, so that the map and the progress bar stay quick.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import armod
from armod.course.errors import CourseError

INDEX = "index"
# Where a wheel has the course; a checkout has it beside the package.
SHIPPED = Path(__file__).parent / "shipped"
SUBFOLDERS = ("solutions", "exercises")


@dataclass(frozen=True)
class Lesson:
    """One lesson as its head cell describes it; ``path`` is the ``.py``, ``notebook`` the ``.ipynb`` beside it."""

    name: str
    path: Path
    title: str
    question: str
    objectives: tuple[str, ...]
    minutes: int
    needs: tuple[str, ...]
    teaches: tuple[str, ...]

    @property
    def notebook(self) -> Path:
        """The derived notebook of this lesson, whether or not it has been built."""
        return self.path.with_suffix(".ipynb")


def lessons() -> list[Lesson]:
    """Every lesson of the course in the order of its names, the map left out; CourseError if a head is malformed."""
    return [read_lesson(path) for path in sources() if path.stem != INDEX]


def lesson(name: str) -> Lesson:
    """The lesson of that name; CourseError with the nearest names if there is none."""
    if name == INDEX:
        raise CourseError("'index' is the course map, not a lesson; `armod run index` runs it.")
    return read_lesson(sources([name])[0])


def course_folder() -> Path:
    """The folder that holds ``notebooks/index.py``.

    Returns:
        The folder ``ARMOD_COURSE`` where that is set, else the nearest one from the working directory upwards, else the
        checkout that this package lives in, else what was installed with it (`SHIPPED`), which is only read.

    Raises:
        CourseError: if none of them holds the course.
    """
    chosen = os.environ.get("ARMOD_COURSE")
    candidates = [Path(chosen)] if chosen else [Path.cwd(), *Path.cwd().parents, _checkout(), SHIPPED]
    for folder in candidates:
        if (folder / "notebooks" / f"{INDEX}.py").is_file():
            return folder.resolve()
    if chosen:
        raise CourseError(
            f"ARMOD_COURSE is {chosen}, which holds no notebooks/index.py; set it to the folder of the course."
        )
    raise CourseError(
        "No course here: no folder from here upwards holds notebooks/index.py; "
        "change into a checkout of the course, or set ARMOD_COURSE to one."
    )


def require_checkout(what: str) -> None:
    """Refuse what writes into the course, or needs more of it, where only the installed one is here.

    Args:
        what: what was asked for, as ``"`armod sync` builds notebooks"``.

    Raises:
        CourseError: unless the course is one that can be written to.
    """
    if course_folder() == SHIPPED.resolve():
        raise CourseError(f"{what}, and needs a checkout of the course; here is only what was installed.")


def sources(names: Sequence[str] = (), *, subfolders: bool = False) -> list[Path]:
    """The ``.py`` files that notebooks are built from.

    Args:
        names: notebooks such as ``4_5_1_made`` or ``solutions/4_5_1_made``, with or without their suffix and the folder
            ``notebooks/``; without names the map and every lesson are meant.
        subfolders: without names, whether solutions and exercises come too.

    Returns:
        The paths, each once, in the order of the names.

    Raises:
        CourseError: if there is no such notebook; it says the nearest names.
    """
    folder = course_folder() / "notebooks"
    known = {name_of(path, folder): path for path in _all_sources(folder)}
    if not names:
        return [path for name, path in known.items() if subfolders or "/" not in name]
    chosen = dict.fromkeys(_bare(name) for name in names)
    for name in chosen:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or list(known)
            raise CourseError(f"There is no lesson '{name}'; the nearest names are {', '.join(nearest)}.")
    return [known[name] for name in chosen]


def name_of(path: Path, folder: Path | None = None) -> str:
    """The name that the command line knows a notebook by: its path in ``notebooks/`` without a suffix."""
    return path.relative_to(folder or course_folder() / "notebooks").with_suffix("").as_posix()


def read_lesson(path: Path) -> Lesson:
    """Parse the head of one lesson; CourseError naming the file and what is missing if it is malformed."""
    title, question = read_title(path)
    head = read_head(path)
    objectives = re.search(r"^After this lesson you can\n((?:- .+\n(?:  .+\n)*)+)", head + "\n", re.MULTILINE)
    facts = re.search(
        r"^\*\*Minutes\*\* (?P<minutes>\d+) · \*\*Needs\*\* (?P<needs>.+) · \*\*Teaches\*\* (?P<teaches>.+)$",
        head,
        re.MULTILINE,
    )
    if objectives is None:
        raise _malformed(path, "the line 'After this lesson you can' and its list of objectives")
    if facts is None:
        raise _malformed(path, "the line '**Minutes** 60 · **Needs** …; … · **Teaches** …; …'")
    return Lesson(
        name=path.stem,
        path=path,
        title=title,
        question=question,
        objectives=tuple(
            " ".join(item.split()) for item in re.split(r"^- ", objectives[1], flags=re.MULTILINE)[1:]
        ),
        minutes=int(facts["minutes"]),
        needs=_listed(facts["needs"]),
        teaches=_listed(facts["teaches"]),
    )


def read_title(path: Path) -> tuple[str, str]:
    """Title and question of any notebook of the course, the map included."""
    head = read_head(path)
    title = re.match(r"# (.+)$", head, re.MULTILINE)
    question = re.search(r"^\*\*([^*]+\?)\*\*$", head, re.MULTILINE)
    if title is None:
        raise _malformed(path, "a title, '# 4.5.1 …', as its first line")
    if question is None:
        raise _malformed(path, "the question that it answers, '**…?**', on a line of its own")
    return title[1].strip(), question[1].strip()


def read_head(path: Path) -> str:
    """The text of the first markdown cell, without its comment marks."""
    text = path.read_text(encoding="utf-8")
    cell = re.search(r"^# %% \[markdown\].*\n((?:#.*\n?)+)", text, re.MULTILINE)
    if cell is None:
        raise _malformed(path, "a first markdown cell, '# %% [markdown]'")
    return re.sub(r"^# ?", "", cell[1].split("\n# %%")[0], flags=re.MULTILINE).strip()


def _all_sources(folder: Path) -> Iterator[Path]:
    yield folder / f"{INDEX}.py"
    yield from sorted(path for path in folder.glob("*.py") if path.stem != INDEX)
    for subfolder in SUBFOLDERS:
        yield from sorted((folder / subfolder).glob("*.py"))


def _bare(name: str) -> str:
    return name.removeprefix("./").removeprefix("notebooks/").removesuffix(".ipynb").removesuffix(".py")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(";") if item.strip() not in ("", "—", "-", "nothing"))


def _checkout() -> Path:
    return Path(armod.__file__).resolve().parent.parent


def _malformed(path: Path, missing: str) -> CourseError:
    return CourseError(
        f"{path}: the head of the lesson lacks {missing}; armod.course.lessons.catalogue shows the form."
    )
