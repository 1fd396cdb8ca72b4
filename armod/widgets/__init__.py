"""Widgets: interactive pictures as one self-contained HTML output; the numbers come from Python, a page only draws."""

from armod.widgets.coin_lab import coin_lab
from armod.widgets.course_map import course_map
from armod.widgets.dilation_animation import dilation_animation
from armod.widgets.dilation_lab import dilation_lab
from armod.widgets.field_lab import field_lab
from armod.widgets.histogram_lab import histogram_lab
from armod.widgets.mask_lab import mask_lab
from armod.widgets.mixture_lab import mixture_lab
from armod.widgets.ordering_explorer import ordering_explorer
from armod.widgets.page import Widget
from armod.widgets.quiz import Question, lesson_quiz, quiz
from armod.widgets.reach_lab import reach_lab
from armod.widgets.sound_player import sound_player
from armod.widgets.surface_lab import surface_lab

__all__ = [
    "Question",
    "Widget",
    "coin_lab",
    "course_map",
    "dilation_animation",
    "dilation_lab",
    "field_lab",
    "histogram_lab",
    "lesson_quiz",
    "mask_lab",
    "mixture_lab",
    "ordering_explorer",
    "quiz",
    "reach_lab",
    "sound_player",
    "surface_lab",
]
