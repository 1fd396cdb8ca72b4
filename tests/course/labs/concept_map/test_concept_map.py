import itertools
from dataclasses import dataclass

import pytest

from armod.course.labs.concept_map.facts import ConceptMap, Link, duration, number_and_words
from armod.course.labs.concept_map.picture import concept_map


@dataclass(frozen=True)
class Head:
    name: str
    title: str
    needs: tuple[str, ...] = ()
    teaches: tuple[str, ...] = ()
    minutes: int = 45
    question: str = "Why?"


CHAIN = Head("4_1", "4.1 The chain rule", ("probability",), ("chain rule", "orderings"))
LIKELIHOOD = Head("4_3", "4.3 Likelihood", ("Chain rule", "probability"), ("maximum likelihood",), 60)
MADE = Head(
    "4_5_1", "4.5.1 MADE: one network", ("chain rule", "maximum likelihood", "networks"), ("masks",), 75
)
COURSE = (CHAIN, LIKELIHOOD, MADE)
# As many lessons as the module has, each needing the two before it and one from the beginning.
TWELVE = [
    Head(
        f"lesson_{n}",
        f"4.{n} A lesson with a title of several words, number {n}",
        tuple(f"concept {m}.1" for m in (n - 2, n - 1) if m > 0) + (("concept 1.2",) if n > 3 else ()),
        (f"concept {n}.1", f"concept {n}.2", f"another of lesson {n}"),
    )
    for n in range(1, 13)
]


def test_links_run_from_the_first_teacher_to_the_learner_whatever_the_case():
    assert ConceptMap(COURSE, {}).links == [
        Link("probability", None, 0, is_direct=True),
        Link("Chain rule", 0, 1, is_direct=True),
        Link("probability", None, 1, is_direct=False),
        Link("chain rule", 0, 2, is_direct=False),
        Link("maximum likelihood", 1, 2, is_direct=True),
        Link("networks", None, 2, is_direct=True),
    ]


def test_what_nobody_teaches_before_is_a_prerequisite():
    assert ConceptMap(COURSE, {}).prerequisites == ["probability", "networks"]
    assert ConceptMap([MADE], {}).prerequisites == ["chain rule", "maximum likelihood", "networks"]
    # A later lesson, or the lesson itself, teaches too late.
    assert ConceptMap([MADE, CHAIN, LIKELIHOOD], {}).prerequisites[0] == "chain rule"
    assert ConceptMap([Head("a", "A", ("x",), ("x",))], {}).prerequisites == ["x"]


def test_rows_put_every_lesson_below_those_it_needs():
    assert ConceptMap(COURSE, {}).rows == [[0], [1], [2]]
    assert ConceptMap([CHAIN, Head("other", "Other")], {}).rows == [[0, 1]]
    facts = ConceptMap(TWELVE, {})
    row_of = {index: number for number, row in enumerate(facts.rows) for index in row}
    assert sorted(row_of) == list(range(12))
    assert all(
        row_of[link.teacher] < row_of[link.learner] for link in facts.links if link.teacher is not None
    )


def test_the_finding_counts():
    assert ConceptMap(COURSE, {}).finding == "3 lessons, 3 h: 4 concepts, built on 2 that you bring"
    assert ConceptMap([Head("a", "A", (), ("x",))], {}).finding == "One lesson, 45 min: 1 concept"


def test_the_description_is_the_whole_map_in_words():
    assert str(concept_map(COURSE, {"4_3": "2 exercises passed"})) == (
        "Concept map. 3 lessons, 3 h: 4 concepts, built on 2 that you bring. You bring: probability, networks. "
        "4.1 The chain rule, 45 min: needs probability; teaches chain rule, orderings. "
        "4.3 Likelihood, 1 h, 2 exercises passed: needs Chain rule (from 4.1), probability; "
        "teaches maximum likelihood. "
        "4.5.1 MADE: one network, 1 h 15 min: needs chain rule (from 4.1), maximum likelihood (from 4.3), networks; "
        "teaches masks."
    )


def test_the_table_has_every_link():
    table = concept_map(COURSE).table
    assert table["lesson"] == ["4_1", "4_3", "4_3", "4_5_1", "4_5_1", "4_5_1"]
    assert table["taught by"] == ["", "4_1", "", "4_1", "4_3", ""]


@pytest.mark.parametrize("course", [[MADE], COURSE, TWELVE], ids=["one", "three", "twelve"])
def test_texts_stay_inside_and_do_not_overlap(course):
    picture = concept_map(course, {course[-1].name: "2 exercises passed, 1 begun"})
    picture.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in picture.axes[0].texts]
    for word, box in boxes:
        assert picture.bbox.x0 <= box.x0 and box.x1 <= picture.bbox.x1, word
        assert picture.bbox.y0 <= box.y0 and box.y1 <= picture.bbox.y1, word
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        assert not first.overlaps(second), f"'{one}' and '{other}' overlap"


def test_a_map_needs_a_lesson():
    with pytest.raises(ValueError, match="at least one lesson"):
        concept_map([])


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 min"), (45, "45 min"), (60, "1 h"), (150, "2 h 30 min")]
)
def test_durations(minutes, words):
    assert duration(minutes) == words


def test_titles_with_and_without_a_number():
    assert number_and_words("4.5.1 MADE: one network") == ("4.5.1", "MADE: one network")
    assert number_and_words("MADE: one network") == ("", "MADE: one network")
