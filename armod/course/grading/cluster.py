"""Work done by an existing dask.distributed cluster, which others may use beside us.

A step leaves its result in a file that every machine sees, so dask carries no results and may lose anything. The steps
of a worker that ends are done elsewhere. Ctrl-C takes back what is queued and leaves the cluster as it was.

This is tested with workers of one thread each (``dask worker --nthreads 1``): a zygote and its jails end with the
thread that started it; the next submission then gets a new one.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.metadata import version
from queue import Empty, SimpleQueue
from typing import Any

from armod.course.errors import CourseError
from armod.course.grading.marking import Task
from armod.course.grading.marks import record

try:
    from distributed import Client, Future, KilledWorker, Security, get_worker
    from distributed.core import rpc
except ModuleNotFoundError as error:
    raise CourseError("--scheduler needs dask.distributed: pip install 'armod[cluster]'.") from error

PATIENCE = 10.0  # seconds for the scheduler to answer
WITHOUT_WORKERS = 60.0  # seconds for a first worker to come, or for one to come back
IN_FLIGHT = 4  # steps for each thread of the cluster: enough to keep it busy, too few to flood the scheduler
GLANCE = 1.0  # seconds between two looks at the cluster while nothing is done


class Cluster:
    """``function(step)`` for each step, on the workers of the scheduler with that address; a context manager."""

    def __init__(self, function: Callable[[Task], None], address: str) -> None:
        self._function = function
        self._address = address

    def __enter__(self) -> Cluster:
        with ExitStack() as stack:
            stack.enter_context(_without_logs())
            self._client = _connected(self._address)
            stack.callback(self._client.close)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()  # the scheduler drops what only this client wanted

    def run(self, steps: Sequence[Task]) -> Iterator[tuple[Task, str | None]]:
        """Do the steps; each comes back when it is done.

        When workers end too often, dask gives up all steps that were on them, whichever ended them. So each of these is
        tried once more alone, and one that ends its workers again is a failure.

        Args:
            steps: What the function is called with, in this order.

        Yields:
            A step, and what went wrong with it in words, or None.

        Raises:
            CourseError: As soon as a step raises it, or the cluster is lost, has no workers, or can't do this work.
        """
        if steps:
            self._refuse_strangers(steps[0])
        suspects = []
        for step, error in self._done(steps):
            if isinstance(error, KilledWorker):
                suspects.append(step)
            else:
                yield step, _words(error)
        for suspect in suspects:
            for step, error in self._done([suspect]):
                yield step, _words(error)

    def _done(self, steps: Sequence[Task]) -> Iterator[tuple[Task, BaseException | None]]:
        """Each step when it is done, with the exception that it raised."""
        waiting = deque(steps)
        busy: dict[object, tuple[Task, Future[None]]] = {}
        finished: SimpleQueue[Future[None]] = SimpleQueue()
        run = uuid.uuid4().hex  # another run may mark the same submission into another folder
        alive = time.monotonic()
        while waiting or busy:
            if threads := self._threads():
                alive = time.monotonic()
            elif time.monotonic() > alive + WITHOUT_WORKERS:
                raise CourseError(
                    f"The cluster at {self._address} has had no workers for {WITHOUT_WORKERS:.0f} s; "
                    "start some (`dask worker`), and the same command goes on.",
                    exit_code=1,
                )
            while waiting and len(busy) < IN_FLIGHT * max(threads, 1):  # a cluster may grow only when asked
                step = waiting.popleft()
                key = f"armod-{run}-{step.name}"
                future = self._client.submit(_do, self._function, step, key=key, pure=False)
                busy[key] = step, future
                future.add_done_callback(finished.put)
            try:
                future = finished.get(timeout=GLANCE)
            except Empty:
                continue
            step, _ = busy.pop(future.key)
            if future.cancelled():
                raise self._lost()
            yield step, future.exception()

    def _threads(self) -> int:
        """How many steps the cluster does at a time now."""
        try:
            return sum(self._client.nthreads().values())
        except (OSError, RuntimeError) as error:
            raise self._lost() from error

    def _lost(self) -> CourseError:
        return CourseError(
            f"The scheduler at {self._address} ended or dropped this work; the same command goes on once it is back.",
            exit_code=1,
        )

    def _refuse_strangers(self, step: Task) -> None:
        """Raise CourseError if the scheduler or a worker is no fit for such work."""
        try:
            theirs = self._client.run_on_scheduler(version, "armod")  # it unpickles steps before workers do
            answers = self._client.run(_trouble, step, on_error="return")
        except ModuleNotFoundError:
            theirs, answers = "no", {}
        except OSError as error:  # it has ended meanwhile
            raise self._lost() from error
        if theirs != version("armod"):
            raise _stranger("The scheduler", f"it has {theirs} armod, not {version('armod')}")
        for worker, found in answers.items():
            if isinstance(found, OSError):
                continue  # it is ending
            trouble = f"{type(found).__name__}: {found}" if isinstance(found, BaseException) else found
            if trouble:
                raise _stranger(f"The worker {worker}", trouble)


def _words(error: BaseException | None) -> str | None:
    """What went wrong, in words; an error that must stop all the others is raised."""
    match error:
        case None:
            return None
        case CourseError():
            raise CourseError(str(error), exit_code=1)
        case KilledWorker():
            return "the workers that marked it ended each time"
    return f"{type(error).__name__}: {error}"


def _connected(address: str) -> Client:
    try:
        with ThreadPoolExecutor(1) as thread:  # this one may have a loop of its own
            thread.submit(asyncio.run, _knock(address)).result()
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, ImportError) as error:
        reason = str(error).strip().partition("\n")[0] or f"not a word within {PATIENCE:.0f} s"
        raise CourseError(
            f"No dask scheduler answers at {address!r} ({reason}); "
            "give the address that it printed when it started, such as tcp://host:8786."
        ) from error


async def _knock(address: str) -> None:
    """Ask who is there, since a client that finds no scheduler leaves threads and tracebacks behind.

    Raises:
        OSError: If nobody answers.
        ValueError: If it is no scheduler.
        TypeError: If the address is none.
    """
    arguments = Security().get_connection_args("client")
    async with asyncio.timeout(PATIENCE), rpc(address, connection_args=arguments) as somebody:
        kind = (await somebody.identity())["type"]
    if kind != "Scheduler":
        raise ValueError(f"it is the address of a {kind}")


@contextmanager
def _without_logs() -> Iterator[None]:
    """Keep dask's logs quiet: they are for those who run clusters, and this command says one sentence."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _do(function: Callable[[Task], None], step: Task) -> None:
    """What a worker does; it is checked again, since it may have joined later than the others."""
    if trouble := _trouble(step):
        raise _stranger(f"The worker {get_worker().address}", trouble)
    function(step)


@cache
def _when_first_asked(function: Callable[..., Any], *arguments: object) -> Any:
    """A worker outlives runs, and what it has loaded stays as it was, whatever the files say by now."""
    return function(*arguments)


def _trouble(step: Task) -> str:
    """Why this process must not do that step, nothing if it may."""
    for path in (step.out / record.CLASS, step.submission.path.parent):
        if not path.exists():
            return f"it does not see {path}"
    loaded = step.settings.loaded()
    differing = [name for name in loaded if _when_first_asked(*loaded[name]) != step.identity[name]]
    return f"it has loaded something else ({', '.join(differing)})" if differing else ""


def _stranger(who: str, trouble: str) -> CourseError:
    return CourseError(
        f"{who} can't mark this class: {trouble}; start it again with the same armod, files and folders as here.",
        exit_code=1,
    )
