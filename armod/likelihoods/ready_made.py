"""What can be done with a ready-made distribution over levels, without its likelihood.

Each function knows torch's Bernoulli and Categorical and the logistic mixture, for which `register` gives it a version of
their own. For any other distribution it looks at the log-probabilities of all levels (`table`), which needs no more than the
distribution's ``support`` and ``log_prob``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import singledispatch, wraps
from typing import Any, TypeVar

import torch
from torch import Tensor, distributions
from torch.distributions import constraints

from armod.inputs import check_possible, described, tensor_of
from armod.likelihoods.precision import at_least_single, in_single
from armod.settings import check_number, shown, whole_numbers

F = TypeVar("F", bound=Callable[..., Any])


def guarded(check: Callable[[distributions.Distribution, Any, str], Any] | None = None) -> Callable[[F], F]:
    """Check the arguments of a generic function, before any version of it sees them.

    Args:
        check: turns the second argument, if there is one, into what the versions take. It also gets the distribution and
            the argument's name.

    Returns:
        A decorator of what `functools.singledispatch` makes; ``register`` stays.
    """

    def decorated(function: F) -> F:
        second = [*inspect.signature(function).parameters, ""][1]

        @wraps(function)
        def call(distribution: Any, *rest: Any, **named: Any) -> Any:
            if not isinstance(distribution, distributions.Distribution):
                raise TypeError(
                    f"distribution is a torch.distributions.Distribution, not {described(distribution)}."
                )
            if check is not None:
                if rest:
                    rest = (check(distribution, rest[0], second), *rest[1:])
                elif second in named:
                    named[second] = check(distribution, named[second], second)
            return function(distribution, *rest, **named)

        return call  # type: ignore[return-value]

    return decorated


def _for_batch(distribution: distributions.Distribution, given: Any, name: str) -> Tensor:
    """Levels or uniform numbers for every distribution of a batch."""
    if isinstance(given, Tensor) and (
        torch.compiler.is_compiling()
        or (given.shape == distribution.batch_shape and not distribution.event_shape)
    ):
        return given
    due = distribution.batch_shape + distribution.event_shape
    numbers = tensor_of(given, name, f"shape {tuple(due)}")
    if numbers.shape != due:
        try:
            torch.broadcast_shapes(numbers.shape, due)
        except RuntimeError:
            raise ValueError(f"{name} has shape {tuple(due)}, not {tuple(numbers.shape)}.") from None
    return numbers


def _levels(distribution: distributions.Distribution, given: Any, name: str) -> Tensor:
    levels = _for_batch(distribution, given, name)
    if distribution._validate_args:  # torch's own check says it in many lines
        check_possible(levels, num_levels(distribution), name)
    return levels


def _uniform(distribution: distributions.Distribution, given: Any, name: str) -> Tensor:
    uniform = _for_batch(distribution, given, name)
    if not uniform.is_floating_point():
        raise ValueError(f"{name} is a tensor of floats in [0, 1), not of {uniform.dtype}.")
    return uniform


def _temperature(distribution: distributions.Distribution, given: Any, name: str) -> Any:
    return (
        given if isinstance(given, Tensor) else check_number(name, given, lambda t: t > 0, "a number above 0")
    )


def _variable(distribution: distributions.Distribution, given: Any, name: str) -> int | list[int]:
    if len(distribution.batch_shape) < 2:
        raise ValueError(
            f"distribution has a batch shape (N, *event_shape), not {tuple(distribution.batch_shape)}."
        )
    are_several = isinstance(given, list | tuple)
    count, found = distribution.batch_shape[1:].numel(), whole_numbers(given if are_several else [given])
    if found is None or not all(-count <= variable < count for variable in found):
        raise IndexError(f"{name} is a flat index from 0 to {count - 1}, not {shown(given)}.")
    return found if are_several else found[0]


@guarded(_uniform)
@singledispatch
def inverse_cdf(distribution: distributions.Distribution, uniform: Tensor) -> Tensor:
    """Find the smallest level whose cumulative probability exceeds `uniform`, for any distribution over levels.

    Args:
        distribution: a distribution over levels.
        uniform: numbers in [0, 1) of the distribution's batch shape.

    Returns:
        Levels of the same shape, int64. If rounding leaves no such level, it is the last one with a positive probability.

    Raises:
        ValueError: if `uniform` is no tensor of floats of this shape.
        TypeError: if the distribution is not one over levels ``0..K-1``.

    >>> inverse_cdf(distributions.Categorical(probs=torch.tensor([0.2, 0.5, 0.3])), torch.tensor(0.6))
    tensor(1)
    >>> inverse_cdf(distributions.Binomial(2, probs=torch.tensor(0.5)), torch.tensor(0.8))
    tensor(2)
    """
    return inverse_cdf(by_logits(table(distribution)), uniform)


@guarded()
@singledispatch
def table(distribution: distributions.Distribution) -> Tensor:
    """Compute the log-probability of every level.

    Args:
        distribution: a distribution over levels ``0..K-1``, of batch shape ``(...)``.

    Returns:
        Log-probabilities in nats, ``(..., K)``, in float32 at least; minus infinity for a level outside of the support.

    Raises:
        TypeError: if the distribution is not one over levels ``0..K-1``.

    >>> table(distributions.Binomial(2, probs=torch.tensor(0.5))).exp()
    tensor([0.2500, 0.5000, 0.2500])
    """
    batch = distribution.batch_shape
    size = num_levels(distribution)
    if size is None and batch.numel():
        name = type(distribution).__name__
        raise TypeError(
            f"{name} is not known as a distribution over levels 0..K-1: give it a `support` such as "
            "constraints.integer_interval(0, K - 1), or register a version of its own with "
            "armod.likelihoods.table.register and armod.likelihoods.num_levels.register."
        )
    like = _like(distribution)
    levels = torch.arange(size or 1, dtype=like.dtype, device=like.device)
    by_level = levels.view(-1, *[1] * len(batch)).expand(-1, *batch)
    support = _support(distribution)
    if support is None or not batch.numel():
        return in_single(distribution.log_prob(by_level)).movedim(0, -1)
    # distributions of different sizes may stand side by side, and outside of its support a log_prob may say anything
    is_possible, lowest = support.check(by_level), getattr(support, "lower_bound", 0)
    log_probs = distribution.log_prob(torch.where(is_possible, by_level, lowest))
    return in_single(log_probs).masked_fill(~is_possible, -torch.inf).movedim(0, -1)


@guarded()
@singledispatch
def num_levels(distribution: distributions.Distribution) -> int | None:
    """Find the number of levels of a distribution.

    Args:
        distribution: a distribution over levels ``0..K-1``.

    Returns:
        K, or None if it is unknown, because the distribution names no highest level, or has levels below 0.

    Raises:
        TypeError: if it is no distribution.

    >>> num_levels(distributions.Categorical(logits=torch.zeros(4, 3)))
    3
    """
    own = getattr(distribution, "num_levels", None)
    if isinstance(own, int):
        return own
    support: Any = _support(distribution)
    while hasattr(support, "base_constraint"):  # that of a mixture
        support = support.base_constraint
    if isinstance(support, type(constraints.boolean)):
        return 2
    if not isinstance(support, constraints.integer_interval):
        return None
    lowest, highest = (torch.as_tensor(bound) for bound in (support.lower_bound, support.upper_bound))
    if not highest.numel() or not lowest.numel() or lowest.min() < 0:
        return None
    return int(highest.max()) + 1


@guarded(_levels)
@singledispatch
def log_prob(distribution: distributions.Distribution, levels: Tensor) -> Tensor:
    """Compute the log-probability of levels of any dtype; most of torch's own distributions accept only their own dtype.

    Args:
        distribution: a distribution over levels.
        levels: tensor that broadcasts with the batch shape.

    Returns:
        Log-probabilities in nats, one for each level, in float32 at least.

    Raises:
        TypeError: if the distribution is not one.
        ValueError: if the levels are no tensor that broadcasts, or impossible and the distribution checks its arguments.

    >>> log_prob(distributions.Bernoulli(logits=torch.zeros(2)), torch.tensor([0, 1], dtype=torch.uint8)).exp()
    tensor([0.5000, 0.5000])
    """
    return in_single(distribution.log_prob(levels.to(_like(distribution).dtype)))


@guarded(_temperature)
@singledispatch
def temper(distribution: distributions.Distribution, temperature: float) -> distributions.Distribution:
    """Raise all probabilities to the power of one over `temperature`, which divides all logits by it.

    A logistic mixture keeps its form: the logits of its components are divided, and their scales multiplied.

    Args:
        distribution: a distribution over levels.
        temperature: below 1 makes the distribution sharper, above 1 flatter.

    Returns:
        A distribution of the same type if it has such a parameter, and otherwise a categorical one.

    Raises:
        ValueError: if the temperature is no number above 0.
        TypeError: if the distribution is not one over levels ``0..K-1``.

    >>> temper(distributions.Bernoulli(logits=torch.tensor(1.0)), 0.5).logits
    tensor(2.)
    """
    return by_logits(table(distribution) / temperature)


@guarded(_variable)
@singledispatch
def pick(
    distribution: distributions.Distribution, variable: int | Sequence[int]
) -> distributions.Distribution:
    """Select the conditional of one variable, or of several.

    Args:
        distribution: all conditionals, of batch shape ``(N, *event_shape)``.
        variable: flat index of the variable, or a list of k indices.

    Returns:
        A distribution of batch shape ``(N,)``, or ``(N, k)``, of the same type if this is one that armod knows, and
        otherwise categorical.

    Raises:
        IndexError: if there is no such variable.
        TypeError: if the distribution is not one over levels ``0..K-1``.

    >>> pick(distributions.Bernoulli(logits=torch.tensor([[1.0, 2.0]])), 1).logits
    tensor([2.])
    """
    return by_logits(table(distribution).flatten(1, -2)[:, variable])


def by_logits(logits: Tensor) -> distributions.Categorical:
    """Make a categorical distribution of logits ``(..., K)``, of which some may be minus infinity.

    >>> by_logits(torch.tensor([0.0, -torch.inf])).probs
    tensor([1., 0.])
    """
    return distributions.Categorical(logits=logits, validate_args=False)


def _support(distribution: distributions.Distribution) -> constraints.Constraint | None:
    """What the distribution says about its support, if it says anything."""
    try:
        return distribution.support
    except NotImplementedError:
        return None


def _like(distribution: distributions.Distribution) -> Tensor:
    """An empty tensor of the dtype, in float32 at least, and the device of a distribution's parameters."""
    found = [tensor for tensor in _parameters(distribution) if tensor.is_floating_point()]
    if not found:
        return torch.empty(0)
    dtype = at_least_single(found[0].dtype)
    for tensor in found:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return torch.empty(0, dtype=dtype, device=found[0].device)


def _parameters(distribution: distributions.Distribution) -> Iterator[Tensor]:
    """All tensors that a distribution, or one that it is made of, keeps."""
    for value in vars(distribution).values():
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, distributions.Distribution):
            yield from _parameters(value)
