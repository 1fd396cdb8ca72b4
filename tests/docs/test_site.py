"""`make docs` builds the guide and the reference strictly; what it builds is whole and needs nothing of another host."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page as Browsed
from playwright.sync_api import expect
from sphinx.util.inventory import InventoryFile

import armod
from armod import likelihoods, orderings
from tests.checkout import CHECKOUT
from tests.docs.crawler import Page, broken_links, fetched_elsewhere, read_pages, requests_elsewhere

MAKEFILE = (CHECKOUT / "Makefile").read_text()


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build as the Makefile does, from another source and into another folder."""
    (recipe,) = re.findall(r"^\t\$\(BIN\)/sphinx-build (.*) docs build/docs$", MAKEFILE, re.MULTILINE)
    command = [sys.executable, "-m", "sphinx", *recipe.split(), source, target]
    return subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    done = build(CHECKOUT / "docs", target)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return read_pages(site)


def test_every_link_leads_somewhere(pages: dict[Path, Page]) -> None:
    assert broken_links(pages) == []
    assert sum(len(page.links) for page in pages.values()) > 500, "the pages have links that were looked at"


def test_no_page_needs_another_host(site: Path, pages: dict[Path, Page]) -> None:
    assert requests_elsewhere(site, pages) == []


def test_what_is_broken_or_elsewhere_is_found(tmp_path: Path) -> None:
    first, second = tmp_path / "first.html", tmp_path / "second.html"
    first.write_text(
        "<a href='second.html#here'></a><a href='second.html#there'></a><a href='third.html'></a>"
    )
    second.write_text(
        "<h1 id='here'></h1><link href='https://fonts.example/a.css'><a href='https://a.example'></a>"
    )
    found = {path: Page(path) for path in (first, second)}
    assert sorted(broken_links(found)) == ["first.html: second.html#there", "first.html: third.html"]
    assert found[second].fetched == {"https://fonts.example/a.css"}
    assert fetched_elsewhere("a { src: url('//fonts.example/b') }") == ["//fonts.example/b"]
    assert fetched_elsewhere("@import 'https://a.example/c'") == ["https://a.example/c"]
    assert fetched_elsewhere("await fetch('https://a.example/d')") == ["https://a.example/d"]
    assert fetched_elsewhere("a { src: url(here.svg) } // see https://a.example") == []


@pytest.mark.browser
def test_a_browser_asks_no_other_host_and_never_scrolls_sideways(
    site: Path, pages: dict[Path, Page], page: Browsed
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in pages:
        if "_modules" not in path.parts:
            page.goto(path.as_uri())
            for width in (390, 1340):
                page.set_viewport_size({"width": width, "height": 800})
                page.wait_for_function("width => innerWidth === width", arg=width)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                    f"{path.name} at {width}"
                )
    assert len(asked) > len(pages)
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.browser
def test_the_search_works_without_a_server(site: Path, page: Browsed) -> None:
    page.goto((site / "search.html").as_uri() + "?q=temperature")
    expect(page.locator("ul.search li a").nth(2)).to_be_visible()  # they come one by one


def test_the_reference_has_the_whole_contract(site: Path) -> None:
    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, location: location)
    names = {name for kind in inventory for name in inventory[kind] if kind.startswith("py:")}
    modules = {f"armod.{name}" for name in armod.__all__ if inspect.ismodule(getattr(armod, name))}
    expected = {f"armod.{name}" for name in armod.__all__} - {"armod.check"} | modules
    expected |= {f"armod.likelihoods.{name}" for name in likelihoods.__all__}
    expected |= {f"armod.orderings.{name}" for name, part in vars(orderings).items() if _is_own(part)}
    assert sorted(expected - names) == []
    assert not [name for name in names if name.startswith("armod.course")]


def _is_own(part: object) -> bool:
    return (
        inspect.isfunction(part)
        and part.__module__ == orderings.__name__
        and not part.__name__.startswith("_")
    )


def test_help_names_the_arguments_of_every_class() -> None:
    """A metaclass notes how models are made, and must not hide what they take."""
    for name in armod.__all__:
        part = getattr(armod, name)
        if inspect.isclass(part) and issubclass(part, armod.AutoregressiveModel) and "__init__" in vars(part):
            given = list(inspect.signature(part).parameters)
            assert given == list(inspect.signature(part.__init__).parameters)[1:]
            assert {"event_shape", "model"} & set(given)  # a Conditional has its model's shape


MISTAKES = {
    "See `armod.no_such_name`.": "armod.no_such_name",
    "See [there](guide/nowhere.md).": "guide/nowhere.md",
    "See [there](second.md#no-such-heading).": "no-such-heading",
    "```{toctree}\nmissing\n```": "missing",
}


def test_mistakes_stop_the_build(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    shutil.copytree(CHECKOUT / "docs" / "static", source / "static")
    shutil.copy(CHECKOUT / "docs" / "conf.py", source)
    (source / "index.md").write_text("\n\n".join(["# Pages", "```{toctree}\nsecond\n```", *MISTAKES]))
    (source / "second.md").write_text("# Second\n")
    done = build(source, tmp_path / "site")
    assert done.returncode != 0
    assert [text for text in MISTAKES.values() if text not in done.stderr] == []
