"""``armod doctor``: what works on this machine, what does not, and how to mend it.

Every check really does the thing in question: starts a kernel and adds 1 + 1, enters the sandbox, asks the browser for
its version. They run side by side, and none of them can stop the others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

from armod.course.errors import CourseError
from armod.course.lessons.catalogue import course_folder, sources

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ENOUGH_DISK = 2**30
TIMEOUT = 20


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: whether it works, what was seen, and how to mend it if it does not.

    Args:
        name: what it is called in the report.
        status: "ok", "missing" or "broken".
        required: True if one needs it to read and run the course; else it serves one purpose, which ``detail`` names.
        detail: what was seen.
        mend: what to do if it does not work.
    """

    name: str
    status: Literal["ok", "missing", "broken"]
    required: bool
    detail: str
    mend: str = ""


def examine(only: str | None = None) -> list[Finding]:
    """Look at everything, or at one thing by its name; CourseError if there is no such thing."""
    if only is not None and only not in CHECKS:
        raise CourseError(f"armod doctor knows nothing of '{only}'; it examines {', '.join(CHECKS)}.")
    chosen = CHECKS if only is None else {only: CHECKS[only]}
    with ThreadPoolExecutor(max_workers=len(chosen)) as pool:
        return list(pool.map(_survive, chosen, chosen.values()))


def render(findings: Iterable[Finding], well: str = "All that the course needs works here.") -> str:
    """The findings as text for a terminal, one line each and one more for each that wants mending."""
    findings = list(findings)
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.status:<8} {finding.name:<{width}}  {finding.detail}")
        if finding.mend:
            lines.append(f"{'':<8} {'':<{width}}  mend it: {finding.mend}")
    needed = [finding.name for finding in findings if is_failure(finding)]
    verdict = f"To be mended first: {', '.join(needed)}." if needed else well
    return "\n".join([*lines, "", verdict])


def is_failure(finding: Finding) -> bool:
    """Whether the course can't be used before this is mended."""
    return finding.required and finding.status != "ok"


def check_packages() -> Finding:
    """Is every package of the course installed, in a version that the course was made for?"""
    from packaging.requirements import Requirement

    wrong = []
    requirements = [Requirement(text) for text in metadata.requires("armod") or []]
    for requirement in requirements:
        if requirement.marker and not requirement.marker.evaluate({"extra": "course"}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
        else:
            if not requirement.specifier.contains(version, prereleases=True):
                wrong.append(f"{requirement.name} is {version}, not {requirement.specifier}")
    if wrong:
        return Finding(
            "packages", "broken", True, "; ".join(wrong), "make setup, or: pip install -e '.[course]'"
        )
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "packages", "ok", True, f"Python {python} with all packages in their ranges, in {sys.prefix}"
    )


def check_torch() -> Finding:
    """Does PyTorch compute, and on what?"""
    import torch

    if torch.cuda.is_available():
        device = f"CUDA device {torch.cuda.get_device_name(0)}"
    elif torch.backends.mps.is_available():
        device = "Apple GPU (mps)"
    else:
        device = "no GPU: the CPU computes, which is enough for every lesson"
    if float(torch.ones(2).sum()) != 2:
        return Finding(
            "torch", "broken", True, f"PyTorch {torch.__version__} adds 1 and 1 wrongly", "make clean setup"
        )
    return Finding(
        "torch", "ok", True, f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads; {device}"
    )


