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
