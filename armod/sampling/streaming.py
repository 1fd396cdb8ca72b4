"""One observation, level by level, for those who read along while it is made: `AutoregressiveModel.stream`.

Each level comes with the distribution that it was drawn from. The loop is that of `armod.sampling.drawing`, but it stops after
each level until the next one is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, distributions

from armod.inputs import noise_of
from armod.likelihoods import LogisticDensity, inverse_cdf, table
from armod.likelihoods.ready_made import by_logits
from armod.sampling.drawing import check_conditional
from armod.sampling.incremental import Incremental
from armod.sampling.samplers import Recomputing, Sampled, device_of, event_shape_of, options_of
from armod.sampling.threads import one_thread


class Streamed(NamedTuple):
    """A level, and what it was drawn from.

    Args:
        level: the level, int64 of shape ``()``; a real number if that is what the model makes.
        distribution: the distribution of batch shape ``()`` that the level was drawn from, temperature and the like included.
            That of a model of levels is a `torch.distributions.Categorical`, whose ``probs`` are ``(K,)``.

    >>> level, distribution = Streamed(torch.tensor(1), distributions.Categorical(probs=torch.tensor([0.25, 0.75])))
    >>> int(level), distribution.probs
    (1, tensor([0.2500, 0.7500]))
    """

    level: Tensor
    distribution: distributions.Distribution


def stream_levels(
    model: Sampled,
    context: Tensor | None,
    prompt: Tensor,
    length: int,
    generator: torch.Generator | None,
    options: dict[str, Any],
    window: int | None = None,
) -> Iterator[Streamed]:
    """Check the options, and draw level after level.

    Args:
        model: the model.
        context: a checked context of one observation, or None.
        prompt: checked levels ``(p,)`` of the first variables, in the order of generation.
        length: D, how many variables there are, those of the prompt included.
        generator: source of the noise, of which each variable takes one number, those of the prompt included.
        options: options of `AutoregressiveModel.sample`, but for ``callback``.
        window: how many variables the model can see, or None for all. Whenever a window is full, the model begins a new one
            with the last half of it.

    Returns:
        An iterator over the variables after the prompt.

    Raises:
        ValueError: if an option is unknown or has an impossible value.

    >>> from armod.models.histogram import Histogram
    >>> bits = Histogram((3,), 2).fit(torch.tensor([[1, 0, 1]]))
    >>> [int(level) for level, _ in stream_levels(bits, None, torch.tensor([1]), 3, None, {})]
    [0, 1]
    """
    if "callback" in options:
        raise ValueError("callback is no option of stream, which gives each level as soon as it is made.")
    stop, _, adjust = options_of(options, model, model.ordering_for(math.prod(model.event_shape)))

    def begun(levels: Tensor) -> Incremental:
        """A view that has read levels ``(1, a)``."""
        view = model.incremental(1, context)
        if isinstance(view, Recomputing):  # it does not know the length of this observation
            view = Recomputing(model, 1, context, event_shape_of(model, min(length, window or length)))
        if levels.shape[1]:
            view.append(levels)
        return view

    def drawn() -> Iterator[Streamed]:
        device, levels = device_of(model), prompt.unsqueeze(0)
        noise_of(1, levels.shape[1], generator)  # `sample` draws it for variables that are known
        view, num_seen = None, 0
        while levels.shape[1] < length:
            # whoever asks for the next level computes in between, so no setting may outlast a step
            with torch.no_grad(), one_thread(device), torch.autocast(device.type, enabled=False):
                if view is None or num_seen == window:
                    seen = levels
                    if window is not None and levels.shape[1] >= window:
                        seen = levels[:, levels.shape[1] - window // 2 :]
                    view, num_seen = begun(seen), seen.shape[1]
                conditional = view.conditional()
                check_conditional(conditional, device)
                conditional = adjust(conditional, levels.shape[1], levels)
                level = inverse_cdf(conditional, noise_of(1, 1, generator).to(device)[0])
                view.append(level)
                levels, num_seen = torch.cat([levels, level.unsqueeze(1)], 1), num_seen + 1
                item = Streamed(level[0], _of_one(conditional))
            yield item
            if stop is not None and int(level) == stop:
                return

    return drawn()


def _of_one(conditional: distributions.Distribution) -> distributions.Distribution:
    """The distribution of batch shape ``()`` that one of batch shape ``(1,)`` holds."""
    if isinstance(conditional, LogisticDensity):
        return conditional._each(lambda parameter: parameter[0])
    return by_logits(table(conditional)[0])
