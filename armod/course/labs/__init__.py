"""Labs: interactive pictures as one self-contained HTML output; the numbers come from Python, a page only draws.

A lab of another package (`armod.plugins`, the group ``armod.labs``) is imported from here like ours:
``from armod.course.labs import their_lab``.
"""

from typing import Any

from armod.course.labs.coin.lab import coin_lab
from armod.course.labs.colour.lab import colour_lab
from armod.course.labs.compose.lab import compose_lab
from armod.course.labs.concept_map.lab import course_map
from armod.course.labs.dependency.lab import dependency_lab
from armod.course.labs.dilation.animation import dilation_animation
from armod.course.labs.dilation.lab import dilation_lab
from armod.course.labs.field.lab import field_lab
from armod.course.labs.gates.lab import gates_lab
from armod.course.labs.histogram.lab import histogram_lab
from armod.course.labs.kl.lab import kl_lab
from armod.course.labs.letters.lab import letters_lab
from armod.course.labs.mask.lab import mask_lab
from armod.course.labs.mixture.lab import mixture_lab
from armod.course.labs.ordering.lab import ordering_explorer
from armod.course.labs.page import Widget
from armod.course.labs.paint.lab import paint_lab
from armod.course.labs.passes.lab import passes_lab
from armod.course.labs.prediction.answers import choices, curve, number
from armod.course.labs.prediction.card import predict, predictions
from armod.course.labs.quiz import Question, lesson_quiz, quiz
from armod.course.labs.race.lab import race_lab
from armod.course.labs.reach.lab import reach_lab
from armod.course.labs.sound_player import sound_player
from armod.course.labs.speak.lab import speak_lab
from armod.course.labs.surface.lab import surface_lab
from armod.course.labs.text.lab import text_lab
from armod.course.labs.waiting.lab import waiting_lab
from armod.plugins import plugins

__all__ = [
    "Question",
    "Widget",
    "choices",
    "coin_lab",
    "colour_lab",
    "compose_lab",
    "course_map",
    "curve",
    "dependency_lab",
    "dilation_animation",
    "dilation_lab",
    "field_lab",
    "gates_lab",
    "histogram_lab",
    "kl_lab",
    "lesson_quiz",
    "letters_lab",
    "mask_lab",
    "mixture_lab",
    "number",
    "ordering_explorer",
    "paint_lab",
    "passes_lab",
    "predict",
    "predictions",
    "quiz",
    "race_lab",
    "reach_lab",
    "sound_player",
    "speak_lab",
    "surface_lab",
    "text_lab",
    "waiting_lab",
]


def __getattr__(name: str) -> Any:
    """What another package adds under this name."""
    if name in (labs := plugins("armod.labs")):
        return labs[name]
    raise AttributeError(f"There is no lab {name!r}: choose one of {', '.join([*__all__, *labs])}.")
