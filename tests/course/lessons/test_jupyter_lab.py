from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyterlab.labapp import LabApp
from nbformat.sign import NotebookNotary

from armod.course.errors import CourseError
from armod.course.lessons import trust
from armod.course.lessons.jupyter_lab import initialized, start_lab
from tests.browser.lab import Lab, free_port, serve
from tests.harness.patience import FACTOR, wait_until

SOURCE = "# %% [markdown]\n# # The map\n\n# %%\n1 + 1\n"


def write_pair(notebooks: Path, name: str, code: str = "1 + 1") -> Path:
    """A source and the notebook built from it."""
    notebooks.mkdir(parents=True, exist_ok=True)
    (notebooks / f"{name}.py").write_text(SOURCE.replace("1 + 1", code))
    cells = [nbformat.v4.new_markdown_cell("# The map"), nbformat.v4.new_code_cell(code)]
    path = notebooks / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "course"
    write_pair(folder / "notebooks", "index")
    monkeypatch.setenv("ARMOD_COURSE", str(folder))
    return folder


def test_a_course_without_its_map_is_one_sentence(course: Path) -> None:
    (course / "notebooks" / "index.ipynb").unlink()
    with pytest.raises(CourseError, match=r"index\.ipynb is not there; `armod sync index` builds it"):
        start_lab(None, browser=False)


