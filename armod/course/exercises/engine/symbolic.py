"""Formulas as answers: read them without running them, compare them by value and then by proof, never by their text.

A learner's formula arrives as text: what `str` says of a sympy expression. sympy's own parser runs what it reads
(`eval`), so the text is read here through Python's syntax tree, and only arithmetic of bounded size is let through.
Two formulas are the same if they agree at random points *and* their difference is proved to be 0
(`armod.course.exercises.engine.identity`). The first finds every honest mistake and costs nothing; the second cannot be fooled by a
term too small to be seen.
"""

from __future__ import annotations

import ast
import cmath
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from armod.course.exercises.engine.answer import Handle
from armod.course.exercises.engine.identity import MAX_POWER, Atoms, TooStrange, is_zero
from armod.course.exercises.engine.reading import Mistake
from armod.course.exercises.engine.showing import shown

MAX_TEXT = 400  # characters of a formula
LONG_TEXT = 150  # characters from which a sympy expression is simplified before it is read
MAX_DEPTH = 40
MAX_DEGREE = 48  # names, each as often as its power says: a bound for the degree of every polynomial
MAX_DIGITS = 40  # of a number anywhere
NUM_POINTS = 6
TOLERANCE = 1e-9

Domain = Mapping[str, sympy.Expr]
"""What each name may be, as a quotient of polynomials in positive symbols: ``{"p": u / (1 + u)}`` is all from 0 to 1.

The polynomials have positive coefficients, so that logarithms and powers may be taken apart without asking.
"""

_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_NUMERIC: dict[str, Callable[..., Any]] = {
    "pow": operator.pow,
    "log": cmath.log,
    "exp": cmath.exp,
    "sqrt": cmath.sqrt,
    "binomial": lambda n, k: _gamma(n + 1) / (_gamma(k + 1) * _gamma(n - k + 1)),
}
_NUM_ARGUMENTS = {"log": 1, "exp": 1, "sqrt": 1, "binomial": 2}


@dataclass(frozen=True)
class Formula:
    """Arithmetic in the names of a domain, read and found harmless."""

    tree: ast.expr
    names: frozenset[str]  # that occur in it

    def at(self, values: Mapping[str, complex]) -> complex:
        """The value where the names have these values; NaN where there is none that a float can hold."""
        try:
            complexes = {name: complex(value) for name, value in values.items()}
            return complex(self.worked_out(complexes, _NUMERIC, complex))  # whole numbers could grow for ever
        except (ArithmeticError, ValueError):
            return complex(math.nan)

    def worked_out(
        self,
        names: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
        number: Callable[[int | float], Any],
    ) -> Any:
        """The value in whatever algebra the names, the functions ("pow" among them) and the numbers live."""
        return _worked_out(self.tree, names, functions, number)

    def __str__(self) -> str:
        return ast.unparse(self.tree)


