"""Exercise 1: from L(p) to k/n and its curvature, each step a formula, compared by value and by proof."""

from __future__ import annotations

import cmath
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from armod.course.exercises import Answer, Asked, Exercise, Mistake
from armod.course.exercises.engine.asked import Wrong
from armod.course.exercises.engine.symbolic import Domain, Formula, agree, formula, is_same, points

likelihood_derivation = Exercise(
    name="likelihood-derivation",
    number=1,
    title="Derive the best coin",
    difficulty="easy",
    minutes=8,
    names=("likelihood", "log_likelihood", "score", "maximiser", "curvature"),
    hints=(
        "Write down the probability of 1, 1, 0, 0, 0 as a product of five factors. Which factors are equal?",
        "The logarithm turns the product into a sum of two terms. In the derivative of log(1 - p) mind the inner "
        "derivative. Then set the score to 0 and bring both fractions over one denominator.",
        "`sympy.log(...)`, `sympy.diff(formula, p)`, `sympy.solve(score, p)` and `formula.subs(p, maximiser)` do the same as "
        "your pencil. Derive the score once more, and then put the maximiser in for p.",
    ),
)
_u, _v, _w = sympy.symbols("u v w")
COIN: Domain = {"p": _u / (1 + _u), "k": _v, "n": _v + _w}  # 0 < p < 1 and 0 < k < n
LIKELIHOOD = "p**k * (1 - p)**(n - k)"
LOG_LIKELIHOOD = "k * log(p) + (n - k) * log(1 - p)"
SCORE = "k / p - (n - k) / (1 - p)"
MAXIMISER = "k / n"
SECOND = "-k / p**2 - (n - k) / (1 - p)**2"
CURVATURE = "-n**3 / (k * (n - k))"
POINTS = points(COIN, np.random.default_rng(43))
EXAMPLE = {"p": 0.25, "k": 2.0, "n": 5.0}


def likelihood() -> str:
    """One factor a toss."""
    return LIKELIHOOD


def log_likelihood() -> str:
    """A sum of two terms."""
    return LOG_LIKELIHOOD


def score() -> str:
    """The inner derivative of log(1 - p) is -1."""
    return SCORE


def maximiser() -> str:
    """The share of ones."""
    return MAXIMISER


def curvature() -> str:
    """Negative, so it is a maximum; and the more tosses, the sharper."""
    return CURVATURE


def _asks(right: Any, wrong: Mapping[str, Wrong], otherwise: str, names: str = "pkn") -> Asked:
    """Formulas are the same if they agree at some points; that they are the same everywhere is `_examine`'s affair."""

    def seen(got: Formula, _: str) -> str:
        value = got.at(EXAMPLE)
        number = f"{value.real:.4g}" if abs(value.imag) < 1e-9 else f"{value:.4g}"
        where = ", ".join(f"{name} = {EXAMPLE[name]:g}" for name in names)
        return f"With {where} that is {number if cmath.isfinite(value) else 'no number'}. {otherwise}"

    return likelihood_derivation.asks(
        right,
        own=lambda student: (),
        read=lambda reply, what, _: formula(reply, what, COIN),
        same=lambda first, second: agree(_formula(first), _formula(second), POINTS),
        wrong=wrong,
        otherwise=seen,
    )


