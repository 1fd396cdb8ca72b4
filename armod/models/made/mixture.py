"""A mixture of models that share one ordering is autoregressive again: its two views.

p(x) = 1/M sum_m p_m(x), so p(x_k | x_<k) = sum_m w_m(x_<k) p_m(x_k | x_<k), where the weight w_m of a member is its
posterior probability: proportional to the product of the conditionals it gave to x_<k. Probabilities are averaged,
never logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

import torch
from torch import Tensor, distributions

from armod import likelihoods
from armod.likelihoods import DiscretizedLogisticMixture
from armod.models.base import AutoregressiveModel, Incremental
from armod.sampling.walk import row_indices


def mixture_conditionals(
    members: Sequence[AutoregressiveModel], x: Tensor, ordering: Tensor
) -> distributions.Distribution:
    """Every conditional of the mixture in one pass over each member: batch shape ``(N, *event_shape)``."""
    conditionals = [member.conditionals(x) for member in members]
    log_probs = torch.stack([likelihoods.log_prob(c, x).flatten(1) for c in conditionals])
    in_order = log_probs[:, :, ordering]
    before = in_order.cumsum(2) - in_order  # log p_m(x_<k)
    log_weights = torch.empty_like(before)
    log_weights[:, :, ordering] = before.log_softmax(0)
    return mix(conditionals[0], conditionals, log_weights.view(len(members), *x.shape))


class MixtureIncremental(Incremental):
    """The members' incremental views side by side, with their running posterior weights."""

    def __init__(self, views: Sequence[Incremental], device: torch.device) -> None:
        """All views at their beginning, with equal weights."""
        self._views, self._device = views, device
        self.num_samples = views[0].num_samples
        self._log_joint: Tensor | None = None  # log p_m(x_<k), (M, N); None is the equal start

    def conditional(self) -> distributions.Distribution:
        """The weighted average of the members' next conditionals."""
        conditionals = [view.conditional() for view in self._views]
        log_joint = self._log_joint
        if log_joint is None:
            log_joint = torch.zeros(len(conditionals), 1, device=self._device)
        return mix(conditionals[0], conditionals, log_joint.log_softmax(0))

    def append(self, value: Tensor) -> None:
        """Each member takes the value in, and is weighed by how well it foresaw it."""
        conditionals = [view.conditional() for view in self._views]
        seen = torch.stack([likelihoods.log_prob(conditional, value) for conditional in conditionals])
        self._log_joint = seen if self._log_joint is None else self._log_joint + seen
        for view in self._views:
            view.append(value)

    def select(self, rows: Tensor | Sequence[int]) -> MixtureIncremental:
        """The members' rows, and their weights."""
        chosen = row_indices(rows, self.num_samples)
        other = MixtureIncremental([view.select(chosen) for view in self._views], self._device)
        if self._log_joint is not None:
            other._log_joint = self._log_joint[:, chosen.to(self._device)]
        return other


@torch.no_grad()
def member_posterior(
    members: Sequence[AutoregressiveModel], num_samples: int, known: Tensor | None, mask: Tensor | None
) -> distributions.Categorical:
    """Which member shall complete each row: p(member | known), batch shape ``(num_samples,)``.

    Only variables that come before every unknown one can be weighed. Where members of different orderings would weigh
    different ones, they are equally likely, as they are where nothing is known.
    """
    log_weights = torch.zeros(len(members), num_samples, device=members[0].ordering.device)
    if known is not None and mask is not None and num_samples:
        kept, comes_first, log_probs = mask.flatten(1), [], []
        for member in members:
            first = torch.empty_like(kept)
            first[:, member.ordering] = kept[:, member.ordering].cumprod(1).bool()
            seen = likelihoods.log_prob(member.conditionals(known), known).flatten(1)
            comes_first.append(first)
            log_probs.append((seen * first).sum(1))
        same = (torch.stack(comes_first) == comes_first[0]).flatten(2).all(2).all(0)
        log_weights = torch.stack(log_probs) * same
    return distributions.Categorical(logits=log_weights.T, validate_args=False)


@singledispatch
def mix(
    family: distributions.Distribution, members: Sequence[distributions.Distribution], log_weights: Tensor
) -> distributions.Distribution:
    """The mixture of distributions of one family as one distribution; `log_weights` is ``(M, *batch_shape)``."""
    raise TypeError(f"No mixture of {type(family).__name__} distributions is known.")


@mix.register
def _(family: distributions.Bernoulli, members: Sequence, log_weights: Tensor) -> distributions.Bernoulli:
    logits = torch.stack([member.logits for member in members])
    log_one = (log_weights + torch.nn.functional.logsigmoid(logits)).logsumexp(0)
    log_zero = (log_weights + torch.nn.functional.logsigmoid(-logits)).logsumexp(0)
    return distributions.Bernoulli(logits=log_one - log_zero, validate_args=False)


@mix.register
def _(family: distributions.Categorical, members: Sequence, log_weights: Tensor) -> distributions.Categorical:
    logits = torch.stack([member.logits for member in members])
    return distributions.Categorical(
        logits=(log_weights.unsqueeze(-1) + logits).logsumexp(0), validate_args=False
    )


@mix.register
def _(
    family: DiscretizedLogisticMixture, members: Sequence, log_weights: Tensor
) -> DiscretizedLogisticMixture:
    """All members' components side by side."""
    logits = [
        member.logits.log_softmax(-1) + weight.unsqueeze(-1)
        for member, weight in zip(members, log_weights, strict=True)
    ]
    return DiscretizedLogisticMixture(
        torch.cat(logits, dim=-1),
        torch.cat([member.means for member in members], dim=-1),
        torch.cat([member.log_scales for member in members], dim=-1),
        family.num_levels,
        validate_args=False,
    )
