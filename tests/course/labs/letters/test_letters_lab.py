"""The network of the letters lab against the model that it was, and its draws against the library's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import armod
from armod.course.labs import letters_lab
from armod.course.labs.letters.facts import drawn, noise_at
from armod.course.labs.letters.network import Network
from armod.course.labs.letters.picture import letters_figure
from armod.likelihoods import Bernoulli, Categorical
from armod.sampling import Adjustment
from tests.course.labs.letters.cases import SYMBOLS, letters_state, writer
from tests.makers import transformer
from tests.pictures import assert_whole


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_step_is_torch_s_own(cell):
    """With the same rounded numbers, to the last digits."""
    network = Network.of(writer(cell))
    kind = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}[cell]
    step = kind(len(network.past), 12).double()
    with torch.no_grad():
        step.weight_ih.copy_(torch.eye(len(network.past)))  # it reads the sums that the table holds
        step.bias_ih.zero_()
        step.weight_hh.copy_(torch.from_numpy(network.past))
        step.bias_hh.copy_(torch.from_numpy(network.past_bias))
    text, state = [13, 1, 18, 25, 5, 0], None
    for number, level in enumerate([27, *text]):
        state = step(torch.from_numpy(network.inputs[level : level + 1]), state)
        seen = (state[0] if cell == "lstm" else state).detach().numpy()[0]
        exact = network.head @ seen + network.head_bias
        assert network.logits(text[:number]) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_rounding_to_16_bits_moves_a_log_probability_by_less_than_a_hundredth_of_a_nat(cell):
    model = writer(cell).double()
    network, x = Network.of(model), torch.tensor([[13, 1, 18, 25, 5, 5, 0, 2]])
    exact = model.conditionals(x).logits[0].detach()
    ours = torch.tensor(np.array([network.logits(x[0, :step].tolist()) for step in range(8)])).log_softmax(-1)
    assert (ours - exact).abs().max() < 0.01
    # a network that forgot its start, its past or its shift would be far off
    assert (ours[1:] - exact[:-1]).abs().max() > 0.5


def test_the_knobs_are_those_of_sampling_and_the_draw_is_the_inverse_of_the_distribution_function():
    facts = letters_state("mar", temperature=6, top_k=9, top_p=80)
    own = torch.distributions.Categorical(logits=torch.from_numpy(facts.log_probs))
    adjusted = Adjustment(temperature=0.6, top_k=9, top_p=0.8).distribution(own).probs.numpy()
    assert facts.after == pytest.approx(adjusted) and 0 < (facts.after > 0).sum() < 9
    counts = np.bincount([drawn(facts.after, (k + 0.5) / 20000) for k in range(20000)], minlength=27)
    assert counts / 20000 == pytest.approx(facts.after, abs=1e-4)
    assert drawn(np.array([0.0, 0.5, 0.0]), 0.9) == 1
    numbers = [noise_at(noise, place) for noise in range(12) for place in range(400)]
    assert len(set(numbers)) == len(numbers)
    assert np.histogram(numbers, 10, (0, 1))[0] == pytest.approx([480] * 10, abs=90)


def test_words_end_at_the_end_or_at_the_model_s_length_and_cost_what_the_model_says():
    facts = letters_state("mary.abcdefghjo")
    assert ["".join(SYMBOLS[level] for level in word) for word in facts.words] == ["mary.", "abcdefgh", "jo"]
    model = writer().double()
    x = torch.tensor([[10, 15, 0, 0, 0, 0, 0, 0]])
    exact = -model.log_prob_per_variable(x)[0, :2].sum().item() / np.log(2)
    assert facts.cost == pytest.approx(exact, abs=0.02)
    assert letters_state("mary.").words[-1] == [] and letters_state("mary.").finding.startswith(
        "A word most likely"
    )


def test_sentences():
    facts = letters_state("mary.jo")
    assert facts.finding.startswith("After “jo”, “") and facts.finding.endswith("%")
    assert facts.detail.startswith("The entropy is ") and "The word so far costs the network" in facts.detail
    cold = replace(facts, temperature=5, top_k=4)
    assert cold.finding.endswith("% after the knobs") and cold.detail.startswith(
        "The knobs leave 4 of 27 symbols"
    )


def test_a_picture_of_many_words_is_whole():
    assert_whole(letters_figure(letters_state("mary." * 70, temperature=3)))


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (transformer((8,), Categorical(27)), "runs a RecurrentModel"),
        (armod.RecurrentModel((8,), 4, num_layers=2, likelihood=Categorical(27)), "one layer"),
        (armod.RecurrentModel((8,), 4, likelihood=Bernoulli()), "categorical"),
        (armod.RecurrentModel((8,), 4, likelihood=Categorical(27), context_size=2), "no context"),
        (
            armod.RecurrentModel((8,), 160, likelihood=Categorical(27)),
            "up to 100,000 numbers; this one has 125,",
        ),
        (armod.RecurrentModel((8,), 4, likelihood=Categorical(5)), "each of the 5 levels; got 27"),
    ],
)
def test_what_can_t_run_in_the_page_is_refused(model, sentence):
    with pytest.raises(ValueError, match=sentence):
        letters_lab(model, SYMBOLS)
