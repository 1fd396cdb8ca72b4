"""The kernel that lessons run on when nobody looks: this very interpreter, one thread, no progress bars."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

_running: set[CourseKernel] = set()
_running_lock = threading.Lock()

# Outputs are committed and compared: they must not depend on the number of cores, on speed or on the reader.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "TQDM_DISABLE": "1",
    "ARMOD_PROGRESS": "off",
    "ARMOD_COMPILED": "0",
}


class CourseKernel(AsyncKernelManager):
    """Starts kernels on the interpreter that runs this, whatever kernels the user has installed by that name."""

    @default("kernel_spec_manager")
    def _only_this_interpreter(self) -> KernelSpecManager:
        # Without folders to search, only the native kernel is left: ipykernel of sys.executable.
        return KernelSpecManager(parent=self, kernel_dirs=[])

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Start the kernel in the environment of a headless run, and remember it for `kill_all`."""
        await super().start_kernel(env={**os.environ, **ENVIRONMENT}, **options)
        with _running_lock:
            _running.add(self)

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Forget the kernel once it is gone."""
        with _running_lock:
            _running.discard(self)
        await super().cleanup_resources(restart=restart)


def kill_all() -> None:
    """Kill every kernel that runs, with its children; what waits for one sees that it died."""
    with _running_lock:
        kernels = list(_running)
    for kernel in kernels:
        if kernel.provisioner is not None:
            asyncio.run(kernel.provisioner.kill())
