"""The synthesiser as a recogniser: the word under which a sound is most probable (Bayes' rule with equal priors)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from armod.models.base import AutoregressiveModel
from armod.settings import shown
from armod.sound import HOP
from armod.speech.phone_features import describe_frames, phone_numbers
from armod.speech.recipes import load_model
from armod.speech.text import phones
from armod.speech.voice import voice


def word_log_probs(levels: Tensor, words: Sequence[str], model: str = "vocoder") -> Tensor:
    """Compute log p(sound | word) for several words.

    The durations of each word are the predicted ones, stretched so that the word lasts as long as the sound.

    Args:
        levels: the sound, levels of `armod.sound.encode`, ``(80 * frames,)``.
        words: the words, or whole texts.
        model: "vocoder", which is told of the predicted spectrum and pitch, or "direct", which is told of the phones.

    Returns:
        Nats, ``(words,)``; by Bayes' rule their softmax is p(word | sound) if all words are equally frequent.

    Raises:
        ValueError: if there is no such model, a word is unknown, or the sound is too short.
    """
    if model not in ("vocoder", "direct"):
        raise ValueError(f"model is 'vocoder' or 'direct', not {shown(model)}.")
    num_frames = len(levels) // HOP
    contexts = [_context(word, num_frames, model) for word in words]
    network = load_model(model)
    assert isinstance(network, AutoregressiveModel)
    sound = levels[: num_frames * HOP].expand(len(words), -1)
    with torch.no_grad():
        return torch.cat(
            [
                network.log_prob(part, context)
                for part, context in zip(sound.split(20), torch.stack(contexts).split(20), strict=True)
            ]
        )


def words_by_bayes(sounds: Sequence[Tensor], words: Sequence[str], model: str = "vocoder") -> list[str]:
    """Name the most probable word for each sound.

    Args:
        sounds: levels of `armod.sound.encode`, ``(80 * frames,)`` each.
        words: the words to choose from.
        model: as in `word_log_probs`.

    Returns:
        A word for each sound.
    """
    return [words[int(word_log_probs(sound, words, model).argmax())] for sound in sounds]


def _context(word: str, num_frames: int, model: str) -> Tensor:
    """What the model is told if this word lasts so many frames."""
    numbers = phone_numbers(phones(word))
    frames = stretched(voice().durations.frames(numbers), num_frames)
    described = describe_frames(numbers, frames)
    return described if model == "direct" else voice().acoustic.features(described)


def stretched(frames: Sequence[int], num_frames: int) -> list[int]:
    """Stretch durations so that they sum to a number of frames; each keeps a frame at least.

    >>> stretched([1, 2, 3], 12), stretched([1, 9], 3)
    ([2, 4, 6], [1, 2])
    """
    if num_frames < len(frames):
        raise ValueError(f"{len(frames)} phones don't fit into {num_frames} frames.")
    ends = torch.tensor(frames).cumsum(0) * (num_frames / sum(frames))
    places = torch.arange(1, len(frames) + 1)
    # so that every phone before has room, and every phone after
    ends = ends.round().long().clamp(max=num_frames - len(frames) + places)
    ends = (ends - places).cummax(0).values.clamp(min=0) + places
    found: list[int] = F.pad(ends, (1, 0)).diff().tolist()
    return found
