"""How probable a completion is: of the hidden variables alone, given the known ones."""

from __future__ import annotations

import torch
from torch import Tensor

from armod import likelihoods
from armod.inputs import completion_of
from armod.models.base import AutoregressiveModel
from armod.sampling.particles import Particles

_AT_ONCE = 2048  # particles in one walk, which bounds its memory


def completion_log_prob(
    model: AutoregressiveModel,
    x: Tensor,
    mask: Tensor,
    context: Tensor | None = None,
    *,
    particles: int | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Compute the log-probability of the hidden variables of `x`, the others being known.

    Without `particles` it is what ``model.sample(known=x, mask=mask)`` draws the hidden variables with: the sum of
    ``log p(x_d | x_<d)`` over them. This equals log p(hidden | known) exactly if all known variables come before all hidden ones
    in `AutoregressiveModel.ordering`. Otherwise it is the log-probability of another distribution, in which
    each hidden variable is blind to the known ones after it. It is a proper distribution over completions, so it compares fairly.

    With `particles` it is an estimate of log p(hidden | known) = log p(x) - log p(known) for any mask, where p(known) is that of
    `armod.sampling.Particles`. The mean of log p(known) over runs is too low, so the result is too high on average: it flatters
    the model, the less the more particles there are. In expectation it is an upper bound.

    Args:
        model: the model.
        x: levels ``(N, *event_shape)``.
        mask: booleans that broadcast to `x`, True where a variable is known; as in `AutoregressiveModel.sample`.
        context: what the model needs beside the levels, as in `AutoregressiveModel.log_prob`.
        particles: the number of particles for each observation; None is no estimate.
        generator: source of the particles' noise; None is torch's global generator.

    Returns:
        Log-probabilities in nats, ``(N,)``; 0 where nothing is hidden. Without particles they have a gradient.

    Raises:
        ValueError: if an argument does not fit.

    The second bit repeats the first; only the second one is known:

    >>> from armod import AutoregressiveModel
    >>> class Twins(AutoregressiveModel):
    ...     event_shape, ordering = torch.Size([2]), torch.arange(2)
    ...     def conditionals(self, x, context=None):
    ...         probs = torch.stack([torch.full((len(x),), 0.5), 0.1 + 0.8 * x[:, 0]], 1)
    ...         return torch.distributions.Bernoulli(probs=probs)
    >>> x, mask = torch.tensor([[1, 1]]), torch.tensor([False, True])
    >>> blind = completion_log_prob(Twins(), x, mask)
    >>> noise = torch.Generator().manual_seed(0)
    >>> estimate = completion_log_prob(Twins(), x, mask, particles=1000, generator=noise)
    >>> blind.exp().item(), round(estimate.exp().item(), 1)  # 0.9 is right
    (0.5, 0.9)
    """
    x = model.check_levels(x)
    is_known = completion_of(x, mask, x.shape, x.device)[1]
    assert is_known is not None
    if particles is None:
        factors = model.log_prob_per_variable(x, context)
        return likelihoods.total(factors.masked_fill(is_known.to(factors.device), 0))
    sampler = Particles(particles)
    with torch.no_grad():
        joint = model.log_prob(x, context)
        context = model.check_context(context, len(x), x.shape[1:])
        known = []
        for rows in torch.arange(len(x)).split(max(1, _AT_ONCE // sampler.n)):
            model.sample(
                len(rows),
                None if context is None else context[rows],
                known=x[rows],
                mask=is_known[rows],
                generator=generator,
                method=sampler,
                length=x.shape[1] if model.any_length else None,
            )
            known.append(sampler.report.log_prob_known)
        return (joint.double() - torch.cat([joint.new_zeros(0), *known])).to(joint.dtype)
