"""Every lesson ends with the way back, to the map and on."""

from __future__ import annotations

import pytest

from armod.course.lessons.catalogue import lessons
from armod.course.lessons.pair import read_source

LESSONS = lessons()


def link(number: int, before: str = "", behind: str = "") -> str:
    each = LESSONS[number]
    return f"[{before}{each.title}{behind}]({each.name}.ipynb)"


@pytest.mark.parametrize("number", range(len(LESSONS)), ids=lambda number: LESSONS[number].name)
def test_a_lesson_ends_with_previous_map_and_next(number: int) -> None:
    steps = [link(number - 1, before="← ")] if number else []
    steps.append("[The course map](index.ipynb)")
    if number + 1 < len(LESSONS):
        steps.append(link(number + 1, behind=" →"))
    text = read_source(LESSONS[number].path).cells[-1].source
    assert text.endswith("\n\n---\n\n" + " · ".join(steps))
