"""The data that `fit` and `evaluate` take: every kind holds the same numbers, so that every kind gives the same result."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from armod import MADE, AutoregressiveModel, data, evaluate, fit, likelihoods
from armod.training.batches import Batches
from tests.makers import seeded

X = (torch.rand(23, 4, generator=seeded(1)) < 0.6).to(torch.uint8)
C = torch.randn(23, 2, generator=seeded(2))
PARTS = [slice(0, 10), slice(10, 20), slice(20, 23)]


class Given(AutoregressiveModel):
    """Logits that are linear in the context."""

    context_size = 2

    def __init__(self) -> None:
        super().__init__()
        self.event_shape, self.ordering = torch.Size([4]), torch.arange(4)
        self.weight = nn.Parameter(torch.zeros(2, 4))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> torch.distributions.Distribution:
        return torch.distributions.Bernoulli(logits=context @ self.weight)


class Refusing(AutoregressiveModel):
    """A model without a context, which takes it ill if it gets one."""

    context_size = 0

    def __init__(self) -> None:
        super().__init__()
        self.event_shape, self.ordering = torch.Size([4]), torch.arange(4)
        self.logits = nn.Parameter(torch.zeros(4))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> torch.distributions.Distribution:
        return torch.distributions.Bernoulli(logits=self.logits.expand(x.shape))

    def check_context(self, context, num, event_shape):
        if context is not None:
            raise ValueError("this model was built without a context")


class Stream(IterableDataset):
    """Items in a fixed order, of an unknown number."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __iter__(self):
        return iter(self.items)


class Items(torch.utils.data.Dataset):
    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Any:
        return self.items[number]


class Again:
    """An iterable, no iterator: every loop begins anew."""

    def __init__(self, batches: list[Any]) -> None:
        self.batches = batches

    def __iter__(self):
        yield from self.batches


def as_dict(x, context) -> dict[str, Any]:
    return {"x": x, "context": context}


