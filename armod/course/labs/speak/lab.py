"""The speak lab: a text, its plan, and the wave that a WaveNet makes of it.

The page holds the sounds of some texts at some speeds and pitches, and the words that the table of pronunciations knows, so it
refuses other words itself. Any other sound needs the model: on a live kernel (``live=True``) it is made when it is asked for,
and the wave grows while it is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.course.labs.speak.facts import Request, Said, SpeakFacts
from armod.course.labs.speak.making import PART, say_all
from armod.course.labs.speak.picture import speak_figure
from armod.sound import SAMPLE_RATE
from armod.speech import PITCH_FOLLOWED, pronunciations

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab

TEXTS = ("press two", "thank you")
SPEEDS = PITCHES = (75, 100, 150)
ANY = tuple(range(50, 201, 5))  # speeds and pitches on a live kernel


def speak_lab(
    texts: Sequence[str] = TEXTS,
    *,
    speeds: Sequence[int] = SPEEDS,
    pitches: Sequence[int] = PITCHES,
    speed: int = 100,
    pitch: int = 100,
    seed: int = 0,
    live: bool = False,
) -> Widget | LiveLab:
    """The lab as one notebook output, at first with the first text.

    Args:
        texts: what the page can say without a kernel; English, whose words `armod.speech.pronunciations` knows.
        speeds: of each text, in percent of the voice's own.
        pitches: of each text, in percent of the voice's own, as the plan asks for them; the knob says what is heard.
        speed: the one at first.
        pitch: the one at first.
        seed: seed of the noise.
        live: whether to make an ipywidget, whose traits ``text``, ``speed`` and ``pitch`` take any text of known words and
            anything from 50 to 200 percent.

    Returns:
        The output.

    Raises:
        ValueError: if there is no text, a word is unknown, or a knob does not have a value.
    """
    if not texts or isinstance(texts, str):
        raise ValueError("The speak lab needs a list of texts, at least one.")
    check_knobs("speak lab", speed=(speed, tuple(speeds)), pitch=(pitch, tuple(pitches)))
    said = say_all([Request(*each) for each in product(texts, speeds, pitches)], seed)
    chosen = Request(texts[0], speed, pitch)
    if live:
        from armod.course.labs.speak.live import LiveSpeakLab

        return LiveSpeakLab(said, speak_page, chosen, seed)
    return speak_page(said, chosen)


def speak_page(said: Mapping[Request, Said], chosen: Request) -> Widget:
    """The lab of sounds that were made, one of them seen at first."""
    facts = SpeakFacts(said, chosen)
    texts, speeds, pitches = (tuple(dict.fromkeys(each)) for each in zip(*said, strict=True))
    data = {
        "texts": texts,
        "speeds": sorted(speeds),
        "pitches": sorted(pitches),
        "any": ANY,
        "said": [
            {**request._asdict(), "phones": each.phones, "frames": each.frames}
            for request, each in said.items()
        ],
        "levels": packed(np.concatenate([each.levels for each in said.values()]).tobytes()),
        "rate": SAMPLE_RATE,
        "part": PART,
        "followed": PITCH_FOLLOWED,
        "known": " ".join(pronunciations()),
        "start": chosen._asdict(),
    }
    return lab_page(__file__, data, speak_figure(facts))