def formula(reply: Any, what: str, domain: Domain) -> Formula:
    """The reply as a formula.

    Args:
        reply: a sympy expression, a text, or a number; or a list or set that holds one.
        what: how messages call the reply.
        domain: the names that may stand in it, and what they are.

    Returns:
        The formula.

    Raises:
        Mistake: if it is anything else, is too large, or holds what is no arithmetic.
    """
    if isinstance(reply, list | tuple) and len(reply) == 1:
        return formula(reply[0], what, domain)  # all solutions of an equation that has one
    if isinstance(reply, Handle):
        text, kind = reply.call("__str__"), f"a {reply.kind}"
        if isinstance(text, str) and len(text) > LONG_TEXT and reply.kind in ("Add", "Mul", "Pow"):
            text = reply.call("simplify").call("__str__")  # by sympy itself, where the learner's code runs
        reply = text
    else:
        kind = shown(reply)
    if isinstance(reply, int | float) and not isinstance(reply, bool):
        reply = repr(reply)
    if isinstance(reply, list | tuple) and reply:
        raise Mistake(f"{what} is {kind}, which has {len(reply)} parts. One formula is due: which of them?")
    if not isinstance(reply, str):
        raise Mistake(f"{what} is {kind}; a formula in {_listed(domain)} is due.")
    if len(reply) > MAX_TEXT:
        raise Mistake(f"{what} has {len(reply)} characters. That is too long to be read: simplify it.")
    try:
        tree = ast.parse(reply.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise Mistake(
            f"{what} is {kind if kind.startswith('a ') else shown(reply)}, which is no formula. Write it with the symbols "
            f"{_listed(domain)} and + - * / **, `sympy.log` and `sympy.exp`."
        ) from None
    if isinstance(tree, ast.Set | ast.List | ast.Tuple) and len(tree.elts) == 1:
        (tree,) = tree.elts
    found = _Reader(what, domain)
    found.read(tree)
    return Formula(tree, frozenset(found.names))


def points(domain: Domain, generator: np.random.Generator) -> list[dict[str, complex]]:
    """Random values of the domain's names, at which formulas are compared."""
    symbols = sorted(
        {symbol for expression in domain.values() for symbol in expression.free_symbols}, key=str
    )
    drawn = [
        dict(zip(symbols, generator.uniform(0.4, 2.5, len(symbols)), strict=True)) for _ in range(NUM_POINTS)
    ]
    return [{name: complex(expression.subs(at)) for name, expression in domain.items()} for at in drawn]


def agree(first: Formula, second: Formula, at: Sequence[Mapping[str, complex]]) -> bool:
    """Whether two formulas have the same values at these points, up to rounding."""
    pairs = [(first.at(values), second.at(values)) for values in at]
    return all(abs(a - b) <= TOLERANCE * max(1, abs(a), abs(b)) for a, b in pairs)  # False for NaN


def is_same(first: Formula, second: Formula, domain: Domain) -> bool:
    """Whether it can be proved that two formulas are the same everywhere in the domain.

    Args:
        first: a formula.
        second: another one. Ask `agree` about both first.
        domain: the names in them, and what they are.

    Returns:
        True, which is a proof, or False, which may mean that the two are too strange.

    >>> u = sympy.Symbol("u")
    >>> first, second = (formula(text, "it", {"p": u / (1 + u)}) for text in ("log(1/p - 1)", "log(1 - p) - log(p)"))
    >>> is_same(first, second, {"p": u / (1 + u)})
    True
    """
    atoms = Atoms()
    try:
        values = [each.worked_out(domain, atoms.functions, _exact) for each in (first, second)]
        return is_zero(values[0] - values[1])
    except (TooStrange, ArithmeticError, sympy.PolynomialError):
        return False


class _Reader:
    """Walks a tree, refuses all but arithmetic of bounded size, and notes the names."""

    def __init__(self, what: str, domain: Domain) -> None:
        self.what, self.domain = what, domain
        self.names: set[str] = set()
        self.degree = 0.0

    def read(self, node: ast.expr, depth: int = 0, power: float = 1) -> None:
        """Raise Mistake at the first thing that is not allowed; `power` is what the node will be raised to."""
        if depth > MAX_DEPTH:
            raise Mistake(f"{self.what} is nested more than {MAX_DEPTH} levels deep: simplify it.")
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                if not math.isfinite(number) or len(str(Fraction(str(number)))) > MAX_DIGITS:
                    raise Mistake(f"{self.what} holds a number that is too long or too large.")
                parts: list[ast.expr] = []
            case ast.Name(id=name):
                if name not in self.domain:
                    raise Mistake(f"{self.what} holds `{name}`; it is a formula in {_listed(self.domain)}.")
                self.names.add(name)
                self.degree += power
                parts = []
            case ast.BinOp(op=ast.BitXor()):
                raise Mistake(f"{self.what} holds a `^`. A power is written `**` in Python.")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in (*_OPERATORS, ast.Pow):
                parts = [left, right]
                if isinstance(op, ast.Pow):
                    power *= self._power(right)
                    if power > MAX_POWER:
                        raise Mistake(f"{self.what} holds a power above {MAX_POWER}: write it more simply.")
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
                parts = [operand]
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if _NUM_ARGUMENTS.get(name) == len(
                args
            ):
                parts = args
            case _:
                raise Mistake(
                    f"{self.what} holds `{ast.unparse(node)[:40]}`. Allowed are {_listed(self.domain)}, numbers, + - * / ** "
                    f"and {', '.join(_NUM_ARGUMENTS)}."
                )
        if self.degree > MAX_DEGREE:
            raise Mistake(f"{self.what} is too long to be compared: simplify it.")
        for part in parts:
            self.read(part, depth + 1, power)

    def _power(self, exponent: ast.expr) -> float:
        """How much a power multiplies degrees: at least 1, and 1 for a symbolic one, which stays as it is."""
        if any(isinstance(node, ast.Name) and node.id in self.domain for node in ast.walk(exponent)):
            return 1
        value = Formula(exponent, frozenset()).at({})
        return max(1, abs(value)) if cmath.isfinite(value) else math.inf


def _worked_out(
    node: ast.expr,
    names: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    number: Callable[[int | float], Any],
) -> Any:
    def value(part: ast.expr) -> Any:
        return _worked_out(part, names, functions, number)

    match node:
        case ast.Constant(value=int() | float() as literal):
            return number(literal)
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(op=op, operand=operand):
            return _OPERATORS[type(op)](value(operand))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return functions["pow"](value(left), value(right))
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](value(left), value(right))
        case ast.Call(func=ast.Name(id=name), args=args):
            return functions[name](*map(value, args))
    raise TypeError(f"{ast.dump(node)} has not been read.")


def _exact(number: int | float) -> sympy.Expr:
    """0.1 means a tenth."""
    return sympy.Rational(str(Fraction(str(number))))


def _gamma(x: complex) -> float:
    if x.imag or x.real <= 0:
        raise ValueError("binomial coefficients of positive numbers only")
    return math.gamma(x.real)


def _listed(domain: Domain) -> str:
    *most, last = (f"`{name}`" for name in domain)
    return f"{', '.join(most)} and {last}" if most else last
