"""Scores: the MusicXML reader on small scores written here, and Bach's chorales as levels."""

import gc
import zipfile
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path

import pytest
import torch
from torch import Tensor

from armod.data import load, packages
from armod.data.dataset import SPLITS, Dataset
from armod.data.music_xml import HOLD, REST, on_grid, read_score
from armod.data.sets import chorales
from armod.data.sets.chorales import to_levels, to_midi_pitches


def note(pitch: str, duration: int, extra: str = "") -> str:
    """A note such as "C4", "F+3" (sharp) or "B-3" (flat), or a rest ""."""
    what = "<rest/>"
    if pitch:
        alter = {"+": 1, "-": -1}.get(pitch[1], 0)
        what = f"<pitch><step>{pitch[0]}</step><alter>{alter}</alter><octave>{pitch[-1]}</octave></pitch>"
    return f"<note>{what}<duration>{duration}</duration>{extra}</note>"


def written(path: Path, *parts: list[str], divisions: int = 4) -> Path:
    """A score of parts P0, P1 ... of measures; a quarter note lasts `divisions`."""
    names = "".join(
        f'<score-part id="P{number}"><part-name>Voice {number}</part-name></score-part>'
        for number in range(len(parts))
    )
    first = f"<attributes><divisions>{divisions}</divisions></attributes>"
    bodies = "".join(
        f'<part id="P{number}">'
        + "".join(f"<measure>{first * (bar == 0)}{content}</measure>" for bar, content in enumerate(measures))
        + "</part>"
        for number, measures in enumerate(parts)
    )
    text = f"<score-partwise><part-list>{names}</part-list>{bodies}</score-partwise>"
    if path.suffix == ".mxl":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("META-INF/container.xml", "<container/>")
            archive.writestr("score.xml", text)
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["score.xml", "score.mxl"])
def test_pitches_rests_and_holds(tmp_path: Path, name: str) -> None:
    path = written(
        tmp_path / name,
        [note("C4", 2) + note("", 1) + note("F+3", 1), note("B-5", 4)],
        [note("A4", 4), note("A4", 1) * 4],
    )
    score = read_score(path)
    assert score.part_names == ["Voice 0", "Voice 1"]
    grid, start = on_grid(score.parts())
    assert grid.tolist() == [
        [60, HOLD, REST, 54, 82, HOLD, HOLD, HOLD],
        [69, HOLD, HOLD, HOLD, 69, 69, 69, 69],
    ]
    assert start == 0


def test_a_tie_goes_on_over_the_bar_line(tmp_path: Path) -> None:
    tied = [note("C4", 4, '<tie type="start"/>'), note("C4", 2, '<tie type="stop"/>') + note("C4", 2)]
    grid, _ = on_grid(read_score(written(tmp_path / "score.xml", tied)).parts())
    assert grid.tolist() == [[60, HOLD, HOLD, HOLD, HOLD, HOLD, 60, HOLD]]


def test_a_pickup_is_found_and_shorter_parts_wait_for_the_bar_line(tmp_path: Path) -> None:
    path = written(
        tmp_path / "score.xml",
        [note("C4", 4), note("D4", 16)],
        [note("E4", 2), note("F4", 8) + "<forward><duration>8</duration></forward>"],
    )
    grid, start = on_grid(read_score(path).parts(), steps_per_quarter=1)
    assert grid.tolist() == [[60, 62, HOLD, HOLD, HOLD], [64, 65, HOLD, REST, REST]]
    assert start == 1


def test_what_lies_between_two_steps_is_moved_or_passed_over(tmp_path: Path) -> None:
    """Thirty-seconds: the second of a pair is passed over. Triplets of quarters begin at the next sixteenth."""
    pair = written(tmp_path / "pair.xml", [note("C4", 1) + note("D4", 1) + note("E4", 6)], divisions=8)
    assert on_grid(read_score(pair).parts())[0].tolist() == [[60, 64, HOLD, HOLD]]
    triplet = written(tmp_path / "triplet.xml", [note("C4", 2) + note("D4", 2) + note("E4", 2)], divisions=3)
    assert on_grid(read_score(triplet).parts())[0].tolist() == [[60, HOLD, HOLD, 62, HOLD, HOLD, 64, HOLD]]


def test_grace_notes_are_left_out_and_several_at_once_refused(tmp_path: Path) -> None:
    grace = note("D4", 1).replace("<duration>1</duration>", "<grace/>")
    path = written(tmp_path / "grace.xml", [grace + note("C4", 2)])
    assert on_grid(read_score(path).parts())[0].tolist() == [[60, HOLD]]
    for twice in (note("E4", 4, "<chord/>"), "<backup><duration>4</duration></backup>"):
        path = written(tmp_path / "twice.xml", [note("C4", 4) + twice])
        with pytest.raises(ValueError, match=r"twice\.xml has several notes at once in one part"):
            read_score(path).parts()


# The data set --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("chorales")


