"""Measures every ratio, prints a table, writes JSON and a plot; exit 1 if a target is missed.

python -m benchmarks [NAME ...] [--out build/benchmarks.json]
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from armod.course.lessons.doctor import CHROMIUM_NAMES
from benchmarks import plot
from benchmarks.measure import Result, multiply_adds_per_second

_WORKS = {
    "made": ("training_step", "sampling"),
    "recurrent": ("sampling", "stepping", "cells"),
    "transformer": ("sampling",),
    "strategies.speculation": ("plays", "speech"),
    "wavenet": ("training_step", "sampling", "flat_cost"),
    "pixelcnn": ("sampling",),
    "gated_pixelcnn": ("training_step", "sampling", "pixels"),
    "strategies.multi_scale": ("sampling",),
    "pixelcnn_plus_plus": ("sampling", "fused", "linear_cost"),
    "strategies.distillation": ("mixture",),
    "strategies.flow_student": ("one_pass",),
    "strategies.subscale": ("fixed_point",),
    "strategies.guess_and_verify": ("evaluations", "digits", "made", "chorales"),
    "peers": ("gpt", "onnx", "training"),
    "grading": ("submission", "processes", "sandbox"),
}


def benchmarks() -> dict[str, Callable[[], list[Result]]]:
    """All of them by name; those of the browser and of the sandbox where there is one."""
    found = {
        f"{family.removeprefix('strategies.')}-{work.replace('_step', '')}": _measure(family, work)
        for family, works in _WORKS.items()
        for work in works
        if family != "grading" or shutil.which("bwrap")
    }
    if importlib.util.find_spec("playwright") and any(map(shutil.which, CHROMIUM_NAMES)):
        found["widget-latency"] = _widget_latency
    return found


def _measure(family: str, work: str) -> Callable[[], list[Result]]:
    """The function `work` of the module `family`, imported when it is run."""
    return lambda: getattr(importlib.import_module(f"benchmarks.{family}"), work)()


def _widget_latency() -> list[Result]:
    """Milliseconds of a clock on the wall, held against a fixed target: a person does not wait in CPU time."""
    from benchmarks import widget_latency

    target = widget_latency.TARGET_MS
    return [
        Result(
            f"mask lab, {knob}: key pressed to picture painted, against {target} ms",
            ours=measured["median_ms"] / 1000,
            reference=target / 1000,
            at_most=1,
            note=f"95th percentile {measured['p95_ms']:.1f} ms",
        )
        for knob, measured in widget_latency.run().items()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks.json"))
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(known)}.")
    torch.set_num_threads(1)
    names = options.names or known
    bar = tqdm(names, desc="measuring", unit="benchmark", leave=False)
    results = [result for name in bar for result in known[name]()]
    _print(results)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    plot.save(results, options.out.with_suffix(".png"))
    record = {
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "results": [result.record() for result in results],
    }
    options.out.write_text(json.dumps(record, indent=2) + "\n")
    return 0 if all(result.holds for result in results) else 1


def _print(results: Sequence[Result]) -> None:
    table = Table(title="Medians of interleaved repeats, one thread")
    for column in ("what", "ours", "reference", "ratio", "target", "", "of the floor", "note"):
        table.add_column(column, justify="left" if column in ("what", "", "note") else "right")
    rate = multiply_adds_per_second()
    for result in results:
        verdict = "" if not result.target else "holds" if result.holds else "MISSED"
        both = (result.ours, result.reference)
        seconds = [
            f"{1000 * value:.2f} ms" if result.unit == "ms" else f"{value:g} {result.unit}" for value in both
        ]
        floor = "" if result.multiply_adds is None else f"{result.ours / (result.multiply_adds / rate):.1f}x"
        table.add_row(
            result.name, *seconds, f"{result.ratio:.2f}", result.target, verdict, floor, result.note
        )
    table.caption = (
        f"The floor is the multiply-adds that the work needs at least, at the {rate / 1e9:.0f} billion a second that one "
        "thread reaches in a product of matrices."
    )
    Console(width=None if sys.stdout.isatty() else 150).print(table)


if __name__ == "__main__":
    sys.exit(main())