asked_likelihood = _asks(
    likelihood,
    {
        "That is the probability of k ones in *any* order. The question asks for that of the one sequence that was seen. (The factor in front does not depend on p: would it move the maximum?)": f"binomial(n, k) * {LIKELIHOOD}",
        "That is its logarithm already: the next step.": LOG_LIKELIHOOD,
        "The ones are there. How likely is a 0, and how many zeros are there?": "p**k",
        "How many of the n tosses are zeros?": "p**k * (1 - p)**n",
        "Are there k ones, or k zeros?": "p**(n - k) * (1 - p)**k",
        "You add. What is the probability that independent things *all* happen?": ("k * p + (n - k) * (1 - p)", "p**k + (1 - p)**(n - k)"),
        "You have put the best p in already. Leave p free: we are looking for it.": "(k/n)**k * (1 - k/n)**(n - k)",
    },
    "Multiply five factors by hand: what do you get?",
)  # fmt: skip
asked_log_likelihood = _asks(
    log_likelihood,
    {
        "That is the likelihood itself.": LIKELIHOOD,
        "Look at the sign between the two terms: what becomes of a product?": "k * log(p) - (n - k) * log(1 - p)",
        "Look into the second logarithm: how likely is a 0?": "k * log(p) + (n - k) * log(p)",
        "That is its mean over the tosses. The sum is asked for.": f"({LOG_LIKELIHOOD}) / n",
        "That is the *negative* log-likelihood, which one would minimise.": f"-({LOG_LIKELIHOOD})",
        "That is in bits; the natural logarithm is asked for.": f"({LOG_LIKELIHOOD}) / log(2)",
        "You took the logarithm of each factor. What becomes of the product?": "log(p)**k * log(1 - p)**(n - k)",
        "Where does an exponent go when you take the logarithm?": "log(k * p) + log((n - k) * (1 - p))",
    },
    "Is it the logarithm of the likelihood there?",
)  # fmt: skip
asked_score = _asks(
    score,
    {
        "What is the inner derivative of log(1 - p)?": "k / p + (n - k) / (1 - p)",
        "It has the wrong sign: where p is too small, the log-likelihood must rise.": f"-({SCORE})",
        "That is the first term. Does the second one not depend on p?": "k / p",
        "How many zeros are there in the second term?": "k / p - n / (1 - p)",
        "That is the second derivative. The first one is asked for.": SECOND,
        "That is the derivative of the likelihood. Derive its logarithm.": f"({LIKELIHOOD}) * ({SCORE})",
        "That is the derivative of the mean. Derive the sum.": f"({SCORE}) / n",
        "That is 0 at the right place, but it is not the derivative: where did a denominator go?": "k - n * p",
    },
    "Is it the slope of the log-likelihood there?",
)  # fmt: skip
asked_maximiser = _asks(
    maximiser,
    {
        "That is above 1. Which way round?": "n / k",
        "That is a number of ones, not a probability.": "k",
        "That is the share of zeros.": "1 - k / n",
        "Those are the odds, ones to zeros. Go back one line: what is p?": "k / (n - k)",
        "It does not depend on what was seen.": "1 / 2",
        "That is smoothed: a good idea, but not where *this* likelihood is largest.": "(k + 1) / (n + 2)",
    },
    "Put it into the score: do you get 0?",
    names="kn",
)  # fmt: skip
asked_curvature = _asks(
    curvature,
    {
        "It has the wrong sign: with a positive curvature the point would be a minimum.": f"-({CURVATURE})",
        "That is one over it: the square of the standard error. The curvature itself is asked for.": f"-1 / ({CURVATURE})",
        "That is one over the curvature.": f"1 / ({CURVATURE})",
        "That is the slope there. How does the slope change?": "0",
        "That is the curvature of the mean. The question asks for that of the sum.": f"({CURVATURE}) / n",
        "What is the derivative of 1 / (1 - p)? Mind the inner derivative.": "-n**2 / k + n**2 / (n - k)",
        "You have put k in for p. What is the maximiser?": "-n / (k * (1 - k))",
    },
    "Take the second derivative, then put the maximiser in.",
    names="kn",
)  # fmt: skip


@likelihood_derivation.check("the likelihood of the tosses")
def likelihood_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The first formula stands on nothing else."""
    _examine(asked_likelihood, answer, generator)


@likelihood_derivation.check("its logarithm")
def log_likelihood_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """If it is that of a wrong likelihood, only the likelihood is to mend."""
    got, own = asked_log_likelihood.reply(answer), asked_likelihood.reply(answer)
    if not _is_right(own, LIKELIHOOD) and agree(got, _logarithm(own), POINTS):
        raise Mistake(
            "This is the logarithm of your `likelihood`. Mend that one, and this one will follow from it."
        )
    _examine(asked_log_likelihood, answer, generator)


@likelihood_derivation.check("its derivative, the score")
def score_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The same for the log-likelihood."""
    got, own = asked_score.reply(answer), asked_log_likelihood.reply(answer)
    if not _is_right(own, LOG_LIKELIHOOD) and _is_derivative(got, own):
        raise Mistake(
            "This is the derivative of your `log_likelihood`, which has a mistake. Mend that one first."
        )
    _examine(asked_score, answer, generator)


@likelihood_derivation.check("where the score is 0")
def maximiser_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """A formula in k and n only."""
    got = asked_maximiser.reply(answer)
    if "p" in got.names:
        raise Mistake(f"`maximiser` is {got}: it still holds p. Solve for p, so that only k and n are left.")
    _examine(asked_maximiser, answer, generator)


@likelihood_derivation.check("the curvature at the maximum", points=2)
def curvature_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """A formula in k and n only."""
    got = asked_curvature.reply(answer)
    if "p" in got.names:
        if _is_right(got, SECOND):
            raise Mistake(
                "As a function of p this second derivative is right. Now take it at the maximum: p is no longer free there."
            )
        raise Mistake(f"`curvature` is {got}. At the maximum p is known: only k and n may be left.")
    _examine(asked_curvature, answer, generator)


def _examine(asked: Asked, answer: Answer, generator: np.random.Generator) -> None:
    got, right = asked.reply(answer), asked.right()
    if _is_right(got, right):
        return
    if agree(got, _formula(right), POINTS):
        raise Mistake(
            f"You say {got}. It is right at {len(POINTS)} points, up to rounding, but it can't be shown to be right "
            f"everywhere. Write it more simply; round no number."
        )
    raise Mistake(f"You say {got}. {asked.why(answer, generator)}")


def _formula(of: str | Formula) -> Formula:
    return formula(of, "it", COIN) if isinstance(of, str) else of


def _is_right(got: Formula, right: str) -> bool:
    due = _formula(right)
    return agree(got, due, POINTS) and is_same(got, due, COIN)


def _logarithm(of: Formula) -> Formula:
    return _formula(f"log({of})")


def _is_derivative(got: Formula, of: Formula) -> bool:
    """Whether it is the slope in p, by differences."""
    step = 1e-6
    for at in POINTS:
        higher, lower = (of.at({**at, "p": at["p"] + side}) for side in (step, -step))
        if not abs(got.at(at) - (higher - lower) / (2 * step)) <= 1e-4 * max(1, abs(got.at(at))):
            return False
    return True
