"""Text to speech: words to phones, phones to durations, spectrum and pitch, and these to sound by a WaveNet.

`speak` says a text. A `Voice` takes the same way in steps that can be looked at: `Voice.plan` predicts durations, spectrum and
pitch (`Durations`, `Acoustic`), and `Voice.sound` lets the vocoder draw the sound. `load_model` has each of the trained models,
"direct" and "babble" among them, which speak without a plan, and without a text. What sound is in numbers (levels, bands, pitch)
is defined in `armod.sound`, once for training and use.

>>> import torch
>>> len(speak("two", generator=torch.Generator().manual_seed(0))) > 2000
True
"""

from armod.sound import (
    decode,
    deemphasise,
    emphasise,
    encode,
    features,
    levelled,
    mel,
    pitch,
    spectral_distance,
)
from armod.speech.learning import described, measured, told
from armod.speech.phone_features import describe_frames, describe_phones, phone_numbers
from armod.speech.recipes import NAMES, load_model, receipt_of
from armod.speech.recogniser import word_log_probs, words_by_bayes
from armod.speech.regressors import Acoustic, Durations
from armod.speech.text import PHONES, phones, pronunciations, words
from armod.speech.voice import PITCH_FOLLOWED, Plan, Voice, draw_sounds, speak, voice

__all__ = [
    "NAMES",
    "PHONES",
    "PITCH_FOLLOWED",
    "Acoustic",
    "Durations",
    "Plan",
    "Voice",
    "decode",
    "deemphasise",
    "describe_frames",
    "describe_phones",
    "described",
    "draw_sounds",
    "emphasise",
    "encode",
    "features",
    "levelled",
    "load_model",
    "measured",
    "mel",
    "phone_numbers",
    "phones",
    "pitch",
    "pronunciations",
    "receipt_of",
    "speak",
    "spectral_distance",
    "told",
    "voice",
    "word_log_probs",
    "words",
    "words_by_bayes",
]
