"""Widgets: interactive pictures as one self-contained HTML output; the numbers come from Python, a page only draws."""

from armod.widgets.course_map import course_map
from armod.widgets.mask_lab import mask_lab
from armod.widgets.ordering_explorer import ordering_explorer
from armod.widgets.page import Widget
from armod.widgets.quiz import Question, lesson_quiz, quiz

__all__ = ["Question", "Widget", "course_map", "lesson_quiz", "mask_lab", "ordering_explorer", "quiz"]
