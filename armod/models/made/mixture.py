"""The two views of a mixture of models with the same ordering, which is autoregressive too.

If p(x) = 1/M sum_m p_m(x), then p(x_k | x_<k) = sum_m w_m(x_<k) p_m(x_k | x_<k). The weight w_m of a member is its
posterior probability, which is proportional to the product of its conditionals for x_<k. Probabilities are averaged, never
logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, distributions

from armod import likelihoods
from armod.inputs import next_levels
from armod.likelihoods import DiscretizedLogisticMixture
from armod.models.base import AutoregressiveModel, Incremental
from armod.sampling.walk import row_indices


def mixture_conditionals(
    members: Sequence[AutoregressiveModel], x: Tensor, ordering: Tensor, context: Tensor | None = None
) -> distributions.Distribution:
    """Compute every conditional of the mixture in one pass of each member.

    Args:
        members: models with the same ordering.
        x: levels ``(N, *event_shape)``.
        ordering: their ordering ``(D,)``.
        context: the context of the rows of `x`, or None.

    Returns:
        A distribution of batch shape ``(N, *event_shape)``.
    """
    conditionals = [member.conditionals(x, context) for member in members]
    log_probs = torch.stack([likelihoods.log_prob(c, x).flatten(1) for c in conditionals])
    in_order = log_probs[:, :, ordering]
    # log p_m(x_<k), a sum over many variables, takes more digits than its terms
    before = in_order.double().cumsum(2) - in_order
    log_weights = torch.empty_like(in_order)
    log_weights[:, :, ordering] = before.log_softmax(0).to(in_order.dtype)
    return mix(conditionals[0], conditionals, log_weights.view(len(members), *x.shape))


class MixtureIncremental(Incremental):
    """The members' incremental views side by side, with their posterior weights so far.

    Args:
        views: the members' views at their beginning.
        device: the device of the model.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.made import MADE
    >>> model = MADE((3,), [4], likelihood=Bernoulli(), num_masks=2, ordering=[0, 1, 2])
    >>> view = model.incremental(2)
    >>> isinstance(view, MixtureIncremental), view.conditional().batch_shape
    (True, torch.Size([2]))
    """

    def __init__(self, views: Sequence[Incremental], device: torch.device) -> None:
        self._views, self._device = views, device
        self.num_samples = views[0].num_samples
        self._log_joint: Tensor | None = (
            None  # log p_m(x_<k), (M, N) float64; None at the beginning, when all are equal
        )
        self._dtype = torch.get_default_dtype()  # that of one variable's log-probabilities

    def conditional(self) -> distributions.Distribution:
        """Average the members' next conditionals with their weights."""
        conditionals = [view.conditional() for view in self._views]
        log_joint = self._log_joint
        if log_joint is None:
            log_joint = torch.zeros(len(conditionals), 1, device=self._device)
        return mix(conditionals[0], conditionals, log_joint.log_softmax(0).to(self._dtype))

    def append(self, value: Tensor) -> None:
        """Append the value to each member, whose weight grows with the probability that it gave to the value."""
        conditionals = [view.conditional() for view in self._views]
        value = next_levels(value, self.num_samples, likelihoods.num_levels(conditionals[0])).squeeze(1)
        seen = torch.stack([likelihoods.log_prob(conditional, value) for conditional in conditionals])
        self._dtype, seen = seen.dtype, seen.double()
        self._log_joint = seen if self._log_joint is None else self._log_joint + seen
        for view in self._views:
            view.append(value)

    def select(self, rows: Tensor | Sequence[int]) -> MixtureIncremental:
        """Select rows of every member, and their weights, as `Incremental.select`."""
        chosen = row_indices(rows, self.num_samples)
        other = MixtureIncremental([view.select(chosen) for view in self._views], self._device)
        if self._log_joint is not None:
            other._log_joint, other._dtype = self._log_joint[:, chosen.to(self._device)], self._dtype
        return other


