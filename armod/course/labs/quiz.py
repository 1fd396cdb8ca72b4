"""Self-quizzes: questions as data, one self-contained output that answers back.

The output is a real form (fieldset, legend, radio buttons, labels). A few lines of script tell at once whether a choice
is right, and why or why not; the text stands in the page itself, so nothing is written twice. Where scripts do not run,
the answers are there to unfold.
"""

from __future__ import annotations

import hashlib
import html
import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from armod.course.labs.markup import inline, plain
from armod.course.labs.page import Widget, asset
from armod.figures.style import css_variables


@dataclass(frozen=True)
class Question:
    """One question with one right choice.

    Every text is plain, with ``code`` between backquotes and ``<sub>``, ``<sup>``, ``<em>`` for formulas.

    Args:
        prompt: what is asked.
        choices: what may be chosen, at least two.
        answer: the right choice, word for word.
        why: the sentences that explain it.
        why_not: for wrong choices, word for word, what is wrong about them; may be left out for some.

    Raises:
        ValueError: if there are fewer than two choices or two equal ones, if the answer is none of them, if a text is
            empty, or if ``why_not`` speaks of anything but a wrong choice.
    """

    prompt: str
    choices: Sequence[str]
    answer: str
    why: str
    why_not: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        about = f"The quiz question '{self.prompt}'"
        if not all(text.strip() for text in (self.prompt, self.why, *self.choices, *self.why_not.values())):
            raise ValueError(
                f"{about} has an empty text; its prompt, choices and explanations all need words."
            )
        if isinstance(self.choices, str) or len(self.choices) < 2:
            raise ValueError(f"{about} needs a list of at least two choices.")
        twice = [choice for choice in self.choices if self.choices.count(choice) > 1]
        if twice:
            raise ValueError(f"{about} has the choice '{twice[0]}' more than once.")
        if self.answer not in self.choices:
            raise ValueError(
                f"{about} has no right choice: its answer, '{self.answer}', is none of its choices."
            )
        for choice in self.why_not:
            if choice not in self.choices or choice == self.answer:
                raise ValueError(
                    f"{about} explains in why_not '{choice}', which is not one of its wrong choices."
                )


def quiz(questions: Sequence[Question], *, title: str = "Check yourself") -> Widget:
    """Questions as one notebook output.

    Args:
        questions: the questions, in their order.
        title: the heading.

    Returns:
        The output, the same for the same questions.

    Raises:
        ValueError: if there is no question, or the same one twice.
    """
    prompts = [question.prompt for question in questions]
    if not prompts or len(set(prompts)) < len(prompts):
        raise ValueError("A quiz needs at least one question, and each question once.")
    script, style = asset("quiz.js"), asset("page.css") + asset("form.css") + asset("quiz.css")
    count = f"{len(prompts)} question{'s' * (len(prompts) != 1)}"
    identity = "armod-" + hashlib.sha256(repr((title, questions, script, style)).encode()).hexdigest()[:12]
    body = "\n".join(_question(question, number, identity) for number, question in enumerate(questions, 1))
    page = (
        f'<div class="armod-widget armod-form armod-quiz" data-armod="{identity}" role="group" '
        f'aria-label="{html.escape(plain(title))}: a quiz">\n'
        f"<style>.armod-widget {{ {css_variables()} }}\n{style}</style>\n"
        f'<div class="head"><p class="title">{inline(title)}</p><p class="score" role="status">{count}</p></div>\n'
        f"{body}\n"
        f'<script type="module">\n{script}\nenliven("{identity}");\n</script>\n</div>'
    )
    return Widget(
        page,
        f"{plain(title)}, a quiz of {count}. "
        + " ".join(f"{number}. {plain(prompt)}" for number, prompt in enumerate(prompts, 1)),
    )


def lesson_quiz(lesson: str) -> Widget:
    """The self-quiz of a lesson, whose questions stand in ``quizzes/LESSON.toml`` beside this module.

    The choices are shuffled, the same way each time, and the right ones of a lesson are not all in one place.

    Args:
        lesson: the lesson's name, such as ``4_5_1_made``.

    Returns:
        The output.

    Raises:
        ValueError: if the lesson has none, or the file holds a bad question.
    """
    path = Path(__file__).parent / "quizzes" / f"{lesson}.toml"
    if not path.exists():
        raise ValueError(f"Lesson {lesson!r} has no quiz: there is no {path.name} among the quizzes.")
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return quiz(_shuffled([Question(**question) for question in content["question"]], seed=lesson))


def _shuffled(questions: Sequence[Question], seed: str) -> list[Question]:
    """The same questions, choices in another order: chance may not put all right choices in one place, so places are dealt."""
    places = random.Random(seed).sample(range(len(questions)), len(questions))
    found = []
    for question, place in zip(questions, places, strict=True):
        choices = [choice for choice in question.choices if choice != question.answer]
        random.Random(f"{seed} {question.prompt}").shuffle(choices)
        choices.insert(place % len(question.choices), question.answer)
        found.append(replace(question, choices=choices))
    return found


def _question(question: Question, number: int, identity: str) -> str:
    choices = "\n".join(
        f'<label class="choice"><input type="radio" name="{identity}-{number}" value="{index}" '
        f'data-lm-suppress-shortcuts="true"> <span>{inline(choice)}</span></label>'
        for index, choice in enumerate(question.choices)
    )
    right = question.choices.index(question.answer)
    reasons = [_reason("right", right, question.answer, question.why)]
    reasons += [
        _reason("wrong", question.choices.index(choice), choice, why)
        for choice, why in question.why_not.items()
    ]
    return (
        f'<fieldset><legend><span class="number">{number}</span> {inline(question.prompt)}</legend>\n'
        f'{choices}\n<p class="feedback" role="status"></p>\n'
        f"<details><summary>Show the answer</summary>\n{''.join(reasons)}\n</details></fieldset>"
    )


def _reason(verdict: str, index: int, choice: str, why: str) -> str:
    return (
        f'<p data-{verdict}="{index}">{verdict.capitalize()}: <strong>{inline(choice)}</strong><br>'
        f"<span>{inline(why)}</span></p>"
    )
