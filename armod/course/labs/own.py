"""Labs that also take a model of one's own: ``field_lab(...)`` shows a model of the course, ``field_lab.of(model)`` yours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, cast

P = ParamSpec("P")


class TakesModels(Protocol[P]):
    """A lab whose `of` shows a model of one's own."""

    of: Callable[..., Any]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """The lab with a model of the course."""


def takes_models(of: Callable[..., Any]) -> Callable[[Callable[P, Any]], TakesModels[P]]:
    """Give a lab its `of`.

    Args:
        of: the function that shows a model of one's own.

    Returns:
        A decorator.
    """

    def add(lab: Callable[P, Any]) -> TakesModels[P]:
        taking = cast(TakesModels[P], lab)
        taking.of = of
        return taking

    return add