def test_a_port_that_is_taken_is_one_sentence(course: Path) -> None:
    with socket.create_server(("localhost", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CourseError, match=f"Port {port} is not free"):
            start_lab(port, browser=False)


def test_an_option_that_jupyterlab_does_not_know_is_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        with pytest.raises(
            CourseError, match=r"does not take `--no-such-flag`: .*`jupyter lab --help-all` lists"
        ) as error:
            initialized(["--log-level=ERROR"], ("--no-such-flag",))
    finally:
        LabApp.clear_instance()
    assert error.value.exit_code == 2
    assert "usage:" not in capfd.readouterr().err


@pytest.fixture(scope="module")
def running_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One running `armod lab`, asked over HTTP."""
    course, home = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")
    write_pair(course / "notebooks", "index")
    # The reader has a kernel of the same name elsewhere, and settings that would move the start page.
    foreign = home / ".local" / "share" / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text('{"argv": ["false"], "display_name": "x", "language": "python"}')
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_server_config.json").write_text('{"LabApp": {"default_url": "/elsewhere"}}')
    with socket.socket() as usual:
        usual.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Make sure that somebody has the usual port.
        try:
            usual.bind(("localhost", 8888))
            usual.listen()
        except OSError:
            pass
        with serve(course, home, "--no-browser") as running:
            yield running


def ask(lab: Lab, path: str) -> Any:
    base, token = lab.address.split("?")
    with urllib.request.urlopen(f"{base}{path}?{token}") as answer:
        return json.load(answer)


def test_another_port_is_taken_when_the_usual_one_is_not_free(running_lab: Lab) -> None:
    assert re.fullmatch(r"http://localhost:\d+/\?token=[\w-]{20,}", running_lab.address)
    assert not running_lab.address.startswith("http://localhost:8888/")


def test_the_address_leads_to_the_map(running_lab: Lab) -> None:
    with urllib.request.urlopen(running_lab.address) as answer:
        assert answer.url.split("?")[0].endswith("/tree/index.ipynb")


def test_nobody_enters_without_the_token(running_lab: Lab) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(running_lab.address.split("?")[0] + "api/contents")


def test_the_kernel_is_this_interpreter_whatever_else_is_installed(running_lab: Lab) -> None:
    specs = ask(running_lab, "api/kernelspecs")
    assert specs["default"] == "python3"
    assert specs["kernelspecs"]["python3"]["spec"]["argv"][0] == sys.executable


def served(lab: Lab) -> list[str]:
    return sorted(entry["name"] for entry in ask(lab, "api/contents")["content"])


def test_the_learners_copies_are_all_that_is_served(running_lab: Lab) -> None:
    assert served(running_lab) == ["index.ipynb"]


def test_an_author_sees_the_sources(course: Path, tmp_path: Path) -> None:
    with serve(course, tmp_path, "--author", "--no-browser") as lab:
        assert served(lab) == ["index.ipynb", "index.py"]
    assert not (course / "my_course").exists()


def test_nothing_asks_for_news_or_the_network(running_lab: Lab) -> None:
    settings = ask(running_lab, "lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
    assert settings["schema"]["properties"]["checkForUpdates"]["default"] is False


def test_sources_open_as_notebooks(running_lab: Lab) -> None:
    settings = ask(running_lab, "lab/api/settings/@jupyterlab/docmanager-extension:plugin")
    assert settings["schema"]["properties"]["defaultViewers"]["default"]["python"] == "Jupytext Notebook"


def test_its_notebooks_are_trusted(running_lab: Lab) -> None:
    database = running_lab.log.parent / ".local" / "share" / "jupyter"
    assert _is_trusted(running_lab.notebooks / "index.ipynb", database)


def test_ctrl_c_ends_it_and_its_kernels_quietly(course: Path, tmp_path: Path) -> None:
    with serve(course, tmp_path) as lab:
        base, token = lab.address.split("?")
        request = urllib.request.Request(f"{base}api/kernels?{token}", data=b"{}", method="POST")
        with urllib.request.urlopen(request) as answer:
            kernel = json.load(answer)["id"]
        connection = tmp_path / ".local" / "share" / "jupyter" / "runtime" / f"kernel-{kernel}.json"
        client = BlockingKernelClient(connection_file=str(connection))
        client.load_connection_file()
        client.start_channels()
        client.hb_channel.time_to_dead = 30  # a second without a heartbeat is no death on a busy machine
        client.wait_for_ready(300 * FACTOR)
        client.stop_channels()
        lab.process.send_signal(signal.SIGINT)
        assert lab.process.wait() == 0
        assert lab.process.stdout is not None
        assert "The course is closed" in lab.process.stdout.read()
        assert lab.log.read_text() == ""
        assert not connection.exists()


def test_a_browser_is_opened_where_there_is_one(course: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    browser.chmod(0o755)
    with serve(
        course, tmp_path, "--browser", "--port", str(free_port()), variables={"BROWSER": f"{browser} %s"}
    ) as lab:
        wait_until(lambda: opened.exists() and opened.read_text())
        page = Path(opened.read_text().strip().removeprefix("file://"))
        assert lab.address.split("?")[1] in page.read_text()


def test_without_a_screen_no_browser_is_opened_over_the_terminal(course: Path, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("www-browser", "w3m", "lynx", "links", "elinks", "xdg-open", "firefox"):
        (programs / name).write_text(f'#!/bin/sh\ntouch "{touched}"\n')
        (programs / name).chmod(0o755)
    with serve(
        course,
        tmp_path,
        "--browser",
        "--port",
        str(free_port()),
        variables={"PATH": f"{programs}:/usr/bin:/bin"},
    ) as lab:
        with urllib.request.urlopen(lab.address):
            time.sleep(1)
        assert lab.log.read_text() == ""
    assert not touched.exists()


def _is_trusted(path: Path, data_folder: Path) -> bool:
    notary = NotebookNotary(data_dir=str(data_folder))
    try:
        return notary.check_signature(nbformat.read(path, as_version=4))
    finally:
        notary.store.close()


class TestTrust:
    def test_without_git_a_notebook_ships_if_its_code_is_that_of_its_source(self, tmp_path: Path) -> None:
        ours = write_pair(tmp_path / "exercises", "ours")
        answered = write_pair(tmp_path, "answered")
        answered.with_suffix(".py").write_text(SOURCE.replace("1 + 1", "..."))
        orphan = write_pair(tmp_path, "orphan")
        orphan.with_suffix(".py").unlink()
        (tmp_path / "torn.py").write_text(SOURCE)
        (tmp_path / "torn.ipynb").write_text("{")
        write_pair(tmp_path / ".ipynb_checkpoints", "copy")
        assert trust.shipped(tmp_path) == [ours]

    def test_in_a_checkout_a_notebook_ships_if_it_is_as_committed(self, tmp_path: Path) -> None:
        notebooks = tmp_path / "checkout" / "notebooks"
        committed = write_pair(notebooks, "lesson")
        overwritten = write_pair(notebooks / "exercises", "lesson")
        git = ["git", "-C", str(tmp_path / "checkout"), "-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run([*git, "init", "-q"], check=True)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-qm", "the course"], check=True)
        foreign = nbformat.read(overwritten, as_version=4)
        foreign.cells[1].outputs = [
            nbformat.v4.new_output("display_data", {"text/html": "<script>evil</script>"})
        ]
        nbformat.write(foreign, overwritten)
        write_pair(notebooks, "downloaded")
        assert trust.shipped(notebooks) == [committed]

    def test_signing_vouches_for_these_outputs_and_no_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
        path = write_pair(tmp_path, "lesson")
        trust.sign([path])
        assert _is_trusted(path, tmp_path / "data")
        nbformat.write(nbformat.read(write_pair(tmp_path, "lesson", "2 + 2"), as_version=4), path)
        assert not _is_trusted(path, tmp_path / "data")
