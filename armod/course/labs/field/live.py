"""The field lab on a live kernel: its knobs are traits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from armod.course.labs.field.facts import FieldFacts
from armod.course.labs.live.widget import LiveLab
from armod.course.labs.page import Widget

_KNOBS = ("stack", "first_mask", "kernel_size", "depth", "pixel")


class LiveFieldLab(LiveLab):
    """The field lab with its knobs as traits.

    Args:
        page: makes its page, given the knobs.
        state: gives what it shows, or a ValueError for knobs that it does not have.
        **knobs: the knobs at first.

    Attributes:
        stack: "plain" or "gated".
        first_mask: "A" or "B".
        kernel_size: 3, 5 or 7.
        depth: masked layers.
        pixel: row and column of the chosen pixel, from 0.
    """

    stack = traitlets.Unicode().tag(sync=True)
    first_mask = traitlets.Unicode().tag(sync=True)
    kernel_size = traitlets.Int().tag(sync=True)
    depth = traitlets.Int().tag(sync=True)
    pixel = traitlets.Tuple(traitlets.Int(), traitlets.Int()).tag(sync=True)

    def __init__(self, page: Callable[..., Widget], state: Callable[..., FieldFacts], **knobs: Any) -> None:
        self._page, self._state = page, state
        super().__init__(**knobs)

    def tabled(self) -> Widget:
        """The lab without a kernel."""
        return self._page(**self._knobs())

    @property
    def facts(self) -> FieldFacts:
        """What the lab shows now."""
        return self._state(**self._knobs())

    def _knobs(self, **changed: Any) -> dict[str, Any]:
        knobs = {name: getattr(self, name) for name in _KNOBS} | changed
        row, column = knobs.pop("pixel")
        return {**knobs, "row": row, "column": column}

    @traitlets.validate(*_KNOBS)
    def _is_a_knob(self, proposal: dict[str, Any]) -> Any:
        if not self._busy:
            self._state(**self._knobs(**{proposal["trait"].name: proposal["value"]}))
        return proposal["value"]
