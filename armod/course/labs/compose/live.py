"""The compose lab on a live kernel: a melody that is written in the page is harmonised at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from armod.course.labs.compose.facts import Tune, say
from armod.course.labs.live.widget import LiveLab
from armod.course.labs.page import Widget
from armod.music import melody_of, notes_of


class LiveComposeLab(LiveLab):
    """The compose lab with its melody as a trait.

    Args:
        tunes: the given melodies with their harmonies.
        find: harmonises a melody, given a name and notes.
        page: makes the page of tunes, given the knobs.
        knobs: the knobs at first.

    Attributes:
        melody: notes, pairs of a MIDI pitch or None and a number of sixteenths. Set from Python or from the page, it is harmonised.
        found: the melody and its harmonies as the page reads them.
        tune: the same as scores, `armod.course.labs.compose.facts.Tune`.
    """

    melody = traitlets.List(traitlets.Any()).tag(sync=True)
    found = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        tunes: Sequence[Tune],
        find: Callable[[str, Any], Tune],
        page: Callable[..., Widget],
        knobs: dict[str, int],
    ) -> None:
        self._given, self._find, self._page, self._knobs = list(tunes), find, page, knobs
        self.tune = self._given[knobs["tune"]]
        super().__init__(melody=_pairs(self.tune))

    def tabled(self) -> Widget:
        """The lab without a kernel; a melody of one's own stands beside the given ones."""
        if self.tune in self._given:
            return self._page(self._given, **self._knobs | {"tune": self._given.index(self.tune)})
        return self._page([*self._given, self.tune], **self._knobs | {"tune": len(self._given)})

    def _renew(self) -> None:
        given: Any = self.melody
        melody = [list(note) for note in given]
        if melody != _pairs(self.tune):
            same = [each for each in self._given if _pairs(each) == melody]
            self.tune = same[0] if same else self._find(say("own"), melody)
        self.found = self.tune.for_page()

    @traitlets.validate("melody")
    def _is_a_melody(self, proposal: dict[str, Any]) -> list[Any]:
        return [list(note) for note in notes_of(melody_of(proposal["value"]))]

    @traitlets.observe("melody")
    def _changed(self, change: dict[str, Any]) -> None:
        if not self._busy:
            with self._in_step(change):
                self._renew()


def _pairs(tune: Tune) -> list[list[int | None]]:
    """The melody of a tune as the trait holds it."""
    return [list(note) for note in notes_of(tune.scores[0])]
