"""Tests of data sets never touch a network nor the user's own data folder."""

from pathlib import Path
from urllib.error import URLError

import pytest

from armod.data import download


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, and a network that is down."""

    def no_network(url: str, timeout: float) -> None:
        raise URLError("no network")

    folder = tmp_path / "data"
    monkeypatch.setenv("ARMOD_DATA", str(folder))
    monkeypatch.setattr(download, "urlopen", no_network)
    return folder