@torch.no_grad()
def member_posterior(
    members: Sequence[AutoregressiveModel],
    num_samples: int,
    known: Tensor | None,
    mask: Tensor | None,
    context: Tensor | None = None,
) -> distributions.Categorical:
    """Compute p(member | known, context), by which the member that completes each row is drawn.

    Only known variables that come before every unknown one count. If these differ between members, because their orderings
    differ, all members are equally likely, as they are if nothing is known.

    Args:
        members: the members of an ensemble.
        num_samples: N, the number of rows.
        known: levels ``(N, *event_shape)``, or None.
        mask: True where the level of `known` is kept, or None.
        context: the context of each row, or None.

    Returns:
        A distribution over members, of batch shape ``(N,)``.
    """
    log_weights = torch.zeros(len(members), num_samples, device=members[0].ordering.device)
    if known is not None and mask is not None and num_samples:
        kept, comes_first, log_probs = mask.flatten(1), [], []
        for member in members:
            first = torch.empty_like(kept)
            first[:, member.ordering] = kept[:, member.ordering].cumprod(1).bool()
            seen = likelihoods.log_prob(member.conditionals(known, context), known).flatten(1)
            comes_first.append(first)
            log_probs.append((seen.double() * first).sum(1))
        same = (torch.stack(comes_first) == comes_first[0]).flatten(2).all(2).all(0)
        log_weights = torch.stack(log_probs) * same
    return distributions.Categorical(logits=log_weights.T, validate_args=False)


def sample_members(
    members: Sequence[AutoregressiveModel],
    uniform: Tensor,
    known: Tensor | None,
    mask: Tensor | None,
    context: Tensor | None,
    **options: Any,
) -> Tensor:
    """Draw a member for each row, and let it draw or complete the row.

    Args:
        members: the members of an ensemble.
        uniform: noise ``(N,)`` that draws the members.
        known: levels ``(N, *event_shape)``, or None.
        mask: True where the level of `known` is kept, or None.
        context: the context of each row, or None.
        **options: further options of `AutoregressiveModel.sample`.

    Returns:
        Levels, int64 ``(N, *event_shape)``.
    """
    num_samples, event_shape = len(uniform), members[0].event_shape
    posterior = member_posterior(members, num_samples, known, mask, context)
    member_of_row = likelihoods.inverse_cdf(posterior, uniform)
    x = torch.empty((num_samples, *event_shape), dtype=torch.int64, device=uniform.device)
    for number, member in enumerate(members):
        rows = (member_of_row == number).nonzero().squeeze(1)
        x[rows] = member.sample(
            len(rows),
            None if context is None else context[rows],
            known=None if known is None else known[rows],
            mask=None if mask is None else mask[rows],
            **options,
        )
    return x


@singledispatch
def mix(
    family: distributions.Distribution, members: Sequence[distributions.Distribution], log_weights: Tensor
) -> distributions.Distribution:
    """Mix distributions of one family into one distribution.

    Args:
        family: one of the members, whose type selects the implementation.
        members: M distributions of the same batch shape.
        log_weights: logarithms of their weights, ``(M, *batch_shape)``.

    Returns:
        A distribution of the same batch shape, and of the same type if a mixture of it is registered; otherwise categorical.

    Raises:
        TypeError: if the members are not distributions over levels ``0..K-1``.
    """
    logits = torch.stack([likelihoods.table(member) for member in members])
    return distributions.Categorical(
        logits=(log_weights.unsqueeze(-1) + logits).logsumexp(0), validate_args=False
    )


@mix.register
def _(family: distributions.Bernoulli, members: Sequence, log_weights: Tensor) -> distributions.Bernoulli:
    logits = torch.stack([member.logits for member in members])
    log_one = (log_weights + torch.nn.functional.logsigmoid(logits)).logsumexp(0)
    log_zero = (log_weights + torch.nn.functional.logsigmoid(-logits)).logsumexp(0)
    return distributions.Bernoulli(logits=log_one - log_zero, validate_args=False)


@mix.register
def _(
    family: DiscretizedLogisticMixture, members: Sequence, log_weights: Tensor
) -> DiscretizedLogisticMixture:
    """Put the components of all members side by side."""
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
