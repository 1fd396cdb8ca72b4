"""The learner's side of a check: it answers questions about the learner's names, and knows nothing of the checks.

One question is one text, one reply is one text (`armod.course.exercises.engine.codec`). A question is a dict: ``of`` is "names",
"armod" or the number of a handle; ``name`` a name, a dotted path below it, or "" for the thing itself; ``call`` says
whether to call it, with ``args`` and ``kwargs``; ``watch`` whether to tell what the call left behind. A reply is
``("value", value)``, ``("watched", value, names of changed arguments, moved generators)``, ``("unanswered", why)`` or
``("error", type name, message)``. Besides the codec this module imports nothing of armod, so that the two can be sent
to a kernel that has no checks at all.
"""

from __future__ import annotations

import importlib
import inspect
import random
from collections.abc import MutableMapping
from typing import Any

import numpy as np
import torch

from armod.course.exercises.engine.codec import NotPlainError, from_text, to_text

MAX_MESSAGE = 500  # characters of an error's message


class Responder:
    """Answers questions about ``names``, the learner's namespace, and keeps the objects that handles stand for."""

    def __init__(self, names: MutableMapping[str, Any]) -> None:
        self._names = names
        self._objects: list[object] = []

    def respond(self, question: str) -> str:
        """The reply to a question. What the learner's code raises becomes a reply, except for KeyboardInterrupt."""
        try:
            return to_text(self._reply(from_text(question, self._object)), self._register)
        except _Unanswered as gap:
            reply: tuple[str, ...] = ("unanswered", str(gap))
        except NotPlainError as problem:
            reply = ("error", "NotPlainError", str(problem))
        except (Exception, SystemExit) as problem:
            reply = ("error", _text(type(problem).__name__), self._told(problem))
        return to_text(reply, self._register)

    def _reply(self, question: dict[str, Any]) -> tuple[Any, ...]:
        found, name = self._find(question["of"], question["name"])
        is_watched = bool(question.get("watch"))
        before = self._left_behind(question) if is_watched else ([], {})
        if not question["call"]:
            result = found
        else:
            if not callable(found):
                raise TypeError(f"`{name}` is a {type(found).__name__}; a function is due")
            try:
                result = found(*question["args"], **question["kwargs"])
            except NotImplementedError as gap:
                raise _Unanswered(f"`{name}` is not implemented yet") from gap
            if result is None or result is Ellipsis:
                raise _Unanswered(f"`{name}` returned {'nothing (None)' if result is None else '...'}")
        if result is None or result is Ellipsis:
            raise _Unanswered(f"`{name}` is still {'`None`' if result is None else '`...`'}")
        if not is_watched:
            return ("value", result)
        after = self._left_behind(question)
        changed = [
            _argument(found, place)
            for place, pair in enumerate(zip(before[0], after[0], strict=True))
            if len(set(pair)) > 1
        ]
        return ("watched", result, changed, [each for each in after[1] if before[1][each] != after[1][each]])

    def _left_behind(self, question: dict[str, Any]) -> tuple[list[str], dict[str, object]]:
        """The arguments as texts, and the state of each global generator."""
        name, keys, *rest = np.random.get_state()  # a learner may have drawn from it
        states: dict[str, object] = {
            "torch": torch.get_rng_state().numpy().tobytes(),
            "numpy": (name, np.asarray(keys).tobytes(), rest),
            "random": random.getstate(),
        }
        return [to_text(value, lambda thing: (id(thing), "")) for value in question["args"]], states

    def _find(self, of: str | int, path: str) -> tuple[Any, str]:
        """What is asked about, and what to call it."""
        first, *rest = path.split(".")
        if of == "names":
            if first not in self._names:
                raise _Unanswered(f"There is no `{first}` yet")
            found = self._names[first]
            if found is None or found is Ellipsis:
                raise _Unanswered(f"`{first}` is still {'`None`' if found is None else '`...`'}")
        else:
            found = importlib.import_module("armod") if of == "armod" else self._object(int(of), "")
            rest = [part for part in (first, *rest) if part]
        for attribute in rest:
            found = getattr(found, attribute)
        return found, path or type(found).__name__

    def _register(self, thing: object) -> tuple[int, str]:
        self._objects.append(thing)
        return len(self._objects) - 1, _text(type(thing).__name__)

    def _object(self, number: int, _kind: str) -> object:
        return self._objects[number]

    def _told(self, problem: BaseException) -> str:
        """The error's message, and the last line of the learner's own that it came through."""
        try:
            message = str(problem)
        except (Exception, SystemExit):
            message = ""
        where = name = ""
        step = problem.__traceback__
        while step is not None:
            if step.tb_frame.f_globals is self._names:
                # a comprehension or a lambda goes by the name of the function that it stands in
                own = step.tb_frame.f_code.co_name
                name = name if name and own.startswith("<") else own
                where = f" (line {step.tb_lineno} of `{name}`'s cell)"
            step = step.tb_next
        return _text(message) + where


class _Unanswered(Exception):
    """There is no answer yet; the message says which name lacks it."""


def _argument(function: Any, place: int) -> str:
    """What the learner's function calls this argument."""
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        parameters = []
    return _text(parameters[min(place, len(parameters) - 1)]) if parameters else f"number {place + 1}"


def _text(text: str) -> str:
    """Short enough, and valid Unicode, for a reply."""
    return str.__str__(text)[:MAX_MESSAGE].encode("utf-8", "replace").decode("utf-8")
