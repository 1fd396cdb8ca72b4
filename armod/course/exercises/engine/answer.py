"""A learner's answer as the checks see it: questions go out, plain data or handles come back.

The answer may live in this process or in a hostile one: a `Transport` carries texts, and whatever arrives has been
made anew from plain data (`armod.course.exercises.engine.codec`).
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol

from armod.course.exercises.engine.codec import NotPlainError, from_text, to_text
from armod.course.exercises.engine.reading import Mistake
from armod.course.exercises.engine.responder import Responder
from armod.course.exercises.engine.showing import shown

MAX_WORDS = 700  # characters of a message from the other side: it ends in results and records
MAX_NAME = 100  # of a type's name


class Transport(Protocol):
    """Carries one question to the learner's side and one reply back, both texts."""

    def request(self, text: str) -> str:
        """The reply to a question.

        Args:
            text: the question.

        Returns:
            The reply.

        Raises:
            AnswerError: if there is no reply: ``AnswerError("TimeoutError", "no answer within 10 s")``.
        """
        ...


class InProcess:
    """The transport of a self-check: the learner's names are right here, in ``names``."""

    def __init__(self, names: MutableMapping[str, Any]) -> None:
        self._responder = Responder(names)

    def request(self, text: str) -> str:
        """The reply to a question."""
        return self._responder.respond(text)


class AnswerError(Exception):
    """The learner's code raised an error, gave no reply in time, or gave one that is no plain data.

    Args:
        type_name: the name of the error's type.
        message: what the error says.
        question: what was asked, in words for the learner.
    """

    def __init__(self, type_name: str, message: str, question: str = "") -> None:
        super().__init__(f"{type_name}: {message}" if message else type_name)
        self.type_name = type_name
        self.message = message
        self.question = question


class NotAnswered(Exception):
    """The name asked about is missing, still a stub, or returned nothing; the message says which."""


class Handle:
    """Something on the learner's side that is no plain data: pass it back as an argument, call it, ask it.

    Args:
        answer: the answer that it came from.
        number: the number by which the learner's side knows it.
        kind: the name of its type as the learner's side tells it: for messages only, never a proof.
    """

    def __init__(self, answer: Answer, number: int, kind: str) -> None:
        self._answer = answer
        self.number = number
        self.kind = kind[:MAX_NAME]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The reply of the thing itself, called."""
        return self._answer._ask(self.number, "", args, kwargs, called=self.kind)

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """The reply of one of its methods; ``name`` may be a dotted path."""
        return self._answer._ask(self.number, name, args, kwargs, called=f"{self.kind}.{name}")

    def value(self, name: str) -> Any:
        """One of its attributes; ``name`` may be a dotted path."""
        return self._answer._ask(self.number, name, called=f"{self.kind}.{name}")

    def __repr__(self) -> str:
        return f"<a {self.kind}>"


class Answer:
    """The learner's names, to be asked.

    Every method raises `NotAnswered` where the learner has not begun, and `AnswerError` where their code fails; leave
    both to `judge`.

    Args:
        transport: the way to the learner's side.
        student: the number that seeds what is each learner's own.
    """

    def __init__(self, transport: Transport, *, student: int = 0) -> None:
        self._transport = transport
        self.student = student

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """What the learner's function returns; the arguments are plain data or handles.

        Args:
            name: the learner's name.
            args: plain data or handles, which the function must leave as they are.
            kwargs: the same, by name.

        Returns:
            Plain data or a handle.

        Raises:
            Mistake: if the call has changed one of ``args``.
        """
        reply, changed, _ = self.watched(name, *args, **kwargs)
        if changed:
            raise Mistake(
                f"`{name}` has changed its argument `{changed[0]}`: after the call other values stand in it, and whoever called "
                "will go on with those. Which line writes into what it was given?"
            )
        return reply

    def watched(self, name: str, /, *args: Any, **kwargs: Any) -> tuple[Any, list[str], list[str]]:
        """What the learner's function returns, and what it left behind.

        Args:
            name: the learner's name.
            args: plain data or handles.
            kwargs: the same, by name.

        Returns:
            The result, the learner's names of those ``args`` that the call has changed, and the global generators ("torch",
            "numpy", "random") from which it has drawn, or which it has seeded.
        """
        reply = self._ask("names", name, args, kwargs, watch=True)
        match reply:
            case (value, list(changed), list(moved)):
                return value, [str(each)[:MAX_NAME] for each in changed], [str(each) for each in moved]
        raise AnswerError("NotPlainError", "the reply is none", name)

    def value(self, name: str) -> Any:
        """The value of the learner's name."""
        return self._ask("names", name)

    def make(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """What a function or class of armod gives on the learner's side: ``answer.make("MADE", (4,), [8], ...)``."""
        return self._ask("armod", name, args, kwargs, called=f"armod.{name}")

    def _ask(
        self,
        of: str | int,
        name: str,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        *,
        called: str = "",
        watch: bool = False,
    ) -> Any:
        is_call = args is not None
        question = _in_words(called or name, args, kwargs or {})
        message = {"of": of, "name": name, "call": is_call, "args": args or (), "kwargs": kwargs or {}}
        if watch:
            message["watch"] = True
        text = to_text(message, self._register)
        try:
            reply = from_text(self._transport.request(text), lambda number, kind: Handle(self, number, kind))
        except NotPlainError as problem:
            raise AnswerError("NotPlainError", str(problem), question) from problem
        except AnswerError as problem:
            raise AnswerError(problem.type_name, problem.message, question) from problem
        match reply:
            case ("value", value) if not watch:
                return value
            case ("watched", value, changed, moved) if watch:
                return value, changed, moved
            case ("unanswered", str(why)):
                raise NotAnswered(why[:MAX_WORDS])
            case ("error", str(type_name), str(told)):
                raise AnswerError(type_name[:MAX_NAME], told[:MAX_WORDS], question)
        raise AnswerError("NotPlainError", "the reply is none", question)

    def _register(self, thing: object) -> tuple[int, str]:
        if isinstance(thing, Handle) and thing._answer is self:
            return thing.number, thing.kind
        raise TypeError(
            f"A check can pass plain data and handles of the same answer, not {type(thing).__name__}."
        )


def _in_words(name: str, args: tuple[Any, ...] | None, kwargs: dict[str, Any]) -> str:
    if args is None:
        return name
    parts = [shown(value) for value in args] + [f"{key}={shown(value)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(parts)})"
