"""The speak lab on a live kernel: any text, and a wave that grows while it is made."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from armod.course.labs.live.widget import LiveLab
from armod.course.labs.page import Widget, check_knobs
from armod.course.labs.speak.facts import Request, Said
from armod.course.labs.speak.making import plan_of, say_slowly
from armod.speech.text import PHONES, phones

MOST_SECONDS = 12


class LiveSpeakLab(LiveLab):
    """Texts and their sounds; another text, speed or pitch is said when a trait is set.

    Args:
        said: the sounds that are there at first; those made later are added.
        page: makes the page.
        chosen: the one at first.
        seed: seed of the noise.

    Attributes:
        text: what is said.
        speed: in percent, 50 to 200.
        pitch: in percent, 50 to 200.
    """

    text = traitlets.Unicode().tag(sync=True)
    speed = traitlets.Int().tag(sync=True)
    pitch = traitlets.Int().tag(sync=True)
    _part = traitlets.Dict().tag(sync=True)

    def __init__(
        self, said: Mapping[Request, Said], page: Callable[..., Widget], chosen: Request, seed: int = 0
    ) -> None:
        self.said, self._prepared, self._page, self._seed = dict(said), set(said), page, seed
        self._num_parts = 0
        super().__init__(**chosen._asdict())

    @property
    def request(self) -> Request:
        """What the traits ask for."""
        return Request(self.text, self.speed, self.pitch)

    def tabled(self) -> Widget:
        """The lab without a kernel; it holds every sound that was made."""
        chosen = self.request
        return self._page(self.said, chosen if chosen in self.said else next(iter(self.said)))

    def _renew(self) -> None:
        request = self.request
        if request in self._prepared:  # a page has it
            return
        if request in self.said:  # a page that was opened anew has it not
            said = self.said[request]
            self._tell(request, phones=said.phones, frames=said.frames, begin=0, levels=_text_of(said.levels))
            return
        try:
            plan = plan_of(request)
            if sum(plan.frames) > 100 * MOST_SECONDS:
                raise ValueError(f"The speak lab says texts of up to {MOST_SECONDS} seconds.")
        except ValueError as error:
            self._tell(request, problem=str(error).rstrip("."))
            return
        names = [PHONES[phone] for phone in plan.phones]

        def heard(begin: int, levels: NDArray[np.uint8]) -> None:
            self._tell(request, phones=names, frames=plan.frames, begin=begin, levels=_text_of(levels))

        self.said[request] = say_slowly(plan, heard, self._seed)

    def _tell(self, request: Request, **part: Any) -> None:
        """Send a part of a sound to the pages, or why there is none."""
        self._num_parts += 1  # so that a part is never equal to the one before, which would not be sent
        self._part = {**request._asdict(), **part, "number": self._num_parts}

    @traitlets.validate("text", "speed", "pitch")
    def _can_be_said(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        # what a page asks for in vain is answered in the page
        if not self._busy:
            if name == "text":
                phones(value)
            else:
                check_knobs("speak lab", **{name: (value, range(50, 201))})
        return value

    @traitlets.observe("text", "speed", "pitch")
    def _changed(self, _: object) -> None:
        if not self._busy:
            with self._quietly():
                self._renew()


def _text_of(levels: NDArray[np.uint8]) -> str:
    return base64.b64encode(levels.tobytes()).decode()
