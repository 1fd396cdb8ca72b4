"""The text lab: text that streams, the bars of what may come next, and temperature, top-k and top-p on one picture.

The page holds the log-probabilities of each step of one stream, so that it applies the three knobs itself. A forced symbol
needs the model again, so what the model wrote after each of the most probable ones is in the page, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.course.labs.text.facts import GRAIN, SHOWN, TAIL, TextFacts
from armod.course.labs.text.picture import text_figure
from armod.data.text import BytePairs
from armod.models.base import AutoregressiveModel


def text_lab(
    model: AutoregressiveModel,
    pairs: BytePairs,
    prompt: str,
    *,
    num_steps: int = 40,
    num_choices: int = 5,
    num_more: int = 12,
    seed: int = 0,
    step: int = 0,
    choice: int = 0,
    temperature: int = 10,
    top_k: int | None = None,
    top_p: int = 100,
) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        model: a model of sequences whose levels are those of `pairs`.
        pairs: the tokens; ``BytePairs(0)`` makes each character a token.
        prompt: the text before the first step.
        num_steps: S, how many symbols the model writes.
        num_choices: J, how many of the most probable symbols can be forced at each step.
        num_more: how many symbols the model writes after a forced one.
        seed: seed of the noise.
        step: the step, from 0.
        choice: 0 for the symbol that was drawn, or j for the j-th most probable one.
        temperature: in tenths, 1 to 20.
        top_k: how many symbols stay; None is all.
        top_p: in percent, 5 to 100.

    Returns:
        The output.

    Raises:
        ValueError: if the prompt can't be written in tokens, the model has other levels, or the lab's knobs do not have a value.
    """
    facts = text_facts(model, pairs, prompt, num_steps, num_choices, num_more, seed)
    return text_page(facts, step=step, choice=choice, temperature=temperature, top_k=top_k, top_p=top_p)


def text_facts(
    model: AutoregressiveModel,
    pairs: BytePairs,
    prompt: str,
    num_steps: int,
    num_choices: int,
    num_more: int,
    seed: int = 0,
) -> TextFacts:
    """Let the model write, and write on after each forced symbol. The arguments are those of `text_lab`."""
    if model.likelihood is None or model.likelihood.num_levels != pairs.num_levels:
        raise ValueError(f"The model of a text lab has the {pairs.num_levels} levels of its tokens.")
    begin = pairs.encode(prompt)
    length = len(begin) + num_steps + num_more + 1

    def streamed(written: torch.Tensor, count: int, number: int) -> tuple[list[int], NDArray[np.float64]]:
        """Levels, and the log-probabilities that they were drawn from."""
        noise = torch.Generator().manual_seed(seed + number)
        items = list(islice(model.stream(prompt=written, generator=noise, length=length), count))
        logits = [item.distribution.logits.double().numpy() for item in items]  # type: ignore[attr-defined]
        return [int(item.level) for item in items], np.array(logits)

    levels, logits = streamed(begin, num_steps, 0)
    costs = np.clip(np.rint(-GRAIN * logits), 0, 255).astype(np.uint8)
    continuations = []
    for step in range(num_steps):
        written = torch.cat([begin, torch.tensor(levels[:step], dtype=torch.int64)])
        most_probable = np.argsort(costs[step].astype(int), kind="stable")[:num_choices]
        texts = []
        for level in most_probable.tolist():
            forced = torch.cat([written, torch.tensor([level])])
            texts.append(pairs.decode(streamed(forced, num_more, step + 1)[0]))
        continuations.append(tuple(texts))
    return TextFacts(pairs.symbols, prompt, np.array(levels), costs, tuple(continuations))


def text_page(facts: TextFacts, **knobs: int | None) -> Widget:
    """The lab of facts, its knobs set as in `text_lab`."""
    num_symbols = len(facts.symbols)
    state = {"step": 0, "choice": 0, "temperature": 10, "top_p": 100, **knobs}
    state["top_k"] = num_symbols if state.get("top_k") is None else state["top_k"]
    choices: dict[str, Sequence[int]] = {
        "step": range(len(facts.levels)),
        "choice": range(facts.num_choices + 1),
        "temperature": range(1, 21),
        "top_k": range(1, num_symbols + 1),
        "top_p": range(5, 101),
    }
    check_knobs("text lab", **{name: (state[name], choices[name]) for name in choices})
    data = {
        "symbols": facts.symbols,
        "prompt": facts.prompt,
        "levels": facts.levels.tolist(),
        "costs": packed(facts.costs.tobytes()),
        "continuations": facts.continuations,
        "grain": GRAIN,
        "shown": SHOWN,
        "tail": TAIL,
        "start": state,
    }
    shown = TextFacts(
        facts.symbols,
        facts.prompt,
        facts.levels,
        facts.costs,
        facts.continuations,
        **state,  # type: ignore[arg-type]
    )
    return lab_page(__file__, data, text_figure(shown))
