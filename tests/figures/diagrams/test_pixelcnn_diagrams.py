"""The block diagrams of Gated PixelCNN and PixelCNN++: each part is lit by itself, and is there in words."""

from collections.abc import Callable

import pytest

from armod.figures.diagrams import gated_pixelcnn_layer, plus_plus_streams
from armod.figures.diagrams.parts import Diagram
from armod.figures.style import COLOURS

PARTS = {
    gated_pixelcnn_layer: ("vertical", "link", "horizontal", "residual"),
    plus_plus_streams: ("down", "up", "short-cuts"),
}
EVERY = [(draw, part) for draw, parts in PARTS.items() for part in parts]
every_diagram = pytest.mark.parametrize("draw", PARTS, ids=lambda draw: draw.__name__)


def coloured(diagram: Diagram) -> int:
    svg = diagram.svg().decode().lower()
    return sum(svg.count(COLOURS[name].lower()) for name in ("current", "output"))


@every_diagram
def test_nothing_is_lit_unless_it_is_asked_for(draw: Callable[..., Diagram]) -> None:
    diagram = draw()
    assert coloured(diagram) == 0 and not any(diagram.table["lit"])
    assert all(what in diagram.description for what in diagram.table["what it is"])


@pytest.mark.parametrize(("draw", "part"), EVERY, ids=[part for _, part in EVERY])
def test_a_part_is_lit_by_itself_and_has_shapes_of_its_own(draw: Callable[..., Diagram], part: str) -> None:
    diagram = draw(part)
    lit = [name for name, on in zip(diagram.table["part"], diagram.table["lit"], strict=True) if on]
    assert lit == [part] and coloured(diagram) > 2
    others = [name for name in PARTS[draw] if name != part]
    assert coloured(draw(others)) + coloured(diagram) == coloured(draw(PARTS[draw]))


@every_diagram
def test_it_is_readable_on_a_phone(draw: Callable[..., Diagram]) -> None:
    """The smallest text, 10 points, has 9 pixels where the page is 360 wide."""
    assert 10 / 72 * 100 * 360 / (100 * draw().get_figwidth()) > 9


@every_diagram
def test_a_part_that_is_none_is_refused(draw: Callable[..., Diagram]) -> None:
    with pytest.raises(ValueError, match="'skip' is none of them"):
        draw("skip")
