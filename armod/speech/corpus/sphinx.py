"""A first alignment by pocketsphinx, an outside recogniser for 16 kHz, which at 8 kHz leaves much to be mended."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from armod.speech.corpus.transcripts import ADDED


class Span(NamedTuple):
    """A phone and the frames of 10 ms that it lasts.

    Args:
        phone: name of the phone.
        begin: first frame.
        end: the frame after the last one.
        word: number of its word in the transcript; -1 for silence.

    >>> Span("S", 3, 9, 0).end
    9
    """

    phone: str
    begin: int
    end: int
    word: int


def dictionary_path() -> Path:
    """Return the file of the dictionary that comes with pocketsphinx."""
    from pocketsphinx import get_model_path

    return Path(get_model_path()) / "en-us" / "cmudict-en-us.dict"


def first_alignment(wave: NDArray[np.float64], spoken: list[str]) -> list[Span] | None:
    """Align the phones of a transcript.

    Args:
        wave: floats ``(T,)`` at 8 kHz.
        spoken: the words.

    Returns:
        The phones in their order; None if pocketsphinx finds no way through, or only silence.
    """
    from scipy.signal import resample_poly

    at_16_khz = resample_poly(wave, 2, 1)
    sound = (at_16_khz.clip(-1, 1) * 32_767).astype("<i2").tobytes()
    decoder = _decoder()
    decoder.set_align_text(" ".join(spoken))
    try:
        _hear(decoder, sound)
        if decoder.hyp() is None:
            return None
        decoder.set_alignment()
        _hear(decoder, sound)
        # asking for the hypothesis after this pass ends the process (pocketsphinx 5.1.1)
        aligned = decoder.get_alignment()
    except RuntimeError:  # it stays in the middle of the utterance
        _decoder.cache_clear()
        return None
    spans, number = [], -1
    for word in aligned:
        is_word = word.name[0] not in "<[" and word.name != "(NULL)"
        number += is_word
        for phone in word:
            name = phone.name if is_word else "SIL"
            spans.append(Span(name, phone.start, phone.start + phone.duration, number if is_word else -1))
    return spans if number + 1 == len(spoken) else None


@cache
def _decoder() -> Any:
    from pocketsphinx import Decoder

    decoder = Decoder(lm=None, loglevel="FATAL", bestpath=False)
    for word, sounds in ADDED.items():
        if decoder.lookup_word(word) is None:
            decoder.add_word(word, " ".join(sounds), False)
    return decoder


def _hear(decoder: Any, sound: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
