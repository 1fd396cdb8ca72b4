import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from armod.course.labs.mask.facts import mask_facts
from armod.course.labs.mask.picture import mask_figure
from armod.models.made.masks import hidden_degrees, masks, who_sees_whom
from armod.orderings import positions


@st.composite
def networks(draw):
    """An ordering, degrees of 1..4 hidden layers and one output, of any shape a small MADE can have."""
    num_variables = draw(st.integers(1, 12))
    ordering = torch.tensor(draw(st.permutations(range(num_variables))))
    sizes = draw(st.lists(st.integers(1, 10), min_size=1, max_size=4))
    kind = draw(st.sampled_from(["random", "sequential"]))
    degrees = hidden_degrees(num_variables, sizes, degrees=kind, seed=draw(st.integers(0, 99)))
    return ordering, degrees, draw(st.integers(0, num_variables - 1))


@given(networks())
@settings(max_examples=100, deadline=None)
def test_description_and_table_agree_with_the_masks(network):
    ordering, degrees, output = network
    facts = mask_facts(*network)
    layer_masks = masks(ordering, degrees)
    sees = (who_sees_whom(layer_masks) > 0).numpy()
    seen = [(row.nonzero()[0] + 1).tolist() for row in sees]
    assert facts.table["inputs seen"] == [len(row) for row in seen]
    assert facts.table["sees"] == [", ".join(map(str, row)) for row in seen]
    assert facts.table["position"] == (positions(ordering) + 1).tolist()
    assert facts.pairs == (sees.sum(), len(ordering) * (len(ordering) - 1) // 2)
    kept = [tuple(map(int, pair)) for pair in re.findall(r"keeps (\d+) of (\d+)", facts.description)]
    assert kept == [(int(mask.sum()), mask.numel()) for mask in layer_masks]
    listed = facts.description.split(f"Output {output + 1} sees inputs: ")[1].rstrip(".")
    assert listed == (", ".join(map(str, seen[output])) or "none")


@given(networks())
@settings(max_examples=100, deadline=None)
def test_the_finding_says_how_many_of_the_inputs_before_it_the_output_sees(network):
    ordering, degrees, output = network
    before = int(positions(ordering)[output])
    seen = int((who_sees_whom(masks(ordering, degrees))[output] > 0).sum())
    said = mask_facts(*network).finding
    assert said.startswith(f"Output {output + 1} ")
    if before == 0:
        assert said.endswith("sees nothing: it is the first in the ordering")
    elif seen == before:
        all_of_them = {1: "the one input", 2: "both inputs"}.get(before, f"all {before} inputs")
        assert f" sees {all_of_them} before it" in said
        assert said.endswith(", and nothing after") == (before < len(ordering) - 1)
    elif before == 1:
        assert said.endswith("does not see the one input before it")
    else:
        assert said.endswith(f"sees {seen or 'none'} of the {before} inputs before it")


@given(networks())
@settings(max_examples=50, deadline=None)
def test_the_walks_up_and_down_agree_with_the_product_of_the_masks(network):
    facts = mask_facts(*network)
    for level, mask in enumerate(facts.masks, start=1):
        upwards = who_sees_whom(facts.masks[:level]) > 0
        for unit in range(len(mask)):
            assert torch.equal(facts.ancestors(level, unit)[0], upwards[unit])
    for variable in range(facts.num_variables):
        assert torch.equal(facts.descendants(0, variable)[-1], facts.sees[:, variable])


def test_a_leak_is_said_aloud():
    ordering, degrees = torch.arange(3), [torch.tensor([1, 2])]
    leaking = [masks(ordering, degrees)[0], torch.ones(3, 2)]
    assert mask_facts(ordering, degrees, 1, leaking).finding == (
        "Output 2 sees 1 input that it must not see: itself or a later one"
    )


@pytest.mark.parametrize(
    ("num_variables", "sizes", "ordering"),
    [
        (1, [1], [0]),
        (3, [1], [2, 0, 1]),
        (16, [16, 12, 8, 16], None),
        (6, [5, 5], [5, 2, 0, 1, 4, 3]),
        (40, [64], None),
    ],
)
def test_the_figure_shows_the_finding_the_degrees_and_the_masks_and_cuts_nothing_off(
    num_variables, sizes, ordering
):
    order = torch.arange(num_variables) if ordering is None else torch.tensor(ordering)
    degrees = hidden_degrees(num_variables, sizes)
    picture = mask_figure(order, degrees)
    facts = mask_facts(order, degrees)
    texts = [text for text in picture.axes[0].texts if text.get_text()]
    shown = [text.get_text() for text in texts]
    assert facts.finding in shown
    assert {f"hidden {number}" for number in range(1, len(sizes) + 1)} <= set(shown)
    assert str(picture) == facts.description and picture.table == facts.table
    numbers = sorted(int(text) for text in shown if text.isdigit())
    if num_variables <= 16:
        assert numbers == sorted(int(degree) for layer in facts.degrees for degree in layer)
    picture.draw_without_rendering()
    page = picture.bbox
    for text in texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, text


def test_the_picture_in_a_notebook_has_alternative_text_and_is_the_same_twice():
    one, two = (mask_figure(torch.arange(4), hidden_degrees(4, [5])).img() for _ in range(2))
    assert one == two
    assert 'alt="Output 3 sees' in one


def test_the_chosen_output_must_be_a_variable():
    with pytest.raises(ValueError, match=r"0\.\.3; got 4"):
        mask_figure(torch.arange(4), hidden_degrees(4, [5]), output=4)


def test_the_palette_keeps_the_yellow_of_the_one_chosen_unit():
    import io

    from PIL import Image

    png = mask_figure(torch.arange(16), hidden_degrees(16, [16, 16])).png()
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    distance = np.abs(pixels - np.array([0xFF, 0xCB, 0x2E])).sum(axis=-1)
    assert (distance < 16).sum() > 200
    assert (pixels[:5] >= 254).all()
