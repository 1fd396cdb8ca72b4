"""Exercise 1: from L(p) to k/n and its curvature, each step a formula, compared by value and by proof."""

from __future__ import annotations

import cmath

import numpy as np
import sympy

from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
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

Known = list[tuple[str, str]]  # wrong formulas, and what to say


@likelihood_derivation.check("the likelihood of the tosses")
def likelihood_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """One factor a toss."""
    known = [
        (
            f"binomial(n, k) * {LIKELIHOOD}",
            "That is the probability of k ones in *any* order. Asked is that of the one sequence that was seen. (The "
            "factor in front does not depend on p: would it move the maximum?)",
        ),
        (LOG_LIKELIHOOD, "That is its logarithm already: the next step."),
        ("p**k", "The ones are there. Of what probability is a 0, and how many are there?"),
        ("p**k * (1 - p)**n", "How many of the n tosses are zeros?"),
        ("p**(n - k) * (1 - p)**k", "Are there k ones, or k zeros?"),
        (
            "k * p + (n - k) * (1 - p)",
            "You add. What is the probability that independent things *all* happen?",
        ),
        ("p**k + (1 - p)**(n - k)", "You add. What is the probability that independent things *all* happen?"),
        (
            "(k/n)**k * (1 - k/n)**(n - k)",
            "You have put the best p in already. Leave p free: we are looking for it.",
        ),
    ]
    _compare(
        _read(answer, "likelihood"), LIKELIHOOD, known, "Multiply five factors by hand: what do you get?"
    )


@likelihood_derivation.check("its logarithm")
def log_likelihood_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """A sum of two terms."""
    got = _read(answer, "log_likelihood")
    known = [
        (LIKELIHOOD, "That is the likelihood itself."),
        (
            "k * log(p) - (n - k) * log(1 - p)",
            "Look at the sign between the two terms: what becomes of a product?",
        ),
        ("k * log(p) + (n - k) * log(p)", "Look into the second logarithm: how likely is a 0?"),
        (f"({LOG_LIKELIHOOD}) / n", "That is its mean over the tosses. The sum is asked."),
        (f"-({LOG_LIKELIHOOD})", "That is the *negative* log-likelihood, which one would minimise."),
        (f"({LOG_LIKELIHOOD}) / log(2)", "That is in bits; the natural logarithm is asked."),
        (
            "log(p)**k * log(1 - p)**(n - k)",
            "You took the logarithm of each factor. What becomes of the product?",
        ),
        ("log(k * p) + log((n - k) * (1 - p))", "Where does an exponent go when you take the logarithm?"),
    ]
    own = _read(answer, "likelihood")
    if not _is_right(own, LIKELIHOOD) and agree(got, _logarithm(own), POINTS):
        raise Mistake(
            "This is the logarithm of your `likelihood`. Mend that one, and this one will follow from it."
        )
    _compare(got, LOG_LIKELIHOOD, known, "Is it the logarithm of the likelihood there?")


@likelihood_derivation.check("its derivative, the score")
def score_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The inner derivative of log(1 - p) is -1."""
    got = _read(answer, "score")
    known = [
        ("k / p + (n - k) / (1 - p)", "What is the inner derivative of log(1 - p)?"),
        (f"-({SCORE})", "It has the wrong sign: where p is too small, the log-likelihood must rise."),
        ("k / p", "That is the first term. Does the second one not depend on p?"),
        ("k / p - n / (1 - p)", "How many zeros are there in the second term?"),
        (SECOND, "That is the second derivative. The first one is asked."),
        (f"({LIKELIHOOD}) * ({SCORE})", "That is the derivative of the likelihood. Derive its logarithm."),
        (f"({SCORE}) / n", "That is the derivative of the mean. Derive the sum."),
        (
            "k - n * p",
            "That is 0 at the right place, but it is not the derivative: where did a denominator go?",
        ),
    ]
    own = _read(answer, "log_likelihood")
    if not _is_right(own, LOG_LIKELIHOOD) and _is_derivative(got, own):
        raise Mistake(
            "This is the derivative of your `log_likelihood`, which has a mistake. Mend that one first."
        )
    _compare(got, SCORE, known, "Is it the slope of the log-likelihood there?")


@likelihood_derivation.check("where the score is 0")
def maximiser_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The share of ones."""
    got = formula(answer.value("maximiser"), "`maximiser`", COIN)
    if "p" in got.names:
        raise Mistake(f"`maximiser` is {got}: it still holds p. Solve for p, so that only k and n are left.")
    known = [
        ("n / k", "That is above 1. Which way round?"),
        ("k", "That is a number of ones, not a probability."),
        ("1 - k / n", "That is the share of zeros."),
        ("k / (n - k)", "Those are the odds, ones to zeros. Go back one line: what is p?"),
        ("1 / 2", "It does not depend on what was seen."),
        ("(k + 1) / (n + 2)", "That is smoothed: a good idea, but not where *this* likelihood is largest."),
    ]
    _compare(got, MAXIMISER, known, "Put it into the score: do you get 0?", names="kn")


