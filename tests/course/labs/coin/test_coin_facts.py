"""What the coin lab says, against formulas and autograd."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from armod.course.labs.coin.facts import CoinFacts

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
