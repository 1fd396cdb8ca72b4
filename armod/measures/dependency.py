"""The oracle: what does each conditional really depend on?

Masks and paddings say what a network *should* see. The oracle tests the network: it changes one variable at a time and
observes which conditionals change. It uses only the model's public `conditionals`.

One set of weights at one point can hide a dependence (dead units, terms that cancel). So the oracle tests copies of the
model with several random weights, at several random observations. Half of the weights have random signs. The others are
all positive, so that no unit of a ReLU network is dead and no two paths cancel. Where an architecture forbids a
dependence, nothing changes for any of them. A model that needs a context gets a random one, or an example that is given.
"""

from __future__ import annotations

import copy
import itertools
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributions
from tqdm import tqdm

from armod.measures.probing import (
    BATCH,
    POINTS,
    WEIGHT_DRAWS,
    conditionals_at,
    differ,
    given_to,
    in_float64,
    num_levels_of,
    random_values,
    randomise,
)
from armod.models.base import AutoregressiveModel, device_of
from armod.models.checks import check_model
from armod.settings import check_sizes, generator_of

Pairs = frozenset[tuple[int, int]]

_PATIENCE = 2  # seconds without a bar


def dependency_matrix(
    model: AutoregressiveModel, *, context: Tensor | None = None, seed: int = 0, progress: bool = False
) -> Tensor:
    """Find which conditionals react to which variables.

    The model does not change: the oracle works on copies with random weights, in float64 if the model can compute in it.

    Args:
        model: the model to test.
        context: what one observation is given, or a batch of one; an `armod.Conditional` needs such an example of its raw input.
            None gives random numbers to a model that needs a context.
        seed: seed of the random weights and observations.
        progress: whether to show a bar when it takes over two seconds.

    Returns:
        A boolean tensor ``(D, D)`` on the CPU: [i, j] is True where the conditional of variable i reacts to variable j. Rows
        and columns are flat (row-major) indices of variables, whatever the ordering.

    Raises:
        ValueError: if it is no model, has no conditionals, such as an ensemble of several orderings, or can't read the context.

    >>> from armod import MADE, likelihoods
    >>> dependency_matrix(MADE((3,), [64], likelihood=likelihoods.Bernoulli())).int().tolist()
    [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    """
    check_model(model)
    generator = generator_of(seed)
    given = given_to(model, context)
    precise = in_float64(model, given)
    num_variables, num_levels = math.prod(model.event_shape), num_levels_of(precise, given)
    reacts = torch.zeros(num_variables, num_variables, dtype=torch.bool)
    if num_levels == 1:
        return reacts
    # `disable` is given only to switch the bar off, so that the variable TQDM_DISABLE still works
    quiet: dict[str, Any] = {} if progress else {"disable": True}
    steps = 2 * WEIGHT_DRAWS * POINTS
    with tqdm(total=steps, desc="oracle", delay=_PATIENCE, leave=False, **quiet) as bar:
        for is_positive in [False, True] * WEIGHT_DRAWS:
            randomise(precise, generator, is_positive)
            for _ in range(POINTS):
                reacts |= _reactions(precise, num_levels, given(generator), generator)
                bar.update()
    return reacts


@dataclass(frozen=True)
class Report:
    """What the oracle found, as three sets of pairs (i, j) of flat indices.

    Args:
        leaks: the conditional of i reacts to j, although j is i itself or comes later in the ordering. A model that leaks
            has no valid likelihood.
        blind_spot: j comes earlier and lies in the field of i (`AutoregressiveModel.reach`), but i does not react to it.
        out_of_reach: j comes earlier but lies outside the field of i.
        field_is_known: whether the model states its field by a `reach` of its own. If not, every earlier variable counts as near
            enough, and the report speaks of pairs that are earlier and unseen, not of blind ones.

    >>> print(Report(frozenset({(0, 2)}), frozenset(), frozenset()))
    NOT autoregressive: 1 leaks, e.g. variable 0 sees variable 2; 0 blind pairs; 0 pairs out of reach.
    """

    leaks: Pairs
    blind_spot: Pairs
    out_of_reach: Pairs
    field_is_known: bool = True

    @property
    def is_autoregressive(self) -> bool:
        """True if nothing leaks; a blind spot makes a model weaker but not wrong."""
        return not self.leaks

    def __str__(self) -> str:
        if self.leaks:
            i, j = min(self.leaks)
            verdict = f"NOT autoregressive: {len(self.leaks)} leaks, e.g. variable {i} sees variable {j}"
        else:
            verdict = "Autoregressive: no conditional sees its own variable or a later one"
        if self.blind_spot and not self.field_is_known:
            return f"{verdict}; {len(self.blind_spot)} earlier pairs unseen."
        return f"{verdict}; {len(self.blind_spot)} blind pairs; {len(self.out_of_reach)} pairs out of reach."


