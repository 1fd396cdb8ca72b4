"""Exercise 3: count parallel fifths, as a teacher of harmony does."""

from __future__ import annotations

import numpy as np

from armod.course.exercises import Exercise

sequence_fifths = Exercise(
    name="sequence-fifths",
    number=3,
    title="Parallel fifths",
    difficulty="easy",
    minutes=10,
    names=("parallel_fifths",),
    hints=(
        "Look at two neighbouring steps. Which three things must be true of them?",
        "The interval is a fifth at both steps, both voices move, and both move in the same direction.",
        "`(upper[t] - lower[t]) % 12 == 7` is a fifth, octaves between the voices apart. Compare the signs of the two movements.",
    ),
)


def parallel_fifths(
    upper: list[int],
    lower: list[int],
    *,
    interval: int = 7,
    is_folded: bool = True,
    moves: str = "both",
    direction: bool = True,
    both_steps: bool = True,
) -> int:
    """Count them; the options are mistakes.

    Args:
        upper: MIDI pitches of the upper voice, one for each step.
        lower: those of the lower voice.
        interval: semitones of the interval.
        is_folded: whether octaves between the voices are left out.
        moves: which voices must move.
        direction: whether both must move in the same direction.
        both_steps: whether the interval must be there before and after.

    Returns:
        How many pairs of neighbouring steps are parallel fifths.
    """
    count = 0
    for t in range(1, len(upper)):
        steps = (upper[t] - upper[t - 1], lower[t] - lower[t - 1])
        sizes = [upper[k] - lower[k] for k in (t - 1, t)]
        perfect = [(size % 12 if is_folded else size) == interval for size in sizes]
        moving = all(steps) if moves == "both" else True
        same = steps[0] * steps[1] > 0 if moves == "both" else steps[0] * steps[1] >= 0
        count += (all(perfect) if both_steps else perfect[1]) and moving and (same or not direction)
    return count


_PARTS = (  # each is a movement of two voices; what it is a case of
    ((67, 69), (60, 62)),  # parallel fifths
    ((79, 81), (60, 62)),  # the same, an octave apart
    ((67, 67), (60, 60)),  # a fifth that stays
    ((67, 74), (60, 55)),  # fifths in contrary motion: 7, then 19
    ((72, 74), (60, 62)),  # parallel octaves
    ((64, 67), (59, 60)),  # a fifth that is reached from another interval
    ((69, 69), (60, 62)),  # one voice stays, and a fifth is reached
)


def _cases(generator: np.random.Generator) -> list[tuple[list[int], list[int]]]:
    found = []
    for _ in range(4):
        upper: list[int] = []
        lower: list[int] = []
        for part in generator.permutation(
            np.repeat(np.arange(len(_PARTS)), generator.integers(0, 3, len(_PARTS)))
        ):
            shift = int(generator.integers(-3, 4))
            for voice, pitches in zip((upper, lower), _PARTS[part], strict=True):
                voice.extend(pitch + shift for pitch in pitches)
        found.append((upper or [67, 69], lower or [60, 62]))
    return found


asked_fifths = sequence_fifths.asks(
    parallel_fifths,
    "how many parallel fifths there are",
    points=2,
    instances=_cases,
    called=lambda upper, lower: f"`parallel_fifths({upper}, {lower})`",
    wrong={
        "A fifth with an octave in between is a fifth, too: take the interval modulo 12.": dict(is_folded=False),
        "A fifth that two voices hold is no parallel: both must move.": dict(moves="any"),
        "The voices may reach a fifth in opposite directions. That is allowed.": dict(direction=False),
        "The interval must be a fifth before the step *and* after it.": dict(both_steps=False),
        "Those are parallel octaves. A fifth has seven semitones.": dict(interval=0),
        "You count a fifth with five semitones. That is a fourth.": dict(interval=5),
    },
    otherwise="Go through neighbouring steps: a fifth before, a fifth after, and both voices move in the same direction.",
)  # fmt: skip


def _short(generator: np.random.Generator) -> list[tuple[list[int], list[int]]]:
    """One step has no neighbours; two have one."""
    return [([67], [60]), ([67, 69], [60, 62]), ([69, 67], [62, 60]), ([67, 67], [60, 60])]


sequence_fifths.add("a single step, and two", asked_fifths.on(_short))
