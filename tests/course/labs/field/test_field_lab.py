import html
import json
import re

import pytest

from armod.course.labs import field_lab
from armod.course.labs.field.facts import KINDS
from armod.course.labs.field.lab import _table, lab_state
from armod.measures.field_table import SIZE, settings


def test_the_page_gets_the_table_as_it_is():
    numbers = re.search(r'awaken\("[^"]+", (\{.*\}), mount\);', field_lab().html)[1]
    data = json.loads(numbers)
    start = data.pop("start")
    assert data == json.loads(json.dumps(_table()))
    assert start == {"stack": "plain", "first": "A", "kernel": 3, "depth": 5, "row": 7, "column": 6}
    assert len(data["settings"]) == len([*settings()]) == len(set(data["settings"]))
    assert list(data["kinds"]) == list(KINDS)


def test_two_runs_give_the_same_bytes_below_the_size_limit():
    one = field_lab().html
    _table.cache_clear()
    assert field_lab().html == one
    assert len(one.encode()) < 120_000


def test_the_output_asks_nothing_of_the_network():
    code = re.sub(r"http://www\.w3\.org/2000/svg", "", field_lab().html)
    assert not re.search(r"https?:|//cdn|\bimport\b\s*[({'\"]|\bfetch\(", code)


def test_the_static_picture_describes_the_first_state():
    widget = field_lab("gated", "B", kernel_size=5, depth=2, row=12, column=0)
    facts = lab_state("gated", "B", kernel_size=5, depth=2, row=12, column=0)
    assert html.unescape(re.search(r'<img alt="([^"]*)"', widget.html)[1]) == facts.description
    assert str(widget).endswith(facts.description)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"stack": "residual"}, r"stack is one of plain, gated; got residual\."),
        ({"first_mask": "C"}, r"first_mask is one of A, B; got C\."),
        ({"kernel_size": 4}, r"kernel_size is one of 3, 5, 7; got 4\."),
        ({"depth": 1}, r"depth is one of 2, 3, 4, 5, 6; got 1\."),
        ({"row": SIZE}, r"row is one of 0, .*; got 13\."),
        ({"column": -1}, r"column is one of 0, .*; got -1\."),
    ],
)
def test_what_the_knobs_do_not_have_is_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        field_lab(**arguments)
