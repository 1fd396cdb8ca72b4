"""The site of two lessons, built once for the tests of a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from armod.course.lessons.site import build_site

LESSONS = ("4_1_chain_rule", "4_5_3_pixelcnn")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "public"
    build_site(out, LESSONS, library=False)
    return out
