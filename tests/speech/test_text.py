"""Text to words and phones: numbers, signs, pauses, and what is not known."""

from __future__ import annotations

import pytest

from armod.speech.text import PHONES, number_words, phones, pronunciations, words


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Press 1.", "press one ,"),
        ("4,096 or 10", "four thousand ninety six or ten"),
        ("I'm sorry: re-record it!", "i'm sorry , re record it ,"),
        ("At 7 p.m. today", "at seven p m today"),
        ("10 a.m.", "ten a. m"),
        ("A star (*), & a #?", "a star star , and a pound ,"),
        ("... wait ... ", "wait ,"),
        ("", ""),
    ],
)
def test_words(text: str, spoken: str) -> None:
    assert words(text) == spoken.split()


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (20, "twenty"),
        (99, "ninety nine"),
        (100, "one hundred"),
        (1_000_007, "one million seven"),
        (999_999_999_999, None),
    ],
)
def test_numbers(number: int, spoken: str | None) -> None:
    found = number_words(number)
    assert spoken is None or found == spoken.split()
    assert set(found) <= set(pronunciations())


def test_numbers_are_all_different_and_known() -> None:
    found = [tuple(number_words(number)) for number in range(0, 30_000, 7)]
    assert len(set(found)) == len(found)
    with pytest.raises(ValueError, match="from 0 to 999,999,999,999"):
        number_words(10**12)


@pytest.mark.parametrize(
    "text", ["naïve", "nai\u0308ve", "été", "日本", "$5", "two €", "½", "x²", "seven été"]
)  # what a table of English can't say is named, not left out
def test_foreign_letters_and_signs_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not know '[^ ]+'; it knows"):
        phones(text)


def test_phones() -> None:
    assert phones("Seven, two")[:2] == ["SIL", "S"] and phones("seven, two").count("SIL") == 3
    assert phones("two!") == phones("  2 ") == ["SIL", "T", "UW", "SIL"]
    assert set(phones("The number is 1,234,567,890.")) <= set(PHONES)
    assert all(set(sounds) <= set(PHONES[1:]) for sounds in pronunciations().values())


@pytest.mark.parametrize("text", ["", " ,. ", "—"])
def test_nothing_to_say(text: str) -> None:
    with pytest.raises(ValueError, match="There is no word to speak"):
        phones(text)


def test_unknown_words_are_named() -> None:
    with pytest.raises(ValueError, match=r"does not know 'quux', 'zyzzy'; it knows \d+ words"):
        phones("Press zyzzy or quux.")
    with pytest.raises(ValueError, match="text is a string"):
        phones(7)  # type: ignore[arg-type]
