"""Which prompts make the data set, and which of them no model learns from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

# A word that is held out takes its relatives with it: all that begins like this.
FAMILIES = (
    *(
        "seven",
        "eleven",
        "billion",
        "today",
        "februar",
        "october",
        "delta",
        "foxtrot",
        "golf",
        "kilo",
        "sierra",
        "tango",
    ),
    *("uniform", "yankee", "thursday", "bravo"),
)
_HELD_OUT = re.compile("|".join(FAMILIES))
_NUM_SENTENCES = 10  # whole sentences that are held out, for each of valid and test
SHORT, LONG = 150, 400  # frames of a sentence that may be held out: 1.5 to 4 s


def is_held_out(word: str) -> bool:
    """Tell whether a word belongs to a family that no model hears.

    >>> is_held_out("seventieth"), is_held_out("ten")
    (True, False)
    """
    return _HELD_OUT.match(word) is not None


def choose(
    spoken: Mapping[str, list[str]],
    phones: Mapping[str, Sequence[int]],
    num_frames: Mapping[str, int],
    limit: int,
) -> dict[str, str]:
    """Choose prompts and give each to a split.

    Single words of held-out families are test; longer prompts with such a word are left out. Of the sentences of 1.5 to 4 s,
    in the order of their names, every so many is valid or test; nothing that is said there is said in train. Train has all
    digits, letters and code words, and then the prompts that add most to the rarest pairs of phones for their length.

    Args:
        spoken: the words of every prompt.
        phones: the phones of every prompt.
        num_frames: the length of every prompt in frames of 10 ms.
        limit: frames of all chosen prompts together.

    Returns:
        The split of every chosen prompt, "train", "valid" or "test".
    """
    split = {}
    for name in sorted(spoken):
        if any(map(is_held_out, spoken[name])):
            split[name] = "test" if len(spoken[name]) == 1 else "none"
    sentences, said = [], set()
    for name in sorted(set(spoken) - set(split)):
        is_sentence = "/" not in name and len(spoken[name]) > 2 and SHORT <= num_frames[name] <= LONG
        if is_sentence and tuple(spoken[name]) not in said:
            said.add(tuple(spoken[name]))
            sentences.append(name)
    step = len(sentences) // (2 * _NUM_SENTENCES)
    for number, name in enumerate(sentences[::step][: 2 * _NUM_SENTENCES]):
        split[name] = "test" if number % 2 else "valid"
    held_out = {tuple(spoken[name]) for name, part in split.items() if part != "none"}
    rest = [name for name in sorted(spoken) if name not in split and tuple(spoken[name]) not in held_out]
    used = sum(num_frames[name] for name, part in split.items() if part != "none")
    counts: Counter[tuple[int, int]] = Counter()

    def take(name: str) -> None:
        nonlocal used
        split[name] = "train"
        used += num_frames[name]
        counts.update(pairwise(phones[name]))
        rest.remove(name)

    def worth(name: str) -> float:
        return sum(1 / (1 + counts[pair]) for pair in pairwise(phones[name])) / num_frames[name]

    for name in [name for name in rest if "/" in name and len(spoken[name]) == 1]:
        take(name)
    while True:
        fitting = [name for name in rest if used + num_frames[name] <= limit]
        if not fitting:
            return {name: part for name, part in sorted(split.items()) if part != "none"}
        take(max(fitting, key=worth))
