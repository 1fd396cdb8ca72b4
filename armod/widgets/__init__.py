"""Widgets: interactive pictures as one self-contained HTML output; the numbers come from Python, a page only draws."""

from armod.widgets.mask_lab import mask_lab
from armod.widgets.page import Widget

__all__ = ["Widget", "mask_lab"]
