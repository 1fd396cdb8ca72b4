"""Phrases that go on, and voices that do not belong together."""

from __future__ import annotations

import torch
from torch import Tensor

from armod.data.sets.chorales import LENGTH
from armod.inputs import count_of, described
from armod.models.base import AutoregressiveModel
from armod.music.scores import Score
from armod.pretrained import load_pretrained

WEIGHTS = "transformer-chorales"


def continue_phrase(
    beginning: Tensor,
    num_samples: int = 3,
    *,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    model: AutoregressiveModel | None = None,
) -> Score:
    """Go on with the beginning of a chorale; the model makes one step after the other, so that this is exact.

    Args:
        beginning: the first t steps, levels of the data set "chorales", ``(4, t)``.
        num_samples: how many continuations are drawn.
        temperature: as in `AutoregressiveModel.sample`.
        generator: source of the noise; None is torch's global generator.
        model: a model of "chorales" that goes step by step; None is ``load_pretrained("transformer-chorales")``.

    Returns:
        The scores ``(num_samples, 4, 64)``, the beginning included.

    Raises:
        ValueError: if the beginning is no such tensor, or leaves nothing to add.

    >>> first_bar = torch.full((4, 16), 1)
    >>> first_bar[:, 0] = torch.tensor([38, 33, 29, 17])  # a chord of C, held
    >>> continue_phrase(first_bar, 2, generator=torch.Generator().manual_seed(0)).pitches[:, :, 5].tolist()
    [[72, 67, 63, 51], [72, 67, 63, 51]]
    """
    fits = isinstance(beginning, Tensor) and beginning.dim() == 2 and len(beginning) == 4
    if not fits or not 0 < beginning.shape[1] < LENGTH:
        found = tuple(beginning.shape) if isinstance(beginning, Tensor) else described(beginning)
        raise ValueError(f"beginning is levels (4, t) with t from 1 to {LENGTH - 1}, not {found}.")
    num_samples = count_of(num_samples, None)
    if model is None:
        model = load_pretrained(WEIGHTS)
    steps = beginning.shape[1]
    known = torch.zeros(4, LENGTH, dtype=beginning.dtype)
    known[:, :steps] = beginning
    mask = torch.arange(LENGTH) < steps
    x = model.sample(num_samples, known=known, mask=mask, temperature=temperature, generator=generator)
    return Score.of_chorales(x)


def shuffled_voices(levels: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """Put voices of different chorales on top of each other: each voice is Bach's, and nothing fits.

    Args:
        levels: scores ``(N, voices, T)``.
        generator: source of the noise; None is torch's global generator.

    Returns:
        Scores of the same shape; each voice has the rows in a random order of its own.

    >>> shuffled_voices(torch.arange(6).view(3, 2, 1), generator=torch.Generator().manual_seed(0)).squeeze().tolist()
    [[4, 5], [0, 3], [2, 1]]
    """
    rows = [torch.randperm(len(levels), generator=generator) for _ in range(levels.shape[1])]
    return torch.stack([levels[order, voice] for voice, order in enumerate(rows)], 1)
