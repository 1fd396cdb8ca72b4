"""Models that a user of `armod` might write."""

from __future__ import annotations

import torch
from torch import Tensor, distributions, nn

from armod import AutoregressiveModel


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class UserBits(AutoregressiveModel):
    """Logistic regression of each bit on the earlier ones, with plain attributes, `likelihood` left unsaid."""

    num_levels = 2

    def __init__(self, num_variables: int = 4, ordering: list[int] | None = None) -> None:
        super().__init__()
        self.event_shape = torch.Size([num_variables])
        self.ordering = torch.tensor(ordering if ordering is not None else list(range(num_variables)))
        self.weight = nn.Parameter(torch.randn(num_variables, num_variables, generator=seeded(1)))
        self.bias = nn.Parameter(torch.randn(num_variables, generator=seeded(2)))

    def may_see(self) -> Tensor:
        place = torch.argsort(self.ordering)
        return place[:, None] > place[None, :]

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        weight = self.weight * self.may_see()
        return distributions.Bernoulli(logits=x.to(weight.dtype) @ weight.T + self.bias)


class UserSingle(UserBits):
    """As users write it: the input is cast to float32, whatever the model's own type."""

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        weight = self.weight * self.may_see()
        return distributions.Bernoulli(logits=nn.functional.linear(x.float(), weight, self.bias))


class UserLevels(AutoregressiveModel):
    """No parameters at all: each of 2 x 2 pixels of 3 levels depends on the sum of the pixels before it."""

    num_levels = 3
    event_shape = torch.Size([2, 2])
    ordering = torch.tensor([3, 1, 0, 2])

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        in_order = x.flatten(1)[:, self.ordering].double()
        logits = torch.empty(len(x), 4, 3, dtype=torch.float64)
        sums = in_order.cumsum(1) - in_order
        logits[:, self.ordering] = sums[..., None] * torch.tensor([0.3, -0.4, 0.2]) + torch.tensor(
            [0.0, 0.5, 1]
        )
        return distributions.Categorical(logits=logits.view(-1, 2, 2, 3), validate_args=False)
