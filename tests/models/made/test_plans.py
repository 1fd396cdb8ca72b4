"""What MADE's walk prepares is kept between samples, and never outlives the weights that it follows from."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

import armod
from armod.models.made import plans


def model(seed: int = 0, **options: object) -> armod.MADE:
    torch.manual_seed(seed)
    made = armod.MADE((7,), [11, 6], likelihood=armod.likelihoods.Categorical(3), **options).double()  # type: ignore[arg-type]
    for parameter in made.parameters():
        nn.init.normal_(parameter)
    return made


def draw(made: armod.MADE, method: str = "cached") -> torch.Tensor:
    return made.sample(40, generator=torch.Generator().manual_seed(1), method=method)


def prepared(made: armod.MADE) -> list[torch.Tensor]:
    """The sorted weights that a walk of this model would use."""
    return [chunk.weight for layer in made.incremental(1)._weights for chunk in layer.chunks]  # type: ignore[attr-defined]


def one_training_step(made: armod.MADE) -> None:
    optimizer = torch.optim.Adam(made.parameters(), lr=0.5)
    made(torch.zeros(2, 7)).sum().backward()
    optimizer.step()


def in_place(made: armod.MADE) -> None:
    with torch.no_grad():
        made.layers[1].weight.mul_(-1)


def behind_autograds_back(made: armod.MADE) -> None:
    made.layers[0].weight.data[3] += 2


def by_a_view_in_numpy(made: armod.MADE) -> None:
    made.layers[2].bias.detach().numpy()[::2] -= 3


def other_storage(made: armod.MADE) -> None:
    with torch.no_grad():
        made.layers[1].weight.set_(torch.randn(6, 11, dtype=torch.float64))


def one_bias(made: armod.MADE) -> None:
    made.layers[0].bias.data[2] = 9


def loaded(made: armod.MADE) -> None:
    made.load_state_dict(model(5).state_dict())


def assigned(made: armod.MADE) -> None:
    made.load_state_dict(model(5).state_dict(), assign=True)


def another_parameter(made: armod.MADE) -> None:
    made.layers[1].weight = nn.Parameter(torch.randn(6, 11, dtype=torch.float64))


def another_layer(made: armod.MADE) -> None:
    made.layers[2] = nn.Linear(6, 21).double()


def parametrized(made: armod.MADE) -> None:
    class Doubled(nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return 2 * weight

    parametrize.register_parametrization(made.layers[1], "weight", Doubled())


def pruned(made: armod.MADE) -> None:
    prune.l1_unstructured(made.layers[1], "weight", amount=0.5)


def as_a_vector(made: armod.MADE) -> None:
    nn.utils.vector_to_parameters(
        torch.randn(sum(p.numel() for p in made.parameters())).double(), made.parameters()
    )


def exponential_average(made: armod.MADE) -> None:
    torch._foreach_lerp_([p.data for p in made.parameters()], [p.data for p in model(5).parameters()], 0.7)


def swapped(made: armod.MADE) -> None:
    torch.utils.swap_tensors(made.layers[1].weight, model(5).layers[1].weight)


def fused_step(made: armod.MADE) -> None:
    optimizer = torch.optim.Adam(made.parameters(), lr=0.5, fused=True)
    made(torch.zeros(2, 7)).sum().backward()
    optimizer.step()


def foreach_step(made: armod.MADE) -> None:
    optimizer = torch.optim.SGD(made.parameters(), lr=0.5, foreach=True)
    made(torch.zeros(2, 7)).sum().backward()
    optimizer.step()


EDITS: list[Callable[[armod.MADE], None]] = [
    one_training_step,
    in_place,
    behind_autograds_back,
    by_a_view_in_numpy,
    other_storage,
    one_bias,
    loaded,
    assigned,
    another_parameter,
    another_layer,
    parametrized,
    pruned,
    as_a_vector,
    exponential_average,
    swapped,
    fused_step,
    foreach_step,
]


@pytest.mark.filterwarnings("ignore:MADE samples by one full pass")  # some edits leave only the plain loop
@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_no_edit_meets_what_was_prepared_before(edit: Callable[[armod.MADE], None]) -> None:
    made = model()
    before = draw(made)
    assert torch.equal(draw(made), before)
    edit(made)
    after = draw(made)
    assert torch.equal(after, draw(made, "naive")) and not torch.equal(after, before)


def test_it_is_prepared_once() -> None:
    made = model()
    first, second = prepared(made), prepared(made)
    assert all(one is other for one, other in zip(first, second, strict=True))


def test_another_precision_is_another_plan() -> None:
    made = model()
    prepared(made)
    assert {weight.dtype for weight in prepared(made.float())} == {torch.float32}
    assert {weight.dtype for weight in prepared(made.bfloat16())} == {torch.bfloat16}


def test_a_copy_and_its_original_go_their_own_ways() -> None:
    made = model()
    draw(made)
    other = copy.deepcopy(made)
    one_bias(other)
    assert torch.equal(draw(other), draw(other, "naive")) and torch.equal(draw(made), draw(made, "naive"))


def test_a_walk_under_way_keeps_its_weights() -> None:
    made = model()
    untouched, view = copy.deepcopy(made).incremental(2), made.incremental(2)
    in_place(made)
    draw(made)
    for level in (0, 2, 1):
        assert torch.equal(view.conditional().logits, untouched.conditional().logits)  # type: ignore[attr-defined]
        view.append(torch.tensor([level, 1]))
        untouched.append(torch.tensor([level, 1]))


def test_members_have_plans_of_their_own_and_few_are_kept() -> None:
    made = model(num_masks=plans._MOST_MASKS + 3)
    for _ in range(2):
        for member in made.members:
            assert torch.equal(draw(member), draw(member, "naive"))
    assert len(plans._PLANS[made.layers[0]].of_masks) <= plans._MOST_MASKS


def test_an_ordering_that_is_edited_in_place_is_another_plan() -> None:
    made = model(context_size=2, ordering=torch.arange(7))
    context = torch.randn(40, 2, 7).double()

    def with_context(method: str) -> torch.Tensor:
        return made.sample(40, context, generator=torch.Generator().manual_seed(1), method=method)

    assert torch.equal(with_context("cached"), with_context("naive"))
    reversed_one = model(context_size=2, ordering=torch.arange(7).flip(0))
    made.load_state_dict(reversed_one.state_dict())
    assert torch.equal(with_context("cached"), with_context("naive"))
    made.load_state_dict(model(context_size=2, ordering=torch.arange(7)).state_dict())
    assert torch.equal(with_context("cached"), with_context("naive"))


def test_plans_end_with_their_model() -> None:
    made = model()
    draw(made)
    layer = made.layers[0]
    assert layer in plans._PLANS
    number = len(plans._PLANS)
    del made, layer
    assert len(plans._PLANS) == number - 1
