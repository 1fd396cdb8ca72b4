"""Loads what all tests share: the rule about skipping, packages of others, and the real JupyterLab in a real browser."""

import os

# Tests run side by side, one a core: several threads of each would only wait for one another's cores, many times as long.
# OpenMP reads this when torch is loaded, so it comes before.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator

import pytest
from hypothesis import settings
from torch import distributions

pytest_plugins = [
    "tests.harness.patience",
    "tests.harness.policy",
    "tests.harness.scheduling",
    "tests.guests",
    "tests.browser.lab",
]

# no test depends on the clock: a busy machine may take any time for an example
settings.register_profile("armod", deadline=None)
settings.load_profile("armod")


# What takes longest goes first, so that at the end no process waits long for another.
LONG_MODULES = (
    "test_nbval", "test_mutants", "test_notebooks", "test_every_lab_browser", "test_lab_browser", "test_cluster", "test_site",
    "test_protocol", "test_guide", "test_docstrings",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests without a name of their own, and put the long modules first."""
    if unnamed := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(
            f"Each process would call this test by another name, so give it an id: {unnamed[0]}"
        )
    rank = {name: place for place, name in enumerate(LONG_MODULES)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture
def torch_validates() -> Iterator[None]:
    """The validation of torch's distributions, which torch.compile switches off for the whole process."""
    before = distributions.Distribution._validate_args
    distributions.Distribution.set_default_validate_args(True)
    yield
    distributions.Distribution.set_default_validate_args(before)
