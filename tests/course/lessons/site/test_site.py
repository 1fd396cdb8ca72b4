"""The course as a site: whole, without another host, and never in place of what somebody else put there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.lessons.site import MARK, build_site
from tests.checkout import CHECKOUT
from tests.course.lessons.site.conftest import LESSONS
from tests.course.lessons.tiny import make_course
from tests.docs.crawler import broken_links, read_pages, requests_elsewhere

BUDGET = 1_200_000  # bytes that a reader of one lesson fetches


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_every_link_leads_somewhere_and_nothing_is_fetched_elsewhere(site: Path) -> None:
    pages = read_pages(site)
    assert broken_links(pages) == []
    assert requests_elsewhere(site, pages) == []
    assert sum(len(page.links) for page in pages.values()) > 100


def test_the_map_is_the_front_page_and_opens_the_lessons(site: Path) -> None:
    front = soup(site / "index.html")
    assert (site / front.select_one("link[rel~=icon]")["href"].partition("?")[0]).is_file()
    links = {anchor["href"]: anchor for anchor in front.select(".armod-widget a[href]")}
    assert set(links) == {f"{name}.html" for name in LESSONS}
    assert len(front.select(".armod-widget .armod-still li")) == 12  # the others are named, without a link
    assert "Shift + Enter" not in front.select_one("article").text  # that is for a notebook
    assert not front.select("article .highlight-python")[0].text.startswith("seed")


def test_a_lesson_has_its_outputs_formulas_folds_and_ways_on(site: Path) -> None:
    notebook = json.loads((CHECKOUT / "notebooks" / f"{LESSONS[0]}.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    page = soup(site / f"{LESSONS[0]}.html")
    shown = page.select("article .output")
    assert len(shown) == sum("text/html" in output.get("data", {}) for output in outputs)
    for output, element in zip(
        [each for each in outputs if "text/html" in each.get("data", {})], shown, strict=True
    ):
        identity = re.search(r'data-armod="([^"]+)"', "".join(output["data"]["text/html"]))
        assert identity is None or element.select_one(f'[data-armod="{identity[1]}"]')
    article = page.select_one("article")
    assert len(article.select("math")) > 20
    assert not re.search(r"\\(log|frac|prod|sum|dots)\b|\$\$", re.sub(r"(?s)```.*", "", _prose(article)))
    assert [fold.summary.text for fold in article.select("details.preparations")] == ["Preparations"]
    assert "import torch" in article.select_one("details.preparations").text
    offers = {link.text: link["href"] for link in article.select(".offers a")}
    assert set(offers) == {"The notebook", "Its exercises", "The map", "How to run it"}
    assert (site / offers["The notebook"]).read_bytes() == (
        CHECKOUT / f"notebooks/{LESSONS[0]}.ipynb"
    ).read_bytes()
    assert page.select_one(".related-pages .next-page")["href"] == f"exercises/{LESSONS[0]}.html"
    assert "my_exercises/" not in str(article)
    assert "→](" not in article.text  # the notebook's own way on is left out


def _prose(article: BeautifulSoup) -> str:
    return " ".join(
        part.text for part in article.select("p, li") if not part.find_parent(class_="armod-widget")
    )


def test_a_lesson_fits_its_budget(site: Path) -> None:
    """What one page makes a browser fetch, uncompressed; pages that are only linked are not fetched. The slow test measures all."""
    page = site / f"{LESSONS[0]}.html"
    files = {page} | {
        site / name.partition("?")[0]
        for name in read_pages(site)[page.resolve()].fetched
        if not name.endswith(".html") and ":" not in name
    }
    assert sum(file.stat().st_size for file in files) < BUDGET


def test_exercises_are_read_and_downloaded(site: Path) -> None:
    page = soup(site / "exercises" / f"{LESSONS[0]}.html")
    assert "Exercises for 4.1" in page.h1.text
    link = page.select_one(".offers a.download")
    assert (site / "exercises" / link["href"]).resolve().read_bytes() == (
        CHECKOUT / f"notebooks/exercises/{LESSONS[0]}.ipynb"
    ).read_bytes()


def test_the_search_knows_the_words_of_each_lesson(site: Path) -> None:
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    pages = {
        word: {
            index["docnames"][page]
            for kind in ("terms", "titleterms")
            for page in _listed(index[kind].get(word, []))
        }
        for word in ("histogram", "blind")
    }
    assert LESSONS[0] in pages["histogram"]
    assert LESSONS[1] in pages["blind"] and LESSONS[0] not in pages["blind"]


def _listed(pages: int | list[int]) -> list[int]:
    return [pages] if isinstance(pages, int) else pages


def test_a_folder_that_holds_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for out in (tmp_path, tmp_path / "thesis.tex"):
        result = CliRunner().invoke(main, ["site", "--out", str(out)])
        assert result.exit_code == 2
        assert "did not make" in result.output
    result = CliRunner().invoke(main, ["site", "--out", str(tmp_path / "thesis.tex" / "public")])
    assert result.exit_code == 2 and "choose another folder" in result.output
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_the_folder_itself_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it is the working directory, or served by a running server; what an old site had more is gone."""
    (tmp_path / MARK).touch()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "page.html").touch()
    before = tmp_path.stat().st_ino
    monkeypatch.setenv("ARMOD_COURSE", str(CHECKOUT))
    monkeypatch.chdir(tmp_path)
    assert build_site(Path(), LESSONS[:1], library=False) > 3
    assert tmp_path.stat().st_ino == before
    assert (tmp_path / "index.html").is_file() and not (tmp_path / "old").exists()


def test_an_unknown_lesson_and_the_course_itself_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CourseError, match=r"no lesson '4_5_1_mad'; the nearest names are 4_5_1_made"):
        build_site(tmp_path / "out", ["4_5_1_mad"])
    course = make_course(tmp_path / "course", lesson_1="1 + 1")
    (course / MARK).touch()  # not even with our own mark
    monkeypatch.setenv("ARMOD_COURSE", str(course))
    with pytest.raises(CourseError, match=r"no docs/conf\.py"):
        build_site(tmp_path / "out")
    (course / "docs").mkdir()
    (course / "docs" / "conf.py").touch()
    with pytest.raises(CourseError, match="holds the course itself"):
        build_site(course)
    with pytest.raises(CourseError, match="`armod sync` builds it"):
        build_site(tmp_path / "out", library=False)
    assert not (tmp_path / "out").exists()


def test_a_mistake_on_a_page_leaves_the_old_site(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = tmp_path / "course"
    (course / "notebooks").mkdir(parents=True)
    (course / "docs").symlink_to(CHECKOUT / "docs")
    for name in ("index.py", "index.ipynb"):
        (course / "notebooks" / name).write_bytes((CHECKOUT / "notebooks" / name).read_bytes())
    notebook = json.loads((course / "notebooks" / "index.ipynb").read_text(encoding="utf-8"))
    notebook["cells"][0]["source"] = "# The map\n\nSee [there](index.ipynb#Nowhere)."
    (course / "notebooks" / "index.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    monkeypatch.setenv("ARMOD_COURSE", str(course))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MARK).touch()
    result = CliRunner().invoke(main, ["site", "--out", str(tmp_path / "out"), "--no-library"])
    assert result.exit_code == 1
    assert "nowhere" in result.output and "index.md" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == [MARK]
