"""Loads what all tests share: the rule about skipping, packages of others, and the real JupyterLab in a real browser."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from torch import distributions

# Tests run side by side, one a core: several threads of each would only wait for one another's cores, many times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = ["tests.policy", "tests.guests", "tests.browser.lab"]

# no test depends on the clock: a busy machine may take any time for an example
settings.register_profile("armod", deadline=None)
settings.load_profile("armod")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest module goes first: a worker takes modules whole, and at the end no worker waits long for another."""
    if unnamed := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(
            f"Each process would call this test by another name, so give it an id: {unnamed[0]}"
        )
    items.sort(key=lambda item: "test_nbval" not in item.nodeid)


@pytest.fixture
def torch_validates() -> Iterator[None]:
    """The validation of torch's distributions, which torch.compile switches off for the whole process."""
    before = distributions.Distribution._validate_args
    distributions.Distribution.set_default_validate_args(True)
    yield
    distributions.Distribution.set_default_validate_args(before)
