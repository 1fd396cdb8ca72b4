"""What a network that goes from value to value reads at each step: `StepInputs`.

Three vectors, added: one for the value before, one for the place of the variable to come, one for its context. At the
first step there is no value before; it reads one more "level", the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import Categorical, Likelihood


class LevelEmbedding(nn.Module):
    """A learned vector for each level, or a linear map of the features of a level that is a quantity.

    For a `Categorical` this is the product of a one-hot vector with a matrix, computed by looking up a row.

    Args:
        likelihood: says how levels are encoded.
        width: size of the vectors.

    >>> LevelEmbedding(Categorical(5), 8)(torch.tensor([[0, 4, 1]])).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, likelihood: Likelihood, width: int) -> None:
        super().__init__()
        self._likelihood = likelihood
        self.weight = nn.Parameter(torch.randn(likelihood.num_features, width))

    def forward(self, levels: Tensor) -> Tensor:
        """Map levels ``(...)`` of any dtype to vectors ``(..., width)``."""
        if isinstance(self._likelihood, Categorical):
            return F.embedding(levels.long(), self.weight)
        return self._likelihood.encode(levels, self.weight.dtype) @ self.weight


class StepInputs(nn.Module):
    """Levels in the order of generation, shifted by one step, as vectors of `width`.

    num_positions: steps that have a learned vector of their own; 0: a step does not know its number.
    context_size: C of the context; 0: there is none.

    >>> from armod.likelihoods import Bernoulli
    >>> StepInputs(Bernoulli(), 8, num_positions=3, context_size=0)(torch.tensor([[1, 0, 1]])).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, likelihood: Likelihood, width: int, *, num_positions: int, context_size: int) -> None:
        super().__init__()
        self.start_level = likelihood.num_levels
        self.start = nn.Parameter(torch.randn(width))
        self.levels = LevelEmbedding(likelihood, width)
        self.positions = nn.Parameter(torch.randn(num_positions, width)) if num_positions else None
        self.context = nn.Linear(context_size, width, bias=False) if context_size else None

    def forward(self, levels: Tensor, context: Tensor | None = None) -> Tensor:
        """Levels ``(N, D)`` of any dtype, context as from `context_of_steps` -> ``(N, D, width)``."""
        before = F.pad(levels[:, :-1].long(), (1, 0), value=self.start_level)
        inputs = F.embedding(before, self.table())
        constants = self.constants(context, 0, levels.shape[1])
        return inputs if constants is None else inputs + constants

    def table(self) -> Tensor:
        """The vectors of all K levels, then that of the start: ``(K + 1, width)``."""
        every_level = torch.arange(self.start_level, device=self.start.device)
        return torch.cat([self.levels(every_level), self.start.unsqueeze(0)])

    def constants(self, context: Tensor | None, begin: int, end: int) -> Tensor | None:
        """What steps ``begin..end-1`` read whatever the values: ``(N or 1, end - begin or 1, width)``, None if nothing."""
        if context is not None and context.shape[1] > 1:
            end = min(end, context.shape[1])
        position = None if self.positions is None else self.positions[begin:end].unsqueeze(0)
        if self.context is None or context is None:
            return position
        steps = context if context.shape[1] == 1 else context[:, begin:end]
        from_context = self.context(steps.to(self.context.weight.dtype))
        return from_context if position is None else from_context + position


class StepConstants:
    """The constants of one step after the other, projected; computed some steps at a time."""

    _STEPS_AT_A_TIME = 64

    def __init__(
        self, inputs: StepInputs, context: Tensor | None, project: Callable[[Tensor], Tensor]
    ) -> None:
        """`inputs` must not change any more; `project` maps their vectors ``(..., width)`` to ``(..., size)``."""
        self._inputs, self._context, self._project = inputs, context, project
        self._first = -1  # of the steps that are computed
        self.is_empty = inputs.positions is None and inputs.context is None

    def __call__(self, step: int) -> Tensor:
        """The constants ``(N or 1, size)`` of `step`; quick for one step after the other."""
        number = step % self._STEPS_AT_A_TIME
        if step - number != self._first:
            self._first = step - number
            constants = self._inputs.constants(
                self._context, self._first, self._first + self._STEPS_AT_A_TIME
            )
            assert constants is not None
            projected = self._project(constants)
            is_same = projected.shape[1] == 1
            self._rows = (projected.expand(-1, self._STEPS_AT_A_TIME, -1) if is_same else projected).unbind(1)
        return self._rows[number]


def context_of_steps(context: Tensor, ordering: Tensor) -> Tensor:
    """Arrange a context by step, as `StepInputs` reads it; all channels of a pixel have the context of the pixel.

    Args:
        context: ``(N, C)``, or local, ``(N, C, T)`` or ``(N, C, H, W)``.
        ordering: permutation ``(D,)``.

    Returns:
        The context ``(N, D, C)`` in the order of generation, or ``(N, 1, C)`` if it is the same at every step.

    >>> local = torch.tensor([[[10.0, 20.0, 30.0]]])
    >>> context_of_steps(local, torch.tensor([2, 1, 0]))[0, :, 0].tolist()
    [30.0, 20.0, 10.0]
    """
    if context.dim() == 2:
        return context.unsqueeze(1)
    positions = context.flatten(2).transpose(1, 2)
    return positions[:, ordering % positions.shape[1]]


@contextmanager
def initial_weights(seed: int) -> Iterator[None]:
    """Modules that are built within draw torch's usual initial weights from `seed`, not from the global generator."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
