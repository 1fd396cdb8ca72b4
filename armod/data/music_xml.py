"""Read MusicXML scores whose parts play one note at a time, as pitches on a grid in time (MusicXML 4.0, W3C).

The reader takes pitches, rests, ties and durations from .xml files and from .mxl files (zip archives of .xml files). It
plays repeats once, ignores fermatas and leaves out grace notes. Time is counted in ticks. A quarter note has so many
ticks that the notes of every usual tuplet have a whole number of them.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from xml.etree import ElementTree

import torch
from torch import Tensor

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
REST, HOLD = -1, -2
TICKS = 10_080  # a quarter note


@dataclass(frozen=True)
class Note:
    """One note of a measure.

    Args:
        start: ticks from the beginning of the measure.
        pitch: MIDI number.
        duration: in ticks.
        is_held_over: True if a tie joins it to the note before.

    >>> Note(start=0, pitch=60, duration=TICKS, is_held_over=False).duration
    10080
    """

    start: int
    pitch: int
    duration: int
    is_held_over: bool


@dataclass(frozen=True)
class Measure:
    """What one part plays between two bar lines.

    Args:
        notes: the notes in order.
        duration: how long the notes and rests last together, in ticks.

    >>> Measure([], duration=4 * TICKS).notes
    []
    """

    notes: list[Note]
    duration: int


@dataclass(frozen=True)
class Score:
    """A score whose notes are read on demand.

    Args:
        path: the file, for messages.
        root: the root element of its XML.

    >>> Score(Path("a.xml"), ElementTree.fromstring("<score-partwise/>")).parts()
    []
    """

    path: Path
    root: ElementTree.Element

    @property
    def part_names(self) -> list[str]:
        """The names of the parts from the top of the page to the bottom."""
        return [part.findtext("part-name", "") for part in self.root.iter("score-part")]

    def parts(self) -> list[list[Measure]]:
        """Read the measures of each part, from the top of the page to the bottom.

        Returns:
            One list of measures per part.

        Raises:
            ValueError: if a part has several notes at once.
        """
        return [_measures(part, self.path) for part in self.root.iter("part")]


def read_score(path: Path) -> Score:
    """Open the score in a .mxl or .xml file."""
    return Score(path, ElementTree.fromstring(_xml(path)))


def on_grid(parts: list[list[Measure]], steps_per_quarter: int = 4) -> tuple[Tensor, int]:
    """Put what each part plays on a grid of equal steps.

    A step shows what sounds at its beginning. A note that starts between two steps begins at the next step. A note that
    starts and ends between two steps is left out.

    Args:
        parts: the measures of each part.
        steps_per_quarter: steps per quarter note.

    Returns:
        An int64 tensor ``(parts, steps)`` - the pitch (MIDI number) of a note that begins, HOLD where a note goes on, REST
        where there is none - and the step at which the first full bar begins.
    """
    step = TICKS // steps_per_quarter
    lengths = [max(measure.duration for measure in bar) for bar in zip(*parts, strict=True)]
    bar_lines = list(accumulate(lengths, initial=0))
    rows = [[REST] * _next_step(bar_lines[-1], step) for _ in parts]
    for row, part in zip(rows, parts, strict=True):
        for bar_line, measure in zip(bar_lines, part, strict=False):
            for note in measure.notes:
                start = bar_line + note.start
                first, end = _next_step(start, step), _next_step(start + note.duration, step)
                row[first:end] = [HOLD] * (end - first)
                if first < end and not note.is_held_over:
                    row[first] = note.pitch
    has_pickup = len(lengths) > 1 and lengths[0] < lengths[1]
    return torch.tensor(rows), _next_step(lengths[0], step) if has_pickup else 0


def _next_step(ticks: int, step: int) -> int:
    """The first step that does not begin before this time."""
    return -(-ticks // step)


def _xml(path: Path) -> bytes:
    """The XML of a file; in an .mxl archive it is the file outside the folder META-INF."""
    if path.suffix != ".mxl":
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        (name,) = (
            name for name in archive.namelist() if name.endswith("xml") and not name.startswith("META-INF")
        )
        return archive.read(name)


def _measures(part: ElementTree.Element, path: Path) -> list[Measure]:
    divisions, measures = 1, []
    for measure in part.iter("measure"):
        notes, now = [], 0
        for element in measure:
            divisions = int(element.findtext("divisions", str(divisions)))
            duration = int(element.findtext("duration", "0")) * TICKS // divisions
            if element.tag == "backup" or element.find("chord") is not None:
                raise ValueError(
                    f"{path} has several notes at once in one part, which this reader does not support."
                )
            if element.tag in ("note", "forward"):
                pitch = element.find("pitch")
                if pitch is not None and duration:  # grace notes have none
                    notes.append(Note(now, _midi(pitch), duration, _is_held_over(element)))
                now += duration
        measures.append(Measure(notes, now))
    return measures


def _midi(pitch: ElementTree.Element) -> int:
    octave, step = int(pitch.findtext("octave", "4")), SEMITONES[pitch.findtext("step", "C")]
    return 12 * (octave + 1) + step + int(pitch.findtext("alter", "0"))


def _is_held_over(note: ElementTree.Element) -> bool:
    return any(tie.get("type") == "stop" for tie in note.findall("tie"))
