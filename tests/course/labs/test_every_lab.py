"""What holds for every lab: the same small bytes twice, no network, a picture where scripts do not run, knobs that refuse."""

from __future__ import annotations

import base64
import gzip
import html
import importlib
import json
import re
from pathlib import Path

import pytest

from armod.course import labs
from armod.course.labs import Widget
from tests.checkout import CHECKOUT
from tests.course.labs.cases import CASES
from tests.course.labs.looks import LOOKS

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


@pytest.mark.parametrize("name", ["mask", "histogram", "reach"])
def test_the_page_gets_the_table_as_it_is(name: str) -> None:
    table = json.loads(json.dumps(module_of(name)._table()))
    data = data_of(CASES[name].make())
    if isinstance(data.get("states"), str):
        data["states"] = json.loads(gzip.decompress(base64.b64decode(data["states"])))
    assert data["states"] == table if "states" in data else table.items() <= data.items()


def test_the_docs_show_every_lab_in_a_small_picture() -> None:
    page = (CHECKOUT / "docs" / "guide" / "all_labs.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"!\[([^\]]+)\]\(\.\./static/labs/(\w+)\.png\)", page))
    assert {*shown.values()} == LOOKS.keys() and len(shown) == len(LOOKS)
    for name in LOOKS:
        assert (CHECKOUT / "docs" / "static" / "labs" / f"{name}.png").stat().st_size < 80_000


def test_every_folder_with_words_is_tried_here() -> None:
    folders = {path.parent.name for path in Path(labs.__file__).parent.glob("*/words.toml")}
    assert folders == {*CASES, "concept_map"} and LOOKS.keys() == CASES.keys()
