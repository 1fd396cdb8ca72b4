"""How likely observations are as samples: the likelihood of what the options of `sample` make of a model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from armod.inputs import conditionals_of
from armod.likelihoods import log_prob, pick
from armod.sampling.adjust import Adjustment


@torch.no_grad()
def adjusted_log_prob(model: Any, x: Tensor, context: Tensor | None = None, **options: Any) -> Tensor:
    """Compute the exact log-likelihood of observations as samples with a temperature, a filter or other options.

    Over samples ``x`` with these options, the mean of ``adjusted_log_prob(model, x, **options) - model.log_prob(x)`` estimates
    the Kullback-Leibler divergence of what is sampled from the model. It is the price of a filter in nats: a rule that only
    leaves out levels pays ``-log`` of the probability that it leaves, at each variable.

    Args:
        model: the model, which has one ordering.
        x: levels ``(N, *event_shape)``.
        context: as in `AutoregressiveModel.log_prob`.
        **options: ``temperature``, ``top_k``, ``top_p``, ``greedy`` and ``filter``, as `Adjustment` takes them.

    Returns:
        Log-likelihoods in nats, ``(N,)``; minus infinity for what is never drawn.

    Raises:
        ValueError: if `x`, the context or an option does not fit, or a filter leaves an observation without a level.

    >>> from armod import NGram
    >>> coin = NGram((2,), 1, num_levels=2).fit(torch.tensor([[0, 0], [0, 1]]))
    >>> adjusted_log_prob(coin, torch.tensor([[0, 1], [0, 0]]), greedy=True).tolist()
    [-inf, 0.0]
    """
    x = model.check_levels(x)
    context = model.check_context(context, len(x), x.shape[1:])
    conditionals = conditionals_of(model.conditionals(x, context), x.shape, model)
    adjustment = Adjustment.of(**options)
    if adjustment.filter is None:
        return log_prob(adjustment.distribution(conditionals), x).flatten(1).sum(1)
    order = model.ordering_for(x[0].numel() if len(x) else model.num_variables).tolist()
    values, total = x.flatten(1)[:, order].long(), torch.zeros(len(x), device=x.device)
    for step, variable in enumerate(order):
        adjusted = adjustment(pick(conditionals, variable), step, values[:, :step].clone())
        total = total + log_prob(adjusted, values[:, step])
    return total
