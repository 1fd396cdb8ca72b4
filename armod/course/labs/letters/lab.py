"""The letters lab: a small recurrent network that runs in the page and writes, one letter at a time, as the knobs allow.

The page holds the network itself, its numbers rounded to 16 bits, so that any text can be forced and read.
"""

from __future__ import annotations

from collections.abc import Sequence

from armod.course.labs.letters.facts import NUM_NOISE, LettersFacts
from armod.course.labs.letters.network import Network
from armod.course.labs.letters.picture import letters_figure
from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.models.base import AutoregressiveModel

MOST_LETTERS = 400


def letters_lab(
    model: AutoregressiveModel,
    symbols: Sequence[str],
    written: str = "",
    *,
    end: str | None = None,
    noise: int = 0,
    temperature: int = 10,
    top_k: int | None = None,
    top_p: int = 100,
) -> Widget:
    """The lab as one notebook output.

    Args:
        model: a `RecurrentModel` of one layer with a categorical likelihood, up to 100,000 numbers.
        symbols: what each level stands for, one character each, such as ``data.symbols``.
        written: text that stands there at first.
        end: the symbol that ends a word, after which the network starts anew; a word is no longer than the model's
            ``event_shape``.
        noise: which row of uniform numbers draws, from 0 to 11.
        temperature: in tenths, from 1 to 20.
        top_k: how many symbols stay, None for all.
        top_p: in percent, from 5 to 100.

    Returns:
        The output.

    Raises:
        ValueError: if the model can't run in the page, the symbols do not fit it, or for a value that the knobs do not have.
    """
    network = Network.of(model)
    symbols = tuple(symbols)
    if len(symbols) != network.num_levels or any(len(symbol) != 1 for symbol in symbols):
        raise ValueError(
            f"The letters lab needs one character for each of the {network.num_levels} levels; got {len(symbols)} symbols."
        )
    check_knobs(
        "letters lab",
        end=(end, (None, *symbols)),
        noise=(noise, range(NUM_NOISE)),
        temperature=(temperature, range(1, 21)),
        top_k=(top_k, (None, *range(1, len(symbols) + 1))),
        top_p=(top_p, range(5, 101)),
    )
    if unknown := sorted(set(written) - set(symbols)):
        raise ValueError(f"The letters lab can't write {unknown[0]!r}: it is none of the symbols.")
    facts = LettersFacts(
        network,
        symbols,
        None if end is None else symbols.index(end),
        model.event_shape.numel(),
        tuple(symbols.index(letter) for letter in written[-MOST_LETTERS:]),
        noise,
        temperature,
        len(symbols) if top_k is None else top_k,
        top_p,
    )
    size = network.head.shape[1]
    data = {
        "symbols": symbols,
        "end": facts.end,
        "most": facts.most,
        "mostLetters": MOST_LETTERS,
        "network": {
            "cell": network.cell,
            "levels": network.num_levels,
            "size": size,
            "gates": len(network.past) // size,
        },
        "numbers": packed(network.raw()),
        "numNoise": NUM_NOISE,
        "start": {
            "letters": facts.letters,
            "noise": noise,
            "temperature": temperature,
            "top_k": facts.top_k,
            "top_p": top_p,
        },
    }
    return lab_page(__file__, data, letters_figure(facts), others=["text/adjusted.js"])
