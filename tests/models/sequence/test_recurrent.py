"""`RecurrentModel` against its cells' equations in plain loops, and what only it promises: sequences of any length."""

from __future__ import annotations

import io
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from armod import RecurrentModel, check_autoregressive, orderings, total_probability
from armod.likelihoods import Bernoulli, Categorical, LogisticMixture
from armod.likelihoods import log_prob as log_prob_of
from armod.models.sequence.recurrent import Recurrence
from tests.examples import every_observation
from tests.makers import context_for, lively, recurrent, seeded

CELLS = pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


def times(matrix: list[list[float]], vector: list[float]) -> list[float]:
    return [sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix]


def plus(*vectors: list[float]) -> list[float]:
    return [sum(entries) for entries in zip(*vectors, strict=True)]


class PlainCell:
    """One cell, one unit at a time, as its paper writes it."""

    def __init__(self, cell: str, state: dict[str, Tensor], layer: int) -> None:
        self.cell = cell
        self.below, self.past, self.bias_below, self.bias_past = (
            state[f"recurrence.{name}_l{layer}"].tolist()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        self.size = len(self.past[0])
        self.state, self.memory = [0.0] * self.size, [0.0] * self.size

    def step(self, inputs: list[float]) -> list[float]:
        from_below = plus(times(self.below, inputs), self.bias_below)
        from_past = plus(times(self.past, self.state), self.bias_past)
        self.state = [self.unit(u, from_below, from_past) for u in range(self.size)]
        return self.state

    def unit(self, u: int, from_below: list[float], from_past: list[float]) -> float:
        below, past = from_below[u :: self.size], from_past[u :: self.size]  # one number for each gate
        if self.cell == "rnn":
            return math.tanh(below[0] + past[0])
        if self.cell == "lstm":
            i, f, g, o = plus(below, past)
            self.memory[u] = sigmoid(f) * self.memory[u] + sigmoid(i) * math.tanh(g)
            return sigmoid(o) * math.tanh(self.memory[u])
        r, z = sigmoid(below[0] + past[0]), sigmoid(below[1] + past[1])
        return (1 - z) * math.tanh(below[2] + r * past[2]) + z * self.state[u]


def plain_logits(model: RecurrentModel, x: list[int], context: list[list[float]] | None) -> list[list[float]]:
    """The logits of a categorical model, variable by variable in the order of the observation."""
    state = model.state_dict()
    num_layers = model.recurrence.num_layers
    cells = [PlainCell(model.recurrence.cell, state, layer) for layer in range(num_layers)]
    logits: list[list[float]] = [[]] * len(x)
    before = state["inputs.start"].tolist()
    order = model.ordering.tolist()
    for k, d in enumerate(order):
        vector = before
        for lag in range(2, 2 + len(model.inputs.older)):
            if k >= lag:
                vector = plus(vector, state[f"inputs.older.{lag - 2}.weight"][x[order[k - lag]]].tolist())
        if "inputs.positions" in state:
            vector = plus(vector, state["inputs.positions"][k].tolist())
        if context is not None:
            vector = plus(vector, times(state["inputs.context.weight"].tolist(), context[d]))
        for cell in cells:
            vector = cell.step(vector)
        logits[d] = plus(times(state["head.weight"].tolist(), vector), state["head.bias"].tolist())
        before = state["inputs.levels.weight"][x[d]].tolist()
    return logits


@CELLS
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize(
    ("ordering", "context_size", "lookback"),
    [(None, 0, 1), ([3, 2, 1, 0], 2, 3), ([2, 0, 3, 1], 0, 2), ([1, 3, 2, 0], 1, 9)],
)
def test_conditionals_are_what_the_equations_say(
    cell: str, num_layers: int, ordering: list[int] | None, context_size: int, lookback: int
) -> None:
    model = recurrent(
        (4,),
        Categorical(3),
        cell=cell,
        num_layers=num_layers,
        ordering=ordering,
        context_size=context_size,
        lookback=lookback,
    )
    x = torch.randint(3, (2, 4), generator=seeded(3))
    context = context_for(model, 2, local=True)
    found = model.conditionals(x, context).logits
    for row in range(2):
        of_row = None if context is None else context[row].T.tolist()
        expected = torch.tensor(plain_logits(model, x[row].tolist(), of_row), dtype=torch.float64)
        torch.testing.assert_close(found[row], expected.log_softmax(-1), rtol=0, atol=1e-12)


@CELLS
def test_parameters_are_those_of_torch(cell: str) -> None:
    theirs = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](6, 6, 2, batch_first=True)
    ours = Recurrence(cell, 6, 2)
    ours.load_state_dict(theirs.state_dict())
    inputs = torch.randn(3, 5, 6, generator=seeded())
    assert torch.equal(ours(inputs), theirs(inputs)[0])


