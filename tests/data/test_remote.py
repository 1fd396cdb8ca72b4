"""Finding, verifying and downloading files, from a real server on this machine."""

import gzip
import hashlib
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest

from armod.data import download
from armod.data.remote import File, RemoteFiles, read_verified

CONTENT = bytes(range(256)) * 4
FILE = File("numbers", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """Address and folder of a server; the network is up."""
    monkeypatch.setattr(download, "urlopen", urlopen)
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "served"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as running:
        threading.Thread(target=running.serve_forever, args=[0.01], daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()


def remote(*mirrors: str) -> RemoteFiles:
    return RemoteFiles("counting", [FILE], ["counting"], mirrors, suffix=".gz")


def serve(folder: Path, mirror: str, content: bytes) -> None:
    (folder / mirror).mkdir()
    (folder / mirror / "numbers.gz").write_bytes(content)


def test_the_first_mirror_that_has_the_true_file_is_used_once(
    server: tuple[str, Path], data_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    address, folder = server
    serve(folder, "portal", b"<html>Please log in</html>")
    serve(folder, "endless", CONTENT + bytes(1_000_000))
    serve(folder, "damaged", gzip.compress(CONTENT)[:-9])
    serve(folder, "good", gzip.compress(CONTENT))
    mirrors = [f"{address}/{name}" for name in ("missing", "portal", "endless", "damaged", "good")]
    assert remote(*mirrors).read() == [CONTENT]
    assert "numbers.gz: 100%" in capfd.readouterr().err
    assert [path.relative_to(data_folder) for path in data_folder.rglob("*") if path.is_file()] == [
        Path("counting/numbers.gz")
    ]
    assert remote("http://127.0.0.1:1/unreachable").read() == [CONTENT]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>", "it is truncated, 6 of 1,024 bytes"),
        (CONTENT + b"x", "it is longer than 1,024 bytes"),
        (CONTENT[::-1], "its sha256 is "),
        (gzip.compress(CONTENT)[:-9], "reading fails: Compressed file ended"),
        (gzip.compress(CONTENT)[:-8] + bytes(8), "reading fails: CRC check failed"),
        (gzip.compress(CONTENT)[:10] + b"\xff" * 50, "reading fails: Error -3 while decompressing"),
    ],
    ids=["html", "long", "other", "cut", "checksum", "garbled"],
)
def test_a_false_download_is_never_kept(
    server: tuple[str, Path], data_folder: Path, content: bytes, reason: str
) -> None:
    address, folder = server
    serve(folder, "bad", content)
    with pytest.raises(FileNotFoundError) as error:
        remote(f"{address}/bad").read()
    assert f"downloading failed ({address}/bad/numbers.gz: {reason}" in str(error.value)
    assert "put it, plain or as .gz" in str(error.value)
    assert not [path for path in data_folder.rglob("*") if path.is_file()]


def test_fetching_stops_soon_after_the_expected_size(server: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = server
    serve(folder, "endless", bytes(1_000_000))
    target = tmp_path / "numbers"
    urls = [f"{address}/endless/numbers.gz"]
    download.download(urls, target, max_bytes=100, verify=lambda path: None)
    assert 100 < target.stat().st_size <= 100 + download.CHUNK_BYTES


def test_a_folder_that_cannot_be_written_is_one_sentence(server: tuple[str, Path], data_folder: Path) -> None:
    address, folder = server
    serve(folder, "good", gzip.compress(CONTENT))
    data_folder.write_text("a file where the folder should be")
    with pytest.raises(
        FileNotFoundError, match=r"^Data set 'counting' needs numbers, .*Not a directory|File exists"
    ):
        remote(f"{address}/good").read()


@pytest.mark.parametrize("name", ["numbers", "numbers.gz"])
@pytest.mark.parametrize("packed", [False, True])
def test_packed_or_plain_is_told_by_content_not_by_name(data_folder: Path, name: str, packed: bool) -> None:
    data_folder.mkdir()
    (data_folder / name).write_bytes(gzip.compress(CONTENT) if packed else CONTENT)
    assert remote().read() == [CONTENT]


def test_a_false_file_of_the_user_is_named_and_left_alone(data_folder: Path) -> None:
    (data_folder / "counting").mkdir(parents=True)
    false = data_folder / "counting" / "numbers"
    false.write_bytes(CONTENT[::-1])
    with pytest.raises(ValueError) as error:
        remote().read()
    assert str(error.value).startswith(f"{false} is not the true numbers (its sha256 is ")
    assert str(error.value).endswith("replace it, or remove it to download it again.")
    assert false.read_bytes() == CONTENT[::-1]


def test_an_empty_file_is_truncated(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(ValueError, match="truncated, 0 of 1,024 bytes"):
        read_verified(empty, FILE)


def test_sha256_of_several_files_is_what_the_shell_says(tmp_path: Path) -> None:
    files = []
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
        files.append(File(name, 1, hashlib.sha256(name.encode()).hexdigest()))
    shell = subprocess.run(
        "sha256sum b a | sha256sum", shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert shell.stdout.split()[0] == RemoteFiles("letters", files, ["letters"], []).sha256
