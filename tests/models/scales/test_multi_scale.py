"""Multi-scale: the groups by hand, one conditional by plain loops, and what each pass may see."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

import armod
from armod import MultiScale, dependency_matrix, likelihoods, orderings, total_probability, waves
from armod.measures.waves import waves_of
from armod.models.coordinates import coordinate_planes
from tests.makers import lively, seeded

BITS, THREE, MIXTURE = likelihoods.Bernoulli(), likelihoods.Categorical(3), likelihoods.LogisticMixture(3, 2)
LIKELIHOODS = pytest.mark.parametrize("likelihood", [BITS, THREE, MIXTURE], ids=str)


def model_of(
    shape: Sequence[int],
    likelihood: likelihoods.Likelihood = BITS,
    channels: int = 5,
    num_layers: int = 1,
    **options,
) -> MultiScale:
    return lively(
        MultiScale(shape, channels, num_layers, likelihood=likelihood, **options), scale=0.4
    ).double()


def levels_for(model: MultiScale, num: int) -> Tensor:
    return torch.randint(model.likelihood.num_levels, (num, *model.event_shape), generator=seeded(1))


def test_the_groups_of_an_image_of_odd_size() -> None:
    """5 x 3: the grid of every fourth pixel has two, of every second pixel 3 x 2; where nothing is left there is no pass."""
    found = model_of((1, 5, 3))
    assert found.groups.view(5, 3).tolist() == [[1, 6, 3], [7, 8, 7], [4, 6, 5], [7, 8, 7], [2, 6, 3]]
    assert found.num_passes == 8
    first = model_of((1, 5, 3), order=("diagonal", "right", "below"))
    assert first.groups.view(5, 3).tolist() == [[1, 7, 4], [8, 6, 8], [5, 7, 3], [8, 6, 8], [2, 7, 4]]


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 3), (3, 4), (5, 7), (16, 16), (28, 28), (17, 30)])
def test_the_number_of_passes_follows_the_formula(size: tuple[int, int]) -> None:
    model = MultiScale((1, *size), 2, 1, likelihood=BITS)
    assert model.num_passes == model.groups.max() == 1 + 3 * math.ceil(math.log2(max(size)))
    assert torch.equal(model.ordering, orderings.coarse_to_fine((1, *size)))


def test_a_narrow_image_takes_fewer_passes() -> None:
    assert [
        MultiScale((1, *size), 2, 1, likelihood=BITS).num_passes for size in ((1, 5), (5, 1), (2, 4))
    ] == [4, 4, 5]


def test_digits_take_16_passes_and_colours_13() -> None:
    digits, photos = (
        MultiScale(shape, 2, 3, likelihood=BITS, channel_dependence=False)
        for shape in ((1, 28, 28), (3, 16, 16))
    )
    assert torch.equal(waves_of(digits.reach(), digits.ordering), digits.groups) and digits.num_passes == 16
    assert torch.equal(waves_of(photos.reach(), photos.ordering), photos.groups) and photos.num_passes == 13


@pytest.mark.slow
def test_the_oracle_finds_16_passes_for_digits() -> None:
    assert waves(MultiScale((1, 28, 28), 3, 2, likelihood=BITS)).max() == 16


@LIKELIHOODS
@pytest.mark.parametrize("size", [(3, 3), (2, 4), (3, 4), (1, 5), (5, 1), (1, 1)], ids=str)
def test_all_observations_sum_to_one(size: tuple[int, int], likelihood: likelihoods.Likelihood) -> None:
    while likelihood.num_levels ** math.prod(size) > 7_000:  # where there are too many, a narrower image
        size = size[0], size[1] - 1
    assert total_probability(model_of((1, *size), likelihood, coordinates=True)) == pytest.approx(
        1, abs=1e-12
    )


@LIKELIHOODS
@pytest.mark.parametrize("is_linked", [True, False], ids=["linked", "apart"])
@pytest.mark.parametrize("shape", [(3, 1, 2), (2, 2, 1), (3, 1, 1)], ids=str)
def test_colours_sum_to_one(
    shape: tuple[int, ...], likelihood: likelihoods.Likelihood, is_linked: bool
) -> None:
    model = model_of(shape, likelihood, context_channels=2, channel_dependence=is_linked)
    assert total_probability(model) == pytest.approx(1, abs=1e-12)


@LIKELIHOODS
@pytest.mark.parametrize("shape", [(1, 5, 6), (3, 2, 3)], ids=str)
def test_a_pass_sees_earlier_groups_in_its_field_and_nothing_else(
    shape: tuple[int, ...], likelihood: likelihoods.Likelihood
) -> None:
    for is_linked in (True, False):
        model = model_of(shape, likelihood, channel_dependence=is_linked)
        reacts = dependency_matrix(model)
        pixel = torch.arange(model.num_variables) % (shape[1] * shape[2])
        is_earlier = model.groups[:, None] > model.groups
        inside = reacts & ~is_earlier
        assert not (inside & (pixel[:, None] != pixel)).any()  # the pixels of a group are independent
        assert inside.any() == (is_linked and shape[0] > 1)
        assert torch.equal(reacts, model.reach())
        if not inside.any():
            assert torch.equal(waves_of(reacts, model.ordering), model.groups)
        else:
            assert waves_of(reacts, model.ordering).max() == shape[0] * model.num_passes


def test_a_kernel_of_one_sees_its_cell_and_a_mixture_also_the_neighbours() -> None:
    plain, mixture = (model_of((1, 3, 4), each, kernel_size=1) for each in (BITS, MIXTURE))
    # the pixel right of the corner: its own cell has the corner only, and its right neighbour is the next cell's
    assert plain.receptive_field(0, 1).nonzero().tolist() == [[0, 0, 0]]
    assert mixture.receptive_field(0, 1).nonzero().tolist() == [[0, 0, 0], [0, 0, 2]]
    for model in (plain, mixture):
        assert torch.equal(dependency_matrix(model), model.reach())


def by_hand(model: MultiScale, x: Tensor, row: int, column: int) -> Tensor:
    """The logit of one bit, from the weights, in loops over cells and windows; a context is not told apart."""
    height, width = model.event_shape[1:]
    group = int(model.groups.view(height, width)[row, column])
    stride = next(s for s in (2**p for p in range(9, -1, -1)) if row % s == 0 and column % s == 0)
    rows, columns = (math.ceil(size / (2 * stride)) for size in (height, width))

    def inputs(cell_row: int, cell_column: int) -> list[float]:
        numbers, flags = [], []
        for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
            r, c = (2 * cell_row + down) * stride, (2 * cell_column + right) * stride
            is_known = r < height and c < width and int(model.groups.view(height, width)[r, c]) < group
            numbers.append(2.0 * x[0, r, c].item() - 1 if is_known else 0.0)
            flags.append(float(is_known))
        return numbers + flags

    cells = {(a, b): torch.tensor(inputs(a, b)).double() for a in range(rows) for b in range(columns)}

    def convolved(
        layer: torch.nn.Module, below: dict[tuple[int, int], Tensor]
    ) -> dict[tuple[int, int], Tensor]:
        above = {}
        for a, b in below:
            total = layer.bias[group - 1]
            for i in (-1, 0, 1):
                for j in (-1, 0, 1):
                    if (a + i, b + j) in below:
                        total = total + layer.weight[:, :, i + 1, j + 1] @ below[a + i, b + j]
            above[a, b] = total
        return above

    features = convolved(model.network.first, cells)
    for layer in model.network.layers:
        changed = convolved(layer, {place: value.relu() for place, value in features.items()})
        features = {place: value + changed[place] for place, value in features.items()}
    own = features[row // (2 * stride), column // (2 * stride)].relu()
    return model.head.weight[0, 0] @ own + model.head.bias[0, 0]


def test_a_conditional_is_what_the_definition_says() -> None:
    model = model_of((1, 5, 3), num_layers=2)
    (x,) = levels_for(model, 1)
    logits = model.conditionals(x[None]).logits[0, 0]
    for row in range(5):
        for column in range(3):
            assert logits[row, column].item() == pytest.approx(by_hand(model, x, row, column).item())


@pytest.mark.parametrize("likelihood", [BITS, MIXTURE], ids=str)
def test_the_network_runs_once_for_a_group(
    likelihood: likelihoods.Likelihood, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    convolve = torch.nn.functional.conv2d
    monkeypatch.setattr(
        torch.nn.functional, "conv2d", lambda *rest, **more: runs.append(1) or convolve(*rest, **more)
    )
    model = MultiScale((3, 16, 16), 4, 1, likelihood=likelihood)
    model.sample(2, generator=seeded())
    assert model.num_passes == 13
    assert len(runs) == 2 * 13  # two layers


def test_means_are_relative_to_the_average_of_the_known_neighbours() -> None:
    """Zero weights: the mean of each pixel is the average of its neighbours on its grid, and of colours what is left of them."""
    model = MultiScale((3, 3, 3), 4, 1, likelihood=likelihoods.LogisticMixture(11, 1)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.head.bias[-3:] = torch.tensor([0.5, -0.25, 1.0])  # g on r, b on r, b on g
    x = levels_for(model, 1)
    value = x[0].double() / 5 - 1
    means = model.conditionals(x).means[0, ..., 0]
    near = {
        (0, 0): [],
        (0, 2): [(0, 0)],
        (2, 2): [(0, 2), (2, 0)],
        (0, 1): [(0, 0), (0, 2)],
        (1, 0): [(0, 0), (2, 0)],
        (1, 2): [(0, 2), (2, 2)],
        (1, 1): [(0, 1), (2, 1), (1, 0), (1, 2)],
    }
    slopes = torch.tensor([0.5, -0.25, 1.0]).double().tanh()
    for (row, column), places in near.items():
        red, green, blue = (sum(value[c, r, k] for r, k in places) / max(len(places), 1) for c in range(3))
        off = value[:, row, column] - torch.tensor([red, green, blue])
        expected = [red, green + slopes[0] * off[0], blue + slopes[1] * off[0] + slopes[2] * off[1]]
        assert means[:, row, column].tolist() == pytest.approx([float(each) for each in expected])


@pytest.mark.parametrize("shape", [(1, 5, 6), (3, 3, 2)], ids=str)
def test_a_local_context_that_is_the_same_everywhere_is_a_global_one(shape: tuple[int, ...]) -> None:
    for coordinates in (False, True):
        model = model_of(shape, context_channels=2, coordinates=coordinates)
        x, context = levels_for(model, 3), torch.randn(3, 2, generator=seeded()).double()
        local = context[:, :, None, None].expand(-1, -1, *shape[1:])
        torch.testing.assert_close(model.log_prob(x, context), model.log_prob(x, local))
        assert not torch.allclose(model.log_prob(x, context), model.log_prob(x, context.flip(0)))


def test_coordinates_are_planes_of_a_local_context() -> None:
    told = model_of((1, 5, 6), coordinates=True)
    plain = model_of((1, 5, 6), context_channels=3)
    plain.load_state_dict(dict(told.state_dict()))
    x = levels_for(told, 4)
    planes = coordinate_planes(5, 6, dtype=torch.float64).expand(4, -1, -1, -1)
    torch.testing.assert_close(told.log_prob(x), plain.log_prob(x, planes))
    blind = model_of((1, 5, 6))
    assert (
        sum(p.numel() for p in told.parameters()) - sum(p.numel() for p in blind.parameters()) == 2 * 5 * 12
    )


def test_a_context_is_read_at_the_pixels_of_the_own_cells() -> None:
    """One layer more than the first sees two cells away; the finest cells hold 2 x 2 pixels."""
    model = model_of((1, 9, 9), context_channels=1)
    x, context = levels_for(model, 1), torch.zeros(1, 1, 9, 9).double()
    changed = context.clone()
    changed[0, 0, 3, 3] = 1
    moved = (model.conditionals(x, context).logits != model.conditionals(x, changed).logits)[0, 0]
    finest = moved & (model.groups.view(9, 9) > 10)
    assert finest.nonzero().amin(0).tolist() == [0, 0] and finest.nonzero().amax(0).tolist() == [5, 5]
    assert not (moved & (model.groups.view(9, 9) <= 10)).any()  # an odd place is on no coarser grid


def test_completion_of_the_coarse_grid_is_exact() -> None:
    """Super-resolution: the known pixels come first, so that a sample follows p(unknown | known)."""
    model = model_of((1, 3, 3))
    mask = model.groups.view(1, 3, 3) <= 4
    every = torch.tensor([[(i >> d) & 1 for d in range(9)] for i in range(512)]).view(-1, 1, 3, 3)
    known = every[[341]]
    joint = model.log_prob(every).exp().detach()
    agrees = (every == known)[:, mask].all(1)
    drawn = model.sample(20_000, known=known, mask=mask, generator=seeded(3))
    index = (drawn.flatten(1) << torch.arange(9)).sum(1)
    frequency = torch.bincount(index, minlength=512) / len(drawn)
    assert 0.5 * (frequency - joint * agrees / joint[agrees].sum()).abs().sum() < 0.03


@pytest.mark.parametrize(
    "order",
    [
        "right",
        ("right", "below"),
        ("right", "right", "below"),
        None,
        3,
        ("right", "below", "diagonal", "known"),
    ],
)
def test_an_order_is_each_of_the_three_groups_once(order: object) -> None:
    with pytest.raises(ValueError, match=r'^order has each of "right", "below" and "diagonal" once'):
        MultiScale((1, 4, 4), 2, 1, likelihood=BITS, order=order)  # type: ignore[arg-type]


def test_a_trained_model_keeps_its_order_in_files(tmp_path) -> None:
    model = model_of((3, 4, 3), MIXTURE, order=("diagonal", "below", "right"), coordinates=True)
    armod.save(model, tmp_path / "model")
    other = armod.load(tmp_path / "model")
    assert torch.equal(other.groups, model.groups) and torch.equal(other.ordering, model.ordering)
    x = levels_for(model, 3)
    assert torch.equal(other.log_prob(x), model.log_prob(x))
