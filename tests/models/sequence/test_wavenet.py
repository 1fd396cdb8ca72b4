"""WaveNet: its equations in plain loops, its receptive field, the unit's own gradients, ring buffers, what it refuses."""

from __future__ import annotations

import io
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from armod import WaveNet, check_autoregressive, dependency_matrix, likelihoods, orderings
from armod.models.sequence.gated_convolution import GatedConvolution
from tests.makers import context_for, lively, seeded, wavenet

FOUR = likelihoods.Categorical(4)


def by_hand(model: WaveNet, x: list[int], context: Tensor | None = None) -> Tensor:
    """Logits ``(T, K)`` of one sequence, sample by sample from the paper's equations; context ``(C,)`` or ``(C, T)``."""

    def input_at(layer: int, t: int) -> Tensor:
        return inputs[layer][t] if t >= 0 else torch.zeros(model.channels, dtype=torch.float64)

    table = model.inputs.levels.weight
    inputs: list[list[Tensor]] = [[model.inputs.start, *(table[level] for level in x[:-1])]]
    gated: list[list[Tensor]] = []
    for k, unit in enumerate(model.convolutions):
        gated.append([])
        for t in range(len(x)):
            sums = unit.bias.clone()
            for tap in range(unit.kernel_size):
                sums += unit.weight[tap] @ input_at(k, t - (unit.kernel_size - 1 - tap) * unit.dilation)
            if context is not None:
                sums += unit.context.weight @ (context if context.dim() == 1 else context[:, t])
            to_filter, to_gate = sums[: model.channels], sums[model.channels :]
            gated[k].append(torch.tanh(to_filter) * torch.sigmoid(to_gate))
        if k < len(model.residuals):
            short_cut = 1 if model.has_residuals else 0
            weight = model.residuals[k].weight
            inputs.append([short_cut * h + weight @ u for h, u in zip(inputs[k], gated[k], strict=True)])
    logits = []
    for t in range(len(x)):
        output = inputs[-1][t]
        if model.skip is not None:
            output = model.skip.weight @ torch.cat([layer[t] for layer in gated]) + model.skip.bias
        hidden = model.hidden.weight @ output.relu() + model.hidden.bias
        logits.append(model.head.weight @ hidden.relu() + model.head.bias)
    return torch.stack(logits).log_softmax(1)


@pytest.mark.parametrize("length", [1, 2, 11])
@pytest.mark.parametrize(
    "options",
    [
        {"dilations": [1, 2, 4]},
        {"dilations": [3, 1], "kernel_size": 3},
        {"dilations": [2, 2], "kernel_size": 4, "residual": False},
        {"dilations": [1, 5], "kernel_size": 1},
        {"dilations": [5], "skip": False},
        {"dilations": [2, 1, 1], "residual": False, "skip": False},
    ],
)
def test_it_is_the_papers_equations(options: dict, length: int) -> None:
    x = torch.randint(4, (3, length), generator=seeded())
    plain = wavenet((5,), FOUR, **options)
    for n, row in enumerate(plain.conditionals(x).logits):
        torch.testing.assert_close(row, by_hand(plain, x[n].tolist()), rtol=0, atol=1e-11)
    contextual = wavenet((length,), FOUR, context_size=2, **options)
    for local in (False, True):
        context = context_for(contextual, 3, local=local)
        for n, row in enumerate(contextual.conditionals(x, context).logits):
            expected = by_hand(contextual, x[n].tolist(), context[n])
            torch.testing.assert_close(row, expected, rtol=0, atol=1e-11)


def test_reversed_is_forward_on_a_turned_sequence_and_context() -> None:
    forward, backward = (
        wavenet((6,), FOUR, dilations=[1, 3], context_size=2, ordering=ordering)
        for ordering in (None, orderings.reversed((6,)))
    )
    for length in (6, 9):
        x, context = torch.randint(4, (2, length), generator=seeded()), torch.randn(2, 2, length).double()
        found = backward.conditionals(x, context).logits
        expected = forward.conditionals(x.flip(1), context.flip(2)).logits.flip(1)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("ordering", [None, orderings.reversed((14,))])
