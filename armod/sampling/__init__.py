"""Sampling: the walk from variable to variable (`walk`), the samplers that use it, and the options that adjust it."""

from armod.sampling.adjust import Adjustment
from armod.sampling.filters import Filter, without
from armod.sampling.guess_and_verify import GuessAndVerify
from armod.sampling.guessers import Copy, Draft, FirstOf, Table
from armod.sampling.particles import Particles
from armod.sampling.samplers import Sampler, register
from armod.sampling.scoring import adjusted_log_prob
from armod.sampling.speculative import Speculative
from armod.sampling.walk import Incremental, Walk

__all__ = [
    "Adjustment",
    "Copy",
    "Draft",
    "Filter",
    "FirstOf",
    "GuessAndVerify",
    "Incremental",
    "Particles",
    "Sampler",
    "Speculative",
    "Table",
    "Walk",
    "adjusted_log_prob",
    "register",
    "without",
]
