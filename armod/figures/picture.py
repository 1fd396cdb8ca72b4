"""`Picture`: a matplotlib figure with its own description and the numbers that it shows."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from armod.figures.style import drawing_style

Table = Mapping[str, Sequence[Any]]


class Picture(Figure):
    """A figure with a `description` for readers who do not see it, and a `table` of its numbers.

    A notebook shows it as an ``<img>`` with the description as alternative text. ``str(picture)`` is the description.

    Attributes:
        description: plain sentences, made from the same numbers as the drawing.
        table: named columns of equal length.

    >>> picture = Picture()
    >>> picture.describe("Two bars, the second twice as high.", {"height": [1, 2]})
    >>> str(picture), picture.table["height"]
    ('Two bars, the second twice as high.', [1, 2])
    """

    description: str = ""
    table: Table = MappingProxyType({})

    def describe(self, description: str, table: Table) -> None:
        """Attach the description and the table.

        Args:
            description: plain sentences.
            table: named columns of equal length.

        Raises:
            ValueError: if the columns have different lengths.
        """
        if len({len(column) for column in table.values()}) > 1:
            raise ValueError("The columns of a picture's table must have one length.")
        self.description, self.table = " ".join(description.split()), table

    def png(self, dots_per_inch: int = 110, *, colours: int | None = 256) -> bytes:
        """Draw the picture as a PNG; equal pictures give equal bytes.

        Args:
            dots_per_inch: resolution.
            colours: size of the palette. 256 colours look the same in a drawing and make its file four times smaller; None
                keeps every shade of a photograph.

        Returns:
            The content of the PNG file.
        """
        buffer = io.BytesIO()
        with drawing_style():
            self.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
        if colours is None:
            return buffer.getvalue()
        drawing = Image.open(buffer).convert("RGB")
        # Unlike the median cut, the octree keeps a colour of few pixels, such as the yellow of a single chosen unit.
        drawing = drawing.quantize(colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        drawing.save(buffer, format="png", optimize=True)
        return buffer.getvalue()

    def img(self, dots_per_inch: int = 110, *, colours: int | None = 256) -> str:
        """Draw the picture as a self-contained ``<img>`` element with alternative text; the arguments are those of `png`."""
        data = base64.b64encode(self.png(dots_per_inch, colours=colours)).decode()
        width = round(self.get_figwidth() * 100)
        return (
            f'<img alt="{html.escape(self.description)}" style="max-width:100%;width:{width}px;background:#fff" '
            f'src="data:image/png;base64,{data}">'
        )

    def __str__(self) -> str:
        return self.description

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display({"text/html": self.img(), "text/plain": self.description}, raw=True)


@contextmanager
def new_picture(width: float, height: float) -> Iterator[Picture]:
    """Make an empty picture; what is drawn inside the ``with`` block has the style of the course.

    Args:
        width: in inches.
        height: in inches.

    Yields:
        The picture.
    """
    with drawing_style():
        yield Picture(figsize=(width, height))


@contextmanager
def new_page(width: float, height: float, title: str) -> Iterator[tuple[Picture, Axes]]:
    """Make a picture that is one page, on which lengths are hundredths of an inch and y points down.

    Args:
        width: in hundredths of an inch.
        height: in hundredths of an inch.
        title: label of the picture; it is not drawn.

    Yields:
        The picture, and the invisible axes that cover it.
    """
    with new_picture(width / 100, height / 100) as picture:
        picture.set_label(title)
        page = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        page.set_axis_off()
        yield picture, page
