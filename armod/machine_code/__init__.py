"""Inner loops in machine code, where the package numba is installed: ``pip install "armod[fast]"``.

A cached sampler starts a dozen small operations for every variable, and each takes longer to start than to compute. A compiled
loop starts once. Without numba, or with ``ARMOD_COMPILED=0`` in the environment, the loop of small operations runs instead. Both
make the same samples.
"""

from armod.machine_code.loading import Kernel, is_wanted, kernel

__all__ = ["Kernel", "is_wanted", "kernel"]
