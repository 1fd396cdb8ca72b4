"""`Transformer` against an explicit softmax in plain loops, and what only it promises: sequences up to a length."""

from __future__ import annotations

import cmath
import io
import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from armod import Transformer, check_autoregressive, orderings, total_probability
from armod.likelihoods import Bernoulli, Categorical, LogisticMixture
from armod.likelihoods import log_prob as log_prob_of
from armod.models.sequence.transformer_block import rotated, turns_of
from tests.examples import every_observation
from tests.makers import context_for, seeded, transformer


def plain_norm(vector: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    centred = vector - vector.mean()
    return centred / (centred.square().mean() + 1e-5).sqrt() * weight + bias


def plain_gelu(a: Tensor) -> Tensor:
    return a / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))


def turned(vector: Tensor, step: int, model: Transformer) -> Tensor:
    """The vector of a step as the rotary positions of a model turn it: pairs are complex numbers."""
    if "inputs.positions" in model.state_dict():
        return vector
    half = len(vector) // 2
    pairs = [complex(a, b) for a, b in zip(vector[:half].tolist(), vector[half:].tolist(), strict=True)]
    pairs = [pair * cmath.exp(1j * step / 10_000 ** (i / half)) for i, pair in enumerate(pairs)]
    return torch.tensor([pair.real for pair in pairs] + [pair.imag for pair in pairs], dtype=vector.dtype)


def plain_logits(model: Transformer, x: Tensor, context: Tensor | None) -> Tensor:
    """Logits ``(D, K)`` of one observation of a categorical model: step by step, head by head, one past step a time."""
    state = model.state_dict()
    order, num_heads = model.ordering.tolist(), model.blocks[0].num_heads
    vectors = []
    for k, d in enumerate(order):
        before = state["inputs.start"] if k == 0 else state["inputs.levels.weight"][x[order[k - 1]]]
        vectors.append(before + state.get("inputs.positions", torch.zeros(len(order), 1))[k])
        if context is not None:
            vectors[-1] = vectors[-1] + state["inputs.context.weight"] @ context[:, d]
    for number in range(len(model.blocks)):
        part = {
            name.removeprefix(f"blocks.{number}."): value
            for name, value in state.items()
            if name.startswith(f"blocks.{number}.")
        }

        def linear(name: str, vector: Tensor, part: dict[str, Tensor] = part) -> Tensor:
            return part[f"{name}.weight"] @ vector + part[f"{name}.bias"]

        def norm(name: str, vector: Tensor, part: dict[str, Tensor] = part) -> Tensor:
            return plain_norm(vector, part[f"{name}.weight"], part[f"{name}.bias"])

        joint = [linear("attention_in", norm("attention_norm", vector)).chunk(3) for vector in vectors]
        after = []
        for k, vector in enumerate(vectors):
            means = []
            for head in range(num_heads):
                query, *keys = [
                    turned(joint[step][which].chunk(num_heads)[head], step, model)
                    for which, step in [(0, k), *((1, past) for past in range(k + 1))]
                ]
                values = [joint[past][2].chunk(num_heads)[head] for past in range(k + 1)]
                weights = [math.exp(float(query @ key) / math.sqrt(len(query))) for key in keys]
                means.append(
                    sum(w * value for w, value in zip(weights, values, strict=True)) / math.fsum(weights)
                )
            vector = vector + linear("attention_out", torch.cat(means))
            hidden = plain_gelu(linear("network_in", norm("network_norm", vector)))
            after.append(vector + linear("network_out", hidden))
        vectors = after
    logits = torch.empty(len(order), len(state["head.bias"]), dtype=torch.float64)
    for k, d in enumerate(order):
        normed = plain_norm(vectors[k], state["norm.weight"], state["norm.bias"])
        logits[d] = state["head.weight"] @ normed + state["head.bias"]
    return logits


