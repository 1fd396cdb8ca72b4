"""The IDX reader, and MNIST from fake files of the true form."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from armod.data import load
from armod.data.idx import parse_idx
from armod.data.remote import File
from armod.data.sets import mnist


def idx_bytes(values: np.ndarray, value_type: int = 8) -> bytes:
    header = bytes([0, 0, value_type, values.ndim]) + b"".join(
        size.to_bytes(4, "big") for size in values.shape
    )
    return header + values.tobytes()


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)))
def test_what_is_written_is_read(values: np.ndarray) -> None:
    read = parse_idx(idx_bytes(values))
    assert read.dtype == torch.uint8
    assert read.shape == values.shape
    assert np.array_equal(read.numpy(), values)


@given(
    arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=3, max_side=4)),
    st.data(),
)
def test_every_cut_is_noticed(values: np.ndarray, draw: st.DataObject) -> None:
    content = idx_bytes(values)
    length = draw.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ValueError, match=r"truncated|no IDX file"):
        parse_idx(content[:length])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<html>", "digits is no IDX file: it begins with 3c 68 74 6d, not with 00 00."),
        (b"", "digits is no IDX file: it begins with nothing, not with 00 00."),
        (
            idx_bytes(np.zeros(2, np.uint8), value_type=13),
            "digits holds IDX values of type 0x0d; only 0x08, unsigned bytes, is read here.",
        ),
        (
            b"\0\0\x08\x03\0\0",
            "digits is truncated: its header needs 16 bytes for 3 dimensions, 6 are there.",
        ),
        (
            idx_bytes(np.zeros((2, 3), np.uint8))[:-1],
            "digits is truncated: (2, 3) values need 6 bytes after its header, 5 are there.",
        ),
        (
            idx_bytes(np.zeros((2, 3), np.uint8)) + b"\0",
            "digits is too long: (2, 3) values need 6 bytes after its header, 7 are there.",
        ),
    ],
)
def test_what_is_no_idx_file_is_refused_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(ValueError) as error:
        parse_idx(content, "digits")
    assert str(error.value) == sentence


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The four files with 20 + 5 random digits; `mnist` expects them, and 4 of the 20 as valid."""
    random = np.random.default_rng(0)
    contents = {
        "train-images-idx3-ubyte": idx_bytes(random.integers(0, 256, (20, 28, 28), np.uint8)),
        "train-labels-idx1-ubyte": idx_bytes(np.arange(20, dtype=np.uint8) % 10),
        "t10k-images-idx3-ubyte": idx_bytes(random.integers(0, 256, (5, 28, 28), np.uint8)),
        "t10k-labels-idx1-ubyte": idx_bytes(np.arange(5, dtype=np.uint8)),
    }
    assert [file.name for file in mnist.FILES.files] == list(contents)
    files = [
        File(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in contents.items()
    ]
    monkeypatch.setattr(mnist, "FILES", replace(mnist.FILES, files=files))
    monkeypatch.setattr(mnist, "NUM_VALID", 4)
    return contents


@pytest.mark.parametrize("subfolder", ["", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_mnist_is_read_from_the_folder(
    fake: dict[str, bytes], data_folder: Path, subfolder: str, packed: bool
) -> None:
    folder = data_folder / subfolder
    folder.mkdir(parents=True)
    for name, content in fake.items():
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(content) if packed else content)

    data = load("mnist")
    assert repr(data).startswith(
        "Dataset 'mnist': train 16, valid 4, test 5; event shape (1, 28, 28), 256 levels"
    )
    assert data.labels is not None
    assert data.labels["train"].tolist() == [*range(10), *range(6)]
    assert data.labels["valid"].tolist() == [6, 7, 8, 9]
    assert data.labels["test"].tolist() == [0, 1, 2, 3, 4]
    pixels = np.frombuffer(fake["train-images-idx3-ubyte"][16:], np.uint8)
    assert np.array_equal(torch.cat([data.train, data.valid]).numpy().ravel(), pixels)


def test_without_a_network_one_sentence_says_what_to_put_where(
    fake: dict[str, bytes], data_folder: Path
) -> None:
    data_folder.mkdir()
    for name in list(fake)[:2]:
        (data_folder / name).write_bytes(fake[name])
    with pytest.raises(FileNotFoundError) as error:
        load("mnist")
    assert str(error.value) == (
        "Data set 'mnist' needs t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, and downloading failed "
        "(https://raw.githubusercontent.com/fgnt/mnist/master/t10k-images-idx3-ubyte.gz: <urlopen error no network>): "
        f"put them, plain or as .gz, into {data_folder}, or set the environment variable ARMOD_DATA to the folder "
        "that holds them."
    )


def test_a_failed_download_leaves_no_folder_behind(data_folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load("mnist")
    assert not data_folder.exists()


def test_a_truncated_file_is_named_and_left_alone(fake: dict[str, bytes], data_folder: Path) -> None:
    data_folder.mkdir()
    for name, content in fake.items():
        (data_folder / name).write_bytes(content)
    truncated = data_folder / "train-images-idx3-ubyte"
    truncated.write_bytes(fake[truncated.name][:1000])
    with pytest.raises(ValueError) as error:
        load("mnist")
    assert str(error.value) == (
        f"{truncated} is not the true train-images-idx3-ubyte (it is truncated, 1,000 of 15,696 bytes): "
        "replace it, or remove it to download it again."
    )
    assert len(truncated.read_bytes()) == 1000