@pytest.fixture(scope="module")
def pieces() -> dict[str, Tensor]:
    return chorales.pieces()


def test_sizes_and_levels(data: Dataset, pieces: dict[str, Tensor]) -> None:
    assert [len(data.train), len(data.valid), len(data.test)] == [816, 104, 96]
    assert (data.event_shape, data.num_levels) == ((4, 64), 48)
    assert len(pieces) == 354
    everything = torch.cat(list(pieces.values()), dim=1)
    assert (everything.min(), everything.max()) == (0, 47)


def test_a_known_beginning(pieces: dict[str, Tensor]) -> None:
    """BWV 269, "Aus meines Herzens Grunde": a pickup of a quarter, G major, bass an octave below the tenor's."""
    pitches = to_midi_pitches(pieces["bwv269"])
    assert pitches[:, :4].unique(dim=1).flatten().tolist() == [67, 62, 59, 43]


def test_every_chorale_is_in_one_split_and_says_so(data: Dataset, pieces: dict[str, Tensor]) -> None:
    assert data.texts is not None
    chosen = [set(data.texts[split]) for split in SPLITS]
    assert not (chosen[0] & chosen[1] or chosen[0] & chosen[2] or chosen[1] & chosen[2])
    assert sum(map(len, chosen)) == len(pieces)
    assert [len(data.texts[split]) for split in SPLITS] == [816, 104, 96]


def test_windows_sound_as_their_chorale_does(data: Dataset, pieces: dict[str, Tensor]) -> None:
    assert data.texts is not None
    for split in SPLITS:
        windows = to_midi_pitches(getattr(data, split))
        for name in list(dict.fromkeys(data.texts[split]))[:20]:
            mine = [row for row, text in zip(windows, data.texts[split], strict=True) if text == name]
            sounding, found = to_midi_pitches(pieces[name]), torch.cat(mine, dim=1)
            starts = [k for k in (0, 4, 8) if torch.equal(sounding[:, k : k + found.shape[1]], found)]
            assert starts, name
    assert not (data.train[..., 0] == chorales.HOLD_LEVEL).any()


def test_no_chorale_is_there_twice_in_another_key(pieces: dict[str, Tensor]) -> None:
    """Two chorales share at most ten passages of 32 sixteenths, counted from every beat and up to transposition.

    Without `SECOND_VERSIONS` some share up to 58, which is all of them.
    """
    bearers = defaultdict(set)
    for name, levels in pieces.items():
        for start in range(0, levels.shape[1] - 31, 4):
            passage = levels[:, start : start + 32].int()
            is_note = passage >= chorales.LOWEST_LEVEL
            if is_note.sum() >= 20:  # not the long notes of an ending, which many share
                relative = torch.where(is_note, passage - passage.max() + 1000, passage)
                relative[:, 0] = 0  # what sounds over from before is not written there
                bearers[relative.numpy().tobytes()].add(name)
    shared = Counter(pair for names in bearers.values() for pair in combinations(sorted(names), 2))
    assert shared.most_common(1)[0][1] <= 10


def test_voices_keep_their_ranges(pieces: dict[str, Tensor]) -> None:
    pitches = torch.cat([to_midi_pitches(levels) for levels in pieces.values()], dim=1)
    means = [row[row >= 0].double().mean() for row in pitches]
    assert means == sorted(means, reverse=True)
    assert [int(row.max()) for row in pitches] == [81, 74, 69, 64]


def test_levels_there_and_back() -> None:
    pitches = torch.tensor([[REST, 36, HOLD, 81, 81, REST]])
    levels = to_levels(pitches)
    assert levels.tolist() == [[0, 2, 1, 47, 47, 0]]
    assert to_midi_pitches(levels).tolist() == [[-1, 36, 36, 81, 81, -1]]
    assert to_midi_pitches(torch.tensor([0, 1, 2, 1])).tolist() == [-1, -1, 36, 36]
    with pytest.raises(ValueError, match=r"pitches are 36\.\.81; got 35\.\.60"):
        to_levels(torch.tensor([35, 60]))


def test_second_versions_are_there_and_their_first_ones_are_kept(pieces: dict[str, Tensor]) -> None:
    folder = (
        packages.package_folder("music21", distribution="music21", dataset="chorales") / "corpus" / "bach"
    )
    for second, first in chorales.SECOND_VERSIONS.items():
        assert (folder / f"{second}.mxl").is_file()
        assert second not in pieces
        assert first in pieces


def test_garbage_is_collected_again_afterwards(pieces: dict[str, Tensor]) -> None:
    assert gc.isenabled()


def test_other_chorales_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chorales, "_scores", lambda: {"bwv1": (torch.zeros(4, 64, dtype=torch.uint8), 0)})
    with pytest.raises(ValueError, match=r"install the version of music21 named in armod's constraints\.txt"):
        load("chorales")


def test_without_music21_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ModuleNotFoundError,
        match=r"^Data set 'chorales' is read .* music21, which is not installed: pip install music21",
    ):
        load("chorales")
