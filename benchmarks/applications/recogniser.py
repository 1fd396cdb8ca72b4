"""An outside judge of speech: pocketsphinx, which never heard our voice, chooses one of eighty words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from torch import Tensor

WORDS = tuple(
    word
    for line in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
        "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dollars",
        "monday tuesday wednesday thursday friday saturday sunday today tomorrow yesterday",
        "january february march april may june july august september october november december",
        "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike oscar papa quebec romeo sierra tango",
        "uniform victor whiskey xray yankee zulu",
    )
    for word in line.split()
)


def recognise(waves: Sequence[Tensor], words: Sequence[str] = WORDS) -> list[str]:
    """Name the word in each sound.

    Args:
        waves: floats ``(T,)`` at 8 kHz, as they are: a fifth of a second of digital silence before and after each takes real
            recordings from 90 % to 85 %.
        words: the words that it chooses from.

    Returns:
        A word for each, or "" where it hears none.
    """
    from scipy.signal import resample_poly

    heard = []
    for wave in waves:
        sound = resample_poly(wave.double().numpy(), 2, 1)
        decoder = _decoder(tuple(words))
        decoder.start_utt()
        decoder.process_raw((sound.clip(-1, 1) * 32_767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        heard.append("" if found is None else found.hypstr.strip())
    return heard


@cache
def _decoder(words: tuple[str, ...]):
    from pocketsphinx import Decoder

    from armod.speech.corpus.transcripts import ADDED

    decoder = Decoder(lm=None, loglevel="FATAL")
    for word, sounds in ADDED.items():
        if decoder.lookup_word(word) is None:
            decoder.add_word(word, " ".join(sounds), True)
    decoder.add_jsgf_string("words", f"#JSGF V1.0; grammar words; public <word> = {' | '.join(words)};")
    decoder.activate_search("words")
    return decoder