BATCHES = [(X[rows], C[rows]) for rows in PARTS]
DICTS = [as_dict(*batch) for batch in BATCHES]
PAIRS = list(zip(X, C, strict=True))
OBSERVATIONS = [as_dict(*pair) for pair in PAIRS]
KINDS: dict[str, Callable[[], Any]] = {
    "pair": lambda: (X, C),
    "pair of arrays": lambda: (X.numpy(), C.numpy()),
    "pair of float64 arrays": lambda: (X.numpy().astype(np.int64), C.numpy().astype(np.float64)),
    "pair of a tensor and an array": lambda: (X, C.numpy()),
    "arrays that run backwards": lambda: (X.numpy()[::-1].copy()[::-1], C.numpy()[::-1].copy()[::-1]),
    "dict": lambda: as_dict(X, C),
    "dict of arrays": lambda: as_dict(X.numpy(), C.numpy()),
    "dataset of pairs": lambda: TensorDataset(X, C),
    "dataset of dicts": lambda: Items(OBSERVATIONS),
    "dataset of dicts of arrays": lambda: Items([as_dict(x.numpy(), c.numpy()) for x, c in PAIRS]),
    "list of pairs": lambda: PAIRS,
    "list of dicts": lambda: OBSERVATIONS,
    "stream of pairs": lambda: Stream(PAIRS),
    "stream of dicts": lambda: Stream(OBSERVATIONS),
    "loader of pairs": lambda: DataLoader(TensorDataset(X, C), batch_size=10),
    "loader of dicts": lambda: DataLoader(Items(OBSERVATIONS), batch_size=10),
    "loader of a stream": lambda: DataLoader(Stream(OBSERVATIONS), batch_size=10),
    "loader of batches": lambda: DataLoader(Stream(DICTS), batch_size=None),
    "list of batches": lambda: BATCHES,
    "list of batches in dicts": lambda: DICTS,
    "iterable of batches": lambda: Again(BATCHES),
    "iterable of dicts": lambda: Again(DICTS),
    "iterable with an empty batch": lambda: Again([BATCHES[0], (X[:0], C[:0]), *BATCHES[1:]]),
    "function of a generator": lambda: lambda: (batch for batch in BATCHES),
    "function of an iterator of arrays": lambda: lambda: map(lambda b: (b[0].numpy(), b[1].numpy()), BATCHES),
    "function of a pair": lambda: lambda: (X, C),
    "function of a loader": lambda: lambda: DataLoader(TensorDataset(X, C), batch_size=10),
}
SHUFFLED = {
    "pair",
    "pair of arrays",
    "pair of float64 arrays",
    "pair of a tensor and an array",
    "arrays that run backwards",
    "dict",
    "dict of arrays",
    "function of a pair",
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_is_measured_alike(kind: str) -> None:
    model = Given()
    nn.init.normal_(model.weight, generator=seeded(3))
    receipt = evaluate(model, KINDS[kind](), batch_size=10)
    assert receipt.nats == pytest.approx(-model.log_prob(X, C).double().mean().item(), rel=1e-12)
    assert receipt.num_observations == 23


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_is_learnt_and_judged_alike(kind: str) -> None:
    """By one batch an epoch, so that the order makes no difference but in the last bits."""
    found, expected = Given(), Given()
    if kind in SHUFFLED or "dataset" in kind or kind in ("list of pairs", "list of dicts"):
        size, reference = 23, [(X, C)]
    else:
        size, reference = 10, BATCHES
    history = fit(found, KINDS[kind](), epochs=3, valid=KINDS[kind](), batch_size=size, progress=False)
    by_hand(expected, reference)
    torch.testing.assert_close(found.weight, expected.weight, rtol=1e-5, atol=1e-6)
    receipt = evaluate(expected, (X, C))
    assert history.valid_bits_per_dim[-1] == pytest.approx(receipt.bits_per_dim, rel=1e-5)
    assert len(history.step_bits_per_dim) == 3 * len(reference)


def by_hand(model: Given, batches: list[tuple[Tensor, Tensor]]) -> None:
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(3):
        for batch in batches:
            adam.zero_grad()
            (-model.log_prob(*batch).mean()).backward()
            adam.step()


@pytest.mark.parametrize(
    "kind", ["pair of arrays", "dict", "dict of arrays", "dataset of dicts", "list of dicts"]
)
def test_the_same_seed_shuffles_every_kind_alike(kind: str) -> None:
    twin = (X, C) if kind in SHUFFLED else TensorDataset(X, C)
    one, two = Given(), Given()
    for model, observations in ((one, KINDS[kind]()), (two, twin)):
        fit(model, observations, epochs=2, batch_size=7, seed=4, progress=False)
    assert torch.equal(one.weight, two.weight) and one.weight.any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_without_a_context_gets_none(kind: str) -> None:
    model = Refusing()
    history = fit(model, KINDS[kind](), epochs=2, valid=KINDS[kind](), batch_size=10, progress=False)
    assert len(history) == 2 and math.isfinite(evaluate(model, KINDS[kind]()).nats)
    with pytest.raises(ValueError, match="without a context"):
        model.log_prob(X, C)


def test_labels_that_are_words_are_left_out_too() -> None:
    words = Items([(x, "seven") for x in X])
    assert evaluate(Refusing(), words).num_observations == 23
    with pytest.raises(ValueError, match="The context in data must be a tensor or a NumPy array, not"):
        evaluate(Given(), words)


def test_an_armod_data_set_brings_its_context_and_its_splits() -> None:
    splits = {"train": C[:10], "valid": C[10:19], "test": C[19:]}
    mine = data.Dataset("mine", X[:10], X[10:19], X[19:], num_levels=2, context=splits)
    one, two = Given(), Given()
    found = fit(one, mine, epochs=2, progress=False)
    assert found == fit(two, (X[:10], C[:10]), epochs=2, valid=mine, progress=False)
    assert torch.equal(one.weight, two.weight) and len(found.valid_bits_per_dim) == 2
    assert fit(Refusing(), mine, epochs=1, progress=False)
    for split, size in (("train", 10), ("valid", 9), ("test", 4)):
        assert evaluate(one, mine, split=split).num_observations == size
    for wrong in ("dev", "Train", None, 0):
        with pytest.raises(ValueError, match="split is 'train', 'valid' or 'test', not ") as error:
            evaluate(one, mine, split=wrong)
        assert "\n" not in str(error.value)
    bare = data.Dataset("bare", X[:10], X[:0], X[:0], num_levels=2)
    assert fit(Refusing(), bare, epochs=1, progress=False).valid_bits_per_dim == []


def test_an_array_on_the_disk_is_read_by_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X.numpy())
    on_disk = np.load(tmp_path / "x.npy", mmap_mode="r")
    one, two = Refusing(), Refusing()
    fit(one, on_disk, epochs=2, batch_size=5, progress=False)
    fit(two, X, epochs=2, batch_size=5, progress=False)
    assert torch.equal(one.logits, two.logits)
    assert evaluate(one, on_disk).nats == evaluate(two, X).nats


