"""CIFAR-10 from a fake archive of the true form."""

import gzip
import hashlib
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch

from armod.data import load
from armod.data.remote import File
from armod.data.sets import cifar10
from armod.data.sets.cifar10 import parse_records


def batch(first_class: int, num_pictures: int, random: np.random.Generator) -> bytes:
    """Records as published: a byte of class, then 1,024 of red, of green and of blue."""
    return b"".join(
        bytes([(first_class + number) % 10]) + random.integers(0, 256, 3072, np.uint8).tobytes()
        for number in range(num_pictures)
    )


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, dict[str, bytes]]:
    """An archive with 5 x 4 + 3 pictures, its members in a mixed order; `cifar10` expects it, and 6 of the 20 as valid."""
    random = np.random.default_rng(0)
    members = {f"data_batch_{number}.bin": batch(number, 4, random) for number in (3, 1, 5, 2, 4)}
    members |= {"readme.html": b"<html>", "test_batch.bin": batch(7, 3, random)}
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(content)
            tar.addfile(entry, BytesIO(content))
    content = packed.getvalue()
    file = File("cifar-10-binary.tar.gz", len(content), hashlib.sha256(content).hexdigest(), is_archive=True)
    monkeypatch.setattr(cifar10, "FILES", replace(cifar10.FILES, files=[file]))
    monkeypatch.setattr(cifar10, "NUM_VALID", 6)
    return content, members


@pytest.mark.parametrize("subfolder", ["", "cifar10"])
def test_cifar10_is_read_from_the_folder(
    archive: tuple[bytes, dict[str, bytes]], data_folder: Path, subfolder: str
) -> None:
    content, members = archive
    (data_folder / subfolder).mkdir(parents=True)
    (data_folder / subfolder / "cifar-10-binary.tar.gz").write_bytes(content)
    data = load("cifar10")
    assert repr(data).startswith(
        "Dataset 'cifar10': train 14, valid 6, test 3; event shape (3, 32, 32), 256 levels"
    )
    assert data.sha256 == hashlib.sha256(content).hexdigest()
    assert data.labels is not None
    assert torch.cat([data.labels["train"], data.labels["valid"]]).tolist() == [
        (number + picture) % 10 for number in range(1, 6) for picture in range(4)
    ]
    assert data.labels["test"].tolist() == [7, 8, 9]
    record = members["test_batch.bin"][3073:6146]
    for channel in range(3):
        plane = np.frombuffer(record, np.uint8, 1024, offset=1 + 1024 * channel).reshape(32, 32)
        assert np.array_equal(data.test[1, channel].numpy(), plane)
    assert [path.name for path in data_folder.rglob("*") if path.is_file()] == ["cifar-10-binary.tar.gz"]


def test_an_archive_is_verified_as_it_is(archive: tuple[bytes, dict[str, bytes]], data_folder: Path) -> None:
    data_folder.mkdir()
    path = data_folder / "cifar-10-binary.tar.gz"
    path.write_bytes(gzip.compress(gzip.decompress(archive[0]), compresslevel=1))
    with pytest.raises(ValueError, match=r"is not the true cifar-10-binary\.tar\.gz"):
        load("cifar10")


def test_without_a_network_one_sentence_says_what_to_put_where(data_folder: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        load("cifar10")
    assert str(error.value) == (
        "Data set 'cifar10' needs cifar-10-binary.tar.gz, and downloading failed "
        "(https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz: <urlopen error no network>): put it into "
        f"{data_folder}, or set the environment variable ARMOD_DATA to the folder that holds it."
    )
    assert not data_folder.exists()


def test_the_split_is_that_of_45000_5000_and_10000() -> None:
    assert 5 * 10_000 - cifar10.NUM_VALID == 45_000
    assert len(cifar10.TRAIN) == 5


def test_what_are_no_records_is_refused() -> None:
    with pytest.raises(ValueError, match=r"3,072 bytes are not whole pictures"):
        parse_records(bytes(3072))
    with pytest.raises(ValueError, match=r"a picture is of class 10"):
        parse_records(bytes([10]) + bytes(3072))
    assert parse_records(b"")[0].shape == (0, 3, 32, 32)
