"""What the models of speech learn from: the prompts, as frames and as windows, with what is told of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from armod import data
from armod.data import Dataset
from armod.data.dataset import SPLITS
from armod.data.sets.prompts import LENGTH, Recording, recordings
from armod.data.windows import cut
from armod.settings import shown
from armod.sound import HOP, decode, features
from armod.speech.phone_features import describe_frames


def measured(recording: Recording) -> Tensor:
    """Measure what a vocoder is told of a recording, ``(28, frames)``."""
    return features(decode(recording.levels))


def described(recording: Recording) -> Tensor:
    """Describe the phones of a recording, as they were aligned, ``(124, frames)``."""
    return describe_frames(recording.phones, recording.frames)


TOLD: dict[str, Callable[[Recording], Tensor]] = {"mel": measured, "phones": described}


@cache
def told(what: str) -> Dataset:
    """Load the windows of "prompts" with a context for each of their 40 frames.

    Args:
        what: "mel", the measured bands, pitch and voicing; or "phones", the aligned phones.

    Returns:
        The data set; its context is ``(N, 28, 40)`` or ``(N, 124, 40)``.

    Raises:
        ValueError: if it is told something else.
    """
    if what not in TOLD:
        raise ValueError(
            f"A model of speech is told of {' or '.join(map(repr, TOLD))}, not of {shown(what)}."
        )
    context = {
        split: cut(torch.cat([TOLD[what](one) for one in recordings(split)], dim=1), LENGTH // HOP)
        for split in SPLITS
    }
    return replace(data.load("prompts"), name=f"prompts, told of {what}", context=context)
