"""A lab as an ipywidget: ``observe``, ``link`` and layouts work, and its traits are what the page shows and turns.

Shown by itself it is a page like every other lab, ``text/html`` and no view of a widget: alive without a kernel, in a saved
notebook, an exported page and a headless run. Where a kernel has opened a model for it, the page finds that model and is linked
with it. In a layout, such as ``ipywidgets.VBox([lab, ...])``, it is a view of that model.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anywidget
import traitlets

from armod.course.labs.page import Widget, asset, page
from armod.figures.style import css_variables


class Numbers(traitlets.List[Any]):
    """A trait of several numbers, which may come as a tensor, an array, a range or a tuple, too."""

    def validate(self, obj: Any, value: Any) -> Any:
        """The numbers as a list."""
        return super().validate(obj, value.tolist() if hasattr(value, "tolist") else _listed(value))


class LiveLab(anywidget.AnyWidget):
    """What all live labs share. A lab of its own has traits, and `tabled`, its page in the state that they have."""

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    _data = traitlets.Dict().tag(sync=True)
    _label = traitlets.Unicode().tag(sync=True)
    _token = traitlets.Unicode().tag(sync=True)

    _busy = 0

    def __init__(self, **state: Any) -> None:
        with self._quietly():
            for name, value in state.items():
                setattr(self, name, value)
            self._renew()
            first, token = self.tabled(), uuid.uuid4().hex
            super().__init__(
                model_id=token,
                _token=token,
                _esm=first.script + asset("page.js") + asset("live/bridge.js") + asset("live/glue.js"),
                _css=f".armod-widget {{ {css_variables()} }}\n{asset('page.css')}{first.style}",
                _data=dict(first.data),
                _label=first.label,
            )

    def tabled(self) -> Widget:
        """The lab without a kernel, in its present state."""
        raise NotImplementedError

    def _renew(self) -> None:
        """Bring all traits in step with those that were set."""

    def set_state(self, sync_data: Any) -> None:
        """Take over what the page has set, all at once."""
        with self._quietly():
            super().set_state(sync_data)
            self._renew()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Without answers to each single trait that is set meanwhile."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    @contextmanager
    def _in_step(self, change: dict[str, Any]) -> Iterator[None]:
        """As `_quietly`, for the answer to a change from Python; where it fails, the trait is again what it was."""
        with self._quietly():
            try:
                yield
            except Exception:
                setattr(self, change["name"], change["old"])
                raise

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:  # type: ignore[override]
        tabled = self.tabled()
        script = tabled.script + asset("live/bridge.js")
        html = page(
            script, dict(tabled.data), tabled.still, label=tabled.label, css=tabled.style, live=self.model_id
        )
        return {"text/html": html, "text/plain": tabled.text}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, range | tuple) else value
