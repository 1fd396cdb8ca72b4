from armod.course.labs import field_lab
from armod.course.labs.field.facts import KINDS
from armod.measures.field_table import settings
from tests.course.labs.test_every_lab import data_of


def test_the_page_gets_every_setting_and_where_it_starts():
    data = data_of(field_lab())
    assert data["start"] == {"stack": "plain", "first": "A", "kernel": 3, "depth": 5, "row": 7, "column": 6}
    assert len(data["settings"]) == len([*settings()]) == len(set(data["settings"]))
    assert list(data["kinds"]) == list(KINDS)
