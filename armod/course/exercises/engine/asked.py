"""What an exercise asks, written once: the right function, and the wrong ones with the sentence that each deserves.

A wrong reply is named only if it can be: the instances are drawn until all known mistakes differ on them, from the
right answer and from each other, and a sentence is said only if it is the only one that fits every reply. The same wrong
functions, each in the place of the learner's own, prove in the tests that each of them gets its sentence.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer, AnswerError, NotAnswered
from armod.course.exercises.engine.reading import Mistake
from armod.course.exercises.engine.showing import shown

TRIES = 100  # draws of instances until they tell all known mistakes apart
KEPT = 64  # draws that a question remembers
CLEARLY = 10  # times the tolerance: how far apart two known results must lie

Function = Callable[..., Any]
Instance = tuple[Any, ...]  # the arguments of one call
Instances = Callable[[np.random.Generator], Iterable[Instance]]
Wrong = Function | Mapping[str, Any] | str | int | tuple[Function | Mapping[str, Any] | str | int, ...]
"""A wrong function, or the options that make the right function wrong; a wrong value that is the same for everyone; or
several of them that deserve the same sentence."""

BY_CHANCE = (
    "Asked twice for the same, it gave two different answers: from where does it draw random numbers, or what does it remember of "
    "the call before? All that it needs to know stands in its arguments."
)
RAISES = object()  # in the place of a result: what raises an error there


class ExerciseError(Exception):
    """The author's mistake, not the learner's: an exercise that cannot do what it should."""


@dataclass(frozen=True)
class Asked:
    """A function that the learner writes, or a value that they find; made by `Exercise.asks`.

    Args:
        name: The learner's name for it.
        right: The right function, with the same arguments. For a value: the right value, from what ``own`` gives.
        wrong: For each sentence the wrong function that deserves it, with the same arguments.
        instances: Draws the argument tuples on which a reply is compared and its mistake is named.
        own: Instead of ``instances``, for a value: what is each learner's own, from ``answer.student``.
        seen: What was seen, in words: a function of the reply, the right result and the arguments.
        otherwise: Where to look next if no known mistake fits, or more than one: a text, or a function as ``seen`` is.
        ask: How to ask, if not by `answer.call(name, *arguments)`.
        called: The words for a call, from its arguments.
        read: Reads a reply, from the reply, its words and the right result; by default as what the right result is.
        same: Compares two results, if not as numbers.
        rtol: Relative tolerance of numbers that are not whole.
        atol: Absolute tolerance of numbers that are not whole.
        finite: Whether NaN and infinity are refused before anything is compared.
    """

    name: str
    right: Function
    wrong: Mapping[str, Wrong]
    otherwise: str | Callable[..., str]
    instances: Instances | None = None
    own: Callable[[int], Instance] | None = None
    seen: Callable[..., str] | None = None
    ask: Callable[..., Any] | None = None
    called: Callable[..., str] | None = None
    read: Callable[[Any, str, Any], Any] | None = None
    same: Callable[[Any, Any], bool] | None = None
    rtol: float = 1e-5
    atol: float = 1e-5
    finite: bool = True

    def __post_init__(self) -> None:
        if (self.instances is None) == (self.own is None):
            raise ExerciseError(f"`{self.name}` needs either `instances` or `own`.")

    @cached_property
    def mistakes(self) -> list[tuple[str, Function]]:
        """Every wrong function with its sentence."""
        found: list[tuple[str, Function]] = []
        for sentence, wrong in self.wrong.items():
            found += [
                (sentence, self._function(each)) for each in (wrong if isinstance(wrong, tuple) else (wrong,))
            ]
        return found

    def _function(self, wrong: Any) -> Function:
        if isinstance(wrong, Mapping):
            return partial(self.right, **wrong)
        return wrong if callable(wrong) else lambda *_: wrong

    def examine(self, answer: Answer, generator: np.random.Generator) -> None:
        """Compare the learner's replies with the right results: the check of it that needs nothing else.

        Args:
            answer: The learner's names.
            generator: Draws the instances.

        Raises:
            Mistake: Saying what was seen on the first instance with a wrong reply, and which mistake that is.
        """
        instances = self.telling(generator, answer.student)
        self._compare(answer, instances, instances, self.seen or self._seen)

    def on(
        self, instances: Instances, *, seen: Callable[..., str] | None = None
    ) -> Callable[[Answer, np.random.Generator], None]:
        """The same check on other instances, which need not tell mistakes apart: edges, extremes, large ones."""

        def examine(answer: Answer, generator: np.random.Generator) -> None:
            drawn = list(instances(generator))
            telling = [*drawn, *self.telling(generator, answer.student)]
            self._compare(answer, drawn, telling, seen or self.seen or self._seen)

        return examine

    def reply(self, answer: Answer, *arguments: Any) -> Any:
        """The learner's reply, read as what the right result is."""
        raw = self._raw(answer, *arguments)
        return self._read(raw, self.call_in_words(*arguments), self.right(*arguments))

    def why(self, answer: Answer, generator: np.random.Generator, *also: Instance) -> str:
        """Find the learner's mistake, for a check that sees by another way than comparing that there is one.

        Args:
            answer: The learner's names.
            generator: Draws instances that tell the known mistakes apart.
            also: Instances on which the mistake showed.

        Returns:
            The sentence for this mistake.
        """
        return self._why(answer, [*also, *self.telling(generator, answer.student)])

    def telling(self, generator: np.random.Generator, student: int = 0) -> list[Instance]:
        """Draw instances on which all known mistakes differ, from the right answer and from each other.

        A learner's own value has no other instance, so it may be that two mistakes are the same for this learner.

        Args:
            generator: Draws the instances.
            student: The number that a learner's own value follows from.

        Returns:
            The arguments of each call.

        Raises:
            ExerciseError: If no such instances are found, naming two mistakes that they do not tell apart.
        """
        if self.own:
            return [self.own(student)]
        before = str(generator.bit_generator.state)
        if before not in self._told:
            if len(self._told) == KEPT:
                self._told.clear()
            self._told[before] = self._drawn(generator), generator.bit_generator.state
        instances, generator.bit_generator.state = self._told[before]
        return list(instances)

    @cached_property
    def _told(self) -> dict[str, tuple[list[Instance], Any]]:
        """What `telling` has drawn, by the state of the generator: one learner is asked again and again."""
        return {}

    def _drawn(self, generator: np.random.Generator) -> list[Instance]:
        assert self.instances is not None
        for _ in range(TRIES):
            drawn = list(self.instances(generator))
            confused = self.confused(drawn)
            if confused is None:
                return drawn
        assert confused is not None
        raise ExerciseError(
            f"The instances of `{self.name}` do not tell apart {confused[0]!r} and {confused[1]!r}, in {TRIES} draws. "
            f"Draw other ones; or let both say the same sentence, if they are the same mistake."
        )

    def confused(self, instances: Sequence[Instance]) -> tuple[str, str] | None:
        """Two sentences whose wrong functions are the same on all these instances, or one and the right answer."""
        everything = [("the right answer", self.right), *self.mistakes]
        results = [
            (said, [_result(function, *arguments) for arguments in instances])
            for said, function in everything
        ]
        for (first, mine), (second, other) in combinations(results, 2):
            if first != second and self.is_same(mine, other, CLEARLY):
                return first, second
        first, *others = results[0][1]
        if others and all(self.is_same(first, other) for other in others):
            return "the right answer", "one answer to all"
        return None

    def is_same(self, first: Any, second: Any, times: float = 1) -> bool:
        """Whether two results are the same, numbers that are not whole up to the tolerance, so many times."""
        if first is RAISES or second is RAISES:
            return first is second
        if self.same:
            return self.same(first, second)
        if isinstance(first, list | tuple) and isinstance(second, list | tuple):
            pairs = zip(first, second, strict=False)
            return len(first) == len(second) and all(self.is_same(a, b, times) for a, b in pairs)
        if not all(isinstance(each, Tensor | float | int) for each in (first, second)):
            return False
        a, b = (torch.as_tensor(each) for each in (first, second))
        if a.shape != b.shape:
            return False
        if not (a.is_floating_point() and b.is_floating_point()):
            return torch.equal(a.double(), b.double())
        tolerances = {"rtol": times * self.rtol, "atol": times * self.atol}
        return torch.allclose(a.double(), b.double(), **tolerances, equal_nan=True)

    def call_in_words(self, *arguments: Any) -> str:
        """The question as a learner would write it: "`gate(features, context, V)`" where its arguments are long."""
        if self.called:
            return self.called(*arguments)
        if self.own:
            return f"`{self.name}`"
        written = ", ".join(map(shown, arguments))
        if len(written) > 120:
            written = ", ".join(inspect.signature(self.right).parameters)
        return f"`{self.name}({written})`"

    def _compare(
        self, answer: Answer, asked: Sequence[Instance], telling: Sequence[Instance], seen: Callable[..., str]
    ) -> None:
        for arguments in asked:
            right = self.right(*arguments)
            try:
                got = self.reply(answer, *arguments)
            except Mistake as misread:
                fitting = self._fitting(self._replies(answer, telling), telling)
                raise Mistake(f"{misread} {fitting[0]}" if len(fitting) == 1 else str(misread)) from None
            if not self.is_same(got, right):
                raise Mistake(f"{seen(got, right, *arguments)} {self._why(answer, telling)}")

    def _why(self, answer: Answer, instances: Sequence[Instance]) -> str:
        replies = self._replies(answer, instances)
        fitting = self._fitting(replies, instances)
        if len(fitting) == 1:
            return fitting[0]
        if (
            not fitting
            and not self.own
            and not all(map(self.is_same, replies, self._replies(answer, instances)))
        ):
            return BY_CHANCE
        if isinstance(self.otherwise, str):
            return self.otherwise
        rights = [self.right(*arguments) for arguments in instances]
        wrong = [place for place, got in enumerate(replies) if not self.is_same(got, rights[place])]
        first = next((place for place in wrong if replies[place] is not RAISES), 0)
        return self.otherwise(replies[first], rights[first], *instances[first])

    def _fitting(self, replies: Sequence[Any], instances: Sequence[Instance]) -> list[str]:
        """The sentences whose wrong functions give all these replies."""
        pairs = list(zip(instances, replies, strict=True))
        fitting = [
            sentence
            for sentence, function in self.mistakes
            if all(self.is_same(_result(function, *arguments), got) for arguments, got in pairs)
        ]
        return list(dict.fromkeys(fitting))

    def _replies(self, answer: Answer, instances: Sequence[Instance]) -> list[Any]:
        """What the learner's function gives, whatever its shape: so that a mistake can be named by it."""
        found = []
        for arguments in instances:
            try:
                found.append(self.reply(answer, *arguments))
            except Mistake:
                found.append(_result(lambda at: _loosely(self._raw(answer, *at)), arguments))
            except (AnswerError, NotAnswered):
                found.append(RAISES)
        return found

    def _raw(self, answer: Answer, *arguments: Any) -> Any:
        if self.own:
            return answer.value(self.name)
        return self.ask(answer, *arguments) if self.ask else answer.call(self.name, *arguments)

    def _seen(self, got: Any, right: Any, *arguments: Any) -> str:
        verb = "is" if self.own else "gave"
        return f"{self.call_in_words(*arguments)} {verb} {shown(got)}."

    def _read(self, reply: Any, what: str, right: Any) -> Any:
        if self.read:
            return self.read(reply, what, right)
        if isinstance(right, list | tuple):
            return reading.several(reply, what, [partial(self._read, right=each) for each in right])
        if isinstance(right, Tensor):
            whole = not right.is_floating_point()
            return reading.tensor(reply, what, shape=right.shape, finite=self.finite, integers=whole)
        if isinstance(right, float):
            return reading.number(reply, what, finite=self.finite)
        return reading.integer(reply, what)


def _result(function: Function, *arguments: Any) -> Any:
    """The result of a wrong function, which need not be able to do everything."""
    try:
        return function(*arguments)
    except Exception:
        return RAISES


def _loosely(reply: Any) -> Any:
    if isinstance(reply, list | tuple) and not all(isinstance(item, int | float) for item in reply):
        return [_loosely(item) for item in reply]
    return reading.tensor(reply, "", finite=False)
