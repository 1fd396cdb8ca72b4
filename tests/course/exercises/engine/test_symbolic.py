"""Formulas are read without being run, compared by value and by proof, and neither takes long whatever is written."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from armod.course.exercises import Mistake
from armod.course.exercises.engine.answer import Answer, InProcess
from armod.course.exercises.engine.symbolic import Domain, Formula, agree, formula, is_same, points

_u, _v, _w = sympy.symbols("u v w")
COIN: Domain = {"p": _u / (1 + _u), "k": _v, "n": _v + _w}
POINTS = points(COIN, np.random.default_rng(0))
P, K, N = sympy.symbols("p k n", positive=True)


def read(text: Any) -> Formula:
    return formula(text, "it", COIN)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("p**k * (1-p)**(n-k)", "(1-p)**n * (p/(1-p))**k"),
        ("p**k * (1-p)**(n-k)", "exp(k*log(p) + (n-k)*log(1-p))"),
        ("p**k * (1-p)**(n-k)", "(1/p - 1)**(n-k) * p**n"),
        ("k*log(p) + (n-k)*log(1-p)", "log(p**k * (1-p)**(n-k))"),
        ("k*log(p) + (n-k)*log(1-p)", "n*log(1-p) - k*log(1/p - 1)"),
        ("k*log(p) + (n-k)*log(1-p)", "0.5*log(p**2)*k + n*log(1-p) - k*log(1-p)"),
        ("k/p - (n-k)/(1-p)", "(k - n*p) / (p - p**2)"),
        ("k/n", "sqrt(k**2 / n**2)"),
        ("k/n", "k * (n**2)**(1/2) / n**2"),
        ("-n**3 / (k*(n-k))", "-k/(k/n)**2 - (n-k)/(1-k/n)**2"),
        ("log(n, )", "log(n/k) + log(k)"),
    ],
)
def test_one_formula_in_two_forms(first: str, second: str) -> None:
    assert agree(read(first), read(second), POINTS)
    assert is_same(read(first), read(second), COIN)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("k/n", "k/n + p**12 * (1-p)**12 / 10**12"),
        ("k/n", "k/n + 1/99999999999999999999"),
        ("k/n", "k/n + p**(99999999999*n)"),
        ("log(p)", "log(p + 1/10**12)"),
        ("k/n", "k/n * sqrt((p - 1/1000)**2) / (p - 1/1000)"),  # its sign changes where no point lies
        ("k/n", "k/n * sqrt((log(p) + 9)**2) / (log(p) + 9)"),
    ],
)
def test_a_term_too_small_for_points_is_found_by_the_proof(first: str, second: str) -> None:
    assert agree(read(first), read(second), POINTS)
    assert not is_same(read(first), read(second), COIN)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("k/n", "n/k"),
        ("log(1-p)", "-log(p)"),
        ("k/p + (n-k)/(1-p)", "k/p - (n-k)/(1-p)"),
        ("log(p-1)", "log(1-p)"),
    ],
)
def test_different_formulas_differ_at_the_points(first: str, second: str) -> None:
    assert not agree(read(first), read(second), POINTS)
    assert not is_same(read(first), read(second), COIN)


def trees() -> st.SearchStrategy[sympy.Expr]:
    leaves = st.sampled_from([P, K, N, 1 - P, N - K, sympy.Integer(2), sympy.Rational(1, 3)])
    return st.recursive(
        leaves,
        lambda inner: st.builds(lambda a, b, f: f(a, b), inner, inner, st.sampled_from(FOLDS)),
        max_leaves=3,
    )


FOLDS = [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (1 + b**2)]


@given(trees())
@settings(max_examples=40, deadline=None)
def test_what_sympy_prints_is_read_as_what_it_means(tree: sympy.Expr) -> None:
    got = read(str(tree))
    for at in POINTS[:2]:
        value = complex(tree.subs({P: at["p"], K: at["k"], N: at["n"]}))
        assert abs(got.at(at) - value) <= 1e-9 * max(1, abs(value))
    assert is_same(got, read(str(sympy.factor(tree))), COIN)


def test_a_sympy_expression_is_asked_for_its_text() -> None:
    answer = Answer(
        InProcess(
            {"mine": K * sympy.log(P), "one_of_one": [K / N], "both": [K, N], "numbers": 3, "code": read}
        )
    )
    assert agree(read(answer.value("mine")), read("k*log(p)"), POINTS)
    assert read(answer.value("numbers")).at({}) == 3
    assert agree(read(answer.value("one_of_one")), read("k / n"), POINTS)
    assert agree(read("{k / n}"), read("k / n"), POINTS)
    for name, words in (("both", "2 parts"), ("code", "no formula")):
        with pytest.raises(Mistake, match=words):
            read(answer.value(name))


def test_a_long_sympy_expression_is_simplified_where_it_was_made() -> None:
    long = sympy.Add(*((K + i) * P - K * P - i * P for i in range(40)), K, evaluate=False)
    answer = Answer(InProcess({"long": long}))
    assert len(str(long)) > 400 and agree(read(answer.value("long")), read("k"), POINTS)


def test_what_has_no_value_is_nan() -> None:
    for text in ("1/(p-p)", "log(0)", "n**n**n**n", "binomial(-k, n)"):
        assert math.isnan(read(text).at({"p": 0.5, "k": 200, "n": 500}).real)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("__import__('os').system('true')", "Allowed are"),
        ("().__class__", "Allowed are"),
        ("p.q", "Allowed are"),
        ("[k for k in n]", "Allowed are"),
        ("lambda: 1", "Allowed are"),
        ("k if p else n", "Allowed are"),
        ("log(p, 2)", "Allowed are"),
        ("exec('p')", "Allowed are"),
        ("True", "Allowed are"),
        ("'p'", "Allowed are"),
        ("1j", "Allowed are"),
        ("p^k", r"written `\*\*`"),
        ("x + 1", "holds `x`"),
        ("log", "holds `log`"),
        ("k/n +", "no formula"),
        ("p\0", "no formula"),
        ("1e999", "too long or too large"),
        ("9" * 60, "too long or too large"),
        ("9**9**9", "power above"),
        ("((9**9)**9)**9", "power above"),
        ("p**10000", "power above"),
        ("+".join("(p+k+n)**4" for _ in range(9)), "too long to be compared"),
        ("-" * 300 + "p", "nested more than"),
        ("p" * 500, "500 characters"),
        (None, "it is None"),
        (True, "it is True"),
        ([], "a formula in"),
        (np.array([1.0]), "a formula in"),
    ],
    ids=range(28),
)
def test_anything_else_is_refused_in_words(text: Any, words: str) -> None:
    with pytest.raises(Mistake, match=words):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "k/n + p**(n-n+9**12)",
        "k/n + 9**(n-n+9**12)",
        "k/n + ((p+k+n+3)**3/(p+k+n+1)**3)/10**12",
        "log(log(p))",
        "exp(exp(p))",
        "exp(1)",
        "1/(n-n)",
        "log(k-k)",
        "log(p-1)",
        "p**p + log(p+k*n+3)*k**(p/n)",
        "binomial(n, k)",
    ],
)
def test_strange_formulas_are_not_proved_and_take_no_time(text: str) -> None:
    begun = time.process_time()
    assert not is_same(read(text), read("k/n"), COIN)
    assert time.process_time() - begun < 5
