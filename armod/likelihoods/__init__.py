"""Likelihoods: what a network's outputs say about one variable, as a distribution over its levels ``0..K-1``.

`Bernoulli` and `Categorical` treat levels as names, `LogisticMixture` treats them as quantities. The functions
`inverse_cdf`, `temper`, `pick`, `num_levels` and `log_prob` do the same work for a ready-made distribution of any model.
"""

from armod.likelihoods.base import Likelihood, inverse_cdf, log_prob, num_levels, pick, rescale, temper
from armod.likelihoods.discrete import Bernoulli, Categorical
from armod.likelihoods.logistic_mixture import DiscretizedLogisticMixture, LogisticMixture

__all__ = [
    "Bernoulli",
    "Categorical",
    "DiscretizedLogisticMixture",
    "Likelihood",
    "LogisticMixture",
    "inverse_cdf",
    "log_prob",
    "num_levels",
    "pick",
    "rescale",
    "temper",
]
