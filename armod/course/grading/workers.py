"""Work done by several processes, each a step at a time: one that dies is replaced, and its step tried again.

A step leaves its result in a file, so nothing is lost when all of this is killed. The processes are forked from one
that has imported everything, so that a new one starts at once; they end by themselves when their parent does.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from armod.course.errors import CourseError

MAX_DEATHS = 3  # of processes at one step
TRIES = 6  # to start a process
GRACE = 10.0  # seconds for a process to tidy up
NAME = "armod-marks-"  # of a process, before its core

Step = TypeVar("Step")


class Workers(Generic[Step]):
    """``function(step)`` for each step, ``jobs`` at a time; a context manager that leaves no process behind.

    Each of several processes, with all that it starts, keeps to a core of its own as long as there are enough, so that
    no submission slows another one.

    Args:
        function: What is done with a step. It and the steps can be pickled, and a step that is repeated does no harm.
        jobs: The number of processes.
        modules: What the function will import.
        seconds: The time after which a step is given up.
    """

    def __init__(
        self,
        function: Callable[[Step], None],
        jobs: int,
        *,
        modules: Sequence[str] = (),
        seconds: float = math.inf,
    ) -> None:
        self._function = function
        self._jobs, self._seconds = jobs, seconds
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([function.__module__, *modules])
        self._busy: dict[Connection, tuple[BaseProcess, int, float]] = {}  # with the time when it is given up
        self._idle: list[tuple[Connection, BaseProcess]] = []

    def __enter__(self) -> Workers[Step]:
        return self

    def __exit__(self, *_: object) -> None:
        processes = [process for process, *_ in self._busy.values()] + [process for _, process in self._idle]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        for connection in [*self._busy, *(connection for connection, _ in self._idle)]:
            connection.close()

    def run(self, steps: Sequence[Step]) -> Iterator[tuple[Step, str | None]]:
        """Do the steps; each comes back when it is done. One that ends its process is tried three times.

        Args:
            steps: What the function is called with, in this order.

        Yields:
            A step, and what went wrong with it in words, or None.

        Raises:
            CourseError: As soon as a step raises it.
        """
        waiting, deaths = deque(range(len(steps))), [0] * len(steps)
        while waiting or self._busy:
            while waiting and len(self._busy) < self._jobs:
                self._begin(waiting.popleft(), steps)
            first = min(until for *_, until in self._busy.values())
            ready = wait(list(self._busy), None if first == math.inf else max(0.0, first - time.monotonic()))
            if not ready:
                yield steps[self._given_up()], f"it took longer than {self._seconds:.0f} s"
            for connection in ready:
                assert isinstance(connection, Connection)
                process, number, _ = self._busy.pop(connection)
                try:
                    kind, message = connection.recv()
                except (EOFError, ConnectionError):
                    connection.close()
                    process.join()
                    deaths[number] += 1
                    if deaths[number] < MAX_DEATHS:
                        waiting.appendleft(number)
                    else:
                        yield steps[number], f"the process that marked it ended {MAX_DEATHS} times"
                    continue
                self._idle.append((connection, process))
                if kind == "stop":
                    raise CourseError(message, exit_code=1)
                yield steps[number], message if kind == "failed" else None

    def _free_core(self) -> int | None:
        """The core with the fewest processes; None if there is but one process, or the system knows no such thing."""
        if self._jobs == 1 or not hasattr(os, "sched_getaffinity"):
            return None
        living = [process for process, *_ in self._busy.values()] + [process for _, process in self._idle]
        taken = [process.name for process in living]
        return min(sorted(os.sched_getaffinity(0)), key=lambda core: taken.count(f"{NAME}{core}"))

    def _begin(self, number: int, steps: Sequence[Step]) -> None:
        while True:
            connection, process = self._idle.pop() if self._idle else self._new()
            try:
                connection.send(steps[number])
            except (BrokenPipeError, ConnectionError):
                connection.close()  # it was killed while it had nothing to do
                process.join()
                continue
            self._busy[connection] = process, number, time.monotonic() + self._seconds
            return

    def _given_up(self) -> int:
        """Kill the process that has been busy for longest; what it did."""
        connection = min(self._busy, key=lambda connection: self._busy[connection][2])
        process, number, _ = self._busy.pop(connection)
        process.kill()
        process.join()
        connection.close()
        return number

    def _new(self) -> tuple[Connection, BaseProcess]:
        for attempt in range(TRIES):
            ours, theirs = self._context.Pipe()
            core = self._free_core()
            process = self._context.Process(
                target=_serve, args=(theirs, self._function, core), name=f"{NAME}{core}"
            )
            try:
                process.start()
                return ours, process
            except (OSError, EOFError):
                # what forks them was killed, and is made anew once the system has noticed
                ours.close()
                if attempt == TRIES - 1:
                    raise
                time.sleep(0.1 * 2**attempt)
            finally:
                theirs.close()
        raise AssertionError


def _serve(connection: Connection, function: Callable[[Any], None], core: int | None) -> None:
    """The life of a process: a step, an answer, until nobody asks any more."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one decides
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_the_other_side, args=(connection.fileno(),), daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            step = connection.recv()
            try:
                function(step)
                reply = "done", ""
            except CourseError as error:
                reply = "stop", str(error)
            except Exception as error:
                reply = "failed", f"{type(error).__name__}: {error}"
            connection.send(reply)


def _end_with_the_other_side(descriptor: int) -> None:
    """End when the parent does, even if it is killed: another run may begin at once."""
    poll = select.poll()
    poll.register(descriptor, 0)  # a hang-up is always reported
    poll.poll()
    os._exit(1)


def _leave(*_: object) -> None:
    """Leave through every ``finally``, so that no kernel and no file remains."""
    sys.exit(0)
