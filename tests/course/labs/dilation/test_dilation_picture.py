"""What one output of a stack depends on: the ancestry, the formula and the oracle say the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armod.course.labs.dilation.facts import PATTERNS, DilationFacts
from armod.course.labs.dilation.picture import dilation_figure

STACKS = [((1, 2, 4, 8), 2), ((8, 4, 2, 1), 2), ((1, 1, 1, 1), 2), ((4, 4, 4), 2), ((2, 3), 3), ((5,), 4)]


@pytest.mark.parametrize(("dilations", "kernel_size"), STACKS)
def test_the_ancestry_is_what_the_oracle_finds(dilations, kernel_size) -> None:
    facts = DilationFacts(dilations, kernel_size)
    assert facts.oracle == facts.ancestry[-1]
    assert facts.oracle[-1] + 1 == facts.field


@settings(max_examples=30)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(2, 4))
def test_the_farthest_ancestor_is_at_the_end_of_the_field(dilations, kernel_size) -> None:
    facts = DilationFacts(tuple(dilations), kernel_size)
    assert facts.ancestry[-1][0] == 0 and facts.ancestry[-1][-1] == facts.field - 1
    assert len(facts.ancestry) == len(dilations) + 1
    assert facts.formula.endswith(f"= {facts.field}")


def test_each_row_is_one_layer_below_the_one_above() -> None:
    assert DilationFacts((1, 3), 2).ancestry == ((0,), (0, 3), (0, 1, 3, 4))
    assert DilationFacts((3, 1), 2).ancestry == ((0,), (0, 1), (0, 1, 3, 4))


def test_doubling_leaves_no_gap_and_a_constant_dilation_does() -> None:
    assert DilationFacts(PATTERNS["doubling: 1, 2, 4, 8, 16"], 2).finding == (
        "5 layers of kernel 2 reach back over 32 samples"
    )
    assert (
        DilationFacts((4, 4), 2).finding
        == "2 layers of kernel 2 reach back over 9 samples, and see only 3 of them"
    )
    assert DilationFacts((1,), 3).finding == "1 layer of kernel 3 reaches back over 3 samples"


def test_sentences_count_what_lies_before_the_beginning() -> None:
    facts = DilationFacts((1, 2, 4, 8), 2)
    assert facts.sentence(0, 64) == "Output 64 predicts sample 65. On which samples does it depend?"
    assert facts.sentence(1, 64) == (
        "Through the layer with dilation 8 it depends on 2 units of the layer below."
    )
    assert facts.sentence(4, 64) == "Through the layer with dilation 1 it depends on 16 samples."
    assert facts.sentence(4, 15).endswith("it depends on 15 samples, and on 1 zero before the beginning.")
    assert facts.sentence(4, 10).endswith("it depends on 10 samples, and on 6 zeros before the beginning.")


def test_the_figure_holds_its_numbers_and_says_them() -> None:
    stacks = DilationFacts((1, 2, 4), 2), DilationFacts((4, 4), 2)
    picture = dilation_figure(*stacks, title="Two stacks")
    assert picture.table == {
        "dilations": [(1, 2, 4), (4, 4)], "kernel": [2, 2], "field": [8, 9], "seen": [8, 3]
    }  # fmt: skip
    assert str(picture).startswith("Two stacks. ")
    assert all(facts.formula in str(picture) for facts in stacks)
    assert dilation_figure(*stacks).png() == dilation_figure(*stacks).png()


def test_the_still_of_the_lab_says_what_queues_save() -> None:
    facts = DilationFacts((1, 2, 4), 2)
    words = str(dilation_figure(facts, generation=True))
    assert words.endswith(
        "With queues each new sample costs 3 units, however far the layers reach. "
        "Without queues sample 25 costs 7 units, of which 4 were computed before."
    )
    assert str(dilation_figure(facts)) in words
