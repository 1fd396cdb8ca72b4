"""The newcomer's way through the README: what the script reads, what it notices, and, slowly, the whole way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import as_a_newcomer as newcomer
from tests.checkout import CHECKOUT

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
COMMANDS = newcomer.readme_commands(README)

# a server as `armod lab` is one: it prints its address, answers with a page, and ends by Ctrl-C
SERVER = """#!{python}
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200), self.end_headers(), self.wfile.write(b"{page}")
    def log_message(self, *arguments): pass
with http.server.HTTPServer(("localhost", 0), Page) as server:
    print("http://localhost:%d/lab" % server.server_port, flush=True)
    try: server.serve_forever()
    except KeyboardInterrupt: pass
"""


@pytest.fixture
def walk(tmp_path: Path) -> newcomer.Walk:
    (tmp_path / "bin").mkdir()
    return newcomer.Walk(tmp_path, newcomer.own_environment(tmp_path / "home", tmp_path / "bin"))


def stand_in(walk: newcomer.Walk, text: str) -> None:
    """Put a program in the place of armod."""
    (walk.folder / "bin" / "armod").write_text(text)
    (walk.folder / "bin" / "armod").chmod(0o755)


def fault(walk: newcomer.Walk, command: str) -> str:
    walk.give(command)
    return walk.rows[-1][-1]


def test_it_reads_the_readme_and_knows_nothing_that_is_not_there() -> None:
    assert {"make lab", "armod doctor", "armod update"} <= set(COMMANDS) and not any(
        "#" in each for each in COMMANDS
    )
    assert set(newcomer.wheel_commands(README)) == {"wheel", "install"}
    assert set(newcomer.LONG) <= set(COMMANDS)
    for begin in (*newcomer.SERVERS, *newcomer.TO_BE_DONE, *newcomer.UNTRUE):
        assert any(newcomer.is_one_of(command, (begin,)) for command in COMMANDS), begin


def test_a_newcomer_has_nothing_of_this_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "ARMOD_COURSE",
        "ARMOD_PROGRESS",
        "PYTHONPATH",
        "JUPYTER_PATH",
        "XDG_CACHE_HOME",
        "PIP_CACHE_DIR",
    ):
        monkeypatch.setenv(name, "/mine")
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror")
    ours = CHECKOUT / ".venv" / "bin"
    monkeypatch.setenv("PATH", f"{ours}{os.pathsep}{os.environ['PATH']}")
    env = newcomer.own_environment(tmp_path / "home", tmp_path / "bin")
    assert "/mine" not in env.values() and env["PIP_INDEX_URL"] == "https://mirror"
    assert Path(env["HOME"]).is_dir() and Path(env["TMPDIR"]).is_relative_to(tmp_path)
    assert env["PATH"].startswith(f"{tmp_path / 'bin'}{os.pathsep}") and str(ours) not in env["PATH"]


@pytest.mark.parametrize(
    ("program", "command", "found"),
    [
        ("#!/bin/sh\nexit 0", "armod doctor", ""),
        ("#!/bin/sh\nexit 3", "armod doctor", "exit code 3"),
        ("#!/bin/sh\nread answer; test $answer = y", "armod progress reset", ""),
        ("#!/bin/sh\nexit 1", "armod check 4_5_1_made", ""),
        ("#!/bin/sh\nexit 0", "armod check 4_5_1_made", "exit code 0"),
        ("#!/bin/sh\necho 2 new, 0 refused", "armod grade x", ""),
        ("#!/bin/sh\necho 0 new, 2 refused", "armod grade x", "2 refused"),
        ("#!/bin/sh\nexit 0", "armod lab", "it ended without an address"),
        ("#!/bin/sh\necho http://localhost:9/lab", "armod lab", "does not answer"),
        (SERVER.format(python=sys.executable, page="jupyter-config-data"), "armod lab", ""),
        (SERVER.format(python=sys.executable, page="Not found"), "armod lab", "is no page of JupyterLab"),
    ],
)  # fmt: skip
def test_what_a_command_does_wrong_is_noticed(
    walk: newcomer.Walk, program: str, command: str, found: str
) -> None:
    stand_in(walk, program)
    said = fault(walk, command)
    assert found in said and bool(found) == bool(said)
    assert f"| `{command}` |" in newcomer.table(walk)


def test_from_a_wheel_only_what_needs_a_checkout_may_refuse(walk: newcomer.Walk) -> None:
    walk.from_wheel = True
    stand_in(walk, "#!/bin/sh\necho this needs a checkout; exit 2")
    assert fault(walk, "armod sync") == ""
    stand_in(walk, "#!/bin/sh\necho this needs a cup of tea; exit 2")
    assert fault(walk, "armod sync") == "exit code 2"


@pytest.mark.slow
@pytest.mark.parametrize("way", newcomer.WAYS)
def test_the_readme_can_be_followed(way: str, tmp_path: Path) -> None:
    command = [sys.executable, CHECKOUT / "scripts" / "as_a_newcomer.py", way, "--keep", tmp_path / "way"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
