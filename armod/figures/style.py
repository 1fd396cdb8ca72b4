"""The look of every drawing: one font, and one palette that is tested for colour-vision deficiencies.

The pages of the widgets use the same colours as CSS variables (`css_variables`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import matplotlib.font_manager

from armod.process_wide import ProcessWide

COLOURS = {
    "input": "#1F5FA8",
    "hidden": "#7C8594",
    "output": "#D9600A",
    "output_text": "#B34A00",
    "current": "#FFCB2E",
    "field": "#86CFE8",
    "blind": "#A3195B",
    "masked": "#ECEEF2",
    "kept": "#B3BAC6",
    "ink": "#1B2130",
    "secondary": "#5B6472",
    "paper": "#FFFFFF",
}

_FONTS = Path(__file__).parent / "fonts"
_list_of_fonts = threading.Lock()


def css_variables() -> str:
    """Write the palette as CSS custom properties, ``--armod-input: #1F5FA8; ...``."""
    return " ".join(f"--armod-{name.replace('_', '-')}: {colour};" for name, colour in COLOURS.items())


@ProcessWide
@contextmanager
def drawing_style() -> Iterator[None]:
    """Draw in the style of every picture; matplotlib has one style for all threads, so they take it up together."""
    with matplotlib.rc_context(rc_params()):
        yield


def rc_params() -> matplotlib.RcParams:
    """Return the matplotlib settings of every picture."""
    settings = {
        "font.family": [font_family(), "DejaVu Sans"],
        "font.size": 10,
        "axes.edgecolor": COLOURS["secondary"],
        "axes.labelcolor": COLOURS["secondary"],
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.titlecolor": COLOURS["ink"],
        "text.color": COLOURS["ink"],
        "xtick.color": COLOURS["secondary"],
        "ytick.color": COLOURS["secondary"],
        "mathtext.fontset": "dejavusans",
        "svg.hashsalt": "armod",
        "figure.facecolor": COLOURS["paper"],
        "savefig.facecolor": COLOURS["paper"],
    }
    return matplotlib.RcParams(settings)


def font_family() -> str:
    """Register the shipped fonts with matplotlib, once, and return the name of their family."""
    manager = matplotlib.font_manager.fontManager
    with _list_of_fonts:
        registered = {entry.fname for entry in manager.ttflist}
        for path in sorted(_FONTS.glob("*.otf")):
            if str(path) not in registered:
                manager.addfont(path)
                # It stands before any Inter that is installed, so that a figure looks the same everywhere.
                manager.ttflist.insert(0, manager.ttflist.pop())
    return "Inter"