@likelihood_derivation.check("the curvature at the maximum", points=2)
def curvature_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Negative, so it is a maximum; and the more tosses, the sharper."""
    got = formula(answer.value("curvature"), "`curvature`", COIN)
    if "p" in got.names:
        if _is_right(got, SECOND):
            raise Mistake(
                "As a function of p this second derivative is right. Now take it at the maximum: p is no longer free there."
            )
        raise Mistake(f"`curvature` is {got}. At the maximum p is known: only k and n may be left.")
    known = [
        (f"-({CURVATURE})", "It has the wrong sign: with a positive curvature the point would be a minimum."),
        (
            f"-1 / ({CURVATURE})",
            "That is one over it: the square of the standard error. The curvature itself is asked.",
        ),
        (f"1 / ({CURVATURE})", "That is one over the curvature."),
        ("0", "That is the slope there. How does the slope change?"),
        (f"({CURVATURE}) / n", "That is the curvature of the mean. Asked is that of the sum."),
        ("-n**2 / k + n**2 / (n - k)", "What is the derivative of 1 / (1 - p)? Mind the inner derivative."),
        ("-n / (k * (1 - k))", "You have put k in for p. What is the maximiser?"),
    ]
    _compare(got, CURVATURE, known, "Take the second derivative, then put the maximiser in.", names="kn")


POINTS = points(COIN, np.random.default_rng(43))
EXAMPLE = {"p": 0.25, "k": 2.0, "n": 5.0}


def _read(answer: Answer, name: str) -> Formula:
    return formula(answer.value(name), f"`{name}`", COIN)


def _is_right(got: Formula, right: str) -> bool:
    due = formula(right, "it", COIN)
    return agree(got, due, POINTS) and is_same(got, due, COIN)


def _compare(got: Formula, right: str, known: Known, question: str, *, names: str = "pkn") -> None:
    """Raise Mistake unless the formula is the right one; ``known`` are wrong ones, the commonest first."""
    if _is_right(got, right):
        return
    for wrong, message in known:
        if agree(got, formula(wrong, "it", COIN), POINTS):
            raise Mistake(f"You say {got}. {message}")
    if agree(got, formula(right, "it", COIN), POINTS):
        raise Mistake(
            f"You say {got}. It is right at {len(POINTS)} points, up to rounding, but it can't be shown to be right "
            f"everywhere. Write it more simply; round no number."
        )
    value = got.at(EXAMPLE)
    seen = f"{value.real:.4g}" if abs(value.imag) < 1e-9 else f"{value:.4g}"
    where = ", ".join(f"{name} = {EXAMPLE[name]:g}" for name in names)
    raise Mistake(
        f"You say {got}. With {where} that is {seen if cmath.isfinite(value) else 'no number'}. {question}"
    )


def _logarithm(of: Formula) -> Formula:
    return formula(f"log({of})", "it", COIN)


def _is_derivative(got: Formula, of: Formula) -> bool:
    """Whether it is the slope in p, by differences."""
    step = 1e-6
    for at in POINTS:
        higher, lower = (of.at({**at, "p": at["p"] + side}) for side in (step, -step))
        if not abs(got.at(at) - (higher - lower) / (2 * step)) <= 1e-4 * max(1, abs(got.at(at))):
            return False
    return True
