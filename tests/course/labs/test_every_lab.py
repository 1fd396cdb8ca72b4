"""What holds for every lab: the same small bytes twice, no network, a picture where scripts do not run, knobs that refuse."""

from __future__ import annotations

import html
import importlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from armod.course import labs
from armod.course.labs import Widget
from armod.course.labs.coin.facts import CoinFacts
from armod.course.labs.dilation.lab import dilation_state
from armod.course.labs.field.lab import lab_state as field_state
from armod.course.labs.histogram.lab import IMAGINARY
from armod.course.labs.histogram.lab import lab_state as histogram_state
from armod.course.labs.mask.lab import lab_state as mask_state
from armod.course.labs.mixture.facts import MixtureFacts
from armod.course.labs.ordering.lab import NUM_NOISE, explorer_state
from armod.course.labs.reach.lab import reach_state
from armod.course.labs.surface.facts import SurfaceFacts
from armod.course.labs.surface.lab import DATA_SETS

PATTERNS = torch.randint(2, (400, 4), generator=torch.Generator().manual_seed(3))


@dataclass(frozen=True)
class Case:
    """A lab: how it is made, its most bytes, one setting with what it must say, and calls that it refuses."""

    make: Callable[..., Widget]
    most_bytes: int
    setting: Callable[[], Widget]
    description: Callable[[], str]
    refused: tuple[tuple[tuple[object, ...], dict[str, object], str], ...]


def explorer(**options: object) -> Widget:
    return labs.ordering_explorer(PATTERNS, **options)


CASES = {
    "coin": Case(
        labs.coin_lab,
        120_000,
        lambda: labs.coin_lab(3, 4, 0.25),
        lambda: CoinFacts(3, 4, 0.25).description,
        (
            ((1, 41), {}, "up to 40 flips"),
            ((1, 4, 0.123), {}, "whole hundredths"),
            ((5, 4), {}, "0 to n heads"),
        ),
    ),
    "surface": Case(
        labs.surface_lab,
        120_000,
        lambda: labs.surface_lab(DATA_SETS["two heaps"], mean=5.25, scale=3),
        lambda: SurfaceFacts(DATA_SETS["two heaps"], 33, 3).description,
        (
            ((), {"mean": 3.1}, "in quarters from -3"),
            (([7] * 16,), {}, "up to 6 points"),
            (([1] * 15,), {}, "16 counts"),
        ),
    ),
    "mixture": Case(
        labs.mixture_lab,
        120_000,
        lambda: labs.mixture_lab([(-4.0, 1.0, 5)], range(32)),
        lambda: MixtureFacts(((-4.0, 1.0, 5),), 32, tuple(range(32))).description,
        (
            (([(0.25, 1.0, 5)],), {}, "means are among"),
            (([(0.5, 1.1, 5)],), {}, "scales are among"),
            (([(0.5, 1.0, 11)],), {}, "weights are among"),
            ((), {"counts": [1]}, "as many counts"),
        ),
    ),
    "mask": Case(
        labs.mask_lab,
        350_000,
        lambda: labs.mask_lab(6, (4, 4), ordering=[5, 2, 0, 1, 4, 3], degrees="sequential", output=1),
        lambda: (
            mask_state(6, (4, 4), ordering=[5, 2, 0, 1, 4, 3], degrees="sequential", output=1).description
        ),
        (
            ((), {"num_variables": 17}, r"num_variables is one of 1, 2, .*; got 17\."),
            ((), {"hidden_sizes": (8, 7)}, r"hidden_sizes is one of 1, 4, 8, 12, 16; got 7\."),
            ((), {"hidden_sizes": (8,) * 4}, r"the number of hidden layers is one of 1, 2, 3; got 4\."),
            ((), {"degrees": "even"}, r"degrees is one of random, sequential; got even\."),
            ((), {"seed": 9}, r"seed is one of 0, .*; got 9\."),
            ((), {"ordering": [0, 0, 1]}, "each of 0..7 exactly once"),
            ((), {"output": 8}, r"in 0\.\.7; got 8"),
        ),
    ),
    "ordering": Case(
        explorer,
        120_000,
        lambda: explorer(ordering=[3, 1, 0, 2], noise=2, step=3),
        lambda: explorer_state(PATTERNS, ordering=[3, 1, 0, 2], noise=2, step=3).description,
        (
            ((), {"noise": NUM_NOISE}, r"noise is one of 0, .*, 11; got 12"),
            ((), {"step": 5}, r"step is one of 0, 1, 2, 3, 4; got 5"),
            ((), {"ordering": [0, 1]}, r"names each of 0\.\.3 once"),
        ),
    ),
    "field": Case(
        labs.field_lab,
        120_000,
        lambda: labs.field_lab("gated", "B", kernel_size=5, depth=2, row=12, column=0),
        lambda: field_state("gated", "B", kernel_size=5, depth=2, row=12, column=0).description,
        (
            (("residual",), {}, r"stack is one of plain, gated; got residual\."),
            ((), {"first_mask": "C"}, r"first_mask is one of A, B; got C\."),
            ((), {"kernel_size": 4}, r"kernel_size is one of 3, 5, 7; got 4\."),
            ((), {"depth": 1}, r"depth is one of 2, 3, 4, 5, 6; got 1\."),
            ((), {"row": 13}, r"row is one of 0, .*; got 13\."),
            ((), {"column": -1}, r"column is one of 0, .*; got -1\."),
        ),
    ),
    "dilation": Case(
        labs.dilation_lab,
        200_000,
        lambda: labs.dilation_lab("always 4", 3, kernel_size=3),
        lambda: dilation_state("always 4", 3, 3).description,
        (
            (("tripling",), {}, r"pattern is one of doubling, .*; got tripling\."),
            ((), {"num_layers": 6}, r"num_layers is one of 1, .*; got 6\."),
            ((), {"kernel_size": 1}, r"kernel_size is one of 2, 3; got 1\."),
            ((), {"output": 65}, r"output is one of 1, .*; got 65\."),
            ((), {"num_layers": 2, "frame": 3}, r"frame is one of 0, 1, 2; got 3\."),
        ),
    ),
    "histogram": Case(
        labs.histogram_lab,
        200_000,
        lambda: labs.histogram_lab(4, 5, 200, IMAGINARY[-1]),
        lambda: histogram_state(4, 5, 200, IMAGINARY[-1]).description,
        (
            ((), {"num_bins": 3}, r"num_bins is one of 2, 4, 8, 16; got 3\."),
            ((), {"num_variables": 13}, r"num_variables is one of 1, 2, .*; got 13\."),
            ((), {"num_observations": 7}, r"num_observations is one of 25, .*; got 7\."),
            ((), {"imaginary": 0.5}, r"imaginary is one of 0, .*, one in every cell; got 0\.5\."),
        ),
    ),
    "reach": Case(
        labs.reach_lab,
        150_000,
        lambda: labs.reach_lab("lstm", 1.5, gate_bias=3, lag=4),
        lambda: reach_state("lstm", 1.5, 3).description,
        (
            (("elman",), {}, r"cell is one of rnn, lstm, gru; got elman\."),
            ((), {"scale": 1.1}, r"scale is one of 0\.5, .*; got 1\.1\."),
            (("gru",), {"gate_bias": 9}, r"gate_bias is one of 0, 1, 2, 3; got 9\."),
            ((), {"lag": 25}, r"lag is one of 1, .*; got 25\."),
            ((), {"lag": 0}, r"lag is one of 1, .*; got 0\."),
        ),
    ),
}
every_lab = pytest.mark.parametrize("name", CASES)


