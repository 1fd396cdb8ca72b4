"""The real ``armod lab`` in a real Chromium, for any test of the suite (a plugin, loaded by ``tests/conftest.py``).

``page``  a fresh browser page; the test fails if it, or any page script, reports an error on the console.
``lab``   one ``armod lab`` per test process, serving a copy of the course: nothing of the developer's own
          JupyterLab, settings or notebooks is read or written. ``lab.open(page, "4_5_1_made.ipynb")`` returns a
          ``Notebook``, which can run all its cells and tell the errors in its outputs.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.browser.slow import RATE, slowed
from tests.checkout import CHECKOUT
from tests.harness.patience import FACTOR

MILLISECONDS = 1000
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
expect.set_options(timeout=30 * FACTOR * MILLISECONDS)  # what is there at once on an idle machine


@dataclass
class Notebook:
    """A notebook that is open in JupyterLab."""

    page: Page

    def run_all(self, seconds: float = 300) -> None:
        """Run every cell and wait until the kernel is idle again; TimeoutError of Playwright if it never is."""
        self.page.evaluate(
            """() => {
                window.armodRun = "running";
                window.jupyterapp.commands.execute("notebook:run-all-cells").then(
                    () => { window.armodRun = "done" }, error => { window.armodRun = String(error) });
            }"""
        )
        self.page.wait_for_function(
            "() => window.armodRun !== 'running'", timeout=seconds * FACTOR * MILLISECONDS
        )
        assert self.page.evaluate("() => window.armodRun") == "done"
        self.wait_for_idle()

    def wait_for_idle(self, seconds: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=seconds * FACTOR * MILLISECONDS,
        )

    def code_cells(self) -> list[dict[str, Any]]:
        """The code cells as they are now, in notebook format."""
        content = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.toJSON()")
        return [cell for cell in content["cells"] if cell["cell_type"] == "code"]

    def errors(self) -> list[str]:
        """Every error in the outputs, as ``NameError: name 'x' is not defined``."""
        return [
            f"{output['ename']}: {output['evalue']}"
            for cell in self.code_cells()
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]

    def locator(self, selector: str) -> Locator:
        """Elements of the notebook that match a selector."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)").locator(selector)


@dataclass(frozen=True)
class Lab:
    """A running ``armod lab``: its address as printed, the learner's notebooks that it serves, and what it logs."""

    address: str
    notebooks: Path
    process: subprocess.Popen[str]
    log: Path

    def open(self, page: Page, name: str) -> Notebook:
        """Open a notebook in a clean workspace and wait for its kernel."""
        base, token = self.address.split("?")
        page.goto(f"{base}lab/workspaces/test/tree/{name}?reset&{token}")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60 * FACTOR * MILLISECONDS)
        notebook = Notebook(page)
        notebook.wait_for_idle()
        return notebook


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    course = tmp_path_factory.mktemp("course")
    shutil.copytree(
        CHECKOUT / "notebooks",
        course / "notebooks",
        ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
    )
    with serve(course, home=tmp_path_factory.mktemp("home")) as running:
        yield running


@contextmanager
def serve(
    course: Path, home: Path, *options: str, variables: Mapping[str, str] | None = None
) -> Iterator[Lab]:
    """Run the ``armod lab`` of this environment on a course folder, with an empty home folder, until the end."""
    log = home / "lab.log"
    # A port of our own: labs that start side by side would race for the first free one.
    options = options or ("--no-browser", "--port", str(free_port()))
    command = [Path(sys.executable).with_name("armod"), "lab", *options]
    environment = hermetic(course, home) | dict(variables or {})
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, "--", "--expose-app-in-browser"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        printed = (re.search(r"http://\S+", line) for line in process.stdout)
        address = next((match[0] for match in printed if match), None)
        assert address, f"armod lab ended without printing an address:\n{log.read_text()}"
        yield Lab(address, course / "my_course", process, log)
    finally:
        process.terminate()
        try:
            process.wait(60 * FACTOR)
        finally:
            process.kill()
            process.stdout.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("localhost", 0)) as probe:
        return int(probe.getsockname()[1])


def hermetic(course: Path, home: Path) -> dict[str, str]:
    """The environment of a reader who has a course, an empty home folder, no Jupyter of their own and no screen."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    for screen in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        kept.pop(screen, None)
    return kept | {"ARMOD_COURSE": str(course), "HOME": str(home), "USERPROFILE": str(home)}


# Playwright's event loop runs in this thread for as long as the browser lives, and asyncio.run() of other tests
# fails beside it: so a browser lives for one module, never for the session.
@pytest.fixture(scope="module")
def browser(require_program: Callable[[str], str]) -> Iterator[Browser]:
    executable = require_program("chromium")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable,
            args=[
                "--disable-background-networking",
                "--disable-component-update",
                "--force-color-profile=srgb",
                *(["--no-sandbox"] if is_root else []),
            ],
        )
        yield slowed(chromium) if RATE > 1 else chromium
        chromium.close()


@contextmanager
def fresh_page(browser: Browser) -> Iterator[Page]:
    """A page with storage of its own."""
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    page.set_default_timeout(60 * FACTOR * MILLISECONDS)
    yield page
    context.close()


@contextmanager
def without_complaints(page: Page) -> Iterator[Page]:
    """The test fails if the page, or any page script, reports an error on the console meanwhile."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def note(error: Error) -> None:
        complaints.append(str(error))

    page.on("console", listen)
    page.on("pageerror", note)
    yield page
    page.remove_listener("console", listen)
    page.remove_listener("pageerror", note)
    assert not complaints, "errors on the browser's console:\n" + "\n".join(complaints)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with fresh_page(browser) as page, without_complaints(page):
        yield page