@pytest.mark.parametrize(
    ("dilations", "kernel_size", "field"),
    [([1], 2, 2), ([1, 2, 4], 2, 8), ([3, 1], 2, 5), ([2, 1], 3, 7), ([4], 4, 13), ([1, 1, 1], 1, 1)],
)
def test_the_receptive_field_is_exact(dilations, kernel_size, field, ordering) -> None:
    model = WaveNet(
        (14,), 4, dilations=dilations, kernel_size=kernel_size, likelihood=FOUR, ordering=ordering
    )
    assert model.receptive_field == field
    sees = dependency_matrix(model)
    assert torch.equal(sees, model.reach())
    place = torch.argsort(model.ordering)
    back = place[:, None] - place[None, :]
    assert not sees[(back < 1) | (back > field)].any()
    assert sees[back == field].all() and sees[back == 1].all()


def test_a_layer_with_gaps_sees_only_what_its_taps_see() -> None:
    model = WaveNet((14,), 4, dilations=[4], kernel_size=3, likelihood=FOUR)
    seen = dependency_matrix(model)
    assert seen[13].nonzero().flatten().tolist() == [13 - 9, 13 - 5, 13 - 1]
    report = check_autoregressive(model)
    assert not report.blind_spot and (13, 13 - 2) in report.out_of_reach


@settings(deadline=None, max_examples=40)
@given(
    dilations=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    kernel_size=st.integers(1, 4),
    length=st.integers(1, 30),
    num=st.integers(0, 3),
    residual=st.booleans(),
    skip=st.booleans(),
)
def test_stepping_agrees_with_conditionals_whatever_the_sizes(
    dilations, kernel_size, length, num, residual, skip
) -> None:
    model = wavenet((7,), FOUR, dilations=dilations, kernel_size=kernel_size, residual=residual, skip=skip)
    x = torch.randint(4, (num, length), generator=seeded(length))
    expected, view = model.conditionals(x).logits, model.incremental(num)
    for t in range(length):
        torch.testing.assert_close(view.conditional().logits, expected[:, t], rtol=0, atol=1e-10)
        view.append(x[:, t])


@pytest.mark.parametrize("length", [1, 63, 64, 65, 200])
def test_any_length_is_sampled_alike_by_both_methods(length: int) -> None:
    model = wavenet((5,), FOUR, dilations=[1, 2, 6], kernel_size=3)
    cached, naive = (
        model.sample(2, length=length, generator=seeded(1), method=method) for method in ("cached", "naive")
    )
    assert torch.equal(cached, naive) and cached.shape == (2, length)


def test_a_beginning_is_the_same_in_any_longer_sequence() -> None:
    model = wavenet((5,), FOUR, dilations=[1, 2, 8])
    x = torch.randint(4, (3, 40), generator=seeded())
    whole = model.conditionals(x).logits
    for length in (1, 3, 12, 39):
        torch.testing.assert_close(model.conditionals(x[:, :length]).logits, whole[:, :length])


def test_a_local_context_says_when_the_sequence_ends() -> None:
    model = wavenet((5,), FOUR, dilations=[1], context_size=1)
    view = model.incremental(2, torch.zeros(2, 1, 3))
    for _ in range(3):
        view.append(torch.zeros(2))
    with pytest.raises(ValueError, match="All 3 variables of these observations are known already"):
        view.conditional()


def test_a_conditional_that_is_kept_does_not_change_with_later_steps() -> None:
    view = wavenet((5,), FOUR, dilations=[1, 2]).incremental(2)
    first = view.conditional()
    before = first.logits.clone()
    for level in (3, 1, 2):
        view.append(torch.full((2,), level))
        view.conditional()
    assert torch.equal(first.logits, before)


class Operations(TorchDispatchMode):
    """Counts what torch is asked to do, and the numbers in new results."""

    def __init__(self) -> None:
        super().__init__()
        self.count = self.numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        self.count += 1
        # what is written in place costs what was read
        if isinstance(result, Tensor) and not any(result is argument for argument in args):
            self.numbers += result.numel()
        return result