def module_of(name: str) -> object:
    return importlib.import_module(f"armod.course.labs.{name}.lab")


@every_lab
def test_two_runs_give_the_same_small_bytes_that_ask_nothing_of_the_network(name: str) -> None:
    case = CASES[name]
    one = case.make().html
    if hasattr(table := getattr(module_of(name), "_table", None), "cache_clear"):
        table.cache_clear()
    assert case.make().html == one
    assert len(one.encode()) < case.most_bytes
    code = one.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//cdn|\bimport\b\s*[({'\"]|\bfetch\(", code)


@every_lab
def test_the_static_picture_and_the_text_describe_the_first_state(name: str) -> None:
    widget, description = CASES[name].setting(), CASES[name].description()
    assert html.unescape(re.search(r'<img alt="([^"]*)"', widget.html)[1]) == description
    assert str(widget).endswith(f" At first: {description}")


@pytest.mark.parametrize(
    ("name", "arguments", "options", "sentence"),
    [(name, *refusal) for name, case in CASES.items() for refusal in case.refused],
)
def test_what_the_knobs_do_not_have_is_refused_in_one_sentence(
    name: str, arguments: tuple[object, ...], options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        CASES[name].make(*arguments, **options)


def data_of(widget: Widget) -> dict[str, object]:
    """What a page gets from Python."""
    return json.loads(re.search(r'awaken\("[^"]+", (\{.*\}), mount\);', widget.html)[1])


@pytest.mark.parametrize("name", ["mask", "field", "histogram", "reach", "dilation"])
def test_the_page_gets_the_table_as_it_is(name: str) -> None:
    table = json.loads(json.dumps(module_of(name)._table()))
    data = data_of(CASES[name].make())
    assert data["states"] == table if "states" in data else table.items() <= data.items()


def test_every_folder_with_words_is_tried_here() -> None:
    folders = {path.parent.name for path in Path(labs.__file__).parent.glob("*/words.toml")}
    assert folders == {*CASES, "concept_map"}
