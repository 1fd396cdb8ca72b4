"""The course map as a page: a card for each lesson that opens it, and lines from each concept to who needs it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from armod.course.labs.concept_map.facts import ConceptMap, Described, duration, number_and_words
from armod.course.labs.concept_map.picture import concept_map
from armod.course.labs.page import Widget, lab_files, page


def course_map(lessons: Sequence[Described], notes: Mapping[str, str] | None = None) -> Widget:
    """The map as one notebook output; a card links to ``NAME.ipynb`` beside the notebook that shows the map.

    Args:
        lessons: the lessons, in the order of the course.
        notes: a few words on some lessons by name, such as ``{"4_5_1_made": "2 exercises passed"}``.

    Returns:
        The output; without scripts it is the static picture and a list of links.

    Raises:
        ValueError: if there is no lesson.
    """
    facts = ConceptMap(lessons, notes or {})
    script, style, words = lab_files(__file__)
    data = {
        "words": words,
        "finding": facts.finding,
        "prerequisites": facts.prerequisites,
        "rows": facts.rows,
        "cards": [_card(lesson, facts.notes.get(lesson.name, "")) for lesson in lessons],
        "links": [
            {
                "concept": link.concept.lower(),
                "teacher": -1 if link.teacher is None else link.teacher,
                "learner": link.learner,
                "isDirect": link.is_direct,
                "isLong": facts.step(link.learner) - facts.step(link.teacher) > 1,
            }
            for link in facts.links
        ],
    }
    # The page moves these very links into its cards: JupyterLab and the exported page have made them work.
    anchors = "".join(
        f'<li><a href="{html.escape(lesson.name)}.ipynb">{html.escape(lesson.title)}</a></li>'
        for lesson in lessons
    )
    still = f"{concept_map(lessons, notes).img(dots_per_inch=100)}\n<ul>{anchors}</ul>"
    return Widget(page(script, data, still, label=words["label"], css=style), facts.description)


def _card(lesson: Described, note: str) -> dict[str, object]:
    number, words = number_and_words(lesson.title)
    return {
        "number": number,
        "words": words,
        "question": lesson.question,
        "duration": duration(lesson.minutes),
        "note": note,
        "needs": list(lesson.needs),
        "teaches": list(lesson.teaches),
    }
