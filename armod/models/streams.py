"""The door to `armod.sampling.streaming`: what a model does to give one observation level by level."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from armod.finite import check_finite
from armod.inputs import check_possible, check_real, noise_of, tensor_of
from armod.sampling.samplers import device_of, value_dtype_of
from armod.sampling.streaming import Streamed, stream_levels
from armod.sampling.threads import one_thread
from armod.settings import whole_numbers


class Streaming:
    """The method `stream` of every `armod.AutoregressiveModel`."""

    def stream(
        self: Any,
        context: Tensor | None = None,
        prompt: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
        length: int | None = None,
        **options: Any,
    ) -> Iterator[Streamed]:
        """Draw one observation level by level, in the order of `ordering`, each as soon as it is asked for.

        The levels are those of ``sample(1, context, known=..., mask=...)`` with the same noise, which is one number of
        `generator` for each variable, those of the prompt included. (An ensemble of MADEs of one order streams from its mixture, whereas
        `sample` draws a member first: other levels, of the same distribution.) A prompt is read when the first level is asked for, in one
        pass if the view can (a Transformer's can); so is everything else that takes time.

        A sequence may become longer than the model's `max_length`. Then the model sees a sliding window: whenever
        it is full, the model reads its last half anew, as if it were the beginning, and goes on. So the later levels are no
        draws from the model's own distribution, which ends at `max_length`.

        Args:
            context: what the model needs beside the levels, of one observation: ``(1, C)`` or local.
            prompt: levels ``(p,)`` of the first p variables in the order of generation, which are kept; None is none.
            generator: source of the noise; None is torch's global generator.
            length: T of a sequence, the prompt included, for models that take several lengths; None is that of
                `event_shape`, or of a local context.
            **options: those of `sample`, but for ``callback``. After the level ``stop`` the stream ends.

        Returns:
            An iterator over the variables after the prompt, of pairs (level, distribution), see
            `armod.sampling.streaming.Streamed`. The distribution is the one that the level was drawn from: temperature,
            top-k, top-p and filter have changed it already.

        Raises:
            ValueError: if an argument does not fit, or an option is unknown.

        >>> from itertools import islice
        >>> from armod import RecurrentModel, likelihoods
        >>> model = RecurrentModel((5,), 8, likelihood=likelihoods.Categorical(4))
        >>> for level, distribution in islice(model.stream(prompt=torch.tensor([3, 1]), top_k=2), 2):
        ...     print(level.shape, (distribution.probs > 0).sum())
        torch.Size([]) tensor(2)
        torch.Size([]) tensor(2)
        """
        number, window = whole_numbers([length]), None
        if (
            number is not None
            and self.any_length
            and self.max_length is not None
            and number[0] > self.max_length
        ):
            if getattr(context, "ndim", 0) > 2:
                raise ValueError(
                    f"length={length} is beyond the {self.max_length} positions that this model has, and a local context "
                    "has nothing for those."
                )
            window, shape = self.max_length, torch.Size([self.max_length])
        else:
            shape = self._shape_for(length, context)
        num_variables = number[0] if window is not None and number is not None else math.prod(shape)
        levels = self._prompt_of(prompt, num_variables)
        context = self.check_context(context, 1, shape)
        with one_thread(device_of(self)):
            check_finite(self, context)
        noise_of(1, 0, generator)  # complains about anything but a generator
        return stream_levels(self, context, levels, num_variables, generator, options, window)

    def _prompt_of(self: Any, prompt: object, num_variables: int) -> Tensor:
        """The levels ``(p,)`` of a prompt for an observation of some variables."""
        if prompt is None:
            return torch.zeros(0, dtype=value_dtype_of(self), device=device_of(self))
        levels = tensor_of(prompt, "prompt", "levels (p,)")
        if levels.dim() == 2 and len(levels) == 1:
            levels = levels[0]
        if levels.dim() != 1:
            raise ValueError(
                f"prompt has the levels (p,) of one observation, not shape {tuple(levels.shape)}."
            )
        if len(levels) > num_variables:
            raise ValueError(
                f"prompt has {len(levels)} levels, but the observation has {num_variables} variables."
            )
        num_levels = None if self.likelihood is None else self.likelihood.num_levels
        check_possible(levels, num_levels, "prompt")
        if self.likelihood is not None and num_levels is None:
            check_real(levels, "prompt")
        return levels.to(device_of(self), value_dtype_of(self))
