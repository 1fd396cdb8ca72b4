"""The guide runs: every block of every page, with what it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import KINDS, PAGES, PROGRAMS, languages, run_page, same

WIDEST = 103  # characters of a line of code that fit on a page, docs/static/armod.css


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_page_runs(path: Path, tmp_path: Path) -> None:
    run_page(path, tmp_path)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_asks_runs_and_says_where_it_ends(path: Path) -> None:
    text = path.read_text()
    assert set(languages(text)) <= set(KINDS), "a block of another kind would not be tested"
    assert "python" in languages(text)
    code = "".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert max(map(len, code.splitlines())) <= WIDEST, "a reader would have to scroll sideways"
    title, question, *_ = re.split(r"\n\n+", text.strip())
    assert re.fullmatch(r"# \S.*", title)
    assert question.startswith("> ") and question.endswith("?"), "a page begins with a question"
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[-1] == "Where this stops being true"


def test_a_wrong_output_is_found() -> None:
    assert same("0.53 nats", "0.54 nats\n")
    assert not same("0.53 nats", "0.56 nats\n")
    assert not same("0.53 nats", "0.53 bits\n")
    assert not same("3 of 4", "2 of 4\n")
    assert same("(1, 2)\n...\nend", "(1, 2)\nanything\nend\n")
    assert not same("[0, 1]", "[0, 1, 2]\n")


PAGE = """# Coins

> Is it run?

```python
import armod
print({printed})
```

```text
{shown}
```
"""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PAGE.format(printed="1 + 1", shown="3"), "the page says"),
        (PAGE.format(printed="1 + 1", shown="2") + "```python\nprint(5)\n```\n", "leaves out"),
        (PAGE.format(printed="unknown", shown="2"), "is not defined"),
        (PAGE.format(printed="2", shown="2") + "```sh\npython -c 'raise SystemExit(3)'\n```\n", "it failed"),
    ],
)
def test_a_page_that_lies_is_found(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(text)
    with pytest.raises(Exception, match=problem):
        run_page(path, tmp_path)
