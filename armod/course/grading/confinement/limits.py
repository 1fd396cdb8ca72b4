"""What a submission may use."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20
MAX_STUDENT = 2**53  # learners' numbers lie below it


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Sizes are in bytes, times in seconds."""

    memory: int = 2048 * MIB  # of all its processes and files together
    disk: int = 64 * MIB  # of each folder that it can write to
    files: int = 20_000  # in each of these folders
    descriptors: int = (
        256  # each may be a pipe, which holds memory that nobody counts; a kernel needs about 70
    )
    processes: int = 48  # threads count; many that compute would starve a classmate's on the same cores
    question_seconds: float = 10.0
    cell_seconds: float = 60.0
    notebook_seconds: float = 600.0
    grace_seconds: float = 2.0  # to obey an interrupt
    check_seconds: float = 5.0  # that one check may compute out here, over whatever was answered
    message: int = 12 * MIB
    restarts: int = 5
    grader_memory: int = 352 * MIB  # of the grader itself: a flood of messages ends there
