"""Encoders turn a raw input, such as a thumbnail or a row of symbols, into the context of a model.

A model sees its context at the place of each variable and nowhere else. So what lies below, to the right or in the future must
be brought there by an encoder that sees all sides. `armod.Conditional` puts an encoder in front of a model. Any ``nn.Module`` is
an encoder; the ready ones here are stacks of residual convolutions, normalised inside.
"""

from armod.encoders.convolutions import Encoder
from armod.encoders.images import ImageEncoder, images
from armod.encoders.normalisation import normalised
from armod.encoders.sequences import SequenceEncoder, sequences

__all__ = ["Encoder", "ImageEncoder", "SequenceEncoder", "images", "normalised", "sequences"]
