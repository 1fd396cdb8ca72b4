"""A recurrent model whose weights are computed from other parameters: parametrizations and pruning of torch."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable

import pytest
import torch
from torch.nn.utils import parametrizations, parametrize, prune

import armod
from armod import RecurrentModel, likelihoods
from tests.makers import lively, seeded


def orthogonal(model: RecurrentModel) -> None:
    parametrizations.orthogonal(model.recurrence, "weight_hh_l0")


def weight_norms(model: RecurrentModel) -> None:
    for layer in range(model.recurrence.num_layers):
        parametrizations.weight_norm(model.recurrence, f"weight_ih_l{layer}")
    parametrizations.weight_norm(model.head, "weight")
    parametrizations.weight_norm(model.inputs.levels, "weight")


def hook_weight_norm(model: RecurrentModel) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the old form of it, which works by a hook
        torch.nn.utils.weight_norm(model.recurrence, "weight_hh_l0")


def pruned(model: RecurrentModel) -> None:
    for name in ("weight_hh_l0", "bias_ih_l0", "weight_ih_l0"):
        prune.l1_unstructured(model.recurrence, name, amount=0.4)
    prune.random_unstructured(model.head, "weight", amount=0.4)
    prune.l1_unstructured(model.inputs.levels, "weight", amount=0.4)


CHANGES = [orthogonal, weight_norms, hook_weight_norm, pruned]


def build(cell: str, change: Callable[[RecurrentModel], None] | None) -> RecurrentModel:
    model = RecurrentModel((6,), 4, cell=cell, num_layers=2, likelihood=likelihoods.Categorical(3))
    model = lively(model, scale=0.5).double()
    if change is not None:
        change(model)
    return model


def plain_copy(model: RecurrentModel, cell: str) -> RecurrentModel:
    """An ordinary model with the weights that this one computes."""
    plain = build(cell, None)
    model.log_prob(torch.zeros(1, 6))  # hooks compute their weights in a pass
    with torch.no_grad():
        for name, weight in plain.named_parameters():
            owner, _, attribute = name.rpartition(".")
            weight.copy_(getattr(model.get_submodule(owner), attribute))
    return plain


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("change", CHANGES)
def test_it_is_the_model_with_the_weights_that_it_computes(cell: str, change) -> None:
    model = build(cell, change)
    x = torch.randint(3, (5, 6), generator=seeded(1))
    plain = plain_copy(model, cell)
    torch.testing.assert_close(model.log_prob(x), plain.log_prob(x))
    assert change in (weight_norms, hook_weight_norm) or not torch.allclose(
        model.log_prob(x), build(cell, None).log_prob(x)
    )

    # it learns, by the parameters behind the weights, and the weights follow
    before = model.log_prob(x).sum()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    (-before).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    optimizer.step()
    expected = model.sample(30, method="naive", generator=seeded())
    assert model.log_prob(x).sum() > before
    assert torch.equal(plain_copy(model, cell).sample(30, generator=seeded()), expected)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the cached way, which steps aside
        assert torch.equal(model.sample(30, generator=seeded()), expected)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_autocast", [False, True])
def test_copies_of_it_and_of_its_views(change, is_autocast: bool) -> None:
    model = build("lstm", change)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_autocast):
        x = torch.randint(3, (3, 6), generator=seeded(1))
        model.log_prob(x)  # hooks now keep what they have computed, without a graph, which torch can't copy
        copied = copy.deepcopy(model)
        assert torch.equal(copied.log_prob(x), model.log_prob(x))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            view, other = model.incremental(3), copied.incremental(3)
        for step in range(6):
            view, past = view.copy(), view
            assert torch.equal(view.conditional().logits, other.conditional().logits)
            past.append(2 - x[:, step])
            view.append(x[:, step])
            other.append(x[:, step])


@pytest.mark.parametrize("change", [orthogonal, weight_norms])
def test_copies_after_it_has_moved(change) -> None:
    """Moving lets torch's own recurrent modules keep what they compute, which torch can't copy."""
    model = build("rnn", change).float().double()
    x = torch.randint(3, (3, 6), generator=seeded(1))
    assert torch.equal(copy.deepcopy(model).log_prob(x), model.log_prob(x))


@pytest.mark.parametrize("change", CHANGES)
def test_the_inputs_of_a_walk_are_a_copy_even_if_pruning_computed_them(change) -> None:
    model = build("gru", change)
    model.log_prob(torch.zeros(1, 6))
    frozen = model.inputs.frozen()
    assert torch.equal(frozen.table(), model.inputs.table())
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
    before = frozen.table().clone()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    assert torch.equal(frozen.table(), before)


def test_per_sample_gradients_of_parameters_behind_a_parametrization() -> None:
    model = build("gru", orthogonal)
    assert parametrize.is_parametrized(model.recurrence)
    x = torch.randint(3, (3, 6), generator=seeded(1))
    values = {name: parameter.detach() for name, parameter in model.named_parameters()}

    def log_prob(parameters, row):
        return torch.func.functional_call(model, parameters, (row[None],)).squeeze(0)

    found = torch.func.vmap(torch.func.grad(log_prob), (None, 0))(values, x)
    for row in range(3):
        model.zero_grad()
        model.log_prob(x[row : row + 1]).backward()
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(found[name][row], parameter.grad)


def test_the_oracle_reads_a_parametrized_model() -> None:
    model = build("lstm", weight_norms)
    assert torch.equal(armod.dependency_matrix(model), model.reach())
