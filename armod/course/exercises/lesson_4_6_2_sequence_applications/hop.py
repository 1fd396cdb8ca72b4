"""Exercise 4: the power of each frame, around the right moment."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Exercise

sequence_hop = Exercise(
    name="sequence-hop",
    number=4,
    title="How loud, and when",
    difficulty="medium",
    minutes=10,
    names=("frame_powers",),
    hints=(
        "Where is the middle of frame t? At which sample does a window around it begin, and at which does it end?",
        "A window that is longer than the frame begins (window - hop) / 2 samples before it. Put so many zeros in front of the wave, and as many behind.",
        "`margin = (window - hop) // 2`, then `F.pad(wave, (margin, margin)).unfold(0, window, hop)`, and the mean of the squares of each row.",
    ),
)


def frame_powers(
    wave: Tensor,
    hop: int,
    window: int,
    *,
    is_centred: bool = True,
    moves_by: str = "hop",
    beyond: str = "constant",
    summary: str = "mean square",
) -> Tensor:
    """The mean square of a window around each frame; the options are mistakes.

    Args:
        wave: floats ``(T,)``; T is a multiple of the hop.
        hop: samples of a frame.
        window: samples of a window, with a middle where the frame has its own.
        is_centred: whether window and frame have one middle.
        moves_by: what lies between two windows.
        beyond: what stands before and after the wave, a mode of `torch.nn.functional.pad`.
        summary: what is said of a window.

    Returns:
        Floats ``(T / hop,)``.
    """
    num_frames, margin = len(wave) // hop, (window - hop) // 2
    before = margin if is_centred else 0
    step = hop if moves_by == "hop" else window
    padded = F.pad(wave[None], (before, 2 * margin - before), mode=beyond)[0]
    padded = F.pad(padded, (0, step * num_frames))  # so that other steps find as many windows
    windows = padded.unfold(0, window, step)[:num_frames]
    if summary == "mean size":
        return windows.abs().mean(1)
    squares = windows.square().sum(1) if summary == "sum" else windows.square().mean(1)
    return squares.sqrt() if summary == "root" else squares


def _cases(generator: np.random.Generator) -> list[tuple[Tensor, int, int]]:
    found = []
    for _ in range(2):
        hop = int(generator.integers(2, 5))
        wave = torch.from_numpy(generator.normal(size=6 * hop)).round(decimals=2)
        found.append((wave, hop, hop + 2 * int(generator.integers(1, 4))))
    return found


asked_powers = sequence_hop.asks(
    frame_powers,
    "the power of each frame",
    points=2,
    instances=_cases,
    called=lambda wave, hop, window: f"`frame_powers(wave, {hop}, {window})` of {len(wave)} samples",
    wrong={
        "Your windows begin where the frames begin, so what you say comes too early. A window lies around the middle of its frame.": dict(is_centred=False),
        "Your windows move on by their own length, not by the hop. The row that a vocoder reads for frame t then describes another moment.": dict(moves_by="window"),
        "At both ends you mirror the wave. There is silence before and after it.": dict(beyond="reflect"),
        "That is the sum of the squares. A longer window would be louder.": dict(summary="sum"),
        "That is the root of the power.": dict(summary="root"),
        "You average sizes. Power is the average of squares.": dict(summary="mean size"),
    },
    otherwise="Take a wave of four samples, hop 2 and window 4, and write down by hand which samples the two windows hold.",
)  # fmt: skip


def _edges(generator: np.random.Generator) -> list[tuple[Tensor, int, int]]:
    """A window as long as the frame, frames of one sample, and a single frame."""
    wave = torch.from_numpy(generator.normal(size=6)).round(decimals=2)
    return [(wave, 2, 2), (wave, 1, 3), (wave, 6, 8)]


sequence_hop.add("a window like its frame, frames of one sample, a single frame", asked_powers.on(_edges))
