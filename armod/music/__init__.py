"""Bach's chorales as music: a melody is harmonised, a phrase goes on, and a judge counts what every teacher of harmony counts.

A score is ``(N, voices, T)``: MIDI pitches, of which one sounds for a sixteenth note at each step, -1 for silence, and booleans that
say where a note begins (`Score`). Models know levels instead (`armod.data.notes`).
"""

from armod.music.harmony import Harmonies, harmonise
from armod.music.judging import VoiceLeading, voice_leading
from armod.music.keys import InEveryKey
from armod.music.phrases import continue_phrase, shuffled_voices
from armod.music.rolls import piano_roll
from armod.music.rules import NoParallels
from armod.music.scores import Note, Score, melody_of, notes_of
from armod.music.synth import synthesise

__all__ = [
    "Harmonies",
    "InEveryKey",
    "NoParallels",
    "Note",
    "Score",
    "VoiceLeading",
    "continue_phrase",
    "harmonise",
    "melody_of",
    "notes_of",
    "piano_roll",
    "shuffled_voices",
    "synthesise",
    "voice_leading",
]
