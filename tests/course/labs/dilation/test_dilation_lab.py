"""The dilation lab and the animation as Python makes them: numbers, fallback, size, refusals."""

import re

import armod
from armod.course.labs import dilation_animation
from armod.course.labs.dilation.facts import KERNEL_SIZES, NUM_LAYERS, PATTERNS, DilationFacts
from armod.course.labs.dilation.lab import _table, dilation_state

STACKS = DilationFacts((1, 2, 4), 2), DilationFacts((1, 1, 1), 2)


def test_the_table_holds_every_state_and_the_oracle_agrees_with_it():
    assert len(_table()) == len(PATTERNS) * NUM_LAYERS * len(KERNEL_SIZES)
    for pattern, dilations in PATTERNS.items():
        for num_layers in range(1, NUM_LAYERS + 1):
            for kernel_size in KERNEL_SIZES:
                facts = dilation_state(pattern, num_layers, kernel_size)
                state = _table()[f"{pattern} {num_layers} {kernel_size}"]
                assert facts.dilations == dilations[:num_layers]
                assert state["field"] == 1 + (kernel_size - 1) * sum(dilations[:num_layers])
                assert state["ancestry"][-1] == facts.oracle == state["oracle"]
                assert state["finding"] == facts.finding and state["formula"] == facts.formula


def test_before_the_beginning_the_oracle_finds_nothing():
    """A whole WaveNet of five samples and one more: the last conditional sees the five."""
    facts = dilation_state("doubling: 1, 2, 4, 8, 16", 4, 2)
    model = armod.WaveNet((6,), 2, dilations=facts.dilations, likelihood=armod.likelihoods.Bernoulli())
    assert int(armod.dependency_matrix(model)[5].sum()) == 5
    assert facts.found(5) == "the oracle finds 5; 11 lie too early"
    assert facts.found(15) == "the oracle finds 15; 1 lies too early"
    assert facts.found(16) == facts.found(64) == "the oracle finds 16"


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
