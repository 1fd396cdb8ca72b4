"""How to compare the speed of two things on a machine that others use too.

CPU time of this process at one thread does not see its neighbours; taking turns lets slow minutes hit all alike; the
median forgets what still went wrong.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import torch

# Without such instructions bfloat16 is emulated, and there is nothing to gain.
NO_BFLOAT16 = "" if torch.cpu._is_avx512_bf16_supported() else " (this CPU has no instructions for it)"


@dataclass(frozen=True)
class Result:
    """Seconds that ours and a reference took, and what their ratio must be.

    at_most bounds ours / reference, at_least bounds reference / ours; with neither the result is for information.
    multiply_adds: what ours has to compute at least, if that is known; the table holds it against this machine's rate
    in matrix products (`multiply_adds_per_second`).
    unit: of what was counted instead of seconds, such as passes.
    """

    name: str
    ours: float
    reference: float
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""
    multiply_adds: float | None = None
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        """Ours / reference where that is bounded from above; else how many times faster ours is."""
        return self.ours / self.reference if self.at_most is not None else self.reference / self.ours

    @property
    def target(self) -> str:
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return "" if self.at_least is None else f">= {self.at_least:g}"

    @property
    def target_speedup(self) -> float | None:
        """The target as a number of times that ours is faster."""
        return self.at_least if self.at_most is None else 1 / self.at_most

    @property
    def holds(self) -> bool:
        is_low = self.at_most is None or self.ratio <= self.at_most
        return is_low and (self.at_least is None or self.ratio >= self.at_least)

    def record(self) -> dict[str, object]:
        """All of it, for JSON."""
        return asdict(self) | {"ratio": self.ratio, "target": self.target, "holds": self.holds}


def multiply_adds_per_second(size: int = 512) -> float:
    """What one thread reaches in a float32 product of square matrices: the floor under every model's time."""
    matrix = torch.rand(size, size)
    (seconds,) = interleaved([lambda: matrix @ matrix], 20)
    return size**3 / seconds


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """b of the power law ``seconds = a * sizes**b`` that fits best: 0 is flat, 1 is linear."""
    x, y = torch.tensor(sizes).double().log(), torch.tensor(seconds).double().log()
    return (((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()).item()


def interleaved(
    works: Sequence[Callable[[], object]], repeats: int, often: Sequence[int] | None = None
) -> list[float]:
    """Median CPU seconds of each work, done in turn; `often` repeats short ones within a turn."""
    often = often or [1] * len(works)
    for work in works:
        work()
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, times, measured in zip(works, often, seconds, strict=True):
            for _ in range(times):
                gc.collect(0)
                begin = time.process_time()
                work()
                measured.append(time.process_time() - begin)
    return [statistics.median(measured) for measured in seconds]