@pytest.mark.parametrize("known", [True, False])
def test_the_bar_moves_whether_or_not_the_length_is_known(known: bool, capsys: pytest.CaptureFixture) -> None:
    fit(Refusing(), X if known else Again(BATCHES), epochs=2, batch_size=10, progress=True)
    shown = capsys.readouterr().err
    assert ("46.0/46.0" in shown) == known and "46.0" in shown and "observations/s" in shown


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("pair", 23),
        ("dict of arrays", 23),
        ("list of pairs", 23),
        ("loader of dicts", 23),
        ("dataset of dicts", 23),
        ("stream of pairs", None),
        ("loader of a stream", None),
        ("list of batches", None),
        ("iterable of dicts", None),
        ("function of a pair", None),
    ],
)
def test_the_number_of_observations(kind: str, count: int | None) -> None:
    assert Batches(KINDS[kind](), Given(), 10).count == count


def test_sequences_of_several_lengths_count_by_their_variables() -> None:
    """Bits per dimension are all bits over all variables, not over those of the last batch."""

    class AnyLength(Refusing):
        any_length = True

        def conditionals(self, x, context=None):
            return torch.distributions.Bernoulli(logits=self.logits[:1].expand(x.shape))

    model = AnyLength()
    nn.init.constant_(model.logits, 1.5)
    batches = [torch.ones(3, 2), torch.zeros(5, 7), torch.ones(2, 4)]
    nats = -sum(model.log_prob(x).double().sum().item() for x in batches)
    receipt = evaluate(model, batches)
    assert receipt.nats == pytest.approx(nats / 10) and receipt.num_variables == pytest.approx(49 / 10)
    assert receipt.bits_per_dim == pytest.approx(nats / 49 / math.log(2))
    history = fit(
        model,
        batches,
        epochs=1,
        valid=batches,
        optimizer=torch.optim.SGD,
        learning_rate=1e-30,
        progress=False,
    )
    assert history.train_bits_per_dim == pytest.approx([receipt.bits_per_dim])
    assert history.valid_bits_per_dim == pytest.approx([receipt.bits_per_dim])
    assert isinstance(evaluate(model, batches[0]).num_variables, int)


def test_a_generator_serves_one_epoch() -> None:
    one, two = Given(), Given()
    fit(one, (batch for batch in BATCHES), epochs=1, valid=iter(BATCHES), progress=False)
    fit(two, Again(BATCHES), epochs=1, progress=False)
    assert torch.equal(one.weight, two.weight)


@pytest.mark.parametrize("name", ["data", "valid"])
def test_a_generator_does_not_serve_two(name: str) -> None:
    options = {"data": Again(BATCHES), "valid": Again(BATCHES)} | {name: (batch for batch in BATCHES)}
    model = Given()
    with pytest.raises(
        ValueError, match=rf"{name} is an iterator, which can be read once only, .* 4 epochs"
    ) as error:
        fit(model, epochs=4, progress=False, **options)
    assert "\n" not in str(error.value) and not model.weight.any()


@pytest.mark.parametrize("name", ["data", "valid"])
def test_a_function_that_returns_the_same_iterator_is_found_out(name: str) -> None:
    used = iter(BATCHES)
    options = {"data": Again(BATCHES), "valid": Again(BATCHES)} | {name: lambda: used}
    with pytest.raises(ValueError, match=f"{name} holds no observation in epoch 2: it must begin anew"):
        fit(Given(), epochs=3, progress=False, **options)


