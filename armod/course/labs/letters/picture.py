"""The picture of the letters lab: what is written, and the bars of every next letter before and after the knobs."""

from __future__ import annotations

import numpy as np

from armod.course.labs.letters.facts import LettersFacts, say
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import wrapped


def letters_figure(facts: LettersFacts) -> Picture:
    """The text, and two bars for each symbol.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds a row for each symbol.
    """
    count = len(facts.symbols)
    with new_picture(9.6, 3.6) as picture:
        picture.set_label(facts.finding)
        picture.text(0.02, 0.93, facts.finding, size=14, weight="bold", va="center")
        for line, words in enumerate(wrapped(facts.detail, 9.2, 10)):
            picture.text(0.02, 0.855 - 0.055 * line, words, size=10, color=COLOURS["secondary"], va="center")
        text = "".join("".join(facts.symbols[level] for level in word) + " " for word in facts.words)
        shown = wrapped(text, 9, 11)[-1] or "…"
        picture.text(0.02, 0.7, shown, size=12, va="center", family="DejaVu Sans Mono")
        axes = picture.add_axes((0.07, 0.11, 0.91, 0.5), ylabel="probability", xlim=(-0.7, count - 0.3))
        levels = np.arange(count)
        axes.bar(levels - 0.2, facts.before, 0.4, color=COLOURS["kept"], label=say("before"))
        axes.bar(levels + 0.2, facts.after, 0.4, color=COLOURS["input"], label=say("after"))
        axes.bar(facts.next + 0.2, facts.after[facts.next], 0.4, color=COLOURS["output"], label=say("next"))
        axes.set_xticks(levels, [symbol.replace(" ", "␣").replace("\n", "⏎") for symbol in facts.symbols])
        axes.set_ylim(0, 1.25 * max(facts.before.max(), facts.after.max()))
        axes.legend(frameon=False, ncols=3, loc="upper right", fontsize=9)
        picture.describe(
            facts.description,
            {
                "symbol": list(facts.symbols),
                say("before"): facts.before.tolist(),
                say("after"): facts.after.tolist(),
            },
        )
    return picture
