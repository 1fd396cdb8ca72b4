"""The stored recall table: whole, and what a network learns when it is trained again."""

import pytest

from armod.measures.recall_table import SEEDS, STEPS, recall, recall_table, settings


def test_every_setting_has_three_lines_of_the_whole_training():
    table = recall_table()
    assert [*table] == [*settings()]
    for lines in table.values():
        assert len(lines) == len(SEEDS) and {len(line) for line in lines} == {STEPS // 20}
        assert all(0 <= bits < 4 for line in lines for bits in line)


def test_at_first_everybody_guesses():
    """Two bits for one of four symbols; a score that counts the noise, or other units, would differ."""
    firsts = [
        line[0] for (_, _, distance), lines in recall_table().items() if distance == 40 for line in lines
    ]
    assert min(firsts) > 0.5 and 1.9 < sorted(firsts)[len(firsts) // 2] < 2.3


@pytest.mark.slow
def test_an_open_gate_recalls_when_it_is_trained_again():
    assert recall("gru", 5, 10, 0)[-1] < 0.5
