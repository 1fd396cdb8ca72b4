"""Reads the pages of a built site: what they link to, and what a browser would fetch for them."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# attributes that make a browser fetch something; a link fetches nothing before somebody follows it
FETCHING = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src")}
FETCHING |= {(tag, "src") for tag in ("audio", "video", "source", "embed")}


class Page(HTMLParser):
    """The links, anchors and fetched files of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.fetched: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        self.fetched |= {found[name] for kind, name in FETCHING if kind == tag and name in found}


def read_pages(site: Path) -> dict[Path, Page]:
    """All pages of a site."""
    return {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}


def broken_links(pages: dict[Path, Page]) -> list[str]:
    """Links whose file or whose place on a page is not there; those to other hosts are left out."""
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else {""}
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in anchors):
                broken.append(f"{path.name}: {link}")
    return broken


def fetched_elsewhere(text: str) -> list[str]:
    """What a style sheet or a script fetches from another host."""
    styles = re.findall(r"(?:url\(|@import\s+)['\"]?((?:https?:)?//[^'\")]*)", text)
    return styles + re.findall(r"(?:fetch|importScripts|import)\(['\"]((?:https?:)?//[^'\"]*)", text)


def requests_elsewhere(site: Path, pages: dict[Path, Page]) -> list[str]:
    """What a browser would ask another host for, with the file that asks."""
    found = [(path, name) for path, page in pages.items() for name in page.fetched if "//" in name]
    for kind in ("*.html", "*.css", "*.js"):
        for path in site.rglob(kind):
            found += [(path, name) for name in fetched_elsewhere(path.read_text(encoding="utf-8"))]
    return [f"{path.name}: {name}" for path, name in found if not name.startswith("data:")]
