"""Pictures of histograms: what they say and draw is what the models hold."""

import numpy as np
import pytest
import torch

from armod.figures.histograms import (
    collapse_figure,
    collapse_table,
    density_bars,
    pair_figure,
)
from armod.models.histogram import Histogram


@pytest.fixture
def levels():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(8, (40, 3), generator=generator), torch.randint(8, (20, 3), generator=generator)


def test_density_bars_hold_every_probability(levels):
    train, test = levels
    models = {"two": Histogram((1,), 2, num_levels=8).fit(train[:, :1])}
    picture = density_bars(models, test[:, :1], title="Two bins")
    share = ((train[:, 0] < 4).double().mean() / 4).item()
    assert picture.table["two"] == pytest.approx([share] * 4 + [0.25 - share] * 4)
    assert sum(picture.table["test share"]) == pytest.approx(1)
    heights = [patch.get_height() for patch in picture.axes[0].patches if hasattr(patch, "get_height")]
    assert heights == pytest.approx(picture.table["two"])
    assert picture.get_label() == "Two bins" and str(picture).startswith("Two bins.")


def test_the_pair_map_holds_the_joint_and_its_margins(levels):
    train, _ = levels
    picture = pair_figure(Histogram((2,), 8).fit(train[:, :2]), title="Pairs", names=("left", "right"))
    joint = np.zeros((8, 8))
    for left, right in train[:, :2].tolist():
        joint[left, right] += 1 / 40
    assert picture.table["probability"] == pytest.approx(joint.flatten().tolist())
    drawn, above, beside, _ = picture.axes
    assert np.ma.filled(drawn.images[0].get_array(), 0) == pytest.approx(joint.T)
    assert [bar.get_height() for bar in above.patches] == pytest.approx(joint.sum(1))
    assert [bar.get_width() for bar in beside.patches] == pytest.approx(joint.sum(0))


def test_the_collapse_is_counted_and_drawn_on_logarithmic_axes(levels):
    train, test = levels
    models = {(B, D): Histogram((D,), B, num_levels=8).fit(train[:, :D]) for B in (2, 8) for D in (1, 2, 3)}
    table = collapse_table(models, test)
    assert table["cells"] == [2, 4, 8, 8, 64, 512]
    assert table["dense bytes"] == [8 * cells for cells in table["cells"]]
    assert table["filled cells"][-1] == len({tuple(row) for row in train.tolist()})
    known = {tuple(row) for row in train.tolist()}
    assert table["unseen share"][-1] == np.mean([tuple(row) not in known for row in test.tolist()])
    picture = collapse_figure(models, test, title="Cells multiply")
    left, middle, right = picture.axes
    assert (left.get_yscale(), middle.get_yscale(), right.get_yscale()) == ("log", "linear", "log")
    assert left.lines[2].get_ydata().tolist() == [8, 64, 512]
    assert "Cells multiply." in str(picture)


def test_only_histograms_of_the_right_size_are_drawn(levels):
    train, test = levels
    with pytest.raises(ValueError, match=r"of one variable; 'wide' has more\."):
        density_bars({"wide": Histogram((2,), 8).fit(train[:, :2])}, test, title="No")
    with pytest.raises(ValueError, match=r"of two variables; this one has 1\."):
        pair_figure(Histogram((1,), 8).fit(train[:, :1]), title="No")