@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize(
    ("ordering", "context_size"), [(None, 0), ([3, 2, 1, 0], 2), ([2, 0, 3, 1], 0), ([1, 3, 2, 0], 1)]
)
def test_conditionals_are_what_explicit_attention_says(
    num_layers: int, ordering: list[int] | None, context_size: int
) -> None:
    model = transformer(
        (4,), Categorical(3), num_layers=num_layers, ordering=ordering, context_size=context_size
    )
    x = torch.randint(3, (2, 4), generator=seeded(3))
    context = context_for(model, 2, local=True)
    found = model.conditionals(x, context).logits
    for row in range(2):
        expected = plain_logits(model, x[row], None if context is None else context[row])
        torch.testing.assert_close(found[row], expected.log_softmax(-1), rtol=0, atol=1e-11)


@pytest.mark.parametrize("ordering", [None, [2, 0, 3, 1]])
def test_rotary_conditionals_are_what_explicit_attention_says(ordering: list[int] | None) -> None:
    model = transformer((4,), Categorical(3), num_heads=1, ordering=ordering, positions="rotary")
    x = torch.randint(3, (2, 4), generator=seeded(3))
    found = model.conditionals(x).logits
    for row in range(2):
        expected = plain_logits(model, x[row], None)
        torch.testing.assert_close(found[row], expected.log_softmax(-1), rtol=0, atol=1e-11)


def test_rotary_scores_depend_on_the_distance_alone_and_learned_ones_do_not() -> None:
    """Wrong: queries and keys turned by different steps, or values turned too, or positions that stay beside them."""
    block = transformer((40,), Categorical(3), num_heads=1, positions="rotary").blocks[0]
    states = torch.randn(1, 9, 6, generator=seeded(), dtype=torch.float64)
    query, key, _ = block.attention_in(states).chunk(3, -1)
    scores = [
        rotated(query, turns_of(begin, begin + 9, 6, like=query))
        @ rotated(key, turns_of(begin, begin + 9, 6, like=key)).mT
        for begin in (0, 30)
    ]
    torch.testing.assert_close(*scores, rtol=0, atol=1e-12)
    assert (scores[0] - query @ key.mT).abs().max() > 0.1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"positions": "sine"}, 'positions is "learned" or "rotary", not \'sine\'.'),
        ({"positions": "rotary", "num_heads": 2}, "the width of a head is even, unlike 6 / 2 = 3."),
    ],
)
def test_unknown_positions_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        transformer((4,), Bernoulli(), **options)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_sequences_up_to_its_length(is_reversed: bool) -> None:
    ordering = orderings.reversed((6,)) if is_reversed else None
    model = transformer((6,), Categorical(3), ordering=ordering, context_size=1)
    everywhere = torch.randn(7, 1, generator=seeded(), dtype=torch.float64)
    for length in (1, 2, 5, 6):
        somewhere = torch.randn(7, 1, length, generator=seeded(), dtype=torch.float64)
        for context in (everywhere, somewhere):
            cached, naive = (
                model.sample(7, context, length=length, generator=seeded(1), method=method)
                for method in ("cached", "naive")
            )
            assert cached.shape == (7, length) and torch.equal(cached, naive)
            bits, nats = model.bits_per_dim(cached, context), model.log_prob(cached, context)
            torch.testing.assert_close(bits, -nats / math.log(2) / length)


def test_probabilities_sum_to_one_and_a_longer_sequence_begins_like_a_shorter_one() -> None:
    model = transformer((8,), Categorical(3))
    x = torch.randint(3, (5, 8), generator=seeded())
    nats = log_prob_of(model.conditionals(x), x).cumsum(1)
    for length in range(1, 9):
        torch.testing.assert_close(model.log_prob(x[:, :length]), nats[:, length - 1])
    assert total_probability(transformer((3,), Categorical(3), context_size=2)) == pytest.approx(1, abs=1e-12)