@pytest.fixture
def torch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sampling as on a GPU, without NumPy."""
    monkeypatch.setattr("armod.models.sequence.wavenet_walk._native", lambda tensor: tensor)


@pytest.mark.parametrize("num_samples", [1, 3])
@pytest.mark.parametrize("options", [{}, {"kernel_size": 3, "skip": False}, {"context_size": 2}])
def test_torch_samples_what_numpy_samples(num_samples, options, request) -> None:
    model = wavenet((20,), FOUR, [1, 2, 4], **options)
    context = context_for(model, num_samples)

    def sample() -> Tensor:
        return model.sample(num_samples, context, generator=seeded())

    numpys = sample()
    request.getfixturevalue("torch_alone")
    assert torch.equal(sample(), numpys)


def test_a_model_in_bfloat16_which_numpy_lacks_is_sampled_by_torch() -> None:
    model = wavenet((20,), FOUR, [1, 2, 4]).bfloat16()
    drawn = model.sample(3, generator=seeded())
    assert drawn.shape == (3, 20) and drawn.min() >= 0 and drawn.max() < 4


@pytest.mark.usefixtures("torch_alone")
def test_work_per_sample_does_not_depend_on_the_receptive_field() -> None:
    counted = []
    for dilation in (1, 3_000):
        model = wavenet((5,), FOUR, dilations=[dilation] * 3)
        view = model.incremental(2)
        for _ in range(3):  # beyond what is prepared for several steps at a time
            view.append(torch.zeros(2))
        with Operations() as operations:
            for _ in range(40):
                view.append(torch.zeros(2))
        counted.append((operations.count, operations.numbers))
    assert counted[0] == counted[1]
    assert counted[0][0] / 40 < 45


UNIT_SHAPES = [(1, 2, 1), (9, 1, 4), (9, 3, 1), (2, 3, 5), (1, 0, 2)]


@pytest.mark.parametrize("kernel_size", [1, 2, 3])
@pytest.mark.parametrize(("num_steps", "num", "dilation"), UNIT_SHAPES)
@pytest.mark.parametrize("context_steps", [0, 1, None])
def test_the_units_own_passes_are_those_of_torch(
    kernel_size, num_steps, num, dilation, context_steps
) -> None:
    context_size = 0 if context_steps == 0 else 2
    unit = lively(
        GatedConvolution(3, kernel_size=kernel_size, dilation=dilation, context_size=context_size)
    ).double()
    x = torch.randn(num_steps, num, 3, generator=seeded(1), dtype=torch.float64, requires_grad=True)
    context = None
    if context_size:
        shape = (context_steps or num_steps, num, 2)
        context = torch.randn(shape, generator=seeded(2), dtype=torch.float64, requires_grad=True)
    ours = unit(x, context)
    reference = unit.step_by_step(x, None if context is None else unit.context(context))
    torch.testing.assert_close(ours, reference, rtol=0, atol=1e-13)
    weight = torch.randn(ours.shape, generator=seeded(3), dtype=torch.float64)
    wanted = [x, *unit.parameters(), *([] if context is None else [context])]
    found, expected = (
        torch.autograd.grad((output * weight).sum(), wanted, allow_unused=True)
        for output in (ours, reference)
    )
    for ours_of, reference_of in zip(found, expected, strict=True):
        torch.testing.assert_close(ours_of, reference_of, rtol=1e-11, atol=1e-12)


def test_autocast_changes_the_precision_only() -> None:
    model = lively(WaveNet((60,), 8, dilations=[1, 2, 4], likelihood=FOUR, context_size=2), scale=0.3)
    x, context = torch.randint(4, (3, 60), generator=seeded()), context_for(model, 3)
    exact = model.log_prob(x, context)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model.log_prob(x, context)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, rtol=0.02, atol=0)
    assert not torch.equal(rounded, exact)
    rounded.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_the_short_way_to_a_likelihood_is_that_of_the_distribution() -> None:
    for ordering in (None, orderings.reversed((9,))):
        model = wavenet((9,), FOUR, dilations=[1, 2], ordering=ordering)
        x = torch.randint(4, (5, 9), generator=seeded())
        expected = model.conditionals(x).log_prob(x).sum(1)
        torch.testing.assert_close(model.log_prob(x), expected, rtol=1e-12, atol=0)
    with pytest.raises(ValueError, match="whole numbers from 0 to 3"):
        model.log_prob(x + 1)


def test_every_parameter_learns() -> None:
    for options in ({}, {"skip": False}, {"residual": False}):
        model = wavenet((9,), FOUR, dilations=[1, 2], context_size=1, **options)
        model.log_prob(torch.randint(4, (5, 9), generator=seeded()), torch.ones(5, 1)).sum().backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_a_new_model_is_near_the_uniform_distribution_and_its_seed_is_all_that_matters() -> None:
    x = torch.randint(256, (2, 300), generator=seeded())
    build = {
        "channels": 32,
        "dilations": [2**k for k in range(8)],
        "likelihood": likelihoods.Categorical(256),
    }
    first = WaveNet((300,), **build)
    assert first.bits_per_dim(x).mean().item() == pytest.approx(8, abs=0.5)
    before = torch.get_rng_state()
    again, other = WaveNet((300,), **build), WaveNet((300,), seed=1, **build)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first.log_prob(x), again.log_prob(x))
    assert not torch.equal(first.log_prob(x), other.log_prob(x))


def test_a_state_dict_brings_its_ordering() -> None:
    forward = wavenet((6,), FOUR, dilations=[1, 2])
    backward = wavenet((6,), FOUR, dilations=[1, 2], ordering=orderings.reversed((6,)))
    file = io.BytesIO()
    torch.save(backward.state_dict(), file)
    file.seek(0)
    x = torch.randint(4, (3, 6), generator=seeded())
    assert not torch.allclose(forward.log_prob(x), backward.log_prob(x))
    forward.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(forward.log_prob(x), backward.log_prob(x))
    cached = forward.sample(3, generator=seeded())
    assert torch.equal(cached, backward.sample(3, generator=seeded(), method="naive"))


def test_it_learns_what_lies_within_its_field_and_no_more() -> None:
    # each bit repeats the one three steps before: a field of 3 learns it, one of 2 cannot
    x = torch.randint(2, (64, 3), generator=seeded()).repeat(1, 8)
    nats = {}
    for dilations in ([1], [2]):
        model = WaveNet((24,), 8, dilations=dilations, likelihood=likelihoods.Categorical(2))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(150):
            optimizer.zero_grad()
            (-model(x).mean()).backward()
            optimizer.step()
        nats[model.receptive_field] = -model(x).mean().item()
    entropy = 3 * math.log(2)
    assert entropy - 0.1 < nats[3] < entropy + 0.5
    assert nats[2] > 4 * entropy


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"event_shape": 5}, r"event_shape is \(T,\)"),
        ({"event_shape": (1, 5)}, r"event_shape is \(T,\)"),
        ({"event_shape": (0,)}, r"event_shape is \(T,\)"),
        ({"channels": 0}, "channels must be 1 or more, not 0"),
        ({"dilations": []}, "dilations are numbers from 1 on, one for each layer"),
        ({"dilations": [1, 0]}, "dilations are numbers from 1 on, one for each layer"),
        ({"kernel_size": 0}, "kernel_size must be 1 or more, not 0"),
        ({"context_size": -1}, "context_size must be 0 or more, not -1"),
        ({"likelihood": "categorical"}, "likelihood is an object"),
        ({"ordering": [1, 0, 2, 3, 4]}, "forward or reversed"),
        ({"ordering": [0, 1]}, "exactly once"),
    ],
)
def test_impossible_arguments_are_refused_in_one_sentence(change: dict, sentence: str) -> None:
    arguments = {"event_shape": (5,), "channels": 3, "dilations": [1], "likelihood": FOUR} | change
    with pytest.raises(ValueError, match=sentence) as error:
        WaveNet(**arguments)
    assert "\n" not in str(error.value)
