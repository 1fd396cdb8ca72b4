"""The picture of the KL lab: p and q, what each level adds to the two divergences, and the loss in its two parts."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from armod.course.labs.kl.facts import LEVELS, KLFacts, say
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import wrapped

HIGHEST = 0.28  # of the axis of probabilities: the narrowest bell just fits, unless an edge cuts it off
LEAST_TERMS = 0.05  # of the axis of terms, so that tiny ones look tiny


def kl_figure(facts: KLFacts) -> Picture:
    """The source as bars, the bell as a curve, and three rows of what they cost each other.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds a row for each level.

    >>> kl_figure(KLFacts.at_least(1, 40, 15)).get_label()
    'Least KL(q‖p) collapses onto the first heap: the loss is 13.362 nats'
    """
    levels = np.arange(LEVELS)
    p, q = np.exp(facts.log_p), np.exp(facts.log_q)
    with new_picture(10, 6.2) as picture:
        picture.set_label(facts.finding)
        picture.text(0.02, 0.955, facts.finding, size=14, weight="bold", va="center")
        for line, words in enumerate(wrapped(facts.detail, 9.6, 10)):
            picture.text(0.02, 0.912 - 0.028 * line, words, size=10, color=COLOURS["secondary"], va="center")
        upper = picture.add_axes(
            (0.11, 0.51, 0.87, 0.33), ylim=(0, max(HIGHEST, 1.05 * peak(facts))), ylabel="probability"
        )
        upper.bar(levels, p, 0.86, color=COLOURS["field"], label=say("p"))
        upper.plot(levels, q, color=COLOURS["output"], linewidth=2.2, label=say("q"))
        upper.plot(facts.mean, peak(facts), "o", color=COLOURS["output"], markeredgecolor=COLOURS["ink"], markersize=8)  # fmt: skip
        upper.legend(frameon=False, loc="upper right")
        for bottom, terms, words, colour in (
            (0.315, facts.terms[0], say("forward_terms", sum=facts.forward), "input"),
            (0.175, facts.terms[1], say("reverse_terms", sum=facts.reverse), "output"),
        ):
            axes = picture.add_axes((0.11, bottom, 0.87, 0.09))
            axes.set_title(words, size=10)
            axes.bar(levels, terms, 0.86, color=COLOURS[colour])
            axes.set_ylim(*terms_range(terms))
            axes.axhline(0, color=COLOURS["secondary"], linewidth=0.8)
        for axes in picture.axes:
            axes.set(xlim=(-0.6, LEVELS - 0.4), xticks=range(0, LEVELS, 4))
            axes.tick_params(labelbottom=axes is upper)
        _draw_bars(picture.add_axes((0.11, 0.01, 0.87, 0.13)), facts)
        picture.describe(
            facts.description,
            {
                "level": levels.tolist(),
                "p": p.tolist(),
                "q": q.tolist(),
                say("forward_term"): facts.terms[0].tolist(),
                say("reverse_term"): facts.terms[1].tolist(),
            },
        )
    return picture


def peak(facts: KLFacts) -> float:
    """The height of q's curve over its mean, which may lie between levels."""
    height: float = np.exp(facts.log_q).max()
    nearest = int(facts.log_q.argmax())
    return float(height * np.exp(((nearest - facts.mean) / facts.width) ** 2 / 2))


def terms_range(terms: np.ndarray) -> tuple[float, float]:
    """The axis of a row of terms: all of them, and a quarter of it below 0."""
    top = max(LEAST_TERMS, float(terms.max()), -3 * float(terms.min()))
    return -top / 3, 1.05 * top


def _draw_bars(axes: Axes, facts: KLFacts) -> None:
    """The loss in its two parts, and the other divergence, each under its words."""
    values = {
        "loss": facts.loss,
        "entropy": facts.entropy,
        "forward": facts.forward,
        "reverse": facts.reverse,
    }
    axes.set(xlim=(0, max(4.0, facts.loss, facts.reverse)), ylim=(4, 0))
    axes.set_axis_off()
    axes.text(0, 0.45, say("loss", **values), size=10, va="center")
    axes.barh(1.35, facts.entropy, 0.8, color=COLOURS["kept"])
    axes.barh(1.35, facts.forward, 0.8, facts.entropy, color=COLOURS["input"])
    axes.text(0, 2.45, say("other", **values), size=10, va="center")
    axes.barh(3.35, facts.reverse, 0.8, color=COLOURS["output"])
