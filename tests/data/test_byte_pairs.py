"""Byte pairs: merges as one would make them by hand, texts there and back, and data sets in tokens."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import armod
from armod.data import Dataset, load
from armod.data.text import BytePairs, encode
from armod.likelihoods import Categorical
from armod.pretrained.recipe import Recipe
from tests.makers import transformer

FEW = st.text("abc", max_size=40)


def merged(symbols: list[str], pair: tuple[str, str]) -> list[str]:
    """From left to right, in plain Python."""
    made: list[str] = []
    for symbol in symbols:
        if made and (made[-1], symbol) == pair:
            made[-1] += symbol
            # what was merged is a new symbol, which is no half of this pair any more
            made.append("")
        else:
            made.append(symbol)
    return [symbol for symbol in made if symbol]


def by_hand(text: str, num_merges: int) -> tuple[list[str], list[str]]:
    """Symbols, and the text in symbols; of equally frequent pairs that of the first symbols."""
    symbols, written = sorted(set(text)), list(text)
    for _ in range(num_merges):
        counts = Counter(pairwise(written))
        if not counts or max(counts.values()) < 2:
            break
        pair = min(counts, key=lambda pair: (-counts[pair], symbols.index(pair[0]), symbols.index(pair[1])))
        written = merged(written, pair)
        symbols.append("".join(pair))
    return symbols, written


@given(FEW, st.integers(0, 6))
@settings(max_examples=200, deadline=None)
def test_merges_are_those_made_by_hand(text: str, num_merges: int) -> None:
    """Runs such as aaa, whose pairs overlap, ties and texts that are too short included."""
    pairs = BytePairs(num_merges).fit(text)
    symbols, written = by_hand(text, num_merges)
    assert pairs.symbols == tuple(symbols)
    assert [pairs.symbols[level] for level in pairs.encode(text)] == written


@given(st.text(max_size=60), st.data(), st.integers(0, 20))
@settings(max_examples=150, deadline=None)
def test_any_text_of_known_characters_there_and_back(text: str, data: st.DataObject, num_merges: int) -> None:
    pairs = BytePairs(num_merges).fit(text)
    other = "" if not text else data.draw(st.text(sorted(set(text)), max_size=40))
    for one in (text, other):
        levels = pairs.encode(one)
        assert levels.dtype == torch.int64 and levels.dim() == 1 and len(levels) <= len(one)
        assert pairs.decode(levels) == pairs.decode(levels.tolist()) == one


def test_the_same_text_gives_the_same_tokens_and_what_was_learnt_before_is_forgotten() -> None:
    text = load("sonnets").text("train")
    pairs = BytePairs(30).fit(text)
    assert BytePairs(30).fit("another").fit(text).merges == pairs.merges
    assert pairs.num_levels == 91 and len(pairs.encode(text)) < 0.75 * len(text)
    assert BytePairs(31).fit(text).merges[:30] == pairs.merges
    assert repr(pairs) == "BytePairs(30): 91 symbols"


def test_nothing_and_characters_never_seen() -> None:
    assert BytePairs(3).fit("").symbols == () and BytePairs(3).fit("").encode("").shape == (0,)
    pairs = BytePairs(3).fit("to be or not to be")
    assert pairs.encode("").shape == (0,) and pairs.decode([]) == ""
    with pytest.raises(ValueError, match="'!q' can't be written with the symbols"):
        pairs.encode("to q!")
    many = "".join(map(chr, range(32, 800)))
    assert BytePairs(0).fit(many).decode(encode(many, sorted(many))) == many


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BytePairs(-1), "num_merges must be 0 or more, not -1."),
        (lambda: BytePairs(2.5), "num_merges"),
        (lambda: BytePairs(1).fit(["to"]), "text is a string, not a list."),
        (lambda: BytePairs(1).fit("to").encode(torch.zeros(2)), "text is a string, not a Tensor."),
        (lambda: load("digits8").text("train"), "'digits8' is no text, as its levels have no symbols."),
        (lambda: load("names").text("all"), "split is 'train', 'valid' or 'test', not 'all'."),
        (lambda: load("names").tokenize(BytePairs(2), 8), "pairs are BytePairs that were fitted to a text."),
        (lambda: load("names").tokenize(BytePairs(2).fit("ab"), 0), "length must be 1 or more, not 0."),
        (lambda: load("names").tokenize(BytePairs(2).fit("ab"), 4, stride=0), "stride must be 1 or more"),
    ],
)
def test_a_bad_call_is_one_sentence(call, message: str) -> None:
    with pytest.raises(ValueError) as error:
        call()
    assert message in str(error.value)


def notes(text: str) -> Dataset:
    levels = encode(text, "abc").unsqueeze(0)
    return Dataset("notes", levels, levels, levels, 3, symbols=("a", "b", "c"), sha256="1")


def test_a_data_set_in_tokens_is_the_same_text() -> None:
    text = "abcabcabbcaab" * 5
    pairs = BytePairs(2).fit(text)
    tokens = notes(text).tokenize(pairs, 4)
    written = pairs.encode(text)
    for split in ("train", "valid", "test"):
        found = getattr(tokens, split)
        assert found.dtype == torch.uint8 and torch.equal(found.flatten(), written[: found.numel()])
        assert text.startswith(tokens.text(split)) and len(written) - found.numel() < 4
    assert (tokens.num_levels, tokens.symbols, tokens.sha256) == (5, pairs.symbols, "1")
    assert tokens.name == "notes, 5 tokens" and tokens.event_shape == (4,)


def test_windows_of_train_may_overlap() -> None:
    text = "abcabcabbcaab" * 3
    pairs = BytePairs(1).fit(text)
    tokens, written = notes(text).tokenize(pairs, 4, stride=3), pairs.encode(text)
    for number, window in enumerate(tokens.train):
        assert torch.equal(window, written[3 * number : 3 * number + 4])
    assert len(tokens.train) == (len(written) - 4) // 3 + 1 and len(tokens.test) == len(written) // 4
    assert len(notes("ab").tokenize(pairs, 9, stride=1).train) == 0


def test_more_than_256_tokens_are_int16() -> None:
    many = "".join(map(chr, range(300)))
    symbols = tuple(many)
    levels = torch.arange(300).short().unsqueeze(0)
    data = Dataset("letters", levels, levels, levels, 300, symbols=symbols)
    assert data.tokenize(BytePairs(0).fit(many), 7).train.dtype == torch.int16
    with pytest.raises(ValueError, match=r"must be a int16 tensor \(N, 300\); train is torch\.uint8"):
        replace(data, train=levels.byte())


def test_a_receipt_counts_characters() -> None:
    """Of tokens, of which some are longer; for plain characters bits_per_dim says it."""
    text = "abcabcabbcaab" * 5
    pairs = BytePairs(3).fit(text)
    tokens = notes(text).tokenize(pairs, 4)
    model = transformer((4,), Categorical(pairs.num_levels))
    receipt = armod.evaluate(model, tokens)
    bits = -float(model.log_prob(tokens.test).detach().sum()) / math.log(2)
    assert receipt.bits_per_character == pytest.approx(bits / len(tokens.text("test")))
    assert f"at most {receipt.bits_per_character:.4f} bits/character" in str(receipt)
    plain = armod.evaluate(transformer((65,), Categorical(3)), notes(text))
    assert plain.bits_per_character is None and "character" not in str(plain)


def test_a_recipe_learns_its_tokens_from_the_train_split() -> None:
    data = {"name": "sonnets", "byte_pairs": 20, "length": 32, "stride": 8}
    dataset = Recipe("tokens", {}, data, {}).load_data()
    text = load("sonnets").text("train")
    assert dataset.symbols == BytePairs(20).fit(text).symbols and dataset.event_shape == (32,)
    assert dataset.text("test") == load("sonnets").text("test")[: len(dataset.text("test"))]
    assert len(dataset.train) > 3 * len(dataset.text("train")) / 32 / 4
