"""PixelCNN++: its layers, the mixture of a pixel, and the walk through rows."""

from armod.models.plus_plus.model import PixelCNNPlusPlus

__all__ = ["PixelCNNPlusPlus"]
