"""The dilation lab and the animation as Python makes them: numbers, fallback, size, refusals."""

import html
import json
import re

import pytest

from armod.course.labs import dilation_animation, dilation_lab
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
                assert state["ancestry"][-1] == facts.oracle and state["oracle"] == len(facts.oracle)
                assert state["finding"] == facts.finding and state["formula"] == facts.formula


def test_the_page_gets_the_table_as_it_is():
    numbers = re.search(r'awaken\("[^"]+", (\{.*\}), mount\);', dilation_lab().html)[1]
    assert json.loads(numbers)["states"] == json.loads(json.dumps(_table()))


@pytest.mark.parametrize("make", [dilation_lab, lambda: dilation_animation(*STACKS)])
def test_two_runs_give_the_same_small_output_that_asks_nothing_of_the_network(make):
    one, two = make(), make()
    assert one.html == two.html and len(one.html.encode()) < 200_000
    code = re.sub(r"http://www\.w3\.org/2000/svg", "", one.html)
    assert not re.search(r"https?:|//cdn|\bimport\b\s*[({'\"]|\bfetch\(", code)


def test_the_static_picture_describes_the_first_state():
    widget = dilation_lab("always 4", 3, kernel_size=3)
    facts = dilation_state("always 4", 3, 3)
    assert facts.description in html.unescape(re.search(r'<img alt="([^"]*)"', widget.html)[1])
    assert str(widget).endswith(facts.description)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"pattern": "tripling"}, r"pattern is one of doubling, .*; got tripling\."),
        ({"num_layers": 6}, r"num_layers is one of 1, .*; got 6\."),
        ({"kernel_size": 1}, r"kernel_size is one of 2, 3; got 1\."),
        ({"output": 65}, r"output is one of 1, .*; got 65\."),
        ({"num_layers": 2, "frame": 3}, r"frame is one of 0, 1, 2; got 3\."),
    ],
)
def test_what_the_knobs_do_not_have_is_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        dilation_lab(**arguments)


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
