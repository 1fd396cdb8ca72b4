"""What a statement forbids is checked: for each such sentence there is a wrong answer that breaks it, and is told so."""

from __future__ import annotations

import re

import pytest

from armod.course.lessons.pair import read_source
from tests.course.exercises.mutants import SOLUTIONS, mutants

FORBIDS = re.compile(
    r"\b([Dd]o not|[Dd]on't|[Mm]ust not|[Mm]ay not|[Cc]annot use|[Nn]ever (use|call|change)|[Ww]ithout (`|using|calling|changing)"
    r"|not allowed|nothing else|move nothing|stays? as (it is|they are))"
)
BROKEN_BY = {
    ("likelihood-coin", "a likelihood that runs on data must not be"): "clamped",
    ("made-degrees", "the global generator stays as it is"): "the global generator",
    (
        "made-leaks",
        "The caller's tensors stay as they are",
    ): "the caller's weights are masked for good (pytorch-generative)",
    ("wavenet-ring", "It must change one place only, and move nothing"): "columns move up",
}
NOT_TO_THE_LEARNER = {
    ("variants-link", "How many pixels does a pixel see that it must not see"),
    ("variants-streams", "a pixel, and one that it then knows although it must not"),
    ("images-sides", "Channels of one pixel of the answer do not see each other"),
}  # these sentences speak of data and models


def _statements() -> dict[str, str]:
    """The text of every statement, on one line."""
    cells = [cell for path in sorted(SOLUTIONS.glob("*.py")) for cell in read_source(path).cells]
    tagged = [(tag, cell.source) for cell in cells for tag in cell.metadata.get("tags", [])]
    return {
        tag.removeprefix("statement:"): " ".join(source.split())
        for tag, source in tagged
        if tag.startswith("statement:")
    }


def _bans(text: str) -> list[str]:
    """The sentences of a statement that forbid something."""
    return [sentence for sentence in re.split(r"(?<=[.?!:;])\s", text) if FORBIDS.search(sentence)]


BANS = [(name, sentence) for name, text in _statements().items() for sentence in _bans(text)]


@pytest.mark.parametrize(("exercise", "sentence"), BANS)
def test_a_wrong_answer_breaks_what_a_statement_forbids(exercise: str, sentence: str) -> None:
    known = [ban for ban in (*BROKEN_BY, *NOT_TO_THE_LEARNER) if ban[0] == exercise and ban[1] in sentence]
    assert known, "no wrong answer breaks this: write one that the check catches, or drop the sentence"


def test_each_of_these_answers_and_sentences_is_there() -> None:
    texts, wrong = _statements(), {(mutant.exercise, mutant.title) for mutant in mutants()}
    assert {(exercise, title) for (exercise, _), title in BROKEN_BY.items()} <= wrong
    assert [ban for ban in (*BROKEN_BY, *NOT_TO_THE_LEARNER) if ban[1] not in texts[ban[0]]] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Do not use `armod.mu_law`.",
        "Write the loop yourself, without `armod.fit`.",
        "You may not use a loop.",
    ],
)
def test_a_ban_is_found(sentence: str) -> None:
    assert _bans(f"Write a function. {sentence} It returns a number.") == [sentence]