def test_longer_sequences_are_refused_in_one_sentence() -> None:
    model = transformer((4,), Bernoulli(), context_size=1)
    with pytest.raises(ValueError, match=re.escape("shape (N, 1 to 4), but x has shape (2, 5)")):
        model.log_prob(torch.zeros(2, 5), torch.zeros(2, 1))
    with pytest.raises(ValueError, match="of length 4 at most, not 5"):
        model.sample(2, torch.zeros(2, 1), length=5)
    with pytest.raises(ValueError, match="of length 4 at most, not 5"):
        model.incremental(2, torch.zeros(2, 1, 5))
    ending = model.incremental(2, torch.zeros(2, 1, 3))
    for _ in range(3):
        ending.append(torch.ones(2))
    with pytest.raises(ValueError, match="All 3 variables"):
        ending.conditional()


@pytest.mark.parametrize(("shape", "ordering"), [((4,), [1, 0, 2, 3]), ((1, 2, 2), None)])
def test_other_orderings_and_shapes_have_one_length(
    shape: tuple[int, ...], ordering: list[int] | None
) -> None:
    model = transformer(shape, Bernoulli(), ordering=ordering)
    with pytest.raises(ValueError, match="but x has shape"):
        model.log_prob(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="only, not of length 3"):
        model.sample(2, length=3)


@given(
    num_variables=st.integers(1, 6),
    num_heads=st.integers(1, 3),
    head_size=st.integers(1, 3),
    num_layers=st.integers(1, 3),
    num_samples=st.integers(0, 3),
    levels=st.integers(1, 4),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_any_sizes_work_and_agree(
    num_variables: int,
    num_heads: int,
    head_size: int,
    num_layers: int,
    num_samples: int,
    levels: int,
    seed: int,
) -> None:
    shape = (num_variables,)
    model = Transformer(
        shape,
        num_heads * head_size,
        num_layers=num_layers,
        num_heads=num_heads,
        likelihood=Categorical(levels),
        ordering=orderings.random(shape, seed),
        seed=seed,
    ).double()
    draws = [model.sample(num_samples, generator=seeded(seed), method=m) for m in ("cached", "naive")]
    assert torch.equal(*draws)
    assert model.log_prob(draws[0]).shape == (num_samples,)


def test_dropout_is_for_training_only_and_changes_no_key_and_no_sample() -> None:
    model, plain = (transformer((9,), Categorical(5), dropout=share) for share in (0.5, 0.0))
    assert list(model.state_dict()) == list(plain.state_dict())
    x = model.eval().sample(4, generator=seeded(1))
    assert torch.equal(x, plain.sample(4, generator=seeded(1)))
    assert torch.equal(model.log_prob(x), plain.log_prob(x))
    with torch.random.fork_rng():
        assert not torch.equal(model.train().log_prob(x), model.log_prob(x))
        assert torch.equal(model.sample(4, generator=seeded(1)), x)
    assert torch.equal(plain.train().log_prob(x), plain.eval().log_prob(x))


def test_dropout_falls_on_what_enters_and_on_what_each_part_of_a_block_adds() -> None:
    """Each number is 0 or grows by 1 / (1 - p), so that its mean stays; nothing else is dropped."""
    model, share = transformer((40,), Categorical(5), dropout=0.25), 0.25
    block, x = model.blocks[0], torch.randint(5, (8, 40), generator=seeded())
    entering: list[Tensor] = []
    hook = block.register_forward_pre_hook(lambda _, inputs: entering.append(inputs[0]))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model.train().conditionals(x)
        model.eval().conditionals(x)
        hook.remove()
        dropped, whole = (one.detach() for one in entering)
        is_kept = dropped != 0
        assert torch.allclose(dropped[is_kept], whole[is_kept] / (1 - share))
        assert is_kept.double().mean() == pytest.approx(1 - share, abs=0.03)
        for silent in (block.attention_out, block.network_out):  # what one part adds, without the other
            part = block.network_out if silent is block.attention_out else block.attention_out
            kept = {name: value.clone() for name, value in silent.state_dict().items()}
            for parameter in silent.parameters():
                torch.nn.init.zeros_(parameter)
            added, usual = (block.train(mode)(whole) - whole for mode in (True, False))
            silent.load_state_dict(kept)
            is_kept = added.abs() > 1e-9
            assert part.weight.abs().sum() > 0
            assert torch.allclose(added[is_kept], usual[is_kept] / (1 - share))
            assert is_kept.double().mean() == pytest.approx(1 - share, abs=0.03)


def test_gradients_are_those_of_finite_differences() -> None:
    model = Transformer(
        (3,), 2, num_layers=1, num_heads=2, likelihood=LogisticMixture(4, 1), context_size=1
    ).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += torch.randn(parameter.shape, generator=seeded(), dtype=torch.float64) / 2
    x, context = torch.tensor([[0, 3, 1]]), torch.randn(1, 1, generator=seeded(), dtype=torch.float64)
    names, values = zip(*model.named_parameters(), strict=True)

    def nats(context: Tensor, *parameters: Tensor) -> Tensor:
        given = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(model, given, (x, context))

    inputs = (context.requires_grad_(), *(value.detach().requires_grad_() for value in values))
    assert torch.autograd.gradcheck(nats, inputs)


def test_attention_without_its_mask_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    model = transformer((4,), Bernoulli(), ordering=[2, 0, 3, 1])
    assert check_autoregressive(model).is_autoregressive
    attention = F.scaled_dot_product_attention
    monkeypatch.setattr(
        F, "scaled_dot_product_attention", lambda q, k, v, is_causal: attention(q, k, v, is_causal=False)
    )
    # the value generated last is read by nobody; every other one is then seen by all
    assert check_autoregressive(model).leaks == {
        (i, j) for a, i in enumerate([2, 0, 3, 1]) for b, j in enumerate([2, 0, 3, 1]) if a <= b < 3
    }


def test_torch_compile_takes_it_whole() -> None:
    model, x = transformer((3,), Categorical(3), num_layers=1), torch.tensor([[0, 2, 1], [2, 2, 0]])
    torch.compiler.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x))


