"""The exercises of lesson 4.3 in their order; each has a module of its own in `armod.course.exercises.lesson_4_3_maximum_likelihood`."""

from armod.course.exercises.lesson_4_3_maximum_likelihood import (
    bins,
    coin,
    derivation,
    divergence,
    logits,
    transitions,
)

likelihood_derivation = derivation.likelihood_derivation
likelihood_coin = coin.likelihood_coin
likelihood_transitions = transitions.likelihood_transitions
likelihood_divergence = divergence.likelihood_divergence
likelihood_logits = logits.likelihood_logits
likelihood_bins = bins.likelihood_bins
