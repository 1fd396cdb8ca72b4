"""Templates of sentences: what their holes mean, that all of them are whole, and that a page fills them as Python does."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from playwright.sync_api import Page

import armod.course.labs
from armod.course.labs.page import asset
from armod.course.labs.words import HOLE, Words

LABS = {
    path.parent.name: Words.beside(str(path))
    for path in Path(armod.course.labs.__file__).parent.glob("*/words.toml")
}
NUMBERS = (0.0, 1.0, -0.001, 0.125, -2.5, 1 / 16, 2.675, 0.005, 1e6, 12345.678, 100.0)


@pytest.mark.parametrize(
    ("template", "values", "sentence"),
    [
        ("{a} and {b}", {"a": "x", "b": 3}, "x and 3"),
        ("sees {seen}", {"seen": [1, 4]}, "sees 1, 4"),
        ("sees {seen}.", {"seen": []}, "sees ."),
        ("{p:.2}", {"p": 0.125}, "0.13"),
        ("{p:+.1} {q:+.1}", {"p": 2.0, "q": -2.0}, "+2.0 −2.0"),
        ("{p:.1%}, {q:.0%}", {"p": [0.5, 1 / 3], "q": 1}, "50.0%, 33.3%, 100%"),
        ("{p:.2}", {"p": -math.inf}, "−∞"),
        ("{n} {n|1=flip|flips}", {"n": 1}, "1 flip"),
        ("{n} {n|1=flip|flips}", {"n": 0}, "0 flips"),
        ("{n|0=none|1=the one|all #}", {"n": 7}, "all 7"),
        ("{n|0=none|1=1 input: |# inputs: }{n}", {"n": [2, 5]}, "2 inputs: 2, 5"),
        ("{kind|plain=One|Two}{kind|=|!}", {"kind": "gated"}, "Two!"),
    ],
)
def test_what_a_hole_means(template: str, values: dict[str, object], sentence: str) -> None:
    assert Words(it=template)("it", **values) == sentence


def test_a_missing_value_and_a_fraction_without_a_format_are_errors() -> None:
    words = Words(it="{n} {n|1=flip|flips}")
    with pytest.raises(KeyError, match="n"):
        words("it", flips=3)
    for value in (0.5, True):
        with pytest.raises(TypeError, match="words and whole numbers"):
            words("it", n=value)


@pytest.mark.parametrize("lab", LABS)
def test_every_template_is_whole(lab: str) -> None:
    words = LABS[lab]
    assert "label" in words and ("about" in words or lab == "concept_map")
    for name, template in words.items():
        assert not set("{}|") & set(HOLE.sub("", template)) - {"|"}, name
        assert "  " not in template and template == template.strip(), name


def values_for(template: str, choose: random.Random) -> dict[str, object]:
    """Something for every hole: fractions for number formats, else what the choices name, other words, numbers, lists."""
    values: dict[str, object] = {}
    for name, _, digits, _, forms in HOLE.findall(template):
        named = [form.split("=", 1)[0] for form in forms[1:].split("|")[:-1]]
        if digits:
            values[name] = choose.choice(NUMBERS)
        elif name not in values or named:
            numbers = [choose.randrange(20) for _ in range(choose.randrange(4))]
            values[name] = choose.choice(
                [*named, *map(int, filter(str.isdigit, named)), 1, 2, 17, "x₁", numbers]
            )
    return values


@pytest.mark.browser
def test_a_page_fills_every_template_as_python_does(page: Page) -> None:
    choose = random.Random(0)
    page.add_script_tag(content=asset("parts.js"))
    for words in LABS.values():
        calls = [(name, values_for(template, choose)) for name, template in words.items() for _ in range(20)]
        filled = page.evaluate(
            "([words, calls]) => { const say = createWords(words); return calls.map(call => say(...call)) }",
            [words, calls],
        )
        assert filled == [words(name, **values) for name, values in calls]


@pytest.mark.browser
def test_a_page_writes_numbers_and_misses_values_as_python_does(page: Page) -> None:
    page.add_script_tag(content=asset("parts.js"))
    words = Words(it="{p:.0} {p:.1} {p:+.2} {p:.3%}")
    say = "([words, p]) => createWords(words)('it', { p })"
    for number in (*NUMBERS, math.inf, -math.inf):
        assert page.evaluate(say, [words, number]) == words("it", p=number)
    message = page.evaluate(
        "words => { try { createWords(words)('it', {}) } catch (error) { return error.message } }", words
    )
    assert message == 'The template "it" needs the value of p.'
