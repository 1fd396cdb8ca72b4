"""The unit of the gates lab against torch's own cells, and its memory against a gradient."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from armod.course.labs.gates.facts import EXAMPLES, GATES, INPUTS, STEPS, GatesFacts, Setting
from armod.course.labs.gates.picture import gates_figure, numbers
from tests.pictures import assert_whole

CONSTANT = {
    "lstm": Setting("lstm", "noise", {"input": -1.5, "forget": 3, "output": 0.5}, {}, -1.25),
    "gru": Setting("gru", "noise", {"reset": -0.5, "update": 1.5}, {}, 1.75),
}
ORDER = {
    "lstm": ("input", "forget", None, "output"),
    "gru": ("reset", "update", None),
}  # of torch; None is the new value


def cell_of(setting: Setting) -> nn.LSTMCell | nn.GRUCell:
    """One unit of torch that reads the biases of its gates and the input of its new value as its own input."""
    names = ORDER[setting.cell]
    cell = (nn.LSTMCell if setting.cell == "lstm" else nn.GRUCell)(len(names), 1).double()
    with torch.no_grad():
        cell.weight_ih.copy_(torch.eye(len(names)))
        cell.weight_hh.zero_()[names.index(None)] = setting.weight
        cell.bias_ih.zero_()
        cell.bias_hh.zero_()
    return cell


def run(setting: Setting, start: torch.Tensor | None = None) -> list[tuple[float, float]]:
    cell, state = cell_of(setting), torch.zeros(1, 1, dtype=torch.float64)
    state = (state, state) if setting.cell == "lstm" else state
    found = []
    for step, x in enumerate(INPUTS[setting.inputs], 1):
        signs = {name: -1 if step in setting.flips.get(name, ()) else 1 for name in setting.biases}
        row = [x if name is None else signs[name] * setting.biases[name] for name in ORDER[setting.cell]]
        state = cell(torch.tensor([row], dtype=torch.float64), state)
        h, c = state if setting.cell == "lstm" else (state, state)
        found.append((h.item(), c.item()))
    return found


@pytest.mark.parametrize("setting", [*EXAMPLES.values(), *CONSTANT.values()])
def test_the_unit_is_torch_s(setting):
    ours = [(moment.h, moment.c) for moment in GatesFacts(setting).moments]
    assert torch.allclose(torch.tensor(ours), torch.tensor(run(setting)), atol=1e-12)


@pytest.mark.parametrize("setting", CONSTANT.values())
def test_gates_that_never_change_are_biases_of_torch_s_cell(setting):
    """One input, weights for the new value alone, and the gates in the bias, as `gate_bias` sets them in a model."""
    names = ORDER[setting.cell]
    cell = (nn.LSTMCell if setting.cell == "lstm" else nn.GRUCell)(1, 1).double()
    with torch.no_grad():
        cell.weight_ih.zero_()[names.index(None)] = 1
        cell.weight_hh.zero_()[names.index(None)] = setting.weight
        cell.bias_hh.zero_()
        cell.bias_ih.copy_(torch.tensor([setting.biases.get(name, 0.0) for name in names]))
    state = None
    for x, moment in zip(INPUTS[setting.inputs], GatesFacts(setting).moments, strict=True):
        state = cell(torch.tensor([[x]], dtype=torch.float64), state)
        h = state[0] if setting.cell == "lstm" else state
        assert h.item() == pytest.approx(moment.h, abs=1e-12)


@pytest.mark.parametrize("setting", EXAMPLES.values())
def test_what_is_left_is_the_derivative_along_the_way_around_the_weights(setting):
    """Without U there is no other way, so it is the whole derivative of the last memory by an earlier one."""
    facts = GatesFacts(replace(setting, weight=0.0), 4)
    cell = cell_of(facts.setting)
    memory = torch.tensor([[facts.moments[3].c]], dtype=torch.float64, requires_grad=True)
    state = (torch.zeros_like(memory), memory) if setting.cell == "lstm" else memory
    for step in range(5, STEPS + 1):
        signs = {name: -1 if step in setting.flips.get(name, ()) else 1 for name in setting.biases}
        x = INPUTS[setting.inputs][step - 1]
        row = [x if name is None else signs[name] * setting.biases[name] for name in ORDER[setting.cell]]
        state = cell(torch.tensor([row], dtype=torch.float64), state)
    last = state[1] if setting.cell == "lstm" else state
    (slope,) = torch.autograd.grad(last, memory)
    assert slope.item() == pytest.approx(facts.left, rel=1e-9)
    assert GatesFacts(setting, STEPS).left == 1


def test_what_is_written_at_3_is_shown_at_17_and_at_no_other_step():
    facts = GatesFacts(EXAMPLES["write at 3, show at 17"])
    states = [moment.h for moment in facts.moments]
    assert max(range(STEPS), key=lambda step: abs(states[step])) == 16
    assert all(abs(state) < 0.002 for step, state in enumerate(states, 1) if step != 17)
    assert facts.moments[16].c == pytest.approx(facts.moments[2].new, abs=0.02)
    closed = GatesFacts(EXAMPLES["a GRU with and without its past"])
    assert closed.moments[10].new == pytest.approx(
        torch.tanh(torch.tensor(closed.moments[10].x)).item(), abs=1e-3
    )
    assert closed.moments[9].new != pytest.approx(
        torch.tanh(torch.tensor(closed.moments[9].x)).item(), abs=0.1
    )


def test_sentences_do_the_sums_of_a_step():
    assert GatesFacts(EXAMPLES["a GRU that fades"], 3).detail == (
        "Step 3: the new value is tanh(1.50 + 1.00 × 0.00 × 0.00) = 0.91. The state h = 0.88 × 0.00 + 0.12 × 0.91 = 0.11."
    )
    facts = GatesFacts(EXAMPLES["an LSTM that forgets"], 18)
    assert (
        facts.finding == "On the path around the weights, 77.6% of the memory of step 18 is left at step 20"
    )
    assert "c = 0.88 × " in facts.detail and numbers(facts)["squash"] == pytest.approx(
        facts.moments[17].h / facts.gate("output", 18)
    )


@pytest.mark.parametrize("cell", GATES)
def test_every_picture_has_words_and_numbers_and_cuts_nothing_off(cell):
    assert_whole(gates_figure(GatesFacts(CONSTANT[cell], 20)))
