"""Loads what all tests share: the rule about skipping, packages of others, and the real JupyterLab in a real browser."""

from hypothesis import settings

pytest_plugins = ["tests.policy", "tests.guests", "tests.browser.lab"]

# no test depends on the clock: a busy machine may take any time for an example
settings.register_profile("armod", deadline=None)
settings.load_profile("armod")
