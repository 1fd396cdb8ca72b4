"""Text to phones: numbers become words, and words become the phones that a table of pronunciations knows."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from armod.settings import shown

_SOUNDS = (
    "SIL AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
)
PHONES = tuple(_SOUNDS.split())  # as the CMU dictionary writes the sounds of American English; SIL is silence
PAUSE = ","
TABLE = Path(__file__).parent / "shipped" / "pronunciations.txt"

_BELOW_20 = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_LARGE = {10**9: "billion", 10**6: "million", 1000: "thousand", 100: "hundred"}
_SIGNS = {"#": "pound", "*": "star", "@": "at", "&": "and", "%": "percent", "+": "plus", "=": "equals"}
_LARGEST = 10**12 - 1
# letters of every alphabet, and signs of money: what nobody knows how to say is refused, not left out
_TOKEN = re.compile(
    r"\d+(?:,\d{3})*|(?<![a-z])[a-z]\.(?=[a-z])|[^\W\d_]+(?:'[^\W\d_]+)*|[#*@&%+=$¢£¥€]|[,.;:!?]+"
)


def words(text: str) -> list[str]:
    """Split a text into the words that are spoken, and commas where a reader pauses.

    Numbers are spoken as Americans do, "p.m." letter by letter, and # * @ & % + = by their names. The letter a is the word
    "a.", because "a" is the article.

    Args:
        text: English, in capitals or not.

    Returns:
        Words in small letters, and ",".

    Raises:
        ValueError: if the text is no string, or holds a number of a thousand billions or more.

    >>> words("Press 17, or #.")
    ['press', 'seventeen', ',', 'or', 'pound', ',']
    """
    if not isinstance(text, str):
        raise ValueError(f"text is a string, not {shown(text)}.")
    spoken: list[str] = []
    # "p.m." ends with a letter, not with a pause
    letters = re.sub(
        r"\b([a-z])\.([a-z])\.", r"\1.\2", unicodedata.normalize("NFC", text.lower()).replace("’", "'")
    )
    for token in _TOKEN.findall(letters):
        if token[0].isdigit():
            spoken += number_words(int(token.replace(",", "")))
        elif token in _SIGNS:
            spoken.append(_SIGNS[token])
        elif token[-1] == "." and token[0].isalpha():
            spoken.append(token if token == "a." else token[0])
        elif token[0] not in ",.;:!?":
            spoken.append(token)
        elif spoken and spoken[-1] != PAUSE:
            spoken.append(PAUSE)
    return spoken


def number_words(number: int) -> list[str]:
    """Say a whole number.

    Args:
        number: from 0 to 999,999,999,999.

    Returns:
        Its words.

    Raises:
        ValueError: if it is larger.

    >>> " ".join(number_words(1_260_017))
    'one million two hundred sixty thousand seventeen'
    """
    if not 0 <= number <= _LARGEST:
        raise ValueError(f"Numbers from 0 to {_LARGEST:,} can be spoken, not {number:,}.")
    if number < 20:
        return [_BELOW_20.split()[number]]
    if number < 100:
        return [_TENS.split()[number // 10 - 2], *_rest(number % 10)]
    size = next(size for size in _LARGE if number >= size)
    return [*number_words(number // size), _LARGE[size], *_rest(number % size)]


def phones(text: str) -> list[str]:
    """Turn a text into phones, with silence before, after, and at every comma, full stop, question mark and the like.

    Args:
        text: English, all of whose words are in `pronunciations`.

    Returns:
        Names of `PHONES`.

    Raises:
        ValueError: if there is no word, or one that the table does not know; the message names all of these.

    >>> " ".join(phones("two, six"))
    'SIL T UW SIL S IH K S SIL'
    """
    spoken = words(text)
    table = pronunciations()
    unknown = sorted({word for word in spoken if word != PAUSE and word not in table})
    if unknown:
        raise ValueError(
            f"The table of pronunciations does not know {', '.join(map(repr, unknown))}; "
            f"it knows {len(table):,} words (armod.speech.pronunciations())."
        )
    if not any(word != PAUSE for word in spoken):
        raise ValueError(f"There is no word to speak in {shown(text)}.")
    sounds = ["SIL"]
    for word in spoken:
        if word != PAUSE:
            sounds += table[word]
        elif sounds[-1] != "SIL":
            sounds.append("SIL")
    return sounds if sounds[-1] == "SIL" else [*sounds, "SIL"]


@cache
def pronunciations() -> dict[str, tuple[str, ...]]:
    """Read the table of pronunciations: the words of the data set "prompts", and those of every number.

    Returns:
        The phones of each word.

    >>> pronunciations()["seventeen"]
    ('S', 'EH', 'V', 'AH', 'N', 'T', 'IY', 'N')
    """
    lines = (line.split() for line in TABLE.read_text(encoding="utf-8").splitlines() if line[0] != "#")
    return {word: tuple(sounds) for word, *sounds in lines}


def _rest(number: int) -> list[str]:
    return number_words(number) if number else []
