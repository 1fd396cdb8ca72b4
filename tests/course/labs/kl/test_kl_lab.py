"""What the KL lab says, against torch's own divergence and against a search that knows nothing of its table."""

import itertools

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from armod.course.labs.kl.facts import (
    DISTANCES,
    MEANS,
    SHARES,
    WIDTHS,
    KLFacts,
    bell_logs,
    least_bells,
    source_logs,
)
from armod.course.labs.kl.picture import kl_figure
from tests.pictures import assert_whole


def categorical(logs: np.ndarray) -> Categorical:
    return Categorical(logits=torch.from_numpy(logs))


@pytest.mark.parametrize(
    ("mean", "width", "share", "distance"),
    [(15.25, 1.5, 40, 15), (0, 1.5, 50, 18), (8, 2, 0, 9), (31, 12, 5, 1)],
)
def test_both_divergences_are_torch_s_and_the_loss_is_entropy_and_divergence(mean, width, share, distance):
    facts = KLFacts(mean, width, share, distance)
    p, q = categorical(facts.log_p), categorical(facts.log_q)
    assert facts.forward == pytest.approx(kl_divergence(p, q).item(), abs=1e-12)
    assert facts.reverse == pytest.approx(kl_divergence(q, p).item(), abs=1e-12)
    assert facts.loss == pytest.approx(facts.entropy + facts.forward, abs=1e-12)
    assert facts.entropy == pytest.approx(p.entropy().item(), abs=1e-12)
    # without softmax: the heaps as they are written
    bell = lambda centre, of: np.exp(-(((np.arange(32) - centre) / of) ** 2) / 2)  # noqa: E731
    first, second = (each / each.sum() for each in (bell(8, 2), bell(8 + distance, 2)))
    assert np.exp(facts.log_p) == pytest.approx((100 - share) / 100 * first + share / 100 * second, abs=1e-14)
    assert np.exp(facts.log_q) == pytest.approx(bell(mean, width) / bell(mean, width).sum(), abs=1e-14)


@pytest.mark.parametrize(("share", "distance"), [(40, 15), (50, 18), (5, 12), (0, 3), (30, 6)])
def test_no_bell_of_the_knobs_has_less_than_the_least_divergence(share, distance):
    p = torch.from_numpy(source_logs(share, distance))
    bells = torch.from_numpy(bell_logs(MEANS[:, None], WIDTHS)).flatten(0, 1)
    p, bells = Categorical(logits=p), Categorical(logits=bells)
    forward = KLFacts.at_least(0, share, distance).forward
    reverse = KLFacts.at_least(1, share, distance).reverse
    assert forward == pytest.approx(kl_divergence(p, bells).min().item(), abs=1e-10)
    assert reverse == pytest.approx(kl_divergence(bells, p).min().item(), abs=1e-10)


def test_one_heap_both_ways_find_and_of_two_the_reverse_way_keeps_one():
    assert least_bells().shape == (2, len(SHARES), len(DISTANCES), 2)
    for way in (0, 1):
        alone = KLFacts.at_least(way, 0, 15)
        assert (alone.mean, alone.width, alone.heaps) == (8, 2, 1)
        assert alone.detail.startswith("q is p") and "has one heap" in alone.finding
    forward, reverse = (KLFacts.at_least(way, 40, 15) for way in (0, 1))
    assert (forward.mean, reverse.mean, reverse.width) == (13, 8, 2) and forward.width > 9
    # the mean of the forward bell is near that of p, as maximum likelihood has it, though it is cut off at the ends
    assert abs(forward.mean - 14) <= 1
    assert forward.finding.startswith("Least KL(p‖q) covers both heaps")
    assert reverse.finding.startswith("Least KL(q‖p) collapses onto the first heap")
    assert forward.forward < reverse.forward and reverse.reverse < forward.reverse
    # near heaps both ways cover; the jump comes with the distance
    kinds = ["covers" in KLFacts.at_least(1, 40, distance).finding for distance in range(7, 19)]
    assert kinds[0] and not kinds[-1] and kinds == sorted(kinds, reverse=True)
    assert all(KLFacts.at_least(0, 40, distance).met == [True, True] for distance in range(7, 19))


def test_by_hand_the_bell_may_sit_on_the_second_heap_alone():
    facts = KLFacts(23, 2, 40, 15, held=1)
    assert facts.met == [False, True] and "onto the second heap" in facts.finding
    assert KLFacts(23, 2, 40, 15).finding.startswith("Loss ")


def test_every_picture_has_words_and_numbers_and_cuts_nothing_off():
    for facts in (KLFacts(31, 1.5, 50, 0), KLFacts.at_least(0, 50, 18)):
        assert_whole(kl_figure(facts))


def test_every_source_has_a_sentence():
    for way, share, distance in itertools.product((0, 1), SHARES, DISTANCES):
        assert KLFacts.at_least(way, share, distance).finding
