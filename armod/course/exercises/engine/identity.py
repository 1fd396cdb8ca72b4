"""Prove that two formulas are the same: both become quotients of polynomials, and those have one reduced form.

Logarithms and powers with symbols in the exponent are taken apart until each is made of *atoms*: the logarithm of one
irreducible polynomial, or one such polynomial to the power of one monomial. Different atoms know nothing of each
other, so each counts as a symbol of its own. What remains are polynomials, and whether one of those is 0 is
decided by exact arithmetic. General simplification (`sympy.simplify`) would look further, and may look for hours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy

MAX_POWER = 12  # above it polynomials take long to reduce


class TooStrange(Exception):
    """A formula that can't be taken apart in this way, such as the logarithm of a logarithm."""


class Atoms:
    """The algebra in which `armod.course.exercises.engine.symbolic.Formula` is worked out for a proof; one for all that is compared.

    Every symbol stands for a positive number, and so does every polynomial whose logarithm or power is taken.
    """

    def __init__(self) -> None:
        self._logs: dict[sympy.Expr, sympy.Symbol] = {}
        self._powers: dict[tuple[sympy.Expr, sympy.Expr], sympy.Symbol] = {}

    @property
    def functions(self) -> Mapping[str, Callable[..., sympy.Expr]]:
        """What each name of a function does here."""
        return {"log": self.log, "exp": self.exp, "sqrt": self.sqrt, "binomial": _refused, "pow": self.power}

    def log(self, x: sympy.Expr) -> sympy.Expr:
        """The sum of the logarithms of the factors of x."""
        return sum(
            (exponent * self._log_of(factor) for factor, exponent in self._factors(x)), sympy.Integer(0)
        )

    def exp(self, x: sympy.Expr) -> sympy.Expr:
        """The product of one power for each logarithm in x."""
        logs = {symbol: polynomial for polynomial, symbol in self._logs.items()}
        product = sympy.Integer(1)
        for term in _terms(x):
            found = [symbol for symbol in logs if term.has(symbol)]
            if len(found) != 1:
                raise TooStrange
            product *= self.power(logs[found[0]], sympy.cancel(term / found[0]))
        return product

    def sqrt(self, x: sympy.Expr) -> sympy.Expr:
        """The power 1/2."""
        return self.power(x, sympy.Rational(1, 2))

    def power(self, x: sympy.Expr, y: sympy.Expr) -> sympy.Expr:
        """The power x ** y, one atom for each factor of x and each term of y."""
        if y.is_Integer:
            return _small_power(x, y)
        product = sympy.Integer(1)
        for factor, exponent in self._factors(x):
            for term in _terms(exponent * y):
                coefficient, monomial = term.as_coeff_Mul()
                if not coefficient.is_Integer:
                    coefficient, monomial = coefficient.p, monomial / coefficient.q
                if monomial == 1:
                    product *= _small_power(factor, coefficient)
                else:
                    atom = self._powers.setdefault((factor, monomial), sympy.Dummy("power"))
                    product *= _small_power(atom, coefficient)
        return product

    def _log_of(self, factor: sympy.Expr) -> sympy.Expr:
        for (base, exponent), symbol in self._powers.items():
            if factor == symbol:
                return exponent * self._log_of(base)
        if factor in self._logs.values():
            raise TooStrange
        return self._logs.setdefault(factor, sympy.Dummy("log"))

    def _factors(self, x: sympy.Expr) -> list[tuple[sympy.Expr, int]]:
        """Irreducible factors of x and their exponents; those of its denominator have negative ones."""
        numerator, denominator = sympy.fraction(sympy.cancel(x))
        found: list[tuple[sympy.Expr, int]] = []
        for part, sign in ((numerator, 1), (denominator, -1)):
            number, factors = sympy.factor_list(part)
            for factor, exponent in factors:
                if factor.subs(dict.fromkeys(factor.free_symbols, 1)).is_negative:
                    factor, number = -factor, number * (-1) ** exponent
                if not self._is_positive(factor):
                    raise TooStrange
                found.append((factor, sign * exponent))
            if not number.is_positive:
                raise TooStrange
            if number != 1:
                found.append((number, sign))
        return found

    def _is_positive(self, polynomial: sympy.Expr) -> bool:
        """Whether it is seen at once: positive coefficients, and no logarithm, which may have any sign."""
        coefficients = sympy.Poly(polynomial, *polynomial.free_symbols).coeffs()
        return polynomial.free_symbols.isdisjoint(self._logs.values()) and all(
            coefficient.is_positive for coefficient in coefficients
        )


def is_zero(x: sympy.Expr) -> bool:
    """Whether a quotient of polynomials is 0 everywhere."""
    return bool(sympy.cancel(x) == 0)


def _small_power(x: sympy.Expr, y: sympy.Integer) -> sympy.Expr:
    if abs(y) > MAX_POWER:
        raise TooStrange
    return x**y


def _terms(x: sympy.Expr) -> tuple[sympy.Expr, ...]:
    return sympy.Add.make_args(sympy.expand(sympy.cancel(x)))


def _refused(*_: object) -> sympy.Expr:
    raise TooStrange
