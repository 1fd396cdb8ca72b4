import html
import json
import re

import pytest

from armod.course.labs import reach_lab
from armod.course.labs.reach.lab import GATE_BIASES, SCALES, _table, reach_state, settings
from armod.measures.gradient_reach import CELL_NAMES


def test_the_table_holds_every_state_of_the_knobs():
    assert len(_table()) == len([*settings()]) == len(SCALES) * (1 + 2 * len(GATE_BIASES))
    for cell in CELL_NAMES:
        facts = reach_state(cell, SCALES[3], GATE_BIASES[2])
        state = _table()[f"{cell} 3 {0 if cell == 'rnn' else 2}"]
        assert state == {
            "finding": facts.finding,
            "powers": facts.powers,
            "words": facts.words,
            "factors": facts.factors,
        }


def test_the_page_gets_the_table_as_it_is():
    numbers = re.search(r'awaken\("[^"]+", (\{.*\}), mount\);', reach_lab().html)[1]
    assert json.loads(numbers)["states"] == json.loads(json.dumps(_table()))


def test_two_runs_give_the_same_bytes_below_the_size_limit():
    one = reach_lab().html
    _table.cache_clear()
    assert reach_lab().html == one
    assert len(one.encode()) < 150_000


def test_the_output_asks_nothing_of_the_network():
    code = re.sub(r"http://www\.w3\.org/2000/svg", "", reach_lab().html)
    assert not re.search(r"https?:|//cdn|\bimport\b\s*[({'\"]|\bfetch\(", code)


def test_the_static_picture_describes_the_first_state():
    widget = reach_lab("lstm", 1.5, gate_bias=3, lag=4)
    facts = reach_state("lstm", 1.5, 3)
    assert html.unescape(re.search(r'<img alt="([^"]*)"', widget.html)[1]) == facts.description
    assert str(widget).endswith(facts.description)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"cell": "elman"}, r"cell is one of rnn, lstm, gru; got elman\."),
        ({"scale": 1.1}, r"scale is one of 0\.5, .*; got 1\.1\."),
        ({"cell": "gru", "gate_bias": 9}, r"gate_bias is one of 0, 1, 2, 3; got 9\."),
        ({"lag": 25}, r"lag is one of 1, .*; got 25\."),
        ({"lag": 0}, r"lag is one of 1, .*; got 0\."),
    ],
)
def test_what_the_knobs_do_not_have_is_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        reach_lab(**arguments)
