"""What the page beside other courses counts is there."""

from __future__ import annotations

import ast
import re
import tomllib

from armod.course.exercises.engine.exercise import exercises_of
from armod.course.lessons.catalogue import lessons
from tests.checkout import CHECKOUT


def test_the_page_counts_cards_exercises_and_questions_as_they_are() -> None:
    page = (CHECKOUT / "docs" / "compared.md").read_text(encoding="utf-8")
    sources = [
        (CHECKOUT / "notebooks" / f"{lesson.name}.py").read_text(encoding="utf-8") for lesson in lessons()
    ]
    cards = sum(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "predict"
        for source in sources
        for node in ast.walk(ast.parse(source))
    )
    folder = CHECKOUT / "armod" / "course" / "labs" / "quizzes"
    questions = sum(len(tomllib.loads(path.read_text())["question"]) for path in folder.glob("*.toml"))
    stated = re.search(
        r"(\d+) cards in (\d+) lessons.*?(\d+) exercises.*?(\d+) quiz questions", page, re.DOTALL
    )
    assert stated is not None
    assert [*map(int, stated.groups())] == [
        cards,
        len(sources),
        sum(len(exercises_of(lesson.name)) for lesson in lessons()),
        questions,
    ]
