"""Block diagrams of networks in the house style; each lights up the parts that a switch takes away."""

from armod.figures.diagrams.cells import recurrent_cell
from armod.figures.diagrams.gated_pixelcnn import gated_pixelcnn_layer
from armod.figures.diagrams.plus_plus import plus_plus_streams
from armod.figures.diagrams.wavenet import wavenet_block

__all__ = ["gated_pixelcnn_layer", "plus_plus_streams", "recurrent_cell", "wavenet_block"]
