"""The text lab: its facts against the library's own sampling, and its stream against `sample`."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from armod.course.labs import text_lab
from armod.course.labs.text.facts import GRAIN, visible
from armod.course.labs.text.lab import text_facts
from armod.data.text import BytePairs
from armod.likelihoods import Categorical
from tests.course.labs.text.cases import COSTS, text_state
from tests.makers import transformer

PAIRS = BytePairs(2).fit("to be or not to be")
MODEL = transformer((30,), Categorical(PAIRS.num_levels))


def test_the_stream_is_the_models_own_sample() -> None:
    """With the same noise, and each step's costs are what the full pass says, to a thirty-second of a nat."""
    facts = text_facts(MODEL, PAIRS, "to ", 6, 2, 3, seed=5)
    begin = PAIRS.encode("to ")
    known = torch.zeros(1, 30, dtype=torch.int64)
    known[0, : len(begin)] = begin
    mask = torch.arange(30) < len(begin)
    x = MODEL.sample(1, known=known, mask=mask, generator=torch.Generator().manual_seed(5))
    assert facts.levels.tolist() == x[0, len(begin) : len(begin) + 6].tolist()
    exact = -MODEL.conditionals(x).logits[0, len(begin) : len(begin) + 6].detach().numpy()
    assert np.abs(facts.costs / GRAIN - exact)[exact < 15.9].max() <= 0.5 / GRAIN + 1e-9
    assert facts.text == "to " + PAIRS.symbols[facts.levels[0]]
    assert replace(facts, step=5).text == PAIRS.decode(x[0, : len(begin) + 6])


def test_after_a_forced_symbol_the_model_goes_on_from_it() -> None:
    facts = text_facts(MODEL, PAIRS, "to ", 3, 2, 4, seed=5)
    chosen = replace(facts, step=2, choice=2)
    assert chosen.level == facts.costs[2].astype(int).argsort(kind="stable")[1]
    written = torch.cat([PAIRS.encode("to "), torch.tensor([*facts.levels[:2], chosen.level])])
    noise = torch.Generator().manual_seed(5 + 3)
    streamed = [int(level) for level, _ in MODEL.stream(prompt=written, generator=noise)][:4]
    assert chosen.continuation == PAIRS.decode(streamed)
    assert chosen.text == PAIRS.decode(written) + chosen.continuation


def test_the_knobs_are_those_of_sampling() -> None:
    facts = text_state(1)
    shares = np.exp(-COSTS[1] / GRAIN)
    assert facts.before == pytest.approx(shares / shares.sum())
    cold = replace(facts, temperature=5)
    assert cold.after == pytest.approx(shares**2 / (shares**2).sum())
    few = replace(facts, top_k=3)
    assert set(np.flatnonzero(few.after)) == set(facts.order[:3]) and few.after.sum() == pytest.approx(1)
    ranked = facts.before[facts.order]
    for share in (10, 40, 90, 99):
        kept = int((replace(facts, top_p=share).after > 0).sum())
        assert ranked[: kept - 1].sum() < share / 100 <= ranked[:kept].sum() + 1e-12
    assert facts.order.tolist().index(2) + 1 == facts.order.tolist().index(3)  # a tie: the lowest comes first


def test_sentences_say_what_is_drawn_and_what_is_forced() -> None:
    facts = text_state(1, 0, 10, 2, 100)
    assert facts.finding.startswith("After “To be⏎or the ”, 2 of 6 symbols stay, and “a” goes from ")
    assert facts.detail.startswith("Step 2 of 4: the model drew “a”. The entropy is ")
    forced = replace(facts, choice=1)
    assert forced.level == facts.order[0] and "is forced, and the model goes on" in forced.detail
    assert forced.text.endswith("more 1a\nand on") and visible("\n ") == "“⏎␣”"
    assert replace(facts, top_k=1).detail.endswith("and 0.0 bits after the knobs.")


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="has the 9 levels of its tokens"):
        text_lab(transformer((30,), Categorical(4)), PAIRS, "to ")
    with pytest.raises(ValueError, match="can't be written with the symbols"):
        text_lab(MODEL, PAIRS, "quick")
    with pytest.raises(ValueError, match="needs steps, each with 6 log-probabilities"):
        replace(text_state(), costs=COSTS[:2])
    with pytest.raises(ValueError, match="as many continuations as the others"):
        replace(text_state(), continuations=(("a",), ("a", "b"), ("a",), ("a",)))


def test_the_lab_takes_a_model_and_its_tokens() -> None:
    widget = text_lab(MODEL, PAIRS, "to ", num_steps=3, num_choices=2, num_more=2, step=2, top_k=4)
    assert "4 of 9 symbols stay" in widget.text and "Step 3 of 3" in widget.text