def check_kernel() -> Finding:
    """Does a kernel of this interpreter start and compute?"""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import KernelManager

    manager = KernelManager(
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), transport_encryption="auto"
    )
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        reply = client.execute_interactive("", user_expressions={"sum": "1 + 1"}, timeout=TIMEOUT)
        answer = reply["content"]["user_expressions"]["sum"]["data"]["text/plain"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    if answer != "2":
        return Finding("kernel", "broken", True, f"1 + 1 is {answer} in a notebook", "make clean setup")
    return Finding("kernel", "ok", True, f"notebooks run on {sys.executable}")


def check_course() -> Finding:
    """Is the course here, and is every notebook a pair?"""
    folder = course_folder()
    missing = [path.with_suffix(".ipynb") for path in sources(subfolders=True)]
    missing = [path for path in missing if not path.is_file()]
    if missing:
        names = ", ".join(path.relative_to(folder / "notebooks").as_posix() for path in missing)
        return Finding(
            "course", "broken", True, f"{folder}/notebooks lacks {names}", "armod sync builds them"
        )
    count = len(sources()) - 1
    lessons = "1 lesson" if count == 1 else f"{count} lessons"
    return Finding("course", "ok", True, f"the map and {lessons} in {folder / 'notebooks'}")


def check_data() -> Finding:
    """Do the data of the lessons load?"""
    from armod import data

    digits = data.load("digits28")
    count = len(digits.train) + len(digits.valid) + len(digits.test)
    own = os.environ.get("ARMOD_DATA")
    if own and not Path(own).is_dir():
        detail = f"ARMOD_DATA is {own}, which is no folder; the lessons' own data work without it"
        return Finding(
            "data",
            "broken",
            False,
            detail,
            "set ARMOD_DATA to the folder of the classical files, or unset it",
        )
    return Finding(
        "data",
        "ok",
        True,
        f"{count:,} digits ship with the course; classical files are looked for in {data.data_folder()}"
        + ("" if own else " (set ARMOD_DATA for another folder)"),
    )


def check_disk() -> Finding:
    """Is there room for what lessons write?"""
    free = shutil.disk_usage(Path.cwd()).free
    detail = f"{free / 2**30:.1f} GiB free in the working directory"
    if free < ENOUGH_DISK:
        return Finding(
            "disk", "broken", False, f"{detail}: training and downloads may stop", "free at least 1 GiB there"
        )
    return Finding("disk", "ok", False, detail)


def check_sandbox() -> Finding:
    """Can untrusted code be locked in? Only grading needs it."""
    from armod.course.grading.confinement import sandbox

    found = sandbox.trouble()
    if found is None:
        detail = f"{_version('bwrap')} locks programs in; armod doctor --sandbox tries it from inside"
        return Finding("sandbox", "ok", False, detail)
    seen, mend = found
    status: Literal["missing", "broken"] = "broken" if shutil.which("bwrap") else "missing"
    return Finding("sandbox", status, False, f"{seen}; only grading needs it", mend)


def examine_sandbox() -> list[Finding]:
    """What the sandbox promises, each promise tried from inside; all of them are required of who grades."""
    from armod.course.grading.confinement.probe import probe

    mend = "grade on another machine: what is handed in here could break out"
    found = check_sandbox()
    if found.status != "ok":
        return [replace(found, required=True)]
    return [
        Finding(
            promise.name,
            "ok" if promise.holds else "broken",
            True,
            promise.detail,
            mend * (not promise.holds),
        )
        for promise in probe()
    ]


def check_browser() -> Finding:
    """Is there a Chromium for the browser tests? Lessons open in any browser."""
    command = find_chromium()
    if command is None:
        detail = "no Chromium or Chrome on the PATH; only the tests need it, lessons open in any browser"
        return Finding("browser", "missing", False, detail, _mend_browser())
    return Finding("browser", "ok", False, f"{_version(command)}, {command}")


def find_chromium() -> str | None:
    """The path of Chromium or Chrome; None if there is none."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


CHECKS: dict[str, Callable[[], Finding]] = {
    "packages": check_packages,
    "torch": check_torch,
    "kernel": check_kernel,
    "course": check_course,
    "data": check_data,
    "disk": check_disk,
    "sandbox": check_sandbox,
    "browser": check_browser,
}
OPTIONAL = ("disk", "sandbox", "browser")


def _survive(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except CourseError as error:
        return Finding(name, "broken", name not in OPTIONAL, str(error))
    except Exception as error:
        # A doctor that dies of what it examines tells nothing: whatever is wrong here is a finding.
        seen = _last_line(str(error)) or type(error).__name__
        return Finding(
            name, "broken", name not in OPTIONAL, seen, "make clean setup, if nothing else explains it"
        )


def _version(command: str) -> str:
    run = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=TIMEOUT, check=True)
    return run.stdout.strip()


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _mend_browser() -> str:
    return {
        "darwin": "brew install --cask chromium, and put it on the PATH",
        "win32": "winget install Google.Chrome, and put chrome.exe on the PATH",
    }.get(sys.platform, "sudo apt-get install chromium (Debian), sudo snap install chromium (Ubuntu)")
