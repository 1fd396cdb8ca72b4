"""`Picture`: a matplotlib figure that carries its own description and the numbers it shows."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.figure import Figure

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
    table: Table = {}

    def describe(self, description: str, table: Table) -> None:
        """Attach the description and the table; columns must be of one length, or ValueError."""
        if len({len(column) for column in table.values()}) > 1:
            raise ValueError("The columns of a picture's table must have one length.")
        self.description, self.table = " ".join(description.split()), table

    def png(self, dots_per_inch: int = 110) -> bytes:
        """The drawing as PNG bytes, the same for the same drawing."""
        buffer = io.BytesIO()
        with matplotlib.rc_context(rc_params()):
            self.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
        return buffer.getvalue()

    def img(self, dots_per_inch: int = 110) -> str:
        """The drawing as a self-contained ``<img>`` element with alternative text."""
        data = base64.b64encode(self.png(dots_per_inch)).decode()
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
