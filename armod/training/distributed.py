"""Several processes that train one model: which processes exist, which rows each takes, and how they exchange results.

``torchrun`` starts the processes and gives each a number; `process_group` joins them into one group. All other functions
also work in a single process, which then does all the work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import distributed

LET_GO = 0.2  # seconds that the threads of a group get to finish

T = TypeVar("T")


@contextmanager
def process_group(device: str | None = None) -> Iterator[None]:
    """Join all processes that ``torchrun`` started into a group inside a ``with`` block; do nothing without torchrun.

    Args:
        device: "cuda..." gives each process one GPU of its machine (nccl); anything else means the CPU (gloo).

    Yields:
        Nothing.

    Raises:
        ValueError: if a machine has fewer GPUs than processes.
    """
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield
        return
    on_gpu = device is not None and device.startswith("cuda")
    if on_gpu:
        gpu, available = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
        if gpu >= available:
            raise ValueError(
                f"Each process needs a GPU of its own, and this machine has {available}: "
                f"start torchrun with --nproc_per_node={max(available, 1)} or train on the CPU."
            )
        torch.cuda.set_device(gpu)
    store, number, count = next(distributed.rendezvous("env://"))
    # torchrun --max-restarts keeps its store, and restarted processes must not find the addresses of the first ones
    life = distributed.PrefixStore(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"), store)
    distributed.init_process_group("nccl" if on_gpu else "gloo", store=life, rank=number, world_size=count)
    try:
        yield
    finally:
        # A thread of gloo that still holds the tensor of the last exchange waits for the interpreter's lock. It aborts the
        # process if the interpreter ends first. While this thread sleeps, the other one can take the lock.
        time.sleep(LET_GO)
        distributed.destroy_process_group()


def is_together() -> bool:
    """Tell whether this process belongs to a group."""
    return distributed.is_available() and distributed.is_initialized()


def rank() -> int:
    """Return the number of this process, from 0."""
    return distributed.get_rank() if is_together() else 0


def world_size() -> int:
    """Return the number of processes.

    >>> rank(), world_size()
    (0, 1)
    """
    return distributed.get_world_size() if is_together() else 1


def share(num_rows: int) -> slice:
    """Return the rows of a batch that this process works on; the shares of all processes differ by at most one row.

    Args:
        num_rows: rows of the whole batch.

    Returns:
        A slice of ``0..num_rows-1``, which may be empty.

    >>> share(5)
    slice(0, 5, None)
    """
    return slice(num_rows * rank() // world_size(), num_rows * (rank() + 1) // world_size())


def agree(work: Callable[[], T]) -> T:
    """Call `work` in the first process only, and return its result or raise its error in all of them.

    Args:
        work: a function without arguments, whose result can be pickled.

    Returns:
        What `work` returned.

    >>> agree(lambda: 3)
    3
    """
    if not is_together():
        return work()
    outcome: list[Any] = [None, None]
    if rank() == 0:
        try:
            outcome[0] = work()
        except Exception as error:
            outcome[1] = error
    distributed.broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def total(numbers: Sequence[float], device: torch.device) -> list[float]:
    """Sum numbers over all processes in float64; every process gets the same result to the last bit.

    Args:
        numbers: one or more numbers of this process.
        device: the device on which the group exchanges tensors, which is that of the model.

    Returns:
        The sum of each number.

    >>> total([1, 2.5], torch.device("cpu"))
    [1.0, 2.5]
    """
    mine = torch.tensor(numbers, dtype=torch.float64)
    if is_together():
        mine = mine.to(device)
        every = [torch.empty_like(mine) for _ in range(world_size())]
        distributed.all_gather(every, mine)
        mine = torch.stack(every).cpu().sum(0)
    return mine.tolist()
