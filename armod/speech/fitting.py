"""How the two regressors learn: whole prompts in padded batches, Adam, and a learning rate that falls along half a cosine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from armod.data.sets.prompts import recordings
from armod.sound import NUM_BANDS, SILENCE
from armod.speech.learning import described, measured
from armod.speech.phone_features import describe_phones
from armod.speech.regressors import Acoustic, Durations
from armod.training.schedules import Cosine

Pairs = Sequence[tuple[Tensor, Tensor]]  # what is told and what is due, with time or phones last


def fit_regressor(
    model: Acoustic | Durations,
    pairs: Pairs,
    *,
    steps: int,
    batch_size: int = 12,
    learning_rate: float = 3e-3,
    seed: int = 0,
) -> float:
    """Let a regressor learn; it changes in place.

    Args:
        model: the regressor.
        pairs: what `acoustic_pairs` or `duration_pairs` returns.
        steps: how often it learns from a batch.
        batch_size: utterances in a batch.
        learning_rate: step size of Adam at the beginning.
        seed: seed of the order and of the dropout.

    Returns:
        Processor seconds that it took.
    """
    begin = time.process_time()
    is_acoustic = isinstance(model, Acoustic)
    loss = acoustic_loss if is_acoustic else duration_loss
    # padding is work for nothing, but durations take hardly any work
    batches = _batches([told.shape[-1] for told, _ in pairs], batch_size, mixed=0.2 if is_acoustic else 100.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, Cosine(steps))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.train()
        for rows in islice(batches, steps):
            optimizer.zero_grad()
            loss(model, [pairs[row] for row in rows]).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    model.eval()
    return time.process_time() - begin


def acoustic_pairs(split: str) -> Pairs:
    """The described frames of each prompt of a split, ``(124, frames)``, and their measured features, ``(28, frames)``."""
    return [(described(one), measured(one)) for one in recordings(split)]


def duration_pairs(split: str) -> Pairs:
    """The described phones of each prompt of a split, ``(203, phones)``, and the logarithms of their frames, ``(phones,)``."""
    return [(describe_phones(one.phones).T, torch.tensor(one.frames).log()) for one in recordings(split)]


def acoustic_loss(model: nn.Module, pairs: Pairs) -> Tensor:
    """The mean absolute error of the bands in nats, with those of the pitch (in sixths of an octave) and of the voicing.

    >>> silence = (torch.zeros(124, 9), torch.zeros(28, 9))
    >>> acoustic_loss(lambda told: torch.zeros(len(told), 28, told.shape[2]), [silence]).item() < 1
    True
    """
    told, due, is_there = _padded(pairs)
    found = model(told)
    frames = is_there.sum()
    bands = ((found - due)[:, :NUM_BANDS].abs().mean(1) * is_there).sum() / frames * -SILENCE
    voiced = due[:, NUM_BANDS + 1] * is_there
    pitch = ((found - due)[:, NUM_BANDS].abs() * voiced).sum() / voiced.sum().clamp(min=1)
    voicing = F.binary_cross_entropy_with_logits(
        found[:, NUM_BANDS + 1], voiced, weight=is_there, reduction="sum"
    )
    return bands + 6 * pitch + voicing / frames


def band_error(model: nn.Module, pairs: Pairs) -> float:
    """The mean absolute error of a band in nats, over all frames.

    >>> band_error(lambda told: torch.zeros(len(told), 28, told.shape[2]), [(torch.zeros(124, 9), torch.zeros(28, 9))])
    0.0
    """
    told, due, is_there = _padded(pairs)
    with torch.no_grad():
        errors = (model(told) - due)[:, :NUM_BANDS].abs().mean(1)
    return ((errors * is_there).sum() / is_there.sum() * -SILENCE).item()


def duration_loss(model: nn.Module, pairs: Pairs) -> Tensor:
    """The mean squared error of the logarithms of durations.

    >>> duration_loss(lambda told: torch.ones(told.shape[:2]), [(torch.zeros(203, 2), torch.tensor([0.0, 2.0]))])
    tensor(1.)
    """
    told, due, is_there = _padded(pairs)
    return ((model(told.transpose(1, 2)) - due).square() * is_there).sum() / is_there.sum()


def _padded(pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
    """A batch: what is told and what is due, padded with zeros, and 1.0 where there is something ``(N, T)``."""
    told, due = (
        pad_sequence([pair[part].movedim(-1, 0) for pair in pairs], batch_first=True) for part in (0, 1)
    )
    there = pad_sequence([torch.ones(pair[0].shape[-1]) for pair in pairs], batch_first=True)
    return told.transpose(1, 2), due.transpose(1, 2) if due.dim() == 3 else due, there


def _batches(lengths: Sequence[int], size: int, *, mixed: float) -> Iterator[list[int]]:
    """Numbers of prompts in a new order again and again, `size` at a time.

    The less they are mixed, the more alike are the lengths in a batch: each epoch sorts by the logarithm of the length and a
    random number of this size, and shuffles the batches.
    """
    logarithms = torch.tensor(lengths).log()
    while True:
        order = (logarithms + mixed * torch.randn(len(lengths))).argsort().split(min(size, len(lengths)))
        for number in torch.randperm(len(order)).tolist():
            yield order[number].tolist()
