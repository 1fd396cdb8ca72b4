"""What recurrent networks and Transformers share: they read an observation as one sequence, in any ordering.

At step k the network reads the value generated at step k-1 and computes the conditional of the variable generated at step
k. The ordering says which variable that is: it sorts the levels before the network, and the parameters after it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, distributions, nn

from armod import orderings
from armod.inputs import context_of
from armod.likelihoods import Likelihood, in_own_precision
from armod.likelihoods.base import check_likelihood
from armod.models.base import AutoregressiveModel
from armod.models.sequence.sequence_walk import Beginning
from armod.models.sequence.step_inputs import StepInputs, context_of_steps
from armod.settings import check_event_shape, check_sizes


class SequenceModel(AutoregressiveModel):
    """An autoregressive model whose network maps a sequence of inputs to states; state k depends on the inputs up to k.

    A subclass sets `inputs` and `head`, and computes the states (`_states`).

    Args:
        event_shape: shape of one observation.
        likelihood: family of the conditionals.
        ordering: any permutation ``(D,)``; None is raster.
        context_size: C of the context; 0 for none.

    Raises:
        ValueError: if a size is out of range, or the ordering is not a permutation.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.sequence.recurrent import RecurrentModel
    >>> model = RecurrentModel((3,), 4, likelihood=Bernoulli())
    >>> isinstance(model, SequenceModel), model.any_length
    (True, True)
    """

    likelihood: Likelihood
    context_size: int
    inputs: StepInputs
    head: nn.Linear

    def __init__(
        self,
        event_shape: Sequence[int],
        *,
        likelihood: Likelihood,
        ordering: Tensor | Sequence[int] | None,
        context_size: int,
    ) -> None:
        super().__init__()
        check_likelihood(likelihood)
        self.event_shape = check_event_shape(event_shape)
        self.likelihood = likelihood
        (self.context_size,) = check_sizes(0, context_size=context_size)
        self.register_buffer("ordering", orderings.as_permutation(ordering, self.event_shape))
        self._note_ordering()
        self.register_load_state_dict_post_hook(SequenceModel._note_ordering)

    def check_context(self, context: object, num: int, event_shape: Sequence[int]) -> Tensor | None:
        """Check a context as `AutoregressiveModel.check_context`; that of rows ``(R, T)`` may also be ``(N, C, T)``, for all rows."""
        if len(event_shape) == 2 and getattr(context, "ndim", 0) == 3:
            return context_of(context, self.context_size, num, event_shape[1:])
        return super().check_context(context, num, event_shape)

    def _states(self, inputs: Tensor) -> Tensor:
        """Map inputs ``(N, D, width)`` to states ``(N, D, width)``; state k depends on the inputs up to k."""
        raise NotImplementedError(f"{type(self).__name__} must say how its network computes states.")

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_d | x_<d)`` in one pass by teacher forcing: each step reads the true value before it."""
        x = self.check_levels(x)
        context = self.check_context(context, len(x), x.shape[1:])
        ordering = self.ordering_for(math.prod(x.shape[1:]))
        if context is not None:
            context = context_of_steps(context, ordering)
        states = self._states(self.inputs(x.flatten(1)[:, ordering], context))
        parameters = in_own_precision(self.head(states), self.head.weight)
        in_place = parameters[:, torch.argsort(ordering)]
        return self.likelihood.distribution(in_place.view(*x.shape, self.likelihood.num_parameters))

    def _beginning(self, num_samples: int, context: Tensor | None) -> Beginning:
        """What a walk begins with."""
        num_steps = self.max_length if self.any_length else self.num_variables
        if context is not None:
            if self.any_length and context.dim() == 3:
                num_steps = context.shape[2]
            ordering = self.ordering_for(num_steps or self.num_variables)
            context = context_of_steps(context.detach(), ordering)
        inputs = self.inputs.frozen()
        return Beginning(self.likelihood, inputs, context, num_samples, num_steps)

    def _note_ordering(self, _: object = None) -> None:
        """Find out whether the ordering runs forward or backward, so that the length may vary; a state dict may change it."""
        self.any_length = len(self.event_shape) == 1 and orderings.is_straight(self.ordering)
