import itertools
import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

import armod
from armod.course.labs.ordering.facts import count_of, ordering_facts, pattern_counts
from armod.course.labs.ordering.picture import ordering_figure
from armod.figures.numbers import fixed
from armod.figures.style import COLOURS


@st.composite
def walks(draw):
    """Patterns of 1 to 4 pixels, an ordering, uniform numbers, and a number of steps."""
    size = draw(st.integers(1, 4))
    rows = draw(st.lists(st.tuples(*[st.integers(0, 1)] * size), min_size=1, max_size=20))
    uniform = draw(st.tuples(*[st.integers(0, 999)] * size))
    ordering = draw(st.permutations(range(size)))
    return torch.tensor(rows), ordering, [number / 1000 for number in uniform], draw(st.integers(0, size))


@given(walks())
@settings(max_examples=100, deadline=None)
def test_the_factors_of_every_ordering_multiply_to_the_share_of_the_pattern(walk):
    patterns, ordering, uniform, _ = walk
    facts = ordering_facts(patterns, ordering, uniform)
    share = (patterns == torch.tensor(facts.pattern)).all(1).double().mean().item()
    assert share > 0
    for other in itertools.permutations(range(facts.num_pixels)):
        product = math.prod(facts.factor(step, other) for step in range(facts.num_pixels))
        assert product == pytest.approx(share, rel=1e-12)
    assert facts.log_prob(facts.num_pixels) == pytest.approx(math.log(share), abs=1e-12)


@given(walks())
@settings(max_examples=60, deadline=None)
def test_the_pattern_is_the_one_that_the_library_draws_from_the_same_numbers(walk):
    patterns, ordering, uniform, _ = walk
    model = armod.Histogram((patterns.shape[1],), 2, ordering=ordering).fit(patterns)
    known = {}
    facts = ordering_facts(patterns, ordering, uniform)
    view = model.incremental(1)
    for pixel, number in zip(ordering, uniform, strict=True):
        black = view.conditional().probs[0, 1].item()
        # Counts are whole and numbers thousandths, so a tie is decided exactly here and by rounding there.
        is_tie = math.isclose(number, 1 - black, abs_tol=1e-9)
        value = facts.pattern[pixel]
        assert is_tie or value == int(number >= 1 - black)
        known[pixel] = value
        view.append(torch.tensor([value]))
    assert tuple(known[pixel] for pixel in sorted(known)) == facts.pattern


def test_the_sentences_say_the_counts():
    patterns = torch.tensor([[0, 1], [0, 1], [0, 0], [1, 1]])
    facts = ordering_facts(patterns, [1, 0], [0.25, 0.1])
    assert facts.pattern == (0, 1)
    assert facts.conditional_sentence(0) == "p(x₂ = 1) = 3/4 = 0.750"
    assert facts.conditional_sentence(1) == "p(x₁ = 1 | x₂ = 1) = 1/3 = 0.333"
    assert facts.finding == "Pattern 01 has probability 2/4 = 0.500, here and in the other 1 orderings"
    assert facts.table == {
        "pixel": ["x₂", "x₁"],
        "conditional": ["p(x₂ = 1) = 3/4 = 0.750", "p(x₁ = 1 | x₂ = 1) = 1/3 = 0.333"],
        "uniform number": ["0.250", "0.100"],
        "drawn": ["1", "0"],
        "factor": ["0.750", "0.667"],
        "log p so far": ["−0.288", "−0.693"],
    }


def test_a_number_on_the_threshold_draws_the_higher_level():
    """The smallest level whose cumulative probability *exceeds* the number."""
    patterns = torch.tensor([[0], [0], [0], [1]])
    assert [ordering_facts(patterns, uniform=[u]).pattern for u in (0.749, 0.75)] == [(0,), (1,)]


@pytest.mark.parametrize("step", [0, 1, 2])
def test_findings_on_the_way(step):
    facts = ordering_facts(torch.tensor([[0, 1], [1, 1], [1, 0]]), [1, 0], [0.9, 0.9], step)
    expected = (
        "Pixel 2 comes first: its probability looks at no other pixel",
        "Pixel 2 is 1, with probability 0.667; pixel 1 is next",
        "Pattern 11 has probability 1/3 = 0.333, here and in the other 1 orderings",
    )
    assert facts.finding == expected[step]
    assert len(facts.table["pixel"]) == step


@given(walks())
@settings(max_examples=8, deadline=None)
def test_the_figure_says_what_the_facts_say(walk):
    facts = ordering_facts(*walk)
    picture = ordering_figure(facts)
    assert picture.get_label() == facts.finding
    assert picture.table == facts.table
    texts = [text.get_text() for axes in picture.axes for text in axes.texts]
    shown = [facts.conditional_sentence(step) for step in range(min(facts.step + 1, facts.num_pixels))]
    assert [text for text in texts if text.startswith("p(")] == shown
    assert sum(text.startswith("waits for") for text in texts) == max(0, facts.num_pixels - facts.step - 1)
    assert f"log p = {fixed(facts.log_prob(facts.step), 3)}" in texts


def test_every_ordering_has_a_bar_of_the_same_length():
    patterns = torch.tensor([[0, 1, 1], [1, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 1]])
    facts = ordering_facts(patterns, [2, 0, 1], [0.9, 0.1, 0.9])
    axes = ordering_figure(facts).axes[0]
    colours = {to_rgba(COLOURS[name]) for name in ("input", "field", "output")}
    bars = {}
    for patch in axes.patches:
        if patch.get_facecolor() in colours and isinstance(patch, Rectangle) and patch.get_height() > 20:
            bars.setdefault(round(patch.get_y()), []).append(patch)
    assert [len(row) for row in bars.values()] == [3] * 6
    ends = [max(bar.get_x() + bar.get_width() for bar in row) for row in bars.values()]
    assert max(ends) - min(ends) < 1e-9


def test_counts_of_beginnings():
    counts = pattern_counts(torch.tensor([[0, 1, 1], [1, 1, 0], [0, 1, 1]]))
    assert [count_of(counts, known) for known in ({}, {0: 0}, {0: 0, 2: 1}, {1: 0})] == [3, 2, 2, 0]
    assert Fraction(count_of(counts, {0: 0}), count_of(counts, {})) == Fraction(2, 3)


@pytest.mark.parametrize(
    "patterns", [torch.zeros(3), torch.zeros(0, 2), torch.tensor([[0, 2]]), torch.tensor([[0.5, 1]])]
)
def test_patterns_are_zeros_and_ones(patterns):
    with pytest.raises(ValueError, match="zeros and ones of shape"):
        pattern_counts(patterns)


def test_a_wrong_ordering_is_refused():
    with pytest.raises(ValueError, match=r"names each of 0\.\.1 once; got \[0, 0\]"):
        ordering_facts(torch.tensor([[0, 1]]), [0, 0])
