"""The dilation lab on a live kernel: any dilations, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from armod.course.labs.dependency.facts import Dependencies, dependencies
from armod.course.labs.dilation.facts import MOST_DILATION, MOST_LAYERS, MOST_TAPS, DilationFacts
from armod.course.labs.live.widget import LiveLab, Numbers
from armod.course.labs.page import Widget, check_knobs
from armod.likelihoods import Bernoulli
from armod.models.sequence.wavenet import WaveNet


class LiveDilationLab(LiveLab):
    """Paths through dilations above what the oracle finds, with the dilations as a trait.

    Args:
        found: what the oracle found in the model shown at first.
        facts: its paths.
        page: makes the page.
        numbers: gives the numbers of the page.
        **chosen: output and frame at first.

    Attributes:
        dilations: of the layers, from the samples up. With others than the model's, the lab shows a small WaveNet.
        kernel_size: taps of each layer.
        output: the sample above which the chosen output stands, from 1.
        frame: steps down from the output that are lit.
        receptive_field: by the formula; it follows from the dilations.
    """

    dilations = Numbers(traitlets.Int()).tag(sync=True)
    kernel_size = traitlets.Int().tag(sync=True)
    output = traitlets.Int().tag(sync=True)
    frame = traitlets.Int().tag(sync=True)
    _numbers = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        found: Dependencies,
        facts: DilationFacts,
        page: Callable[..., Widget],
        numbers: Callable[..., dict[str, object]],
        **chosen: int,
    ) -> None:
        self.found, self.facts, self._first, self._page, self._of = (
            found,
            facts,
            (found, facts),
            page,
            numbers,
        )
        super().__init__(dilations=list(facts.dilations), kernel_size=facts.kernel_size, **chosen)

    @property
    def receptive_field(self) -> int:
        """The receptive field by the formula, in samples."""
        return self.facts.field

    def tabled(self) -> Widget:
        """The lab without a kernel."""
        return self._page(self.found, self.facts, self.output, self.frame)

    def _renew(self) -> None:
        setting = tuple(self.dilations), self.kernel_size
        first = self._first[1]
        if setting != (self.facts.dilations, self.facts.kernel_size):
            self.facts = DilationFacts(*setting)
            self.found = (
                self._first[0] if setting == (first.dilations, first.kernel_size) else self._measured()
            )
        self.frame = min(self.frame, self.facts.num_layers)
        self._numbers = self._of(self.found, self.facts)

    def _measured(self) -> Dependencies:
        size = len(self.found.ordering)
        options: dict[str, Any] = {"dilations": self.dilations, "kernel_size": self.kernel_size}
        return dependencies(WaveNet((size,), 2, likelihood=Bernoulli(), **options), "dilation lab")

    @traitlets.validate("dilations", "kernel_size", "output", "frame")
    def _is_a_knob(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if name == "dilations" and (
            not 1 <= len(value) <= MOST_LAYERS or not all(1 <= each <= MOST_DILATION for each in value)
        ):
            raise ValueError(
                f"In the dilation lab, dilations are 1 to {MOST_LAYERS} numbers from 1 to {MOST_DILATION}; got {value}."
            )
        knobs: dict[str, range] = {
            "kernel_size": range(1, MOST_TAPS + 1),
            "output": range(1, len(self.found.ordering)),
            "frame": range(self.facts.num_layers + 1),
        }
        if name in knobs and not self._busy:
            check_knobs("dilation lab", **{name: (value, knobs[name])})
        return value

    @traitlets.observe("dilations", "kernel_size")
    def _changed(self, _: object) -> None:
        if not self._busy:
            with self._quietly():
                self._renew()
