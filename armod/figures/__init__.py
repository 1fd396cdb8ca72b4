"""Figures: pure functions from models, masks or numbers to a `Picture`, which also describes itself in words."""

from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS

__all__ = ["COLOURS", "Picture", "new_picture"]
