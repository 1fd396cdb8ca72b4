"""Loads what all tests share: the rule about skipping, and the real JupyterLab in a real browser."""

pytest_plugins = ["tests.policy", "tests.browser.lab"]
