"""Sampling: the walk from variable to variable (`walk`), the samplers that use it, and the options that adjust it."""

from armod.sampling.adjust import Adjustment
from armod.sampling.samplers import Sampler, register
from armod.sampling.walk import Incremental, Walk

__all__ = ["Adjustment", "Incremental", "Sampler", "Walk", "register"]
