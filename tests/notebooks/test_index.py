"""The map notebook promises nothing that is not there."""

import re
from pathlib import Path

from armod.course.lessons.pair import read_source
from tests.checkout import CHECKOUT

NOTEBOOKS = CHECKOUT / "notebooks"
TEXT = "\n".join(
    cell.source for cell in read_source(NOTEBOOKS / "index.py").cells if cell.cell_type == "markdown"
)


def headings(path: Path) -> set[str]:
    """The anchors of a notebook's headings, as JupyterLab and exported pages make them."""
    texts = [cell.source for cell in read_source(path).cells if cell.cell_type == "markdown"]
    return {line.replace(" ", "-") for line in re.findall(r"^#+ (.+)$", "\n".join(texts), re.MULTILINE)}


def test_every_link_leads_to_a_lesson_and_a_heading_that_exist():
    links = re.findall(r"\]\((\w+)\.ipynb#([^)]+)\)", TEXT)
    assert len(links) == TEXT.count("](") > 0
    for name, anchor in links:
        assert anchor in headings(NOTEBOOKS / f"{name}.py"), f"{name} has no heading for #{anchor}"


def test_every_takeaway_is_proved_in_a_lesson():
    takeaways = TEXT.split("## Key takeaways")[1].split("\n## ")[0].strip().split("\n- ")
    assert len(takeaways) == 6  # those of the module
    assert all(".ipynb#" in takeaway for takeaway in takeaways)
