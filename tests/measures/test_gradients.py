"""How far gradients reach, and how many steps wait for each other."""

import pytest
import torch
from torch import nn

from armod.measures.gradient_reach import gradient_reach, random_recurrence
from armod.measures.longest_chain import longest_chain

TORCH = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Linear(nn.Module):
    """h_t = factor * h_{t-1} + x_{t-1}: its gradient at lag k is factor ** (k - 1), exactly."""

    def __init__(self, factor):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 4, dtype=torch.float64))
        self.factor = factor

    def forward(self, inputs):
        states = [torch.zeros_like(inputs[:, 0])]
        for x in inputs.unbind(1):
            states.append(self.factor * states[-1] + x)
        return torch.stack(states[1:], dim=1)


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.25])
def test_the_reach_of_a_linear_recurrence_is_a_power_of_its_factor(factor):
    reach = gradient_reach(Linear(factor), lags=10)
    expected = factor ** torch.arange(10, dtype=torch.float64)
    assert torch.allclose(reach / reach[0], expected, rtol=1e-12)


@pytest.mark.parametrize("cell", TORCH)
def test_torchs_own_layers_have_the_same_reach(cell):
    ours = random_recurrence(cell, scale=1.2, size=8, seed=3)
    theirs = TORCH[cell](8, 8, batch_first=True).double()
    theirs.load_state_dict(ours.state_dict())
    assert torch.allclose(gradient_reach(ours, lags=6), gradient_reach(theirs, lags=6), rtol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_wide_open_gate_keeps_the_past(cell):
    """With a huge bias the gate is 1: the state, or the memory, stays as it is, and so does the gradient."""
    opened = random_recurrence(cell, scale=0.0, gate_bias=40.0, size=8)
    reach = gradient_reach(opened, lags=12)
    # a GRU whose gate is 1 reads nothing either
    assert (reach / reach[0] > 0.5).all() if cell == "lstm" else (reach < 1e-12).all()
    shut = gradient_reach(random_recurrence(cell, scale=0.0, gate_bias=-40.0, size=8), lags=12)
    assert (shut[2:] < 1e-12).all()


def test_the_scale_multiplies_the_recurrent_weights_only():
    one, two = (random_recurrence("gru", scale=scale, seed=1) for scale in (1.0, 2.0))
    assert torch.equal(2 * one.weight_hh_l0, two.weight_hh_l0)
    assert torch.equal(one.weight_ih_l0, two.weight_ih_l0)


def test_what_cells_cannot_have_is_refused():
    with pytest.raises(ValueError, match='cell is "rnn", "lstm" or "gru"'):
        random_recurrence("elman", scale=1.0)
    with pytest.raises(ValueError, match="no gates"):
        random_recurrence("rnn", scale=1.0, gate_bias=1.0)


@pytest.mark.parametrize("steps", [1, 7, 3000])
def test_the_longest_chain_counts_what_waits(steps):
    x = torch.ones(2, requires_grad=True)
    y = x
    for _ in range(steps):
        y = y.sin()
    # a leaf, the steps, the sum; the short way beside them does not count
    assert longest_chain((y + x.exp()).sum()) == steps + 3


def test_a_result_without_a_graph_has_no_chain():
    with pytest.raises(ValueError, match="no graph"):
        longest_chain(torch.ones(1))
