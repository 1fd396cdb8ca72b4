"""Several processes as one: who is there, who does what, and how all come to agree.

``torchrun`` starts the processes and tells each its number; `process_group` makes them one group. Everything else here
also holds for a process by itself: it does all the work and agrees with itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import distributed

LET_GO = 0.2  # seconds for the threads of a group

T = TypeVar("T")


@contextmanager
def process_group(device: str | None = None) -> Iterator[None]:
    """The group of all processes that ``torchrun`` started, for the length of a ``with``; of one process, nothing.

    device: "cuda..." lets each process have one GPU of its machine (nccl); anything else is the CPU (gloo).

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
    # torchrun --max-restarts keeps its store: processes of a second life must not find the addresses of the first
    life = distributed.PrefixStore(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"), store)
    distributed.init_process_group("nccl" if on_gpu else "gloo", store=life, rank=number, world_size=count)
    try:
        yield
    finally:
        # A thread of gloo's that has not yet let go of the last exchange's tensor waits for the interpreter's lock, and
        # aborts the process if the interpreter ends before it has it: while this thread sleeps, nobody else has it.
        time.sleep(LET_GO)
        distributed.destroy_process_group()


def is_together() -> bool:
    """Whether this process belongs to a group."""
    return distributed.is_available() and distributed.is_initialized()


def rank() -> int:
    """This process's number, from 0."""
    return distributed.get_rank() if is_together() else 0


def world_size() -> int:
    """How many processes there are.

    >>> rank(), world_size()
    (0, 1)
    """
    return distributed.get_world_size() if is_together() else 1


def share(num_rows: int) -> slice:
    """The rows of a batch that are this process's own; the shares differ by one row at most.

    >>> share(5)
    slice(0, 5, None)
    """
    return slice(num_rows * rank() // world_size(), num_rows * (rank() + 1) // world_size())


def agree(work: Callable[[], T]) -> T:
    """Do `work` in the first process only; all of them return its result, or raise its error.

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
    """The sum of each number over all processes, in float64, the same to the last bit in each of them.

    device: where the group exchanges tensors: that of the model.

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
