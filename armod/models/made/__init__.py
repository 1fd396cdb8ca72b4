"""MADE: its masks, the network, its ensembles, and its walk."""

from armod.models.made.model import MADE

__all__ = ["MADE"]
