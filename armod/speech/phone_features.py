"""What a network is told of each frame of a text: the phone, its neighbours, and the place in the phone and in the utterance."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from armod.speech.text import PHONES

NUM_PHONE_FEATURES = 3 * len(PHONES) + 4
NUM_DURATION_FEATURES = 5 * len(PHONES) + 3
_SECOND = 100  # frames


def phone_numbers(phones: Sequence[str]) -> list[int]:
    """Turn the names of phones into their numbers in `PHONES`.

    >>> phone_numbers(["SIL", "AA"])
    [0, 1]
    """
    return [PHONES.index(phone) for phone in phones]


def describe_frames(phones: Sequence[int], frames: Sequence[int]) -> Tensor:
    """Describe every frame of an utterance.

    Args:
        phones: number of each phone in `PHONES`.
        frames: how many frames of 10 ms each lasts, at least 1.

    Returns:
        ``(124, sum of frames)``: one-hot the phone before, this one, and the next one; how far the phone has come, from 0 to 1;
        the logarithm of its duration; the seconds since the beginning and until the end, 2 at most.

    >>> describe_frames([0, 1], [1, 2])[120].tolist()
    [0.5, 0.25, 0.75]
    """
    durations = torch.tensor(frames)
    owner = torch.repeat_interleave(torch.arange(len(durations)), durations)
    begin = durations.cumsum(0) - durations
    time = torch.arange(len(owner))
    place = (time - begin[owner] + 0.5) / durations[owner]
    numbers = [
        place,
        (durations[owner] / 10).log(),
        (time / _SECOND).clamp(max=2),
        ((len(owner) - 1 - time) / _SECOND).clamp(max=2),
    ]
    around = _neighbours(phones, 1)[owner]
    return torch.cat([around.T, torch.stack(numbers)])


def describe_phones(phones: Sequence[int]) -> Tensor:
    """Describe every phone of an utterance before its duration is known.

    Args:
        phones: number of each phone in `PHONES`.

    Returns:
        ``(phones, 203)``: one-hot the phone, the two before it and the two after it; whether it is the first, or the last but the
        silence; and the logarithm of the number of phones.

    >>> describe_phones([0, 1, 0]).shape
    torch.Size([3, 203])
    """
    count = len(phones)
    edges = torch.zeros(count, 3)
    edges[: 2 if count > 1 else 1, 0] = 1
    edges[-2:, 1] = 1
    edges[:, 2] = math.log(count) / 3
    return torch.cat([_neighbours(phones, 2), edges], dim=1)


def _neighbours(phones: Sequence[int], reach: int) -> Tensor:
    """One-hot all phones from `reach` before to `reach` after each, ``(phones, (2 reach + 1) * 40)``; silence beyond the ends."""
    numbers = F.pad(torch.tensor(phones), (reach, reach))
    return F.one_hot(numbers.unfold(0, 2 * reach + 1, 1), len(PHONES)).flatten(1).float()
