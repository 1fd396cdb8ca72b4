"""The block diagram of WaveNet: its parts, what is lit, and a file that is the same each time."""

import base64
import re

import pytest

from armod.figures.diagrams import wavenet_block
from armod.figures.diagrams.parts import Diagram
from armod.figures.style import COLOURS

LIT = (COLOURS["current"].lower(), COLOURS["output"].lower())


def coloured(diagram: Diagram) -> int:
    """How many shapes have a colour of lit parts."""
    return sum(diagram.svg().decode().lower().count(colour) for colour in LIT)


def test_nothing_is_lit_unless_it_is_asked_for() -> None:
    diagram = wavenet_block()
    assert coloured(diagram) == 0 and diagram.table["lit"] == [False] * 4
    assert all(part in diagram.description for part in ("filter", "gate", "residual", "skip"))


@pytest.mark.parametrize("part", ["filter", "gate", "residual", "skip"])
def test_a_part_is_lit_by_itself(part: str) -> None:
    diagram = wavenet_block(part)
    assert coloured(diagram) > 3
    assert [name for name, lit in zip(diagram.table["part"], diagram.table["lit"], strict=True) if lit] == [
        part
    ]
    assert diagram.get_label().endswith(f"lit up: {part}")


def test_several_parts_have_the_lit_shapes_of_each() -> None:
    assert coloured(wavenet_block(["residual", "skip"])) == coloured(wavenet_block("residual")) + coloured(
        wavenet_block("skip")
    )


def test_a_part_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="filter, gate, residual, skip; 'forget' is none of them"):
        wavenet_block("forget")


def test_a_notebook_shows_an_svg_with_words_for_those_who_do_not_see_it() -> None:
    shown = wavenet_block("skip").img()
    (data,) = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", shown)
    assert base64.b64decode(data) == wavenet_block("skip").svg()
    assert 'alt="One layer of WaveNet; lit up: skip.' in shown
    assert b"<svg" in base64.b64decode(data) and b"<text" not in base64.b64decode(data)


def test_it_is_narrow_enough_for_a_phone() -> None:
    """The smallest text, 10 points, has 9 pixels where the page is 360 wide."""
    assert 10 / 72 * 100 * 360 / (100 * wavenet_block().get_figwidth()) > 9