@pytest.mark.parametrize("is_reversed", [False, True])
@CELLS
def test_any_length_at_run_time(cell: str, is_reversed: bool) -> None:
    ordering = orderings.reversed((3,)) if is_reversed else None
    model = recurrent((3,), Categorical(4), cell=cell, ordering=ordering, context_size=1, lookback=3)
    everywhere = torch.randn(6, 1, generator=seeded(), dtype=torch.float64)
    for length in (1, 2, 3, 8, 70):
        # 70 is beyond the steps whose constants are computed at once
        somewhere = torch.randn(6, 1, length, generator=seeded(), dtype=torch.float64)
        for context in (everywhere, somewhere):
            cached, naive = (
                model.sample(6, context, length=length, generator=seeded(1), method=method)
                for method in ("cached", "naive")
            )
            assert cached.shape == (6, length) and torch.equal(cached, naive)
            bits, nats = model.bits_per_dim(cached, context), model.log_prob(cached, context)
            torch.testing.assert_close(bits, -nats / math.log(2) / length)


def test_a_longer_sequence_begins_like_a_shorter_one() -> None:
    model = recurrent((4,), Categorical(3), num_layers=2)
    x = torch.randint(3, (5, 12), generator=seeded())
    nats = log_prob_of(model.conditionals(x), x).cumsum(1)
    for length in (1, 4, 7, 12):
        torch.testing.assert_close(model.log_prob(x[:, :length]), nats[:, length - 1])
    backward = recurrent((4,), Categorical(3), num_layers=2, ordering=orderings.reversed((4,)))
    torch.testing.assert_close(backward.log_prob(x.flip(1)), model.log_prob(x))


def test_probabilities_of_each_length_sum_to_one() -> None:
    model = recurrent((2,), Categorical(3), cell="gru")
    for length in (1, 3, 5):
        every = torch.cartesian_prod(*[torch.arange(3)] * length).view(-1, length)
        assert model.log_prob(every).exp().sum().item() == pytest.approx(1, abs=1e-12)
    assert total_probability(recurrent((3,), Categorical(3), context_size=2)) == pytest.approx(1, abs=1e-12)


def test_a_view_without_an_end_goes_on_and_one_with_a_local_context_ends_with_it() -> None:
    model = recurrent((3,), Bernoulli(), context_size=1)
    endless = model.incremental(2, torch.zeros(2, 1))
    for _ in range(200):
        endless.append(torch.ones(2))
    assert endless.conditional().batch_shape == (2,)
    ending = model.incremental(2, torch.zeros(2, 1, 7))
    for _ in range(7):
        ending.append(torch.ones(2))
    with pytest.raises(ValueError, match="All 7 variables"):
        ending.append(torch.ones(2))


@pytest.mark.parametrize(("shape", "ordering"), [((4,), [1, 0, 2, 3]), ((1, 2, 2), None), ((2, 2), None)])
def test_other_orderings_and_shapes_have_one_length_and_know_their_place(
    shape: tuple[int, ...], ordering: list[int] | None
) -> None:
    model = recurrent(shape, Bernoulli(), ordering=ordering)
    assert not model.any_length and "inputs.positions" in model.state_dict()
    assert "inputs.positions" not in recurrent((4,), Bernoulli()).state_dict()
    with pytest.raises(ValueError, match="but x has shape"):
        model.log_prob(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="only, not of length 3"):
        model.sample(2, length=3)


