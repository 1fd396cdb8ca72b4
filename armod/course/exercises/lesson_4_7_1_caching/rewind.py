"""Exercise 4: look ahead with a cache that can't go back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Handle, Mistake, reading
from armod.course.exercises.engine.draws import normal
from armod.likelihoods import Categorical
from armod.models.sequence.recurrent import RecurrentModel
from armod.sampling.walk import Incremental

NUM_LEVELS, LENGTH, HIDDEN = 3, 6, 4

caching_rewind = Exercise(
    name="caching-rewind",
    number=4,
    title="A cache that can't go back",
    difficulty="medium",
    minutes=12,
    names=("look_ahead",),
    hints=(
        "`append` changes the view for good: a hidden state that was overwritten is gone. On what can you append guesses, and "
        "still have the view as it was?",
        "Work on `view.copy()`. Ask it for its conditional, append the first guess, ask again, and so on. How many conditionals "
        "are there for b guesses?",
        "`ahead = view.copy()`, `found = [ahead.conditional().probs]`, then for each column of `guesses`: `ahead.append(column)` "
        "and one more `ahead.conditional().probs`. Stack them along dimension 1.",
    ),
)


def look_ahead(
    view: Any,
    guesses: Tensor,
    *,
    chosen: Callable[[Tensor], Tensor] = lambda probs: probs,
    read: Callable[[Tensor], Tensor] = lambda guesses: guesses,
) -> Tensor:
    """The conditionals ``(N, b + 1, K)`` ahead of a view; every option is a mistake."""
    ahead = view.copy()
    found = [ahead.conditional().probs]
    for column in read(guesses).T:
        ahead.append(column)
        found.append(ahead.conditional().probs)
    return chosen(torch.stack(found, dim=1))


@dataclass(frozen=True)
class _Begun:
    """A view that has read some levels, and how to make the same one where the learner's code runs."""

    model: RecurrentModel
    past: Tensor

    def copy(self) -> Incremental:
        view = self.model.incremental(len(self.past))
        for column in self.past.T:
            view.append(column)
        return view

    def elsewhere(self, answer: Answer) -> Handle:
        """By the function `after` of the notebook's given cell."""
        view = _twin(answer, self.model).call("incremental", len(self.past))
        for column in self.past.T:
            view = answer.call("after", view, column)
        return view


def _model(generator: np.random.Generator) -> RecurrentModel:
    model = RecurrentModel((LENGTH,), HIDDEN, likelihood=Categorical(NUM_LEVELS)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(normal(generator, *parameter.shape, scale=1.0))
    return model


def _twin(answer: Answer, model: RecurrentModel) -> Handle:
    """The same model where the learner's code runs."""
    levels = answer.make("likelihoods.Categorical", NUM_LEVELS)
    twin = answer.make("RecurrentModel", [LENGTH], HIDDEN, likelihood=levels).call("double")
    twin.call("load_state_dict", dict(model.state_dict()))
    return twin


def _probs(view: Handle, num: int) -> Tensor:
    conditional = view.call("conditional")
    return reading.tensor(conditional.value("probs"), "`probs`", shape=(num, NUM_LEVELS))


def _cases(generator: np.random.Generator, *sizes: tuple[int, int, int]) -> Iterator[tuple[_Begun, Tensor]]:
    for num, of_past, of_guesses in sizes:
        levels = torch.from_numpy(generator.integers(0, NUM_LEVELS, (num, of_past + of_guesses)))
        yield _Begun(_model(generator), levels[:, :of_past]), levels[:, of_past:]


asked_look_ahead = caching_rewind.asks(
    look_ahead,
    "the conditionals of the next b + 1 variables",
    points=2,
    instances=lambda generator: _cases(generator, (2, 1, 3), (1, 2, 2)),
    ask=lambda answer, view, guesses: answer.call("look_ahead", view.elsewhere(answer), guesses),
    called=lambda view, guesses: f"`look_ahead` of a view with {view.past.shape[1]} levels behind it and guesses {guesses.tolist()}",
    seen=lambda got, right, view, guesses: (
        f"With {view.past.shape[1]} levels behind it and the guesses {guesses.tolist()}, the conditional number "
        f"{int((got - right).abs().amax((0, 2)).gt(1e-6).nonzero()[0])} of `look_ahead`, counted from 0, is wrong."
    ),
    wrong={
        "The conditional behind the last guess is missing: if all guesses are right, it is the one that gives one more variable for free.": dict(chosen=lambda probs: probs[:, :-1]),
        "The conditional *before* the first guess is missing. It needs no guess at all, so it is always right.": dict(chosen=lambda probs: probs[:, 1:]),
        "All your conditionals are the first one. Has the view read the guesses?": dict(chosen=lambda probs: probs[:, :1].expand_as(probs)),
        "Those are logarithms. The probabilities are asked for.": dict(chosen=torch.log),
        "The guesses have been read in the wrong order.": dict(read=lambda guesses: guesses.flip(1)),
        "You give back the conditionals in the wrong order.": dict(chosen=lambda probs: probs.flip(1)),
    },
    otherwise="Which levels has the view read when you ask for each conditional?",
)  # fmt: skip


@caching_rewind.check("the view stays where it is", points=2)
def view_is_untouched(answer: Answer, generator: np.random.Generator) -> None:
    """Its own conditional before and after, a second look, and a level that was not guessed."""
    for begun, guesses in _cases(generator, (2, 2, 2), (1, 1, 3)):
        view, num = begun.elsewhere(answer), len(guesses)
        before = _probs(view, num)
        first = _read(answer.call("look_ahead", view, guesses), guesses)
        if not torch.allclose(_probs(view, num), before):
            raise Mistake(
                "After `look_ahead` the view's own conditional has changed: it has read your guesses. A guess may be wrong, and "
                "this view can't forget. That very fault corrupted the output of published decoders without an error."
            )
        again = _read(answer.call("look_ahead", view, guesses), guesses)
        if not torch.allclose(first, again):
            raise Mistake("Asked twice with the same guesses, `look_ahead` gave different conditionals.")
        other = (guesses[:, 0] + 1) % NUM_LEVELS
        view = answer.call("after", view, other)
        right = look_ahead(begun, other[:, None])[:, 1]
        if not torch.allclose(_probs(view, num), right, atol=1e-6):
            raise Mistake(
                "After `look_ahead` a level was appended that differs from the guess, and the next conditional is wrong. Does the "
                "view share something with the copy that has read the guesses?"
            )


def _read(reply: object, guesses: Tensor) -> Tensor:
    shape = (len(guesses), guesses.shape[1] + 1, NUM_LEVELS)
    return reading.tensor(reply, "`look_ahead`", shape=shape)