def test_initial_weights_are_small_and_decided_by_the_seed() -> None:
    first, same, other = (
        Transformer((9,), 32, num_layers=2, num_heads=4, likelihood=Categorical(7), seed=seed)
        for seed in (1, 1, 2)
    )
    x = torch.randint(7, (4, 9), generator=seeded())
    assert torch.equal(first.log_prob(x), same.log_prob(x))
    assert not torch.equal(first.log_prob(x), other.log_prob(x))
    assert first.bits_per_dim(x).mean().item() == pytest.approx(math.log2(7), abs=0.05)


def test_a_state_dict_brings_the_ordering_and_loads_safely() -> None:
    model = transformer((4,), Categorical(3), ordering=[2, 0, 3, 1])
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    copy = Transformer((4,), 6, num_layers=2, num_heads=3, likelihood=Categorical(3)).double()
    copy.load_state_dict(torch.load(file, weights_only=True))
    x = every_observation(model)
    assert torch.equal(copy.log_prob(x), model.log_prob(x))
    assert torch.equal(copy.sample(9, generator=seeded()), model.sample(9, generator=seeded()))
    # it cannot know what to do with a shorter sequence any more
    assert not copy.any_length


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"width": 8}, "a multiple of num_heads=3, not 8"),
        ({"width": 0}, "a multiple of num_heads=3, not 0"),
        ({"num_heads": 0}, "num_heads must be 1 or more, not 0"),
        ({"num_layers": 0}, "num_layers must be 1 or more, not 0"),
        ({"event_shape": 4}, "event_shape is a sequence of sizes"),
        ({"ordering": [0, 0, 1, 2]}, "exactly once"),
        ({"context_size": -1}, "context_size must be 0 or more, not -1"),
        ({"likelihood": 256}, "likelihood is an object such as"),
    ],
)
def test_impossible_arguments_are_one_sentence(options: dict, sentence: str) -> None:
    arguments = {"event_shape": (4,), "width": 6, "num_layers": 1, "num_heads": 3, "likelihood": Bernoulli()}
    with pytest.raises(ValueError, match=sentence) as error:
        Transformer(**(arguments | options))
    assert "\n" not in str(error.value)
