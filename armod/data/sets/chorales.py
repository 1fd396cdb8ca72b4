"""chorales: Bach's four-part chorales (soprano, alto, tenor, bass); each step lasts a sixteenth note.

Level 0 is a rest, level 1 means that the note before goes on, and levels 2..47 are pitches that begin (MIDI numbers 36
to 81). A score is an image of 4 rows, one for each voice. ``armod.orderings.column((4, 64))`` generates it step by step,
and within a step from the highest voice to the lowest.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from armod.data.dataset import Dataset
from armod.data.music_xml import HOLD, REST, on_grid, read_score
from armod.data.notes import HIGHEST, HOLD_LEVEL, LOWEST, LOWEST_LEVEL, REST_LEVEL, to_midi_pitches
from armod.data.packages import package_folder
from armod.data.splits import deal_pieces
from armod.data.windows import cut
from armod.process_wide import ProcessWide

SOURCE = "Chorales of Johann Sebastian Bach, encoded in the corpus of music21 (Cuthbert and Ariza 2010)"
LICENCE = "music: public domain; encodings: by permission of their encoders"
SHA256 = "5ad1272020162eedfdea22c01f764847af5284ac03ad1102ada568c286697a65"
VOICES = ["Soprano", "Alto", "Tenor", "Bass"]
LENGTH = 64
NUM_LEVELS = LOWEST_LEVEL + HIGHEST - LOWEST + 1
# The corpus contains these settings twice, in another key or hardly changed. No test chorale may be in train.
SECOND_VERSIONS = {
    "bwv18.5-w": "bwv18.5-lz",
    "bwv20.7": "bwv20.11",
    "bwv62.6": "bwv274",
    "bwv177.4": "bwv117.4",
    "bwv227.11": "bwv227.1",
    "bwv244.17": "bwv244.15",
    "bwv279": "bwv158.4",
    "bwv280": "bwv176.6",
    "bwv398": "bwv197.7-a",
    "bwv414": "bwv253",
    "bwv419": "bwv16.6",
}


def load() -> Dataset:
    """Load windows of four bars, split by chorale: of every ten by file name, the 9th is valid and the 10th is test.

    Each chorale is cut into windows of four bars of 4/4, event shape ``(4, 64)``, from its first full bar on. The pickup,
    and a remainder at the end that is shorter than a window, are left out (but `pieces` contains them). A note that sounds on
    from the window before begins again in the next. ``texts`` gives the number of the chorale, such as "bwv66.6".

    Returns:
        The data set.

    Raises:
        ModuleNotFoundError: if music21, whose files are read, is not installed.
        ValueError: if the installed music21 contains other chorales.
    """
    scores = _scores()
    digest = hashlib.sha256()
    for name, (levels, start) in scores.items():
        digest.update(f"{name} {start}\n".encode() + levels.numpy().tobytes())
    if digest.hexdigest() != SHA256:
        raise ValueError(
            "The chorales of the installed music21 are not those that armod's splits were made for: "
            "install the version of music21 named in armod's constraints.txt."
        )
    windows = {name: _windows(levels, start) for name, (levels, start) in scores.items()}
    names = deal_pieces(list(scores))
    train, valid, test = (torch.cat([windows[name] for name in part]) for part in names.values())
    return Dataset(
        "chorales",
        train,
        valid,
        test,
        num_levels=NUM_LEVELS,
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
        texts={split: tuple(name for name in part for _ in windows[name]) for split, part in names.items()},
    )


def pieces() -> dict[str, Tensor]:
    """Load every whole chorale; repeats are written once.

    Ten notes that start and end between two sixteenths are left out.

    Returns:
        The levels uint8 ``(4, T)`` of each chorale by its number, in the order of the file names.

    Raises:
        ModuleNotFoundError: if music21 is not installed.
    """
    return {name: levels for name, (levels, _) in _scores().items()}


def to_levels(pitches: Tensor) -> Tensor:
    """Turn pitches into levels.

    Args:
        pitches: MIDI numbers, HOLD and REST ``(..., T)``, as `music_xml.on_grid` returns them.

    Returns:
        Levels, uint8 ``(..., T)``.

    Raises:
        ValueError: if a pitch is outside 36..81.

    >>> to_levels(torch.tensor([60, HOLD, REST])).tolist()
    [26, 1, 0]
    """
    notes = pitches[pitches >= 0]
    if notes.numel() and not LOWEST <= notes.min() <= notes.max() <= HIGHEST:
        raise ValueError(
            f"The chorales' pitches are {LOWEST}..{HIGHEST}; got {int(notes.min())}..{int(notes.max())}."
        )
    levels = pitches - LOWEST + LOWEST_LEVEL
    return (
        levels.masked_fill(pitches == HOLD, HOLD_LEVEL)
        .masked_fill(pitches == REST, REST_LEVEL)
        .to(torch.uint8)
    )


def _windows(levels: Tensor, start: int) -> Tensor:
    """Windows ``(N, 4, 64)`` from step `start` on; each begins with the pitches that sound there."""
    sounding = to_midi_pitches(levels)
    windows, pitches = cut(levels[:, start:], LENGTH), cut(sounding[:, start:], LENGTH)
    windows[..., 0] = to_levels(pitches[..., 0])
    return windows


def _scores() -> dict[str, tuple[Tensor, int]]:
    """The levels and the first full bar of every chorale with exactly the four voices, without second versions."""
    folder = package_folder("music21", distribution="music21", dataset="chorales") / "corpus" / "bach"
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".mxl", ".xml"))
    found = {}
    with _no_garbage_collection():
        for path in paths:
            score = read_score(path)
            if score.part_names == VOICES and path.stem not in SECOND_VERSIONS:
                grid, start = on_grid(score.parts())
                found[path.stem] = to_levels(grid), start
    return found


@ProcessWide
@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Switch the garbage collector off, which would take half the time to search all that torch has imported."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