@given(
    num_variables=st.integers(1, 6),
    size=st.integers(1, 4),
    cell=st.sampled_from(["rnn", "lstm", "gru"]),
    num_layers=st.integers(1, 3),
    num_samples=st.integers(0, 3),
    levels=st.integers(1, 4),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_any_sizes_work_and_agree(
    num_variables: int, size: int, cell: str, num_layers: int, num_samples: int, levels: int, seed: int
) -> None:
    shape = (num_variables,)
    model = RecurrentModel(
        shape,
        size,
        cell=cell,
        num_layers=num_layers,
        likelihood=Categorical(levels),
        ordering=orderings.random(shape, seed),
        seed=seed,
    ).double()
    draws = [model.sample(num_samples, generator=seeded(seed), method=m) for m in ("cached", "naive")]
    assert torch.equal(*draws)
    assert model.log_prob(draws[0]).shape == (num_samples,)


@CELLS
def test_gradients_are_those_of_finite_differences(cell: str) -> None:
    model = recurrent((3,), LogisticMixture(4, 1), cell=cell, context_size=1)
    x, context = torch.tensor([[0, 3, 1]]), torch.randn(1, 1, generator=seeded(), dtype=torch.float64)
    names, values = zip(*model.named_parameters(), strict=True)

    def nats(context: Tensor, *parameters: Tensor) -> Tensor:
        given = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(model, given, (x, context))

    inputs = (context.requires_grad_(), *(value.detach().requires_grad_() for value in values))
    assert torch.autograd.gradcheck(nats, inputs)


def test_a_network_that_reads_its_own_value_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    model = recurrent((4,), Bernoulli())
    assert check_autoregressive(model).is_autoregressive

    def unshifted(inputs: nn.Module, levels: Tensor, context: Tensor | None = None) -> Tensor:
        return inputs.table()[levels.long()]

    monkeypatch.setattr(type(model.inputs), "forward", unshifted)
    report = check_autoregressive(model)
    assert report.leaks == {(d, d) for d in range(4)}


def test_torch_compile_takes_it_whole() -> None:
    model, x = recurrent((2,), Categorical(3)), torch.tensor([[0, 2], [2, 0]])
    torch.compiler.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x))


def test_a_seed_decides_the_initial_weights() -> None:
    first, same, other = (
        RecurrentModel((4,), 3, likelihood=Bernoulli(), seed=seed).state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert all(not torch.equal(first[name], other[name]) for name in first if name != "ordering")


def test_a_state_dict_brings_the_ordering_and_loads_safely() -> None:
    model = recurrent((4,), Categorical(3), ordering=orderings.reversed((4,)))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    copy = RecurrentModel((4,), 5, likelihood=Categorical(3)).double()
    copy.load_state_dict(torch.load(file, weights_only=True))
    x = every_observation(model)
    assert torch.equal(copy.log_prob(x), model.log_prob(x))
    assert torch.equal(copy.sample(9, generator=seeded()), model.sample(9, generator=seeded()))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"cell": "LSTM"}, 'cell is "rnn", "lstm" or "gru", not \'LSTM\''),
        ({"hidden_size": 0}, "hidden_size must be 1 or more, not 0"),
        ({"num_layers": 0}, "num_layers must be 1 or more, not 0"),
        ({"event_shape": 4}, "event_shape is a sequence of sizes"),
        ({"event_shape": (0,)}, "event_shape is a sequence of sizes from 1 on"),
        ({"ordering": [0, 0, 1, 2]}, "exactly once"),
        ({"context_size": -1}, "context_size must be 0 or more, not -1"),
        ({"likelihood": 256}, "likelihood is an object such as"),
    ],
)
def test_impossible_arguments_are_one_sentence(options: dict, sentence: str) -> None:
    arguments = {"event_shape": (4,), "hidden_size": 3, "likelihood": Bernoulli()} | options
    with pytest.raises(ValueError, match=sentence) as error:
        RecurrentModel(**arguments)
    assert "\n" not in str(error.value)


def test_lengths_below_one_are_refused() -> None:
    model = lively(RecurrentModel((4,), 3, likelihood=Bernoulli()))
    with pytest.raises(ValueError, match="A length is 1 or more"):
        model.sample(2, length=0)
    with pytest.raises(ValueError, match=r"shape \(N, T\), but x has shape \(2, 0\)"):
        model.log_prob(torch.zeros(2, 0))
