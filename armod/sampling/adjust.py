"""What sampling changes in a conditional before it draws from it; the likelihood never hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, distributions

from armod.likelihoods import Likelihood, temper


@dataclass(frozen=True)
class Adjustment:
    """The options of `AutoregressiveModel.sample`, applied to one conditional after the other.

    Args:
        temperature: divides the logits: below 1 sharper, above 1 flatter.

    Raises:
        ValueError: for a temperature that is not above 0.

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
        """Whether it changes anything."""
        return self.temperature != 1

    def parameters(self, likelihood: Likelihood, parameters: Tensor) -> Tensor:
        """Adjust a network's outputs ``(..., num_parameters)`` for `likelihood`."""
        return likelihood.tempered(parameters, self.temperature) if self.changes else parameters

    def distribution(self, conditional: distributions.Distribution) -> distributions.Distribution:
        """Adjust a ready-made distribution in the same way."""
        return temper(conditional, self.temperature) if self.changes else conditional
