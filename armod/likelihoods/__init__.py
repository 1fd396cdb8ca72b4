"""Likelihoods: what a network's outputs say about one variable, as a distribution over its levels ``0..K-1``.

`Bernoulli` and `Categorical` treat levels as names, `LogisticMixture` treats them as quantities, `Logistic` is a density over
real numbers, and a `Likelihood` of your own needs one method. The functions `inverse_cdf`, `temper`, `pick`, `table`, `num_levels` and `log_prob` do the same work for
a ready-made distribution of any model.
"""

from armod.likelihoods.base import Likelihood, rescale
from armod.likelihoods.discrete import Bernoulli, Categorical
from armod.likelihoods.logistic import Logistic, LogisticDensity
from armod.likelihoods.logistic_mixture import DiscretizedLogisticMixture, LogisticMixture
from armod.likelihoods.precision import at_least_single, in_own_precision, in_single, total
from armod.likelihoods.ready_made import inverse_cdf, log_prob, num_levels, pick, table, temper

__all__ = [
    "Bernoulli",
    "Categorical",
    "DiscretizedLogisticMixture",
    "Likelihood",
    "Logistic",
    "LogisticDensity",
    "LogisticMixture",
    "at_least_single",
    "in_own_precision",
    "in_single",
    "inverse_cdf",
    "log_prob",
    "num_levels",
    "pick",
    "rescale",
    "table",
    "temper",
    "total",
]
