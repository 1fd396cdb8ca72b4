"""`ConceptMap`: which lesson teaches what and which needs it, computed from what the lessons say of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from armod.course.labs.words import Words

say = Words.beside(__file__)


class Described(Protocol):
    """What the map asks of a lesson; `armod.course.lessons.catalogue.Lesson` has it."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def question(self) -> str: ...  # noqa: D102
    @property
    def minutes(self) -> int: ...  # noqa: D102
    @property
    def needs(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def teaches(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True)
class Link:
    """One lesson needs a concept that another one teaches.

    Args:
        concept: the concept.
        teacher: the lesson that teaches it, by its place in the course; None if no lesson before does.
        learner: the lesson that needs it, by its place in the course.
        is_direct: whether no chain of other links leads from the one to the other as well, so that the map draws it.
    """

    concept: str
    teacher: int | None
    learner: int
    is_direct: bool


@dataclass(frozen=True)
class ConceptMap:
    """Lessons in their order, with ``notes``: a few words on some of them by name, such as a learner's progress."""

    lessons: Sequence[Described]
    notes: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.lessons:
            raise ValueError("A concept map needs at least one lesson.")

    @cached_property
    def links(self) -> list[Link]:
        """What each lesson needs and who teaches it: the first lesson before it that does."""
        teachers: dict[str, int] = {}
        found: list[tuple[str, int | None, int]] = []
        for index, lesson in enumerate(self.lessons):
            found += [(concept, teachers.get(concept.lower()), index) for concept in lesson.needs]
            for concept in lesson.teaches:
                teachers.setdefault(concept.lower(), index)
        before: list[set[int]] = [set() for _ in self.lessons]  # all lessons that lead to each
        brought: list[set[str]] = [
            set() for _ in self.lessons
        ]  # what a learner has brought when they reach each
        for concept, teacher, learner in found:
            if teacher is None:
                brought[learner].add(concept.lower())
            else:
                before[learner] |= {teacher} | before[teacher]
        links = []
        for concept, teacher, learner in found:
            if teacher is None:
                is_direct = all(concept.lower() not in brought[other] for other in before[learner])
            else:
                is_direct = all(teacher not in before[other] for other in before[learner])
            links.append(Link(concept, teacher, learner, is_direct))
        return links

    @cached_property
    def prerequisites(self) -> list[str]:
        """Concepts that some lesson needs and none before it teaches, each once."""
        brought = {
            link.concept.lower(): link.concept for link in reversed(self.links) if link.teacher is None
        }
        return list(reversed(brought.values()))

    @cached_property
    def rows(self) -> list[list[int]]:
        """The lessons by `step`, each row in the order of the lessons."""
        steps = [self.step(index) for index in range(len(self.lessons))]
        return [[index for index, step in enumerate(steps) if step == row] for row in range(max(steps) + 1)]

    def step(self, index: int | None) -> int:
        """How many lessons must come before this one, counted along the longest chain; -1 for what a learner brings."""
        if index is None:
            return -1
        return max((self.step(link.teacher) + 1 for link in self.links if link.learner == index), default=0)

    @property
    def finding(self) -> str:
        """How much there is to learn, in one line."""
        return say(
            "finding",
            lessons=len(self.lessons),
            duration=duration(sum(lesson.minutes for lesson in self.lessons)),
            taught=len({concept.lower() for lesson in self.lessons for concept in lesson.teaches}),
            brought=len(self.prerequisites),
        )

    def _need(self, link: Link) -> str:
        if link.teacher is None:
            return link.concept
        title = self.lessons[link.teacher].title
        return say("from", concept=link.concept, teacher=number_and_words(title)[0] or title)

    @property
    def description(self) -> str:
        """The whole map in sentences."""
        sentences = [say("bring", concepts=self.prerequisites)] if self.prerequisites else []
        for index, lesson in enumerate(self.lessons):
            sentences.append(
                say(
                    "lesson",
                    title=lesson.title,
                    duration=duration(lesson.minutes),
                    note=f", {self.notes[lesson.name]}" if lesson.name in self.notes else "",
                    needs=[self._need(link) for link in self.links if link.learner == index],
                    teaches=list(lesson.teaches),
                )
            )
        return say("description", finding=self.finding, lessons=" ".join(sentences))


def duration(minutes: int) -> str:
    """``45 min``, ``2 h``, ``11 h 30 min``."""
    hours, rest = divmod(minutes, 60)
    return " ".join(([f"{hours} h"] if hours else []) + ([f"{rest} min"] if rest or not hours else []))


def number_and_words(title: str) -> tuple[str, str]:
    """``4.5.1 MADE: one network`` in two, the section's number (empty if it has none) and the words."""
    number, _, words = title.partition(" ")
    return (number, words) if words and number[0].isdigit() else ("", title)
