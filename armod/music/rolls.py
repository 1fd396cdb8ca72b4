"""Piano rolls: which pitch sounds when, one colour for each voice."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.patches import Rectangle

from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.music.scores import Score, notes_of

VOICES = ("soprano", "alto", "tenor", "bass")
_COLOURS = (COLOURS["output"], COLOURS["input"], COLOURS["field"], COLOURS["hidden"])
_NAMES = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")


def piano_roll(scores: Mapping[str, Score], *, title: str) -> Picture:
    """Draw scores below each other; a note is a bar as long as it lasts, and beats are grey lines.

    Args:
        scores: a single score ``(1, voices, T)`` for each name.
        title: a sentence.

    Returns:
        The picture, whose table has a row for each note: its score, voice, pitch, begin and length in sixteenths.

    Raises:
        ValueError: if there is no score, or several under one name.

    >>> from armod.music import melody_of
    >>> picture = piano_roll({"a melody": melody_of([(67, 4), (None, 2), (60, 4)])}, title="Two notes")
    >>> picture.table["pitch"], picture.table["begin"]
    ([67, 60], [0, 6])
    """
    if not scores:
        raise ValueError("There is no score to draw: give at least one under its name.")
    for name, score in scores.items():
        if not isinstance(score, Score) or len(score) != 1:
            raise ValueError(f"Under {name!r} there is one score, such as scores[0], not {score!r}.")
    notes = [
        (name, voice, pitch, begin, length)
        for name, score in scores.items()
        for voice, those in enumerate(notes_by_voice(score))
        for begin, length, pitch in those
    ]
    sounding = [pitch for _, _, pitch, _, _ in notes] or [60]
    low, high = min(sounding) - 2, max(sounding) + 3
    steps = max(score.pitches.shape[2] for score in scores.values())
    with new_picture(9, 0.8 + 1.75 * len(scores)) as picture:
        picture.set_label(title)
        rows = picture.subplots(len(scores), sharex=True, squeeze=False)[:, 0]
        height = picture.get_figheight()
        picture.subplots_adjust(left=0.06, right=0.98, top=1 - 0.75 / height, bottom=0.5 / height, hspace=0.3)
        picture.text(0.02, 1 - 0.26 / height, title, size=14, weight="bold", va="center")
        for axes, name in zip(rows, scores, strict=True):
            for owner, voice, pitch, begin, length in notes:
                if owner == name:
                    axes.add_patch(
                        Rectangle(
                            (begin + 0.1, pitch - 0.4), length - 0.2, 0.8, color=_COLOURS[voice % 4], lw=0
                        )
                    )
            axes.set_title(name, fontsize=11)
            axes.set(xlim=(0, steps), ylim=(low, high), xticks=range(0, steps + 1, 16))
            axes.set_xticks(range(0, steps + 1, 4), minor=True)
            axes.set_yticks([pitch for pitch in range(low, high) if pitch % 12 == 0])
            axes.set_yticklabels([f"C{pitch // 12 - 1}" for pitch in range(low, high) if pitch % 12 == 0])
            axes.grid(True, which="both", axis="x", color=COLOURS["masked"], zorder=0)
            axes.set_axisbelow(True)
        rows[-1].set_xlabel("sixteenth notes")
        counts = {name: sum(owner == name for owner, *_ in notes) for name in scores}
        parts = "; ".join(f"{name}, {count} notes" for name, count in counts.items())
        span = f" Pitches from {_name(min(sounding))} to {_name(max(sounding))}." if notes else ""
        columns = (
            dict(zip(("score", "voice", "pitch", "begin", "length"), zip(*notes, strict=True), strict=True))
            if notes
            else {}
        )
        picture.describe(
            f"{title}. Piano rolls of {steps} sixteenths: {parts}.{span}",
            {key: list(column) for key, column in columns.items()},
        )
    return picture


def notes_by_voice(score: Score) -> list[list[tuple[int, int, int]]]:
    """Find the begin, length and pitch of every note.

    Args:
        score: a single score ``(1, voices, T)``.

    Returns:
        The notes of each voice, in the order of time.

    >>> from armod.music import melody_of
    >>> notes_by_voice(melody_of([(67, 4), (None, 2), (60, 4)]))
    [[(0, 4, 67), (6, 4, 60)]]
    """
    found: list[list[tuple[int, int, int]]] = []
    for voice in range(score.pitches.shape[1]):
        begin = 0
        found.append([])
        for pitch, length in notes_of(score, voice):
            if pitch is not None:
                found[-1].append((begin, length, pitch))
            begin += length
    return found


def _name(pitch: int) -> str:
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"
