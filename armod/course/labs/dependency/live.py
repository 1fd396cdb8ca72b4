"""The labs of what the oracle found, on a live kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from armod.course.labs.dependency.facts import Dependencies
from armod.course.labs.live.widget import LiveLab
from armod.course.labs.page import Widget, check_knobs


class LiveDependencyLab(LiveLab):
    """What the oracle found in one model, with the chosen variable as a trait.

    Args:
        found: what it found.
        lab: how messages call the lab.
        page: makes its page, given the chosen variable.
        output: the chosen variable, a flat index from 0.

    Attributes:
        output: the chosen variable, a flat index from 0.
        pixel: row and column of the chosen variable, from 0; a sequence is one row.
    """

    output = traitlets.Int().tag(sync=True)
    pixel = traitlets.Tuple(traitlets.Int(), traitlets.Int()).tag(sync=True)

    def __init__(self, found: Dependencies, lab: str, page: Callable[[int], Widget], output: int) -> None:
        self.found, self._lab, self._page = found, lab, page
        super().__init__(output=output)

    def tabled(self) -> Widget:
        """The lab without a kernel."""
        return self._page(self.output)

    def _renew(self) -> None:
        _, height, width = self.found.shape
        self.pixel = divmod(self.output % (height * width), width)

    @traitlets.validate("output")
    def _is_a_variable(self, proposal: dict[str, Any]) -> int:
        check_knobs(self._lab, output=(proposal["value"], range(len(self.found.kinds))))
        return int(proposal["value"])

    @traitlets.validate("pixel")
    def _is_a_pixel(self, proposal: dict[str, Any]) -> tuple[int, int]:
        row, column = proposal["value"]
        _, height, width = self.found.shape
        check_knobs(self._lab, row=(row, range(height)), column=(column, range(width)))
        return row, column

    @traitlets.observe("output")
    def _output_moved(self, _: object) -> None:
        if not self._busy:
            with self._quietly():
                self._renew()

    @traitlets.observe("pixel")
    def _pixel_moved(self, _: object) -> None:
        if not self._busy:
            _channels, height, width = self.found.shape
            row, column = self.pixel
            with self._quietly():
                self.output = self.output // (height * width) * height * width + row * width + column
