"""`Picture`: a matplotlib figure that carries its own description and the numbers it shows."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from PIL import Image

from armod.figures.style import rc_params

Table = Mapping[str, Sequence[Any]]


class Picture(Figure):
    """A figure with a `description` for those who do not see it, and a `table` of the numbers behind it.

    ``description``: plain sentences, made from the same numbers as the drawing. ``table``: named columns of equal
    length. In a notebook it shows as an ``<img>`` with the description as alternative text; ``str(picture)`` is the
    description.

    >>> picture = Picture()
    >>> picture.describe("Two bars, the second twice as high.", {"height": [1, 2]})
    >>> str(picture), picture.table["height"]
    ('Two bars, the second twice as high.', [1, 2])
    """

    description: str = ""
    table: Table = MappingProxyType({})

    def describe(self, description: str, table: Table) -> None:
        """Attach the description and the table; columns must be of one length, or ValueError."""
        if len({len(column) for column in table.values()}) > 1:
            raise ValueError("The columns of a picture's table must have one length.")
        self.description, self.table = " ".join(description.split()), table

    def png(self, dots_per_inch: int = 110, *, colours: int | None = 256) -> bytes:
        """The drawing as PNG bytes, the same for the same drawing.

        ``colours``: size of the palette, which makes the file of a drawing four times smaller and looks the same;
        None keeps every shade of a photograph.
        """
        buffer = io.BytesIO()
        with matplotlib.rc_context(rc_params()):
            self.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
        if colours is None:
            return buffer.getvalue()
        drawing = Image.open(buffer).convert("RGB")
        # The octree, unlike the median cut, keeps a colour of few pixels: the yellow of the one chosen unit.
        drawing = drawing.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        drawing.save(buffer, format="png", optimize=True)
        return buffer.getvalue()

    def img(self, dots_per_inch: int = 110, *, colours: int | None = 256) -> str:
        """The drawing as a self-contained ``<img>`` element with alternative text; see `png`."""
        data = base64.b64encode(self.png(dots_per_inch, colours=colours)).decode()
        width = round(self.get_figwidth() * 100)
        return (
            f'<img alt="{html.escape(self.description)}" style="max-width:100%;width:{width}px;background:#fff" '
            f'src="data:image/png;base64,{data}">'
        )

    def __str__(self) -> str:
        """The description, so that executed notebooks read well as text."""
        return self.description

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display({"text/html": self.img(), "text/plain": self.description}, raw=True)


@contextmanager
def new_picture(width: float, height: float) -> Iterator[Picture]:
    """A new, empty picture of ``width`` x ``height`` inches, drawn in the style of the course within the block."""
    with matplotlib.rc_context(rc_params()):
        yield Picture(figsize=(width, height))
