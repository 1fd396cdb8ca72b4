"""From text to numbers about sound: how long each phone lasts, and what spectrum and pitch each frame has.

Both are regressions, which say one thing where a speaker might say many: the mean, or the median. That is enough here, because
the vocoder makes the sound, and it draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from armod.models.sequence.step_inputs import initial_weights
from armod.sound import NUM_BANDS, NUM_FEATURES
from armod.speech.phone_features import (
    NUM_DURATION_FEATURES,
    NUM_PHONE_FEATURES,
    describe_phones,
)


class Durations(nn.Module):
    """Predicts how long each phone lasts, from the phone, the two before it and the two after it.

    Args:
        channels: units of the hidden layer.
        dropout: share of the hidden units that are dropped in training.
        seed: seed of the initial weights.

    >>> Durations()(torch.zeros(7, NUM_DURATION_FEATURES)).shape
    torch.Size([7])
    """

    def __init__(self, channels: int = 48, *, dropout: float = 0.1, seed: int = 0) -> None:
        super().__init__()
        with initial_weights(seed):
            self.layers = nn.Sequential(
                nn.Linear(NUM_DURATION_FEATURES, channels),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(channels, 1),
            )

    def forward(self, described: Tensor) -> Tensor:
        """Predict the natural logarithm of the number of frames.

        Args:
            described: phones, as `describe_phones` describes them, ``(..., 203)``.

        Returns:
            ``(...)``.
        """
        return self.layers(described)[..., 0] + 2  # e^2 frames are 74 ms

    def frames(self, phones: Sequence[int], *, speed: float = 1.0) -> list[int]:
        """Predict the whole frames of every phone of an utterance.

        Args:
            phones: number of each phone in ``armod.speech.PHONES``.
            speed: 2.0 speaks twice as fast.

        Returns:
            Frames of 10 ms, at least 1 for each phone.
        """
        with torch.no_grad():
            lengths = self(describe_phones(phones)).exp() / speed
        # what is cut off here is added there, so that the whole keeps its length
        ends = lengths.cumsum(0).round()
        whole = ends.diff(prepend=torch.zeros(1)).clamp(min=1)
        return cast(list[int], whole.int().tolist())


class Acoustic(nn.Module):
    """Predicts spectrum and pitch of every frame from what is to be said: convolutions, then a recurrent network in both directions.

    Args:
        channels: width of the convolutions.
        hidden_size: units of each direction.
        dropout: share of the channels that are dropped in training.
        seed: seed of the initial weights.

    >>> Acoustic()(torch.zeros(2, NUM_PHONE_FEATURES, 50)).shape
    torch.Size([2, 28, 50])
    """

    def __init__(
        self, channels: int = 96, hidden_size: int = 64, *, dropout: float = 0.25, seed: int = 0
    ) -> None:
        super().__init__()
        with initial_weights(seed):
            self.convolutions = nn.Sequential(
                nn.Conv1d(NUM_PHONE_FEATURES, channels, 3, padding=1),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Conv1d(channels, channels, 5, padding=2),
                nn.ReLU(),
                nn.Dropout(dropout),
            )
            self.recurrent = nn.GRU(channels, hidden_size, batch_first=True, bidirectional=True)
            self.dropout = nn.Dropout(dropout)
            self.head = nn.Linear(2 * hidden_size, NUM_FEATURES)

    def forward(self, described: Tensor) -> Tensor:
        """Predict the features of each frame, before they are put in their bounds.

        Args:
            described: frames, as `describe_frames` describes them, ``(N, 124, frames)``.

        Returns:
            ``(N, 28, frames)``: bands and pitch as in `armod.sound.features`, and the logit of voicing.
        """
        hidden = self.convolutions(described).transpose(1, 2)
        return self.head(self.dropout(self.recurrent(hidden)[0])).transpose(1, 2)

    def features(self, described: Tensor, *, pitch: float = 1.0) -> Tensor:
        """Predict what the vocoder is told of one utterance.

        Args:
            described: its frames, ``(124, frames)``.
            pitch: 2.0 asks for an octave higher.

        Returns:
            ``(28, frames)``, as `armod.sound.features` measures them.
        """
        with torch.no_grad():
            raw = self(described[None])[0]
        voiced = raw[NUM_BANDS + 1 :] > 0
        octaves = raw[NUM_BANDS : NUM_BANDS + 1] + torch.tensor(pitch).log2()
        return torch.cat([raw[:NUM_BANDS].clamp(min=0), octaves * voiced, voiced.to(raw)])
