"""Sampling: the walk from variable to variable (`walk`), the samplers that drive it, and what they may adjust."""

from armod.sampling.adjust import Adjustment
from armod.sampling.samplers import Sampler, register
from armod.sampling.walk import Incremental, Walk

__all__ = ["Adjustment", "Incremental", "Sampler", "Walk", "register"]
