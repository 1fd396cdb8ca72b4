"""``armod lab``: JupyterLab, opened at the course map, with the course's own settings and nobody else's.

The settings are files in ``lab_config/``, handed to Jupyter by two environment variables, because Jupyter ignores
configuration in the working directory: ``JUPYTER_CONFIG_PATH`` (start page, Jupytext as the viewer of ``.py``,
no news, no requests to the network) and ``JUPYTER_PATH``, whose ``python3`` kernel is always the interpreter that
runs this very process, whatever kernels the user has installed elsewhere.

The folder that JupyterLab shows is the learner's own, ``my_course/``: the course's notebooks stay as they are, so that an
update never meets a changed file. Authors open the course's own with ``--author``. Jupytext pairs nothing there: what is
saved goes to the ``.ipynb`` or the ``.py`` that is open.
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from unittest import mock

from ipykernel.kernelspec import write_kernel_spec
from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp

from armod.course.errors import CourseError
from armod.course.lessons import trust
from armod.course.lessons.catalogue import course_folder
from armod.course.lessons.mine import exercises, lessons, my_course

SETTINGS = Path(__file__).parent / "lab_config"
MAP = "index.ipynb"


def start_lab(
    port: int | None, browser: bool, extra_arguments: tuple[str, ...] = (), *, author: bool = False
) -> int:
    """Serve the course until Ctrl-C.

    Args:
        port: serve at exactly this port; ``None`` takes a free one, 8888 if possible.
        browser: also open a browser, if there is a screen to show it on.
        author: show the course's own notebooks and their sources, not the learner's copies.
        extra_arguments: passed to JupyterLab as they are, and winning over ours, e.g. ``--ip=0.0.0.0``.

    Returns:
        The exit code of the command.

    Raises:
        CourseError: there is no course or no map in it, or the port is taken.
    """
    folder = course_folder() / "notebooks"
    if not (folder / MAP).is_file():
        raise CourseError(
            f"The course map {folder / MAP} is not there; `armod sync index` builds it from index.py."
        )
    if port is not None and not _is_free(port):
        raise CourseError(f"Port {port} is not free; choose another, or leave it out to be given a free one.")

    trust.sign(trust.shipped(folder))
    if not author:
        exercises.make_missing()
        for renewal in lessons.renew():
            if renewal.outcome in ("renewed", "damaged"):
                print(renewal, flush=True)
        if (my_course() / MAP).is_file():  # a course that can't be written to is shown as it is
            folder = my_course()
    with TemporaryDirectory(prefix="armod-lab-") as own_kernel:
        write_kernel_spec(str(Path(own_kernel, "kernels", "python3")))
        _prepend("JUPYTER_PATH", own_kernel)
        _prepend("JUPYTER_CONFIG_PATH", str(SETTINGS))
        server = initialized(
            [
                "--log-level=WARN",
                f"--ServerApp.root_dir={folder}",
                f"--ServerApp.open_browser={browser and _has_screen()}",
                f"--ServerApp.allow_root={_is_root()}",
                f"--IdentityProvider.token={secrets.token_urlsafe(24)}",
                *([] if port is None else [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]),
            ],
            extra_arguments,
        )
        # The server listens only once its loop runs, and the address should hold when it is read.
        server.io_loop.add_callback(lambda: print(_welcome(server), flush=True))
        # Jupyter's own handler asks back, or leaves kernels behind when it cannot.
        signal.signal(signal.SIGINT, lambda *_: server.stop(from_signal=True))
        server.start()
    print("\nThe course is closed; what you saved is kept.", flush=True)
    return 0


def initialized(own: list[str], of_the_reader: tuple[str, ...]) -> ServerApp:
    """The server; CourseError in place of a page of usage where it does not know an option."""

    def refuse(parser: argparse.ArgumentParser, message: str) -> NoReturn:
        raise CourseError(
            f"JupyterLab does not take `{' '.join(of_the_reader)}`: {message}; `jupyter lab --help-all` lists its options."
        )

    with mock.patch.object(argparse.ArgumentParser, "error", refuse):
        return LabApp.initialize_server([*own, *of_the_reader])


def _welcome(server: ServerApp) -> str:
    token = server.identity_provider.token
    address = f"{server.connection_url}?token={token}" if token else server.connection_url
    return f"\nThe course is open at\n\n    {address}\n\nOpen this address in a browser; Ctrl-C here closes the course.\n"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Otherwise a port that was closed a moment ago counts as taken; on Windows the option means the opposite.
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("localhost", port))
        except (OSError, OverflowError):
            return False
    return True


def _has_screen() -> bool:
    """Whether a graphical browser can open; without one Python would start a text browser over our output."""
    return sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _prepend(variable: str, path: str) -> None:
    os.environ[variable] = os.pathsep.join(filter(None, [path, os.environ.get(variable)]))
