"""The block diagrams of recurrent cells: which parts lie on which way of the past."""

import re

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle

from armod.figures.diagrams import recurrent_cell
from armod.figures.diagrams.parts import Diagram
from armod.figures.style import COLOURS

WAYS = [("rnn", "state"), ("lstm", "cell"), ("lstm", "state"), ("gru", "cell"), ("gru", "state")]


def bold(diagram: Diagram) -> list[str]:
    """The words of lit parts, the title left out."""
    texts = diagram.axes[0].texts
    return sorted(
        text.get_text() for text in texts if text.get_weight() == "bold" and len(text.get_text()) < 9
    )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_around_the_weights_there_are_a_product_and_a_sum_and_nothing_else(cell: str) -> None:
    assert bold(recurrent_cell(cell, "cell")) == ["+", "×"]


def test_through_the_weights_there_are_all_squashing_functions() -> None:
    assert bold(recurrent_cell("rnn", "state")) == ["+", "U", "squash", "tanh"]
    gates = {cell: set(bold(recurrent_cell(cell, "state"))) for cell in ("lstm", "gru")}
    assert {"U", "σ(f)", "σ(i)", "tanh(g)", "σ(o)", "tanh"} <= gates["lstm"]
    assert {"U", "σ(r)", "σ(z)", "tanh"} <= gates["gru"]
    assert all("W" not in each for each in gates.values())


@pytest.mark.parametrize(("cell", "way"), WAYS)
def test_a_way_is_lit_and_named(cell: str, way: str) -> None:
    plain, diagram = recurrent_cell(cell), recurrent_cell(cell, way)
    for each, is_lit in ((plain, False), (diagram, True)):
        colours = {to_rgb(patch.get_edgecolor()[:3]) for patch in each.axes[0].patches}
        assert (to_rgb(COLOURS["output"]) in colours) is is_lit
    rows = zip(diagram.table["way"], diagram.table["what happens on it"], diagram.table["lit"], strict=True)
    assert [name for name, words, is_lit in rows if is_lit and words in diagram.get_label()] == [way]
    assert not any(plain.table["lit"]) and plain.get_label().endswith("one step")
    assert re.search(r"old state|memory c", diagram.description)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_nothing_leaves_the_page_or_lies_on_another_part(cell: str) -> None:
    diagram = recurrent_cell(cell, "state")
    renderer = FigureCanvasAgg(diagram).get_renderer()
    page = diagram.axes[0]
    texts = [text.get_window_extent(renderer).padded(-2) for text in page.texts]
    assert all(diagram.bbox.contains(*corner) for box in texts for corner in (box.min, box.max))
    assert not any(a.overlaps(b) for number, a in enumerate(texts) for b in texts[:number])
    white = [each for each in page.patches if isinstance(each, Circle) and each.radius > 10]
    bodies = [each.get_window_extent(renderer).padded(-1) for each in white]
    assert len(bodies) == {"rnn": 1, "lstm": 5, "gru": 4}[cell]
    assert not any(a.overlaps(b) for number, a in enumerate(bodies) for b in bodies[:number])
    assert to_rgb(COLOURS["current"]) in {each.get_facecolor()[:3] for each in white}


def test_what_it_cannot_draw_is_refused() -> None:
    with pytest.raises(ValueError, match="not 'transformer'"):
        recurrent_cell("transformer")
    with pytest.raises(ValueError, match="state; 'cell' is none of them"):
        recurrent_cell("rnn", "cell")


def test_it_is_narrow_enough_for_a_phone() -> None:
    """The smallest text, 10 points, has 9 pixels where the page is 370 wide."""
    assert 10 / 72 * 100 * 370 / (100 * recurrent_cell("lstm").get_figwidth()) > 9
