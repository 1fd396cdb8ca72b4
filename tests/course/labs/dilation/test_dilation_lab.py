"""The dilation lab and the animation as Python makes them: numbers, fallback, size, refusals."""

import re

import pytest

import armod
from armod.course.labs import dilation_animation
from armod.course.labs.dilation.facts import KERNEL_SIZES, NUM_LAYERS, PATTERNS, DilationFacts
from armod.course.labs.dilation.lab import dilation_state

STACKS = DilationFacts((1, 2, 4), 2), DilationFacts((1, 1, 1), 2)


def test_the_oracle_finds_what_the_paths_reach():
    for pattern, dilations in PATTERNS.items():
        for num_layers in range(1, NUM_LAYERS + 1):
            for kernel_size in KERNEL_SIZES:
                facts = dilation_state(pattern, num_layers, kernel_size)
                assert facts.dilations == dilations[:num_layers]
                assert facts.field == 1 + (kernel_size - 1) * sum(dilations[:num_layers])
                assert facts.ancestry[-1] == facts.oracle


@pytest.mark.parametrize("dilations", [(3,), (2, 2), (5, 1, 2), (1, 6)])
def test_gaps_are_what_the_oracle_does_not_find(dilations):
    facts = DilationFacts(dilations, 2)
    assert facts.missed == tuple(sorted(set(range(facts.field)) - set(facts.oracle))) != ()
    assert facts.gaps(len(dilations) - 1) == ""
    assert f"{facts.missed[0]}" in facts.gaps(len(dilations))


def test_before_the_beginning_the_oracle_finds_nothing():
    """A whole WaveNet of five samples and one more: the last conditional sees the five."""
    facts = dilation_state("doubling: 1, 2, 4, 8, 16", 4, 2)
    model = armod.WaveNet((6,), 2, dilations=facts.dilations, likelihood=armod.likelihoods.Bernoulli())
    assert int(armod.dependency_matrix(model)[5].sum()) == 5
    assert facts.reached(5) == "5 samples seen, and 11 zeros before sample 1"
    assert facts.reached(15) == "15 samples seen, and 1 zero before sample 1"
    assert facts.reached(16) == facts.reached(64) == "16 samples seen"
    assert facts.title(5).endswith("output 5 has only 5 of these") and facts.title(16) == facts.finding


def test_the_field_lasts_so_many_milliseconds():
    assert STACKS[0].milliseconds(16_000) == "field: 8 samples, 0.50 ms at 16,000 a second"


def test_queues_make_a_sample_cost_a_unit_a_layer_and_the_naive_loop_computes_what_is_reached():
    """Units are counted one by one, by following taps; to count places twice, or zeros before the beginning, would differ."""
    facts = DilationFacts((1, 2), 2)
    # output 3: the top unit at 3 reads the lower ones at 3 and 1
    assert [facts.computed(output) for output in (1, 2, 3, 4)] == [2, 2, 3, 3]
    naive = facts.generation(4, is_naive=True)
    assert naive[0] == "Without queues sample 5 costs 3 units, of which 1 was computed before"
    assert naive[1].endswith("Up to here 10 were computed; with queues it would be 8.")
    cached = facts.generation(4, is_naive=False)
    assert "the queues hold 3 earlier ones. Up to here 8 were computed." in cached[1]


def test_the_page_grows_with_the_field():
    assert [DilationFacts(each, 2).columns for each in ((1,), (1, 2, 4, 8), (16, 8, 4), (40, 40))] == [
        24,
        24,
        40,
        64,
    ]


def test_two_animations_are_the_same_and_small_and_ask_nothing_of_the_network():
    one, two = (dilation_animation(*STACKS) for _ in range(2))
    assert one.html == two.html and len(one.html.encode()) < 200_000
    code = re.sub(r"http://www\.w3\.org/2000/svg", "", one.html)
    assert not re.search(r"https?:|//cdn|\bimport\b\s*[({'\"]|\bfetch\(", code)


def test_the_animation_lights_one_row_a_frame_and_has_a_still():
    widget = dilation_animation(*STACKS, title="Two stacks")
    assert len(set(re.findall(r"@keyframes (\S+)", widget.html))) == 3
    assert {int(row) for row in re.findall(r'"frame-(\d)"', widget.html)} == {1, 2, 3}
    assert "<script" not in widget.html
    assert "Two stacks. " in re.search(r'<img alt="([^"]*)"', widget.html)[1]
    assert str(widget).startswith("Animation: Two stacks. ")
    # two animations on one page do not share their keyframes
    other = dilation_animation(STACKS[0])
    assert not set(re.findall(r"@keyframes (\S+)", widget.html)) & set(
        re.findall(r"@keyframes (\S+)", other.html)
    )
