"""`predict`, a question with a fold that holds its answer, and `predictions`, the look back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from html import escape
from typing import Any

from matplotlib.figure import Figure

from armod.course.labs.markup import inline, paragraphs, plain
from armod.course.labs.page import Widget, asset, page
from armod.course.labs.prediction.answers import Answer
from armod.figures.picture import Picture

# The questions of this kernel, in their order: what `predictions` looks back at.
_asked: dict[str, tuple[str, Answer]] = {}


def predict(question: str, answer: Answer, *, reveal: object = ()) -> Widget:
    """A card that takes a guess before it shows the answer.

    The answer unfolds after the guess, or after "Show me"; the reader's guess stays beside it, and is kept in the
    browser for the next visit. A fold in the text cell below the card (``<details>``) opens together with the answer: it
    is the place for the sentences that read the result aloud.

    Args:
        question: one or two sentences, with the marks of `armod.course.labs.markup`; no other card of the course asks the same.
        answer: what is guessed: `choices`, `number` or `curve`, of a computed value.
        reveal: what unfolds below the answer, one thing or a list of them: a picture of `armod.figures`, a sound or a lab, a
            text (an empty line ends a paragraph, lines between ``` stay as they are), or anything that `print` shows. The code stands above the card: a text
            in it must not tell the answer, an f-string with computed numbers does not.

    Returns:
        The output; as text it is the question.

    Raises:
        ValueError: if the question is empty or no answer was given, or a figure has no description.

    >>> from armod.course.labs import number, predict
    >>> passes = len("computed in the lesson")
    >>> print(predict("How many passes does it take?", number(passes, unit="passes", low=1, high=784, log=True)))
    A prediction: How many passes does it take? A number of passes from 1 to 784.
    """
    if not question.strip():
        raise ValueError("A prediction needs a question; got an empty text.")
    if not isinstance(answer, Answer):
        raise ValueError(
            f"predict needs its answer as choices(...), number(...) or curve(...); got {type(answer).__name__}."
        )
    parts = reveal if isinstance(reveal, Sequence) and not isinstance(reveal, str) else [reveal]
    unfolded = "".join(_as_html(part) for part in parts)
    key = hashlib.sha256(f"{answer.kind} {plain(question)}".encode()).hexdigest()[:12]
    _asked[key] = (question, answer)
    still = (
        f'<fieldset><legend><span class="number" aria-hidden="true">?</span> {inline(question)}</legend>\n'
        f'<details><summary>Show me</summary>\n<div class="answer">{answer.shown}</div>\n'
        f'<div class="reveal">{unfolded}</div></details></fieldset>'
    )
    is_drawn = answer.kind == "curve"
    script = "".join(
        [
            asset("sketch.js") if is_drawn else "",
            asset("prediction/verdict.js"),
            asset(f"prediction/{answer.kind}.js"),
            asset("prediction/card.js"),
        ]
    )
    output = page(
        script,
        {"key": key, "kind": answer.kind, **answer.data},
        still,
        label=f"A prediction: {plain(question)}",
        css=_styles() + (asset("prediction/curve.css") if is_drawn else ""),
        kind="armod-form armod-predict",
    )
    return Widget(output, f"A prediction: {plain(question)} {answer.asked}")


def predictions() -> Widget:
    """The look back at the foot of a lesson: each prediction of this kernel beside its answer, surprises marked.

    It follows the guesses that are made on the page, and shows no answer of a question that waits for its guess.

    Returns:
        The output; as text it is the number of the questions.

    >>> print(predictions())  # doctest: +SKIP
    How well you predicted: 9 questions of this lesson.
    """
    rows = [
        {"key": key, "kind": answer.kind, "question": inline(question), **answer.data}
        for key, (question, answer) in _asked.items()
    ]
    count = f"{len(rows)} question{'s' * (len(rows) != 1)} of this lesson."
    listed = "".join(f"<li>{row['question']}</li>" for row in rows)
    still = f'<p class="title">What you were asked to predict</p><ol>{listed}</ol>'
    if not rows:
        still = '<p class="title">Nothing was asked yet: run the cells of the lesson first.</p>'
    script = asset("prediction/verdict.js") + asset("prediction/foot.js")
    output = page(
        script,
        {"rows": rows},
        still,
        label="How well you predicted",
        css=_styles(),
        kind="armod-form armod-foot",
    )
    return Widget(output, f"How well you predicted: {count}")


def _as_html(part: Any) -> str:
    if isinstance(part, Widget):
        return part.html
    if isinstance(part, Picture) and part.description:
        return part.img()
    if isinstance(part, Figure):
        raise ValueError(
            "A figure that is revealed needs a description for those who do not see it: use one of armod.figures."
        )
    return paragraphs(part) if isinstance(part, str) else f"<pre>{escape(str(part))}</pre>"


def _styles() -> str:
    return asset("form.css") + asset("prediction/prediction.css")
