"""The cards of the lessons: their answers are computed, and nothing beside them tells the answer."""

from __future__ import annotations

import ast
import builtins
import json
import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from armod.course.lessons.pair import read_notebook, read_source
from tests.checkout import CHECKOUT

SOURCES = sorted((CHECKOUT / "notebooks").glob("*.py"))
ANSWERS = {"number": (0, "answer"), "curve": (1, "y"), "choices": (1, "answer")}


def typed_answers(code: str) -> list[str]:
    """The calls whose answer is a literal, or is made of names that hold literals only."""
    tree = ast.parse(code)
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            for name in ast.walk(target):
                if isinstance(name, ast.Name):
                    assigned.setdefault(name.id, []).append(node.value)

    def is_typed(answer: ast.expr, known: frozenset[str] = frozenset()) -> bool:
        names = {each.id for each in ast.walk(answer) if isinstance(each, ast.Name)} - set(dir(builtins))
        return all(
            name in known or (name in assigned and all(is_typed(v, known | {name}) for v in assigned[name]))
            for name in names
        )

    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ANSWERS:
            place, keyword = ANSWERS[node.func.id]
            given = [each.value for each in node.keywords if each.arg == keyword]
            answer = given[0] if given else node.args[place]
            if is_typed(answer):
                found.append(ast.unparse(answer))
    return found


def cards(path: Path) -> list[tuple[dict[str, Any], str, str]]:
    """Each card of a committed notebook: its data, the code above it, and the text below it that stands in no fold."""
    cells = read_notebook(path.with_suffix(".ipynb")).cells
    found = []
    for cell, after in zip(cells, [*cells[1:], None], strict=True):
        pages = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
        for page in pages:
            if 'class="armod-widget armod-form armod-predict"' in page:
                assert len(pages) == 1, f"{path.stem}: beside a card nothing else is shown: {cell.source}"
                # a lab below the answer brings data of its own, before the card's
                *_, data = re.findall(r'awaken\("[^"]+", (\{.*\}), mount\)', page)
                below = after.source if after is not None and after.cell_type == "markdown" else ""
                folded = re.sub(r"(?s)<details>.*?</details>", "", below)
                question = BeautifulSoup(page, "html.parser").legend.get_text()
                found.append((json.loads(data) | {"question": question}, cell.source, folded))
    return found


@pytest.mark.parametrize(
    ("code", "typed"),
    [
        ("number(53, low=1, high=784)", ["53"]),
        ("passes = 53\nnumber(passes, low=1, high=784)", ["passes"]),
        ("a = b = 53\nc = a + 1\nnumber(max(c, 2), low=1, high=784)", ["max(c, 2)"]),
        ("curve([1, 2], [1, 4], low=0, high=4)", ["[1, 4]"]),
        ("choices(['a', 'b'], answer='a')", ["'a'"]),
        ("number(len(seen), low=0, high=9)", []),
        ("passes = sample().passes\nnumber(passes, low=1, high=784)", []),
        ("n = 0\nfor each in all_of_them: n = each\nnumber(each, low=1, high=784)", []),
        ("choices({'a': True, 'b': False}, answer=one < two)", []),
        ("curve(D, [count[d] for d in D], low=0, high=4)", []),
    ],
)
def test_a_typed_answer_is_found(code: str, typed: list[str]) -> None:
    assert typed_answers(code) == typed


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_answer_is_computed_and_nothing_tells_it_before_the_guess(path: Path) -> None:
    source = read_source(path)
    code = "\n\n".join(cell.source for cell in source.cells if cell.cell_type == "code")
    assert typed_answers(code) == []
    asked = cards(path)
    assert len(asked) == len(re.findall(r"(?<!\w)predict\(", code))
    # a card stands where the guesses are looked back at
    assert bool(asked) == ("predictions()" in code)
    for data, above, below in asked:
        answer = data.get("text", "")
        if len(answer) > 1:
            told = rf"(?<![\w.,]){re.escape(answer)}(?![\w]|[.,]\d)"
            assert not re.search(told, above + below), (
                f"{data['question']} {answer} can be read beside the card"
            )


def test_no_two_cards_of_the_course_ask_the_same() -> None:
    questions = [data["question"] for path in SOURCES for data, _, _ in cards(path)]
    assert sorted(set(questions)) == sorted(questions)
