"""Pages without the drawing of their still, which takes most of the time; `test_every_lab` looks at one with it."""

import pytest

from armod.figures.picture import Picture


@pytest.fixture(autouse=True)
def _undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Picture, "png", lambda *_, **__: b"")
