"""The oracle must find every planted bug, blame no honest model, and touch nothing."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, distributions, nn

from armod import (
    MADE,
    AutoregressiveModel,
    check_autoregressive,
    dependency_matrix,
    likelihoods,
    orderings,
    total_probability,
)
from tests.examples import numbers
from tests.makers import UserBits, UserSingle, made, seeded
from tests.models import reference

D = 6
EARLIER = frozenset((i, j) for i in range(D) for j in range(i))


class Planted(MADE):
    """A wide MADE of D bits in which nobody is blind, with one bug to be planted."""

    def __init__(self) -> None:
        super().__init__((D,), [40, 40], likelihood=likelihoods.Bernoulli(), degrees="sequential")

    def compare(self) -> tuple[Tensor, Tensor, Tensor]:
        """Degrees above minus degrees below, for the three masks."""
        inputs = torch.arange(1, D + 1)
        first, second = (layer[0] for layer in self.degrees)
        return (
            first[:, None] - inputs[None],
            second[:, None] - first[None],
            inputs[:, None] - second[None],
        )

    def _derive_masks(self) -> list[Tensor]:
        first, second, last = self.bug(*self.compare())
        return [mask.float()[None] for mask in (first, second, last)]

    def bug(self, first: Tensor, second: Tensor, last: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return first >= 0, second >= 0, last > 0


class OutputSeesItself(Planted):
    def bug(self, first, second, last):
        return first >= 0, second >= 0, last >= 0


class HiddenTooStrict(Planted):
    def bug(self, first, second, last):
        return first >= 0, second > 0, last > 0


class InputTooStrict(Planted):
    def bug(self, first, second, last):
        return first > 0, second >= 0, last > 0


class HiddenTurnedRound(Planted):
    def bug(self, first, second, last):
        return first >= 0, second <= 0, last > 0


class NoOutputMask(Planted):
    def bug(self, first, second, last):
        return first >= 0, second >= 0, torch.ones_like(last)


class OneWeightTooMany(Planted):
    """A single surviving connection: variable 2 sees variable 4."""

    def bug(self, first, second, last):
        last = last > 0
        unit = int((self.degrees[1][0] == 5).nonzero()[0])
        last[2, unit] = True
        return first >= 0, second >= 0, last


class MaskedOnceAtTheStart(Planted):
    """``weight.data *= mask`` in the constructor, and a free network ever after."""

    def __init__(self) -> None:
        super().__init__()
        for number, layer in enumerate(self.linear_layers):
            layer.weight.data *= self._weight_mask(number)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        hidden = x.to(self.layers[0].weight.dtype)
        for layer in self.layers[:-1]:
            hidden = layer(hidden).relu()
        return distributions.Bernoulli(logits=self.layers[-1](hidden))


class Causal(AutoregressiveModel):
    """A causal convolution of width 3, shifted by `shift`."""

    shift = 1

    def __init__(self) -> None:
        super().__init__()
        self.event_shape, self.ordering = torch.Size([D]), torch.arange(D)
        self.network = nn.Conv1d(1, 1, 3)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        padded = nn.functional.pad(x.to(self.network.weight.dtype)[:, None], (2 + self.shift, 0))
        return distributions.Bernoulli(logits=self.network(padded)[:, 0, :D])

    def reach(self) -> Tensor:
        lag = torch.arange(D)[:, None] - torch.arange(D)[None]
        return (lag >= 1) & (lag <= 3)


class NotShifted(Causal):
    shift = 0


class ShiftedTwice(Causal):
    shift = 2


class SeesItselfThroughARareLevel(UserBits):
    """Leaks for one of two levels of one variable only."""

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        honest = super().conditionals(x).logits
        return distributions.Bernoulli(logits=honest + torch.eye(4)[0] * (x[:, 3:4] == 1) * 0.1)


def test_the_oracle_is_content_with_a_sound_model() -> None:
    report = check_autoregressive(Planted())
    assert report.is_autoregressive
    assert (report.leaks, report.blind_spot, report.out_of_reach) == (frozenset(),) * 3
    assert str(report).startswith("Autoregressive: ")
    assert {(i, j) for i, j in dependency_matrix(Planted()).nonzero().tolist()} == EARLIER


@pytest.mark.parametrize(
    ("mutant", "leaks"),
    [
        (OutputSeesItself, {(i, i) for i in range(D - 1)}),  # no hidden unit has degree D
        (NoOutputMask, {(i, j) for i in range(D) for j in range(i, D - 1)}),
        (OneWeightTooMany, {(2, 2), (2, 3), (2, 4)}),
        (MaskedOnceAtTheStart, {(i, j) for i in range(D) for j in range(i, D)}),
        (NotShifted, {(i, i) for i in range(D)}),
        (SeesItselfThroughARareLevel, {(0, 3)}),
    ],
)
def test_every_leak_is_found_and_nothing_else_is_blamed(mutant: type, leaks: set) -> None:
    report = check_autoregressive(mutant())
    assert report.leaks == leaks
    assert not report.is_autoregressive and str(report).startswith("NOT autoregressive: ")


def test_a_hidden_mask_turned_round_leaks() -> None:
    assert not check_autoregressive(HiddenTurnedRound()).is_autoregressive


@pytest.mark.parametrize(
    ("mutant", "blind"),
    [
        # each strict hidden mask costs one step of reach
        (HiddenTooStrict, {(i, i - 1) for i in range(1, D)}),
        (InputTooStrict, {(i, i - 1) for i in range(1, D)}),
        (ShiftedTwice, {(i, i - 1) for i in range(1, D)}),
    ],
)
def test_blindness_is_found_where_a_mask_is_too_strict(mutant: type, blind: set) -> None:
    report = check_autoregressive(mutant())
    assert report.is_autoregressive
    assert report.blind_spot == blind


def test_what_lies_beyond_the_field_is_out_of_reach_not_blind() -> None:
    report = check_autoregressive(Causal())
    assert report.leaks == report.blind_spot == frozenset()
    assert report.out_of_reach == {(4, 0), (5, 0), (5, 1)}
    assert str(report).endswith("0 blind pairs; 3 pairs out of reach.")


def test_without_a_stated_field_the_report_speaks_of_unseen_pairs() -> None:
    class NoReach(Causal):
        reach = AutoregressiveModel.reach

    report = check_autoregressive(NoReach())
    assert report.blind_spot == {(4, 0), (5, 0), (5, 1)} and not report.out_of_reach
    assert not report.field_is_known and str(report).endswith("; 3 earlier pairs unseen.")


@settings(deadline=None, max_examples=25)
@given(
    num_variables=st.integers(1, 6),
    hidden=st.lists(st.integers(1, 5), max_size=3).map(tuple),
    seed=st.integers(0, 2**31),
    degrees=st.sampled_from(["random", "sequential"]),
    num_levels=st.sampled_from([0, 3]),
)
def test_blind_spots_of_a_narrow_made_are_those_of_its_degrees(
    num_variables, hidden, seed, degrees, num_levels
) -> None:
    ordering = orderings.random((num_variables,), seed=seed)
    model = made((num_variables,), hidden, num_levels, degrees=degrees, seed=seed, ordering=ordering)
    sees = reference.sees(numbers(model))
    report = check_autoregressive(model, seed=seed)
    place = {d: k for k, d in enumerate(ordering.tolist())}
    earlier = {(i, j) for i in place for j in place if place[j] < place[i]}
    assert report.leaks == frozenset()
    assert report.blind_spot == earlier - sees
    assert report.out_of_reach == frozenset()


def test_more_variables_than_one_batch_of_questions() -> None:
    model = made((300,), (310,), degrees="sequential")
    reacts = dependency_matrix(model)
    assert torch.equal(reacts, torch.ones(300, 300).tril(-1).bool())


@pytest.mark.parametrize("seed", range(5))
def test_any_seed_finds_the_same(seed: int) -> None:
    reacts = dependency_matrix(UserBits(4, [2, 0, 3, 1]), seed=seed)
    assert torch.equal(reacts, UserBits(4, [2, 0, 3, 1]).may_see())


def test_weights_of_zero_and_dead_units_hide_nothing() -> None:
    """The oracle asks the architecture, not the weights that happen to be there."""
    model = Planted()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(-1)
    assert check_autoregressive(model).blind_spot == frozenset()
    model.requires_grad_(False)
    for parameter in model.parameters():
        parameter.zero_()
    assert check_autoregressive(model).blind_spot == frozenset()


def test_a_model_that_casts_to_float32_is_asked_in_float32() -> None:
    assert torch.equal(dependency_matrix(UserSingle(5)), torch.ones(5, 5).tril(-1).bool())


def test_impossible_levels_are_no_dependence() -> None:
    class NeverTwo(UserBits):
        """Three levels, the last of which has probability exactly 0."""

        num_levels = 3

        def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
            logit = super().conditionals(x).logits
            never = torch.full_like(logit, -torch.inf)
            return distributions.Categorical(
                logits=torch.stack([logit, 0 * logit, never], -1), validate_args=False
            )

    model = NeverTwo(4)
    assert check_autoregressive(model).leaks == frozenset()
    assert torch.equal(dependency_matrix(model), model.may_see())
    assert total_probability(model) == pytest.approx(1, abs=1e-5)


def test_a_model_that_gives_no_number_is_not_called_sound() -> None:
    class Broken(UserBits):
        def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
            logits = super().conditionals(x).logits
            return distributions.Bernoulli(logits=logits * torch.nan, validate_args=False)

    assert not check_autoregressive(Broken(4)).is_autoregressive


def test_dropout_is_off_and_the_mode_comes_back() -> None:
    class Dropping(UserBits):
        def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
            honest = super().conditionals(x).logits
            return distributions.Bernoulli(logits=nn.functional.dropout(honest, 0.5, self.training))

    model = Dropping(4).train()
    before = torch.get_rng_state()
    assert check_autoregressive(model).is_autoregressive
    assert model.training and torch.equal(torch.get_rng_state(), before)


def test_one_level_leaves_nothing_to_react_to() -> None:
    assert not dependency_matrix(made((3,), (9,), 1)).any()


def test_a_leaky_model_has_another_mass_than_one() -> None:
    model = OutputSeesItself()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=seeded(0)))
    assert abs(total_probability(model) - 1) > 0.01


def test_enumeration_beyond_its_limit_is_one_sentence() -> None:
    model = MADE((40,), [2], likelihood=likelihoods.Bernoulli())
    with pytest.raises(ValueError, match=r"2\*\*40 observations are too many to enumerate") as error:
        total_probability(model)
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="max_observations=7"):
        total_probability(made((3,)), max_observations=7)
    assert total_probability(made((3,)), max_observations=8) == pytest.approx(1)