def check_autoregressive(
    model: AutoregressiveModel, *, context: Tensor | None = None, seed: int = 0, progress: bool = False
) -> Report:
    """Compare what each conditional depends on with the ordering.

    Args:
        model: the model to test.
        context: what one observation is given, or a batch of one; an `armod.Conditional` needs such an example of its raw input.
            None gives random numbers to a model that needs a context.
        seed: seed of the random weights and observations.
        progress: as in `dependency_matrix`.

    Returns:
        The leaks, the blind spot, and the pairs out of reach.

    Raises:
        ValueError: as `dependency_matrix`.

    >>> from armod import MADE, likelihoods
    >>> print(check_autoregressive(MADE((3,), [64], likelihood=likelihoods.Bernoulli())))
    Autoregressive: no conditional sees its own variable or a later one; 0 blind pairs; 0 pairs out of reach.
    """
    reacts = dependency_matrix(model, context=context, seed=seed, progress=progress)
    position = torch.argsort(model.ordering.cpu())
    is_earlier = position[:, None] > position[None, :]
    in_reach = model.reach().cpu() & is_earlier
    return Report(
        leaks=_pairs(reacts & ~is_earlier),
        blind_spot=_pairs(in_reach & ~reacts),
        out_of_reach=_pairs(is_earlier & ~in_reach & ~reacts),
        field_is_known=type(model).reach is not AutoregressiveModel.reach,
    )


def total_probability(
    model: AutoregressiveModel, *, context: Tensor | None = None, max_observations: int = 2**22
) -> float:
    """Sum p(x) over all ``K**D`` observations in float64, in evaluation mode (without dropout).

    Args:
        model: a small model.
        context: as in `dependency_matrix`; the sum is of p(x | context).
        max_observations: the most observations to enumerate.

    Returns:
        The sum, which is 1.0 up to rounding for a model that is a distribution.

    Raises:
        ValueError: if it is no model, or there are more than `max_observations` observations.

    >>> from armod import MADE, likelihoods
    >>> round(total_probability(MADE((3,), [4], likelihood=likelihoods.Categorical(5))), 5)
    1.0
    """
    check_model(model)
    (max_observations,) = check_sizes(max_observations=max_observations)
    model = copy.deepcopy(model).eval()
    given = given_to(model, context)
    num_variables, num_levels = math.prod(model.event_shape), num_levels_of(model, given)
    if num_levels is None:
        raise ValueError(
            f"Observations of {model.likelihood} are real numbers, which can't be enumerated; integrate its density instead."
        )
    count = num_levels**num_variables
    if count > max_observations:
        raise ValueError(
            f"{num_levels}**{num_variables} observations are too many to enumerate "
            f"(more than max_observations={max_observations}); take a smaller model."
        )
    total = 0.0
    every = itertools.product(range(num_levels), repeat=num_variables)
    row = given(torch.Generator().manual_seed(0))
    with torch.no_grad():
        while chunk := list(itertools.islice(every, 4096)):
            x = torch.tensor(chunk, device=device_of(model)).view(-1, *model.event_shape)
            everywhere = None if row is None else row.expand(len(x), *row.shape[1:])
            total += model.log_prob(x, everywhere).double().exp().sum().item()
    return total


def _reactions(
    model: AutoregressiveModel, num_levels: int | None, context: Tensor | None, generator: torch.Generator
) -> Tensor:
    """[i, j]: did the conditional of i change when only x_j changed, at one random observation?

    Variable j is changed in row j of a batch. That row is compared with an unchanged row at the *same position in a batch
    of the same size*, so that even the order of summation is the same.
    """
    device = device_of(model)
    num_variables = math.prod(model.event_shape)
    point = random_values(num_levels, (num_variables,), generator).to(device)
    shift = random_values(num_levels, (num_variables,), generator, lowest=1).to(device)
    probes = random_values(num_levels, (2, *model.event_shape), generator).to(device).double()
    reacts = torch.zeros(num_variables, num_variables, dtype=torch.bool)
    before: dict[int, distributions.Distribution] = {}  # by size of batch
    with torch.no_grad():
        for variables in torch.arange(num_variables, device=device).split(BATCH):
            unchanged = point.repeat(len(variables), 1)
            if len(variables) not in before:
                x = unchanged.view(-1, *model.event_shape)
                before[len(variables)] = conditionals_at(model, x, context)
            changed = unchanged.clone()
            rows = torch.arange(len(variables), device=device)
            moved_on = point[variables] + shift[variables]
            changed[rows, variables] = moved_on if num_levels is None else moved_on % num_levels
            moved = torch.zeros(len(variables), num_variables, dtype=torch.bool, device=device)
            x = changed.view(-1, *model.event_shape)
            after = conditionals_at(model, x, context)
            for probe in probes:
                moved |= differ(before[len(variables)], after, probe)
            reacts[:, variables.cpu()] = moved.T.cpu()
    return reacts


def _pairs(matrix: Tensor) -> Pairs:
    return frozenset((i, j) for i, j in matrix.nonzero().tolist())
