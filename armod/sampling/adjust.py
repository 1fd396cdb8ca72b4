"""What sampling changes in a conditional before it draws from it; likelihoods do not change."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, distributions

from armod.likelihoods import Likelihood, temper


@dataclass(frozen=True)
class Adjustment:
    """The options of `AutoregressiveModel.sample`, which are applied to one conditional after the other.

    Args:
        temperature: divides the logits; below 1 makes the distribution sharper, above 1 flatter.

    Raises:
        ValueError: if the temperature is not above 0.

    >>> import torch
    >>> Adjustment(temperature=0.5).distribution(distributions.Bernoulli(logits=torch.tensor(1.0))).logits
    tensor(2.)
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"temperature must be above 0, not {self.temperature}.")

    @property
    def changes(self) -> bool:
        """Whether any option changes the conditionals."""
        return self.temperature != 1

    def parameters(self, likelihood: Likelihood, parameters: Tensor) -> Tensor:
        """Adjust the outputs ``(..., num_parameters)`` of a network with this likelihood."""
        return likelihood.tempered(parameters, self.temperature) if self.changes else parameters

    def distribution(self, conditional: distributions.Distribution) -> distributions.Distribution:
        """Adjust a ready-made distribution in the same way."""
        return temper(conditional, self.temperature) if self.changes else conditional
