from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page

from armod.course.errors import CourseError
from armod.course.lessons.html import to_html
from armod.course.lessons.mathml import to_mathml

TEXT = r"""# Coins

Inline $\log p(x_{<d})$, displayed

$$\begin{aligned} a &= b \\ c &= \mathbb{1}[m \ge d] \end{aligned}$$

and `code $x$ stays`, 5 \$ and \\( x^2 \\); [next](dice.ipynb#start), [elsewhere](https://example.org/a.ipynb), [yours](my_exercises/dice.ipynb).

![a dot](dot.png)
"""
WIDGET = (
    '<p id="w">dead</p><script type="module">'
    'if (1 < 2 && 3 > 2) document.getElementById("w").textContent = "alive";</script>'
)
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def page_of(tmp_path: Path, *outputs: dict[str, str], text: str = TEXT) -> str:
    (tmp_path / "dot.png").write_bytes(DOT)
    shown = [new_output("display_data", data) for data in outputs]
    cell = new_code_cell("show()", outputs=shown, execution_count=1)
    return to_html(new_notebook(cells=[new_markdown_cell(text), cell]), "Coins & <dice>", tmp_path)


def test_the_page_has_title_language_formulas_and_nothing_to_fetch(tmp_path: Path) -> None:
    soup = BeautifulSoup(page_of(tmp_path, {"text/html": WIDGET}), "html.parser")
    assert soup.html["lang"] == "en"
    assert soup.title.string == "Coins & <dice>"
    assert len(soup.find_all("math")) == 3
    assert len(soup.find_all("math", display="block")) == 1
    assert "code $x$ stays" in soup.text
    assert re.search(r"5 \$", soup.text)
    assert not re.search(r"\\(log|begin|ge|mathbb)", soup.text)
    assert [script.get("type") for script in soup.find_all("script")] == ["module"]
    assert soup.find("img", alt="a dot")["src"].startswith("data:image/png;base64,")
    links = [link["href"] for link in soup.find_all("a") if link.text in ("next", "elsewhere", "yours")]
    assert links == ["dice.html#start", "https://example.org/a.ipynb"]
    assert "yours." in soup.text  # there is no page of the learner's own copy, so it is no link


def test_latex_outputs_become_mathml_and_widget_views_their_description(tmp_path: Path) -> None:
    page = page_of(
        tmp_path,
        {"text/latex": r"$\displaystyle \frac{k}{n}$", "text/plain": "k/n"},
        {"application/vnd.jupyter.widget-view+json": "{}", "text/plain": "what the widget shows"},  # type: ignore[dict-item]
        text="# Coins",
    )
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find("mfrac") is not None
    assert "what the widget shows" in soup.text


@pytest.mark.parametrize(
    "loads",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<script type="module">import x from "https://cdn.example/x.js";</script>',
        '<img alt="" src="https://example.org/x.png">',
        '<link rel="stylesheet" href="//cdn.example/x.css">',
        "<style>@import url(https://cdn.example/x.css);</style>",
        '<style>@font-face { src: url("https://cdn.example/x.woff"); }</style>',
    ],
)
def test_what_would_be_fetched_is_refused(tmp_path: Path, loads: str) -> None:
    with pytest.raises(CourseError, match="would not stand alone"):
        page_of(tmp_path, {"text/html": loads})


@pytest.mark.parametrize(
    "tex", [r"\foo{x}", r"x^", r"\frac{a}{b", r"a & b", r"\begin{nonsense} a \end{nonsense}"]
)
def test_a_formula_that_cannot_be_drawn_is_an_error_that_quotes_it(tex: str) -> None:
    with pytest.raises(CourseError) as error:
        to_mathml(tex, display=False)
    assert tex in str(error.value)


@pytest.mark.parametrize(
    "tex, part",
    [
        (r"\mathbf{1}", "𝟏"),
        (r"\mathcal N", "𝒩"),
        (r"\mathbb{R}", "ℝ"),
        (r"\boldsymbol{\theta}", "𝜽"),
        (r"x \sim p", "<mo>∼</mo>"),
        (r"\log p", '<mi>log</mi><mspace width="0.167em" /><mi>p</mi>'),
        (r"\log_2 p", '</msub><mspace width="0.167em" />'),
        (r"\arg\max_x f", "arg\u2009max"),
        (r"\operatorname{KL}(p \| q)", "<mi>KL</mi><mo"),
        (r"x_{<d}", 'lspace="0"'),
    ],
)
def test_formulas_are_said_in_the_mathml_that_browsers_draw(tex: str, part: str) -> None:
    markup = to_mathml(tex, display=False)
    assert part in markup
    assert "mathvariant=" not in markup.replace('mathvariant="normal"', "")


@pytest.mark.browser
def test_scripts_live_on_a_page_opened_from_disk_without_network(tmp_path: Path, page: Page) -> None:
    path = tmp_path / "coins.html"
    path.write_text(page_of(tmp_path, {"text/html": WIDGET}), encoding="utf-8")
    requested: list[str] = []
    page.context.set_offline(True)
    page.on("request", lambda request: requested.append(request.url))
    page.goto(path.as_uri())
    assert page.locator("#w").inner_text() == "alive"
    assert page.locator("math").first.bounding_box()["height"] > 5
    assert [url for url in requested if not url.startswith("data:")] == [path.as_uri()]


@pytest.mark.browser
def test_on_a_phone_one_moves_along_a_wide_picture_and_its_letters_stay_readable(
    tmp_path: Path, page: Page
) -> None:
    img = "<img alt='' style='max-width:100%;width:900px;height:100px'>"
    (tmp_path / "page.html").write_text(page_of(tmp_path, {"text/html": img}), encoding="utf-8")
    shown = "img => [img.clientWidth, document.documentElement.scrollWidth]"
    for width, least in ((390, 0.64 * 900), (1200, 890)):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto((tmp_path / "page.html").as_uri())
        wide, sideways = page.locator(".jp-OutputArea-output img").evaluate(shown)
        assert wide >= least and sideways <= width


def test_the_notebook_itself_is_left_alone(tmp_path: Path) -> None:
    notebook = new_notebook(cells=[new_markdown_cell("# $x$"), new_code_cell("1")])
    before = nbformat.writes(notebook)
    to_html(notebook, "x", tmp_path)
    assert nbformat.writes(notebook) == before


def test_a_fold_in_the_text_holds_its_text_and_formulas(tmp_path: Path) -> None:
    text = "<details><summary>What happened</summary>\n\nIt *fell* by $x$.\n\n- so\n\n</details>\n\nGo on."
    fold = BeautifulSoup(page_of(tmp_path, text=text), "html.parser").details
    assert fold is not None and fold.em and fold.math and fold.li
    assert "Go on." not in fold.get_text()
