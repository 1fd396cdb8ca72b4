"""Marks in the forms that instructors hand in, each by its name.

A module of this package is a format of its name: its function ``export`` makes the text from the rows of a class and,
if there is one, its roster. Other packages add formats by an entry point in the group ``armod.export_formats``, which
names such a function.

Names and messages come from students, and each form has readers that would act on them: spreadsheets run a cell that
begins like a formula, XML knows no control characters. What is hidden from students stays out of what they get to see:
of a hidden check Gradescope and CI learn a number and its points.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module

from armod.course.grading.marks.gradebook import Row
from armod.course.grading.marks.roster import Roster
from armod.plugins import plugins

GROUP = "armod.export_formats"

Export = Callable[[Sequence[Row], Roster | None], str]


class _Formats(Mapping[str, Export]):
    def __getitem__(self, name: str) -> Export:
        if name in self._own():
            export: Export = import_module(f"{__name__}.{name}").export
            return export
        found: Export = plugins(GROUP)[name]
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._own(), *plugins(GROUP)}))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _own(self) -> list[str]:
        return [module.name for module in pkgutil.iter_modules(__path__)]


FORMATS: Mapping[str, Export] = _Formats()