EMPTY = {
    "tensor": lambda: X[:0],
    "array": lambda: X[:0].numpy(),
    "pair": lambda: (X[:0], C[:0]),
    "dict": lambda: as_dict(X[:0], C[:0]),
    "dataset": lambda: TensorDataset(X[:0], C[:0]),
    "list": list,
    "stream": lambda: Stream([]),
    "loader": lambda: DataLoader(TensorDataset(X[:0]), batch_size=3),
    "iterable": lambda: Again([]),
    "iterable of an empty batch": lambda: Again([(X[:0], C[:0])]),
    "function": lambda: lambda: iter([]),
}


@pytest.mark.parametrize("kind", EMPTY)
def test_data_without_an_observation_are_one_sentence(kind: str) -> None:
    for call in (
        lambda: fit(Given(), EMPTY[kind](), epochs=2, progress=False),
        lambda: fit(Given(), (X, C), epochs=2, valid=EMPTY[kind](), progress=False),
        lambda: evaluate(Given(), EMPTY[kind]()),
    ):
        with pytest.raises(ValueError, match=r"(data|valid) holds no observation") as error:
            call()
        assert "\n" not in str(error.value)


WRONG = {
    "None": (lambda: None, "data is .*, not None"),
    "a name": (lambda: "digits28", "data is .*, not 'digits28'"),
    "a number": (lambda: 7, "data is .*, not 7"),
    "a path": (lambda: Path("x.npy"), "data is .*, not PosixPath"),
    "a model": (Given, "data is .*, not Given"),
    "a class": (lambda: TensorDataset, "data is .*, not type"),
    "three parts": (lambda: (X, C, C), "pair .*not tuple of 3"),
    "a pair of lists": (
        lambda: (X.tolist(), C.tolist()),
        "levels in data must be a tensor or a NumPy array, not list",
    ),
    "other keys": (lambda: {"x": X, "contexts": C}, r"has the keys 'x' and.*not \['x', 'contexts'\]"),
    "no levels": (lambda: {"context": C}, "has the keys 'x'"),
    "other keys in batches": (lambda: Again([{"levels": X}]), "has the keys 'x'"),
    "other keys in items": (lambda: Items([{"x": x, "label": 3} for x in X]), "has the keys 'x'"),
    "unequal parts": (lambda: (X, C[:20]), r"equally many, not \[23, 20\]"),
    "unequal parts of a batch": (lambda: Again([(X, C[:20])]), r"equally many, not \[23, 20\]"),
    "items of several lengths": (
        lambda: [X[0], X[1, :3]],
        "observations of data cannot be put into one batch",
    ),
    "items of several kinds": (
        lambda: Items([{"x": X[0]}, {"context": C[0]}]),
        "cannot be put into one batch",
    ),
    "items of a wrong length": (lambda: list(X[:, :3]), r"x has shape \(23, 3\)"),
    "items without a length": (lambda: list(X[:, 0]), "x has shape"),
    "words": (lambda: np.array([["a", "b"]] * 4), "array of <U1, which torch doesn't know"),
    "a single number": (lambda: torch.tensor(3), "one row for each observation"),
    "a batch of words": (lambda: Again(["ab"]), "A batch in data is levels.*not 'ab'"),
    "a function of nothing": (lambda: lambda: None, "data is .*, not None"),
    "a dataset without a length": (torch.utils.data.Dataset, "data is a Dataset, which lacks a `__len__`"),
}


@pytest.mark.parametrize("what", WRONG)
def test_data_of_a_wrong_kind_are_one_sentence(what: str) -> None:
    make, sentence = WRONG[what]
    model = Given()
    for call in (
        lambda: fit(model, make(), epochs=1, batch_size=50, progress=False),
        lambda: evaluate(model, make(), batch_size=50),
    ):
        with pytest.raises(ValueError, match=sentence) as error:
            call()
        assert "\n" not in str(error.value) and not model.weight.any() and model.training
    if what != "None":  # which means no held-out data
        with pytest.raises(ValueError, match=sentence.replace("data", "valid")):
            fit(Given(), (X, C), epochs=1, valid=make(), batch_size=50, progress=False)


def test_an_ensemble_takes_streams_too() -> None:
    model = MADE((4,), [6], likelihood=likelihoods.Bernoulli(), num_masks=3)
    assert len(fit(model, Again([X[:9], X[9:]]), epochs=2, progress=False).step_bits_per_dim) == 4
