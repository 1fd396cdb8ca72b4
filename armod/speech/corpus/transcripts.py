"""The transcripts of the prompts as words, and the pronunciations that the CMU dictionary lacks."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from armod.speech.text import PAUSE, words

# misspelt in the transcripts
_RESPELT = {
    "umute": "unmute",
    "fourtieth": "fortieth",
    "exclaimation-point": "exclamation point",
    "represenatives": "representatives",
    "un-indentified": "unidentified",
    "witheld": "withheld",
    "x-ray": "xray",
    "3d": "three d",
}
# It is not known how these are read: acronyms that have no agreed sound, numbers and an address that can be read in two ways.
_UNCLEAR = {
    *("demo-instruct", "demo-moreinfo", "demo-abouttotry"),
    *("spy-dahdi", "spy-h323", "spy-iax", "spy-iax2", "spy-mgcp", "spy-unistim"),
}
_LACKING = """
a. EY
backtick B AE K T IH K
caret K EH R AH T
digium D IH JH IY AH M
forevermore F ER EH V ER M AO R
ivr AY V IY AA R
lowercase L OW ER K EY S
pbx P IY B IY EH K S
prepend P R IY P EH N D
prepending P R IY P EH N D IH NG
rerecord R IY R IH K AO R D
semicolon S EH M IY K OW L AH N
touchtone T AH CH T OW N
undelete AH N D IH L IY T
undeleted AH N D IH L IY T IH D
unmute AH N M Y UW T
unmuted AH N M Y UW T IH D
uppercase AH P ER K EY S
waldo's W AO L D OW Z
xray EH K S R EY
"""
ADDED = {line.split()[0]: tuple(line.split()[1:]) for line in _LACKING.strip().splitlines()}


def read_transcripts(path: Path) -> dict[str, list[str]]:
    """Read the words of every prompt that has some and whose reading is clear.

    Stage directions in brackets are left out. The letters a and the a of "a.m." are the word "a.".

    Args:
        path: core-sounds-en.txt.gz of the package asterisk-core-sounds-en.

    Returns:
        Words by the name of the prompt, without commas.
    """
    found = {}
    for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines():
        if not line.strip() or line.startswith(";"):
            continue
        name, text = line.split(":", 1)
        text = re.sub(r"\[.*?\]|\(.*?\)|<.*?>", " ", text.lower()).replace("*", " star ")
        for wrong, right in _RESPELT.items():
            text = re.sub(rf"(?<![\w-]){wrong}(?![\w-])", right, text)
        spoken = [word for word in words(text) if word != PAUSE]
        if name == "letters/a":
            spoken = ["a."]
        if spoken and name not in _UNCLEAR:
            found[name] = spoken
    return found


def read_dictionary(path: Path) -> dict[str, list[tuple[str, ...]]]:
    """Read all pronunciations of every word in the CMU dictionary and in `ADDED`, the usual one first.

    Args:
        path: a dictionary of pocketsphinx.

    Returns:
        Pronunciations by word.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *sounds = line.split()
        found.setdefault(re.sub(r"\(\d+\)$", "", word), []).append(tuple(sounds))
    return found | {word: [sounds] for word, sounds in ADDED.items()}
