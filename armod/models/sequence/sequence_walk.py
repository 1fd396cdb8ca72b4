"""What the walks of all sequence models share: a network reads a value and gives the next variable's parameters."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from armod.likelihoods import Likelihood
from armod.models.sequence.step_inputs import StepInputs
from armod.sampling.walk import Steps, Walk


@dataclass(frozen=True)
class Beginning:
    """What a walk begins with.

    Args:
        likelihood: of every variable.
        inputs: a copy that nobody changes any more.
        context: of every step, ``(N, T, C)``, or with T = 1 the same at every step; or None.
        num_samples: N.
        num_steps: None for a network that goes on for ever.
    """

    likelihood: Likelihood
    inputs: StepInputs
    context: Tensor | None
    num_samples: int
    num_steps: int | None


class SequenceWalk(Walk):
    """The incremental view of a network that goes from value to value; a subclass computes one step (`advance`)."""

    def __init__(self, beginning: Beginning) -> None:
        self.inputs = beginning.inputs
        super().__init__(
            beginning.likelihood,
            beginning.inputs.start,
            beginning.num_samples,
            beginning.num_steps,
            beginning.context,
        )

    def allocate(self) -> None:
        """The value that the next step reads: at first the start."""
        self.value = torch.full((self.num_samples,), self.inputs.start_level, device=self.device)

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """That value."""
        return {"value": (self.value, 0)}

    def steps(self) -> Steps:
        """Read the value before, give the next variable's parameters; as long as anybody asks."""
        while True:
            if self.parameters is None:
                self.parameters = self.advance(self.step, self.value)
            self.value = yield self.parameters
            self.parameters = None
            self.step += 1

    @abstractmethod
    def advance(self, step: int, value: Tensor) -> Tensor:
        """The parameters ``(N, num_parameters)`` of the variable at `step`; `value` ``(N,)`` is that of the step before."""
