"""Likelihoods: what a network's outputs say about one variable, as a distribution over its levels ``0..K-1``.

`Bernoulli` and `Categorical` treat levels as names. The functions `inverse_cdf`, `temper`, `pick`, `num_levels` and
`log_prob` do the same work for a ready-made distribution of any model.
"""

from armod.likelihoods.base import Likelihood, inverse_cdf, log_prob, num_levels, pick, rescale, temper
from armod.likelihoods.discrete import Bernoulli, Categorical

__all__ = [
    "Bernoulli",
    "Categorical",
    "Likelihood",
    "inverse_cdf",
    "log_prob",
    "num_levels",
    "pick",
    "rescale",
    "temper",
]
