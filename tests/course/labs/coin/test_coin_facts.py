"""What the coin lab says, against formulas and autograd."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from armod.course.labs.coin.facts import WAYS, CoinFacts

coins = st.integers(1, 40).flatmap(lambda flips: st.tuples(st.integers(0, flips), st.just(flips)))


@given(coins, st.floats(0.01, 0.99))
def test_a_coin_s_facts_are_those_of_autograd_and_of_a_grid(coin, p):
    heads, flips = coin
    facts = CoinFacts(heads, flips, p)
    at = torch.tensor(p, dtype=torch.float64, requires_grad=True)
    log_likelihood = heads * at.log() + (flips - heads) * (1 - at).log()
    (slope,) = torch.autograd.grad(log_likelihood, at)
    assert facts.log_likelihood(p) == pytest.approx(log_likelihood.item(), abs=1e-9)
    assert facts.slope == pytest.approx(slope.item(), rel=1e-6, abs=1e-9)
    grid = [step / 1000 for step in range(1001)]
    assert abs(max(grid, key=facts.log_likelihood) - facts.best) <= 0.0005 + 1e-12
    assert facts.below_best >= -1e-9


def test_the_spread_is_one_over_the_root_of_minus_the_curvature():
    facts = CoinFacts(7, 10, 0.5)
    step = 1e-4
    values = [facts.log_likelihood(facts.best + move) for move in (-step, 0, step)]
    curvature = (values[0] - 2 * values[1] + values[2]) / step**2
    assert facts.spread == pytest.approx((-curvature) ** -0.5, rel=1e-5)


@pytest.mark.parametrize(("heads", "other", "slope"), [(0, "head", -4), (4, "tail", 4)])
def test_at_an_edge_the_finding_warns_and_the_slope_is_not_zero(heads, other, slope):
    facts = CoinFacts(heads, 4, heads / 4)
    assert facts.finding.endswith(
        f"p = {heads // 4} explains them best, and calls the first {other} impossible"
    )
    assert facts.slope == slope and facts.below_best == 0 and facts.spread == 0
    assert "impossible: the log-likelihood is −∞" in CoinFacts(heads, 4, 1 - heads / 4).detail


@pytest.mark.parametrize("wrong", [(-1, 3, 0.5), (4, 3, 0.5), (0, 0, 0.5), (1, 3, 1.5)])
def test_a_coin_that_can_not_be_is_refused(wrong):
    with pytest.raises(ValueError, match="0 to n heads in n >= 1 flips"):
        CoinFacts(*wrong)


@pytest.mark.parametrize("way", WAYS)
def test_the_ascent_follows_autograd_s_slope(way):
    facts, size = CoinFacts(29, 30, 0.6), 0.03125
    path = facts.ascent(way, size).path
    to_p = torch.sigmoid if way == "the logit" else lambda at: at
    for (before,), (after,) in itertools.pairwise(path[:20]):
        start = torch.tensor(before, dtype=torch.float64)
        at = (start.logit() if way == "the logit" else start).requires_grad_()
        (slope,) = torch.autograd.grad((29 * to_p(at).log() + (1 - to_p(at)).log()) / 30, at)
        assert to_p(at + size * slope).item() == pytest.approx(after, abs=1e-12)


def test_a_step_in_p_that_finds_9_of_10_jumps_off_at_39_of_40_and_one_in_the_logit_does_not():
    """What lesson 4.3 says of its climbers, with the lab's own coins."""
    near = CoinFacts(9, 10, 0.5).ascent("p", 0.125)
    assert near.off is None and near.path[-1][0] == pytest.approx(0.9, abs=1e-3)
    far = CoinFacts(39, 40, 0.5)
    (off,) = far.ascent("p", 0.125).off
    assert not 0 <= off <= 1
    assert far.ascent("the logit", 4.0).path[-1][0] == pytest.approx(0.975, abs=0.01)
    last = len(far.ascent("p", 0.125).path) - 1
    assert far.climb_sentence("p", 0.125, last).endswith("and that is no probability.")
    assert far.climb_sentence("the logit", 4.0, 2) == "Step 2 of the ascent in the logit."
    assert CoinFacts(3, 4, 1.0).ascent("the logit", 1.0).path == ((1.0,),)  # at the edge there is no logit
    rest = CoinFacts(9, 10, 0.9)
    assert rest.climb_sentence("p", 0.125, 1) == "After 1 step the ascent in p has come to rest."
