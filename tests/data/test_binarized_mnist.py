"""The .amat reader, and binarized MNIST from fake files of the true form."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from armod.data import load
from armod.data.remote import File
from armod.data.sets import binarized_mnist
from armod.data.sets.binarized_mnist import parse_amat


def amat_bytes(bits: np.ndarray) -> bytes:
    """As published: digits with one space between them, a line for each image."""
    return "".join(" ".join(map(str, row)) + "\n" for row in bits.reshape(len(bits), -1)).encode()


@pytest.fixture
def bits() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, (9, 1, 28, 28), np.uint8)


@pytest.mark.parametrize("line_end", [b"\n", b" \n", b"\r\n"])
def test_what_is_written_is_read(bits: np.ndarray, line_end: bytes) -> None:
    text = amat_bytes(bits)
    assert len(text) == 2 * bits.size  # the size of the published files: two bytes a pixel
    read = parse_amat(text.replace(b"\n", line_end))
    assert read.dtype == torch.uint8
    assert np.array_equal(read.numpy(), bits)


@pytest.mark.parametrize(
    ("good", "bad"), [(b"1 ", b"2 "), (b"0 ", b""), (b"0 ", b"0 0 "), (b"1 ", b"1\n"), (b"1 ", b"a ")]
)
def test_other_digits_or_lengths_are_refused(bits: np.ndarray, good: bytes, bad: bytes) -> None:
    first, second, *_ = amat_bytes(bits).splitlines(keepends=True)
    with pytest.raises(ValueError, match="Row 2 of digits is not 784 times 0 or 1"):
        parse_amat(first + second.replace(good, bad, 1), "digits")


@pytest.mark.parametrize("subfolder", ["", "binarized_mnist"])
def test_binarized_mnist_is_read_from_the_folder(
    bits: np.ndarray, data_folder: Path, monkeypatch: pytest.MonkeyPatch, subfolder: str
) -> None:
    parts = {"train": bits[:5], "valid": bits[5:7], "test": bits[7:]}
    (data_folder / subfolder).mkdir(parents=True)
    files = []
    for (split, part), file in zip(parts.items(), binarized_mnist.FILES.files, strict=True):
        assert file.name == f"binarized_mnist_{split}.amat"
        content = amat_bytes(part)
        (data_folder / subfolder / file.name).write_bytes(content)
        files.append(File(file.name, len(content), hashlib.sha256(content).hexdigest()))
    monkeypatch.setattr(binarized_mnist, "FILES", replace(binarized_mnist.FILES, files=files))

    data = load("binarized_mnist")
    assert (data.num_levels, data.labels, data.event_shape) == (2, None, (1, 28, 28))
    for split, part in parts.items():
        assert np.array_equal(getattr(data, split).numpy(), part)
    assert data.binarize() is data


def test_the_published_sizes_are_those_of_70000_images() -> None:
    assert [file.size / (2 * 784) for file in binarized_mnist.FILES.files] == [50_000, 10_000, 10_000]


def test_without_a_network_one_sentence_names_all_three_files(data_folder: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        load("binarized_mnist")
    sentence = str(error.value)
    assert "binarized_mnist_train.amat, binarized_mnist_valid.amat and binarized_mnist_test.amat" in sentence
    assert f"put them, plain or as .gz, into {data_folder}" in sentence
