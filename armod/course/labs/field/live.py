"""The field lab on a live kernel: its layers, typed one by one, its channels and its pixel are traits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import traitlets

from armod.course.labs.field.facts import FieldFacts
from armod.course.labs.field.layers import MOST_DILATION, MOST_LAYERS, Layer, layers_of
from armod.course.labs.field.paths import CHANNELS, PathFacts
from armod.course.labs.live.widget import LiveLab, Numbers
from armod.course.labs.page import Widget, check_knobs
from armod.measures.field_table import FIRST_MASKS, KERNEL_SIZES, SIZE, STACKS

_KNOBS = {
    "stack": STACKS,
    "first_mask": FIRST_MASKS,
    "kernel_size": KERNEL_SIZES,
    "depth": range(1, MOST_LAYERS + 1),
    "channels": (1, len(CHANNELS)),
}


class _Layers(traitlets.List[str]):
    """Layers as they are typed: a list, or one text."""

    def validate(self, obj: Any, value: Any) -> list[str]:
        """The list, each layer written in the same way."""
        if not isinstance(value, str):
            value = ", ".join(super().validate(obj, value) or [])
        return [str(layer) for layer in layers_of(value)]


class LiveFieldLab(LiveLab):
    """The field lab with its knobs as traits; the traits of the layers follow each other.

    Args:
        paths: what it shows at first.
        page: makes its page.

    Attributes:
        stack: "plain" or "gated".
        layers: from the image up, such as ``["A3", "B3", "B5×2"]``; a text such as ``"A3, B3, B5x2"`` will do.
        dilations: of the layers; with fewer or more numbers than layers, later layers go, or come like the last one.
        first_mask: "A" or "B", of the first layer. Set from Python, it makes all layers anew, and so do the next two.
        kernel_size: 3, 5 or 7, of the first layer.
        depth: how many layers there are.
        channels: 1, a grey image, or 3, one of R, G and B.
        channel: of the chosen value, from 0.
        pixel: row and column of the chosen pixel, from 0.
    """

    stack = traitlets.Unicode().tag(sync=True)
    layers = _Layers(traitlets.Unicode()).tag(sync=True)
    dilations = Numbers(traitlets.Int()).tag(sync=True)
    first_mask = traitlets.Unicode().tag(sync=True)
    kernel_size = traitlets.Int().tag(sync=True)
    depth = traitlets.Int().tag(sync=True)
    channels = traitlets.Int().tag(sync=True)
    channel = traitlets.Int().tag(sync=True)
    pixel = traitlets.Tuple(traitlets.Int(), traitlets.Int()).tag(sync=True)

    def __init__(self, paths: PathFacts, page: Callable[[PathFacts], Widget]) -> None:
        self._paths, self._page = paths, page
        super().__init__(**_traits(paths))

    def tabled(self) -> Widget:
        """The lab without a kernel."""
        return self._page(self._paths)

    @property
    def facts(self) -> FieldFacts | PathFacts:
        """What the lab shows now, as armod computes it: as the oracle found it, or, of any layers, by their paths."""
        return FieldFacts.of(self._paths) or self._paths

    def _renew(self) -> None:
        """Take over what was set, and bring all other traits in step with it."""
        shown, set_now = _traits(self._paths), {name: getattr(self, name) for name in _traits(self._paths)}
        layers: tuple[Layer, ...] = layers_of(", ".join(self.layers))
        if set_now["layers"] == shown["layers"]:
            if set_now["dilations"] != shown["dilations"]:
                layers = _dilated(layers, self.dilations)
            elif any(set_now[name] != shown[name] for name in ("first_mask", "kernel_size", "depth")):
                dilation = layers[0].dilation if len(set(self.dilations)) == 1 else 1
                masks = [self.first_mask, *["B"] * (self.depth - 1)]
                layers = tuple(Layer(mask, self.kernel_size, dilation) for mask in masks)
        row, column = self.pixel
        channel = min(self.channel, self.channels - 1)
        self._paths = PathFacts(self.stack, layers, row, column, self.channels, channel)
        for name, value in _traits(self._paths).items():
            setattr(self, name, value)

    @traitlets.validate(
        "stack", "dilations", "first_mask", "kernel_size", "depth", "channels", "channel", "pixel"
    )
    def _is_a_knob(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if self._busy:
            return value
        if name == "pixel":
            check_knobs("field lab", row=(value[0], range(SIZE)), column=(value[1], range(SIZE)))
        elif name == "channel":
            check_knobs("field lab", channel=(value, range(self.channels)))
        elif name in _KNOBS:
            check_knobs("field lab", **{name: (value, _KNOBS[name])})
        elif not 1 <= len(value) <= MOST_LAYERS or not all(1 <= each <= MOST_DILATION for each in value):
            raise ValueError(
                f"In the field lab, dilations are 1 to {MOST_LAYERS} numbers from 1 to {MOST_DILATION}; got {value}."
            )
        return value

    @traitlets.observe(
        "stack", "layers", "dilations", "first_mask", "kernel_size", "depth", "channels", "channel", "pixel"
    )
    def _changed(self, _: object) -> None:
        if not self._busy:
            with self._quietly():
                self._renew()


def _traits(paths: PathFacts) -> dict[str, Any]:
    first = paths.layers[0]
    return {
        "stack": paths.stack,
        "layers": [str(layer) for layer in paths.layers],
        "dilations": [layer.dilation for layer in paths.layers],
        "first_mask": first.mask,
        "kernel_size": first.kernel_size,
        "depth": len(paths.layers),
        "channels": paths.channels,
        "channel": paths.channel,
        "pixel": (paths.row, paths.column),
    }


def _dilated(layers: tuple[Layer, ...], dilations: list[int]) -> tuple[Layer, ...]:
    more = [replace(layers[-1], mask="B")] * len(dilations)
    return tuple(
        replace(layer, dilation=dilation)
        for layer, dilation in zip([*layers, *more], dilations, strict=False)
    )
