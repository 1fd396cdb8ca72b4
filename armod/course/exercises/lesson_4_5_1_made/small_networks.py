"""Small MADEs on which wrong answers show: large weights, biases far from 0, orderings of any kind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import cast
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, distributions

from armod.course.exercises import Answer, Handle
from armod.course.exercises.engine.draws import normal
from armod.likelihoods import Bernoulli
from armod.models.made import MADE

_tables: WeakKeyDictionary[MADE, Tensor] = WeakKeyDictionary()
_twins: WeakKeyDictionary[MADE, tuple[Answer, Handle]] = WeakKeyDictionary()


def every_observation(num_variables: int) -> Tensor:
    """All ``2**D`` observations of D bits, float64 ``(2**D, D)``."""
    return torch.tensor(list(itertools.product([0.0, 1.0], repeat=num_variables)), dtype=torch.float64)


def in_two_batches(ask: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Ask about the first observation alone and about the others: who normalises over the batch is found out."""
    return torch.cat([ask(x[:1]), ask(x[1:])])


def strong_made(
    generator: np.random.Generator,
    event_shape: Sequence[int],
    hidden_size: int,
    *,
    ordering: Tensor | None = None,
) -> MADE:
    """A MADE of bits in float64 whose outputs depend strongly on everything that they may see."""
    model = MADE(
        event_shape, [hidden_size], likelihood=Bernoulli(), ordering=ordering, degrees="sequential"
    ).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(normal(generator, *parameter.shape, scale=1.5))
        hidden, output = model.linear_layers
        hidden.bias.abs_()  # no hidden unit is dead where all inputs are 0
        # centred, or nearly: no conditional is sure whatever came before
        output.bias.sub_(conditionals(model, every_observation(model.num_variables)).logits.mean(0))
        output.bias.add_(normal(generator, model.num_variables, scale=0.7))
    return model


@torch.no_grad()
def conditionals(model: MADE, x: Tensor) -> distributions.Bernoulli:
    """Every conditional of flat observations ``(N, D)``, batch shape ``(N, D)``."""
    found = cast(distributions.Bernoulli, model.conditionals(x.view(-1, *model.event_shape)))
    return distributions.Bernoulli(logits=found.logits.flatten(1))


def every_probability(model: MADE) -> Tensor:
    """P(1) of each variable of a small MADE, given each of the ``2**D`` observations: ``(2**D, D)``, computed once."""
    if model not in _tables:
        _tables[model] = conditionals(model, every_observation(model.num_variables)).probs
    return _tables[model]


def on_the_other_side(answer: Answer, model: MADE) -> Handle:
    """The same model where the learner's code runs, to be passed to it, made once; `model` has one hidden layer."""
    asked, twin = _twins.get(model, (None, None))
    if twin is None or asked is not answer:
        hidden_size = model.linear_layers[0].out_features
        bits = answer.make("likelihoods.Bernoulli")
        twin = answer.make("MADE", list(model.event_shape), [hidden_size], likelihood=bits).call("double")
        twin.call("load_state_dict", dict(model.state_dict()))
        _twins[model] = answer, twin
    return cast(Handle, twin)


def member_logits(generator: np.random.Generator, orderings: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Members with weights of their own, one for each ordering ``(D,)``: logits ``(M, 2**D, D)``, every observation."""
    size = len(orderings[0])
    x = every_observation(size)
    members = [strong_made(generator, (size,), size + 1, ordering=ordering) for ordering in orderings]
    return torch.stack([conditionals(member, x).logits for member in members]), x
