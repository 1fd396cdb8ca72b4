"""What the mixture lab says, against the library and information theory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armod.course.labs.mixture.facts import MixtureFacts, mixture
from armod.course.labs.mixture.fit import fitted
from armod.course.labs.mixture.lab import EXAMPLES, LEVELS, MEANS, SCALES, WEIGHTS, _indices
from armod.likelihoods import DiscretizedLogisticMixture

components = st.lists(
    st.tuples(st.floats(-6, 37), st.floats(0.2, 10), st.integers(1, 10)), min_size=1, max_size=3
)


@given(components)
@settings(deadline=None, max_examples=50)
def test_a_mixture_s_parts_add_up_to_the_library_s_probabilities(chosen):
    facts = MixtureFacts(tuple(chosen), 32)
    library = mixture(chosen, 32)
    assert isinstance(library, DiscretizedLogisticMixture)
    assert np.allclose(facts.probabilities, library.probs)
    assert facts.probabilities.sum() == pytest.approx(1)
    # the bins as they are, and what lies beyond the edges, are the same probabilities
    closed = facts.raw.sum(0)[6:-6]
    closed[0] += facts.beyond[0]
    closed[-1] += facts.beyond[1]
    assert np.allclose(closed, facts.probabilities, atol=1e-12)


def test_bits_are_entropy_plus_divergence():
    counts = (8, 0, 4, 4)
    facts = MixtureFacts(((1.0, 1.0, 1),), 4, counts)
    shares = np.array(counts) / 16
    used = shares > 0
    divergence = (shares[used] * np.log2(shares[used] / facts.probabilities[used])).sum()
    assert facts.entropy == pytest.approx(1.5)
    assert facts.bits == pytest.approx(1.5 + divergence)


@pytest.mark.parametrize(
    ("chosen", "counts", "sentence"),
    [
        ((), (), "1 to 3 components"),
        (((0, 1, 1),) * 4, (), "1 to 3 components"),
        (((0, 0, 1),), (), "above 0"),
        (((0, 1, 0),), (), "above 0"),
        (((0, 1, 1),), (1, 2), "as many counts"),
        (((0, 1, 1),), (0,) * 4, "as many counts"),
    ],
)
def test_mixtures_that_do_not_fit_are_refused(chosen, counts, sentence):
    with pytest.raises(ValueError, match=sentence):
        MixtureFacts(chosen, 4, counts)


def test_every_example_can_be_shown():
    assert all(MixtureFacts(tuple(example), LEVELS).finding for example in EXAMPLES.values())
    assert all(_indices(component) for example in EXAMPLES.values() for component in example)


def component_masses() -> np.ndarray:
    """Of every mean and scale of the knobs, ``(means, scales, levels)``."""
    return np.array(
        [[MixtureFacts(((mean, scale, 1),), LEVELS).probabilities for scale in SCALES] for mean in MEANS]
    )


def test_a_fit_ends_where_no_single_knob_can_better_and_finds_what_the_data_was_made_of():
    masses = component_masses()

    def facts_of(components, counts):
        values = tuple((MEANS[mean], SCALES[scale], WEIGHTS[weight]) for mean, scale, weight in components)
        return MixtureFacts(values, LEVELS, counts)

    edges = (29, 2, 1, *[1] * 26, 2, 3, 33)
    shares = [count / sum(edges) for count in edges]
    start = [_indices(component) for component in EXAMPLES["both edges and the middle"]]
    found = fitted(masses, WEIGHTS, shares, start)
    best = facts_of(found, edges)
    assert best.bits - best.entropy < 0.02 < facts_of(start, edges).bits - best.entropy
    for component in found:
        for knob, choices in enumerate((MEANS, SCALES, WEIGHTS)):
            own = component[knob]
            for component[knob] in range(0, len(choices), 3):
                assert facts_of(found, edges).bits > best.bits - 1e-8
            component[knob] = own
    made = MixtureFacts(((9.0, 1.5, 1),), LEVELS).probabilities
    counts = tuple((1e6 * made).round().astype(int).tolist())
    (alone,) = fitted(masses, WEIGHTS, [count / sum(counts) for count in counts], [_indices((20.0, 7.0, 5))])
    assert (MEANS[alone[0]], SCALES[alone[1]]) == (9.0, 1.5)
