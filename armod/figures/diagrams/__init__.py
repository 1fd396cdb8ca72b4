"""Block diagrams of networks in the house style; each lights up the parts that a switch takes away."""

from armod.figures.diagrams.wavenet import wavenet_block

__all__ = ["wavenet_block"]
