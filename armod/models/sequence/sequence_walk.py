"""What the walks of all sequence models share: a network reads a value and computes the next variable's parameters."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from armod.likelihoods import Likelihood
from armod.models.sequence.step_inputs import StepInputs
from armod.sampling.walk import Steps, Walk


@dataclass(frozen=True)
class Beginning:
    """What a walk begins with.

    Args:
        likelihood: likelihood of every variable.
        inputs: a copy of the model's inputs, which does not change any more.
        context: context of every step, ``(N, T, C)``; the same at every step if T = 1; None for none.
        num_samples: N, the number of observations.
        num_steps: T, or None for a network without a longest sequence.

    >>> from armod.likelihoods import Bernoulli
    >>> inputs = StepInputs(Bernoulli(), 4, num_positions=0, context_size=0)
    >>> Beginning(Bernoulli(), inputs, None, num_samples=2, num_steps=None).num_samples
    2
    """

    likelihood: Likelihood
    inputs: StepInputs
    context: Tensor | None
    num_samples: int
    num_steps: int | None


class SequenceWalk(Walk):
    """The incremental view of a network that goes from value to value; a subclass computes one step (`advance`).

    Args:
        beginning: what the walk begins with.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.sequence.recurrent import RecurrentModel
    >>> view = RecurrentModel((3,), 4, likelihood=Bernoulli()).incremental(2)
    >>> isinstance(view, SequenceWalk), view.conditional().batch_shape
    (True, torch.Size([2]))
    """

    def __init__(self, beginning: Beginning) -> None:
        self.inputs = beginning.inputs
        super().__init__(
            beginning.likelihood,
            beginning.inputs.start,
            beginning.num_samples,
            beginning.num_steps,
            beginning.context,
        )

    def steps(self) -> Steps:
        """Read the value before, yield the parameters of the next variable, and so on without end."""
        while True:
            if self.parameters is None:
                self.parameters = self.advance(self.step, self.value_before)
            self._value = yield self.parameters
            self.parameters = None
            self.step += 1

    @property
    def value_before(self) -> Tensor:
        """The value of the variable that was read last, ``(N,)``, or the start (0.0 for real numbers) before the first."""
        if self.step == 0:
            start = 0.0 if self.inputs.start_level is None else self.inputs.start_level
            return torch.full((self.num_samples,), start, dtype=self.value_dtype, device=self.device)
        return self._value

    def take_over(self, view: Self, chosen: Tensor) -> None:
        """Remember what another view remembers, as `Walk.take_over`, and the value that it read last."""
        super().take_over(view, chosen)
        if view.step:
            self._value = view._value[chosen]

    @abstractmethod
    def advance(self, step: int, value: Tensor) -> Tensor:
        """Compute the parameters of one variable.

        Args:
            step: number of the step, from 0; steps follow each other.
            value: level or real number of the step before, ``(N,)``; at step 0 the start's level, or 0.0.

        Returns:
            Parameters ``(N, num_parameters)``.
        """
