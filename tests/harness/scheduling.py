"""Which process runs which tests, under `pytest -n`. (A plugin, loaded by ``tests/conftest.py``.)"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Their tests share nothing, so they go one by one.
ALONE = ("/test_nbval.py", "test_papermill", "test_guide.py::test_a_page_runs")


class ModulesWhole(LoadScopeScheduling):
    """A process takes whole modules, whose tests share what is dear to make."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if any(part in nodeid for part in ALONE) else super()._split_scope(nodeid)

    def remove_node(self, node: WorkerController) -> str | None:
        """Name the test that killed its process, and leave the others to a new one.

        xdist would give it to each new process in turn, until it gives up with most tests not run.
        """
        work = self.assigned_work[node]
        left = [(unit, test) for unit in work.values() for test, is_done in unit.items() if not is_done]
        if left:
            unit, killer = left[0]
            unit[killer] = True
            for scope in [scope for scope, unit in work.items() if all(unit.values())]:
                del work[scope]
        super().remove_node(node)
        return killer if left else None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ModulesWhole:
    """Used by `pytest -n`."""
    return ModulesWhole(config, log)
