"""Hamlet, which no model has read: tables of letters and of tokens, the shipped GPT, an LSTM, a GPT of letters.

``python -m benchmarks.applications.text`` measures tables and the shipped models in a minute of one thread: a GPT, and an LSTM of
its size that learnt from the same tokens (`recurrent-plays`; its epoch, too, is chosen by the valid play). With ``--train`` it also
trains a GPT of letters in the way of the shipped one: the same plays, epochs, characters in a batch and schedule. Every result is
kept in `text.json`. All are bits per character; those of tokens are upper bounds, because one tokenisation of many is counted.
Networks read windows without a past before them, the LSTM also windows of the GPT's length; tables have the whole play.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import armod
from armod.data.sets import plays
from armod.data.text import BytePairs, encode
from armod.pretrained import receipt, recipe_path
from armod.pretrained.recipe import Recipe, read_recipe
from armod.training import evaluate

RESULTS = Path(__file__).with_suffix(".json")
NAME, LSTM = "transformer-plays", "recurrent-plays"


def witten_bell(
    train: NDArray[np.int64], test: NDArray[np.int64], num_levels: int, longest: int
) -> list[float]:
    """Count what follows pasts of 0 to `longest` symbols, by Witten and Bell's method C, interpolated.

    The tables are those of `armod.NGram`, kept as sorted keys because most pasts never occur.

    Args:
        train: levels ``(T,)`` to count in.
        test: levels ``(S,)`` to predict, each given all levels before it.
        num_levels: K.
        longest: the longest past.

    Returns:
        The bits of the whole test text for each length of the past.
    """
    base, bits = num_levels + 1, []
    shares = np.full(len(test), 1 / num_levels)
    past, known = np.zeros_like(train), np.zeros_like(test)  # numbers in base K + 1; 0 is before the text
    for _ in range(longest + 1):
        seen, counts = np.unique(past * base + train + 1, return_counts=True)
        histories, kinds = np.unique((seen - 1) // base, return_counts=True)
        totals = np.bincount(np.searchsorted(histories, (seen - 1) // base), counts)
        both = known * base + test + 1
        total, new = _look(histories, totals, known), _look(histories, kinds, known)
        mixed = (_look(seen, counts, both) + new * shares) / np.maximum(total + new, 1)
        shares = np.where(total > 0, mixed, shares)
        bits.append(-float(np.log2(shares).sum()))
        past, known = (np.concatenate([[0], each[:-1]]) for each in (past * base + train + 1, both))
    return bits


def _look(keys: NDArray[np.int64], values: NDArray[Any], wanted: NDArray[np.int64]) -> NDArray[Any]:
    """The value of each wanted key, or 0."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)


def tables() -> dict[str, Any]:
    """Bits per character of Hamlet, by order of the n-gram, of letters (1 to 7) and of tokens (1 to 5)."""
    texts = plays.read()
    symbols = sorted(set("".join(texts.values())))
    letters = [encode(texts[split], symbols).numpy().astype(np.int64) for split in ("train", "test")]
    pairs = BytePairs(read_recipe(recipe_path(NAME)).data["byte_pairs"]).fit(texts["train"])
    tokens = [pairs.encode(texts[split]).numpy() for split in ("train", "test")]
    size = len(texts["test"])
    return {
        "letters, by order": [round(bits / size, 4) for bits in witten_bell(*letters, len(symbols), 6)],
        "tokens, by order": [round(bits / size, 4) for bits in witten_bell(*tokens, pairs.num_levels, 4)],
    }


def shipped() -> dict[str, Any]:
    """The shipped GPT: its receipt, and the seconds of its stream."""
    one, model = receipt(NAME), armod.load_pretrained(NAME)
    prompt = torch.zeros(model.num_variables // 2, dtype=torch.int64)
    first, later = [], []
    for _ in range(5):
        begin = time.process_time()
        stream = model.stream(prompt=prompt, length=10 * model.num_variables)
        next(stream)
        middle = time.process_time()
        list(islice(stream, 100))
        first.append(middle - begin)
        later.append((time.process_time() - middle) / 100)
    assert one.bits_per_character is not None
    return {
        "bits per character": round(one.bits_per_character, 4),
        "bits per character, valid play": _valid(NAME),
        "parameters": one.num_parameters,
        "seconds": one.seconds,
        "first token, milliseconds": round(1000 * min(first), 1),
        "later tokens, milliseconds": round(1000 * min(later), 2),
    }


def lstm() -> dict[str, Any]:
    """The shipped LSTM: its receipt, and what it needs on windows of the GPT's length."""
    one, recipe = receipt(LSTM), read_recipe(recipe_path(LSTM))
    length = read_recipe(recipe_path(NAME)).data["length"]
    windows = replace(recipe, data={**recipe.data, "length": length}).load_data()
    shorter = evaluate(armod.load_pretrained(LSTM), windows)
    assert one.bits_per_character is not None and shorter.bits_per_character is not None
    return {
        "bits per character": round(one.bits_per_character, 4),
        "bits per character, valid play": _valid(LSTM),
        f"bits per character, windows of {length} tokens": round(shorter.bits_per_character, 4),
        "parameters": one.num_parameters,
        "seconds": one.seconds,
    }


def _valid(name: str) -> float:
    """Bits per character on As You Like It, by which epochs were chosen."""
    found = evaluate(armod.load_pretrained(name), read_recipe(recipe_path(name)).load_data(), split="valid")
    assert found.bits_per_character is not None
    return round(found.bits_per_character, 4)


def letters() -> Recipe:
    """The recipe of a GPT that reads letters, and is trained as the shipped one."""
    ours = read_recipe(recipe_path(NAME))
    num_levels, length = armod.data.load("plays").num_levels, 2 * ours.data["length"]
    likelihood = {"family": "Categorical", "num_levels": num_levels}
    model = {**ours.model, "event_shape": [length], "likelihood": likelihood}
    data = {**ours.data, "byte_pairs": 0, "length": length, "stride": 2 * ours.data["stride"]}
    return replace(ours, model=model, data=data)


def trained(checkpoint: Path | None) -> dict[str, Any]:
    """Train the GPT of letters, and measure it."""
    begin = time.process_time()
    _, _, one = letters().train(progress=False, checkpoint=checkpoint)
    bits = one.bits_per_dim if one.bits_per_character is None else one.bits_per_character
    return {
        "bits per character": round(bits, 4),
        "parameters": one.num_parameters,
        "seconds": round(time.process_time() - begin),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--train", action="store_true", help="train the GPT of letters")
    parser.add_argument("--checkpoint", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.train:
        found = {"letters": trained(options.checkpoint)}
    else:
        found = {"n-grams": tables(), NAME: shipped(), LSTM: lstm()}
    kept = json.loads(options.out.read_text()) if options.out.exists() else {}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(kept | found, indent=1, sort_keys=True) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
