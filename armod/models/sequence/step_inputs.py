"""What a network that goes from value to value reads at each step: `StepInputs`.

It reads the sum of three vectors: one for the value before, one for the position of the next variable, and one for its
context. At the first step there is no value before, so it reads an additional "level", the start. It may read a few values more,
with a vector for each, of which there are none before the beginning.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from armod.likelihoods import Categorical, Likelihood
from armod.settings import generator_of


class LevelEmbedding(nn.Module):
    """A learned vector for each level, or a linear map of the features of a level that is a quantity, or of a real number.

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
        if type(self._likelihood) is Categorical:
            return F.embedding(levels.long(), self.weight)
        if self._likelihood.num_levels is None:  # no matrix product, which autocast would make coarse
            return self._likelihood.encode(levels, self.weight.dtype) * self.weight
        return self._likelihood.encode(levels, self.weight.dtype) @ self.weight


class StepInputs(nn.Module):
    """Levels in the order of generation, shifted by one step and turned into vectors.

    Args:
        likelihood: says how levels are encoded.
        width: size of the vectors.
        num_positions: the number of steps that have a learned vector; 0 if a step does not know its position.
        context_size: C of the context; 0 for none.
        lookback: how many of the values before are read; each distance has a table of its own.

    >>> from armod.likelihoods import Bernoulli
    >>> StepInputs(Bernoulli(), 8, num_positions=3, context_size=0)(torch.tensor([[1, 0, 1]])).shape
    torch.Size([1, 3, 8])
    """

    def __init__(
        self,
        likelihood: Likelihood,
        width: int,
        *,
        num_positions: int,
        context_size: int,
        lookback: int = 1,
    ) -> None:
        super().__init__()
        self.start_level = likelihood.num_levels
        self.start = nn.Parameter(torch.randn(width))
        self.levels = LevelEmbedding(likelihood, width)
        self.positions = nn.Parameter(torch.randn(num_positions, width)) if num_positions else None
        self.context = nn.Linear(context_size, width, bias=False) if context_size else None
        self.older = nn.ModuleList(LevelEmbedding(likelihood, width) for _ in range(lookback - 1))

    def forward(self, levels: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute the inputs of all steps.

        Args:
            levels: ``(N, D)`` of any dtype, in the order of generation.
            context: what `context_of_steps` returns.

        Returns:
            Vectors ``(N, D, width)``.
        """
        before = F.pad(levels[:, :-1].long(), (1, 0), value=self.start_level)
        inputs = F.embedding(before, self.table())
        length = levels.shape[1]
        for distance, embedding in enumerate(self.older, 2):
            earlier = embedding(levels[:, : max(length - distance, 0)])
            inputs = inputs + F.pad(earlier, (0, 0, distance, 0))[:, :length]
        constants = self.constants(context, 0, length)
        return inputs if constants is None else inputs + constants

    def before(self, values: Tensor) -> Tensor:
        """Look up the vector of the value before each step; the first step reads the start.

        Args:
            values: levels, int64 ``(T, N)``, or real numbers, in the order of generation.

        Returns:
            Vectors ``(T, N, width)``.
        """
        if self.start_level is None:
            start = self.start.expand(1, values.shape[1], -1)
            return torch.cat([start, self.levels(values[:-1])])
        before = F.pad(values[:-1], (0, 0, 1, 0), value=self.start_level)
        return F.embedding(before, self.table())

    def table(self) -> Tensor:
        """Return the vectors of all K levels, followed by that of the start, ``(K + 1, width)``."""
        every_level = torch.arange(self.start_level, device=self.start.device)
        return torch.cat([self.levels(every_level), self.start.unsqueeze(0)])

    def older_tables(self) -> Tensor | None:
        """Return the vectors of all K levels two steps back, three, ..., each followed by zeros, ``(lookback - 1, K + 1, width)``."""
        if not self.older:
            return None
        every_level = torch.arange(self.start_level, device=self.start.device)
        return torch.stack([F.pad(embedding(every_level), (0, 0, 0, 1)) for embedding in self.older])

    def constants(self, context: Tensor | None, begin: int, end: int) -> Tensor | None:
        """Compute the part of the inputs that does not depend on the values.

        Args:
            context: what `context_of_steps` returns.
            begin: the first step.
            end: the step after the last one.

        Returns:
            Vectors ``(N or 1, end - begin or 1, width)``, or None if there are neither positions nor a context.
        """
        if context is not None and context.shape[1] > 1:
            end = min(end, context.shape[1])
        position = None if self.positions is None else self.positions[begin:end].unsqueeze(0)
        if self.context is None or context is None:
            return position
        steps = context if context.shape[1] == 1 else context[:, begin:end]
        from_context = self.context(steps.to(self.context.weight.dtype))
        return from_context if position is None else from_context + position

    def frozen(self) -> StepInputs:
        """Make a copy that does not change any more and needs no gradients."""
        # what pruning computes from other parameters is no leaf, which torch refuses to copy
        computed = [
            value for part in self.modules() for value in vars(part).values() if isinstance(value, Tensor)
        ]
        memo = {id(value): value.detach().clone() for value in computed}
        return copy.deepcopy(self, memo).requires_grad_(False)


class StepConstants:
    """The constants of each step, projected, and computed for many steps at a time.

    Args:
        inputs: the inputs, which must not change any more.
        context: what `context_of_steps` returns.
        project: maps vectors ``(..., width)`` to ``(..., size)``.

    >>> from armod.likelihoods import Bernoulli
    >>> inputs = StepInputs(Bernoulli(), 8, num_positions=3, context_size=0)
    >>> StepConstants(inputs, None, lambda vectors: vectors[..., :2])(1).shape
    torch.Size([1, 2])
    """

    _STEPS_AT_A_TIME = 64

    def __init__(
        self, inputs: StepInputs, context: Tensor | None, project: Callable[[Tensor], Tensor]
    ) -> None:
        self._inputs, self._context, self._project = inputs, context, project
        self._first = -1  # the first of the steps that are computed
        self.is_empty = inputs.positions is None and inputs.context is None

    def __call__(self, step: int) -> Tensor:
        """Return the constants ``(N or 1, size)`` of a step; this is quick for one step after the other."""
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
    """Let modules that are built inside the ``with`` block draw torch's usual initial weights from `seed`.

    The numbers are those that torch's global generator would give after `torch.manual_seed`, but that generator, which
    belongs to all threads, is left alone.

    Args:
        seed: seed of the weights, which are the same on every device.

    Yields:
        Nothing.

    Raises:
        ValueError: if the seed is no whole number.
    """
    with _OwnGenerator(generator_of(seed)):
        yield


class _OwnGenerator(TorchDispatchMode):
    """Everything random that this thread computes meanwhile comes from one generator on the CPU."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No model is made inside of what is compiled; and to skip the compiler, torch would import it, for a second."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        if func.overloadpacket is torch.ops.aten.randn:
            place = kwargs.get("device")
            drawn = torch.randn(*args, **{**kwargs, "device": "cpu", "generator": self.generator})
            return drawn if place is None else drawn.to(place)
        # all others fill a tensor that is there
        target, *settings = args
        if target.device.type == "meta":
            return target
        if target.device.type == "cpu":
            return func(target, *settings, **{**kwargs, "generator": self.generator})
        drawn = torch.empty_like(target, device="cpu")
        return target.copy_(func(drawn, *settings, **{**kwargs, "generator": self.generator}))
