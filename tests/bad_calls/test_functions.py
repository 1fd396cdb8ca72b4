"""Functions and methods that get what they can't use: one sentence, never an error from inside."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import distributions, nn

import armod
from armod import MADE, Histogram, PixelCNN, WaveNet, likelihoods, mu_law, orderings
from armod.distillation import MixtureOfProducts
from armod.likelihoods import Bernoulli, Categorical, DiscretizedLogisticMixture, LogisticMixture
from armod.measures.gradient_reach import gradient_reach, random_recurrence
from armod.measures.longest_chain import longest_chain
from armod.models.made.masks import hidden_degrees
from armod.training import Cosine, WarmUp
from tests.bad_calls.sentences import Bad, all_refused, refused

pytestmark = pytest.mark.usefixtures("torch_validates")

MODEL = MADE((4,), [6], likelihood=Bernoulli())
SOUND = WaveNet((6,), 3, dilations=[1, 2], likelihood=Categorical(3))
IMAGES = PixelCNN((1, 3, 3), 2, 1, likelihood=Bernoulli())
COUNTS = Histogram((2,), 3)
X = torch.zeros(5, 4)
COIN = distributions.Bernoulli(logits=torch.zeros(3, 4))
DICE = distributions.Categorical(logits=torch.zeros(3, 4, 6))
MIXTURE = DiscretizedLogisticMixture(*torch.zeros(3, 3, 4, 2), num_levels=6)
HEADS = distributions.Binomial(5, probs=torch.full((3, 4), 0.5))
FAMILIES = [COIN, DICE, MIXTURE, HEADS]
U = torch.full((3, 4), 0.5)
NO_MODEL = [nn.Linear(2, 2), MADE, "MADE", None, X, [MODEL], lambda x: x]
NO_DISTRIBUTION = [None, "coin", 0.5, X, Bernoulli(), distributions.Bernoulli, [COIN]]
NO_SHAPE = [4, 4.0, None, "ab", (), (4.0,), (True, 4), (0,), (-1, 4), [[4]], torch.zeros(2)]
NO_PATH = [None, 3, b"file", ["file"], X]
BY_SHAPE = [orderings.raster, orderings.column, orderings.checkerboard, orderings.random, orderings.reversed]
NO_ROWS = ["x", None, 0.5, torch.tensor([0.5]), [0.0], [True], [2], [-1], torch.zeros(1, 1).long(), [[0]], {}]

MEASURES: list[Bad] = [
    *[
        (lambda call=call, model=model: call(model), "model is an AutoregressiveModel, not")
        for call in (
            armod.check_autoregressive,
            armod.dependency_matrix,
            armod.total_probability,
            lambda model: armod.fit(model, X, epochs=1),
            lambda model: armod.evaluate(model, X),
            lambda model: armod.save(model, "model.safetensors"),
        )
        for model in NO_MODEL
    ],
    *[
        (lambda call=call, seed=seed: call(MODEL, seed=seed), "seed must be a whole number")
        for call in (armod.check_autoregressive, armod.dependency_matrix)
        for seed in ("a", 0.5, None, 2**64)
    ],
    *[
        (lambda most=most: armod.total_probability(MODEL, max_observations=most), "max_observations")
        for most in ("10", None, 2.5, -1)
    ],
    *[(lambda value=value: longest_chain(value), "result") for value in (3, None, "x", X, np.zeros(3))],
    (lambda: random_recurrence(["rnn"], scale=1.0), "cell"),
    *[
        (lambda scale=scale: random_recurrence("rnn", scale=scale), "scale")
        for scale in ("1", None, float("nan"))
    ],
    *[
        (lambda lags=lags: gradient_reach(random_recurrence("rnn", scale=1.0), lags=lags), "lags")
        for lags in (0, 2.5, "3")
    ],
    (lambda: gradient_reach(nn.ReLU()), "recurrence"),
    (lambda: gradient_reach("rnn"), "recurrence"),
]
MIXED = MixtureOfProducts(2).fit(X)
MIXTURES: list[Bad] = [
    *[(lambda m=m: MixtureOfProducts(m), "num_components") for m in ("3", None, 2.5, 0, True)],
    *[
        (lambda x=x: MixtureOfProducts(2).fit(x), "levels")
        for x in (X.tolist(), None, X[:0], X[0], X - 1, X + 0.5)
    ],
    *[(lambda k=k: MIXED.fit(X + 2, num_levels=k), "num_levels|Levels") for k in ("3", 2.5, 0, 2)],
    *[(lambda n=n: MIXED.fit(X, steps=n), "steps") for n in ("3", None, 2.5, 0)],
    *[(lambda s=s: MIXED.fit(X, smoothing=s), "smoothing") for s in ("1", None, 0, -1, float("nan"))],
    *[(lambda s=s: MIXED.fit(X, seed=s), "seed") for s in ("1", None, 0.5)],
    *[
        (lambda x=x: MIXED.log_prob(x), "x ")
        for x in (X.tolist(), None, X[:, :3], X[0], X[0, 0], X + 2, X - 1)
    ],
    *[(lambda n=n: MIXED.sample(n), "num_samples") for n in ("3", None, 2.5, -1)],
    *[(lambda g=g: MIXED.sample(1, generator=g), "generator") for g in (0, "cpu", torch.Generator)],
    (lambda: MixtureOfProducts(2).sample(1), "has seen nothing yet"),
    (lambda: MixtureOfProducts(2).log_prob(X), "has seen nothing yet"),
]
TRAINING: list[Bad] = [
    (lambda: armod.fit(X, MODEL, epochs=1), "model is an AutoregressiveModel"),
    (lambda: armod.fit(MODEL, MODEL, epochs=1), "data is"),
    (lambda: armod.fit(MODEL, "digits8", epochs=1), "data is"),
    (lambda: armod.fit(MODEL, 3, epochs=1), "data is"),
    (lambda: armod.fit(MODEL, X.tolist(), epochs=1, progress=False), "data"),
    (lambda: armod.fit(MODEL, torch.zeros(5, 3), epochs=1, progress=False), "Observations of this model"),
    (lambda: armod.evaluate(MODEL, armod.data.load("digits8"), split="dev"), "split is .* not 'dev'"),
    (lambda: armod.evaluate(MODEL, armod.data.load("digits8"), split=None), "split is .* not None"),
    (lambda: armod.evaluate(MODEL, armod.data.load("digits8"), split=["test"]), "split is"),
    *[(lambda n=n: WarmUp(n), "num_steps") for n in ("3", None, 2.5, True, 0)],
    *[(lambda n=n: Cosine(n), "num_steps") for n in ("3", None, 2.5, 0)],
    *[(lambda n=n: Cosine(9, warm_up=n), "warm_up") for n in ("3", None, 2.5, 9, -1)],
    *[(lambda n=n: Cosine(9, final=n), "final") for n in ("3", None, 1.5)],
]
FILES: list[Bad] = [
    *[(lambda path=path: armod.save(MODEL, path), "path is the path of a file, not") for path in NO_PATH],
    *[(lambda path=path: armod.load(path), "path is the path of a file, not") for path in NO_PATH],
    (lambda: armod.save("model.safetensors", MODEL), "model is an AutoregressiveModel"),
    *[
        (lambda c=c: armod.load("x", classes=c), "classes")
        for c in (3, None, MADE, "MADE", [3], ["MADE"], ["a.b"])
    ],
    *[
        (lambda name=name: armod.load_pretrained(name), "no pretrained weights .*: choose one of ")
        for name in ("nope", None, 3, ["made-digits28"], MODEL)
    ],
    *[
        (lambda name=name: armod.data.load(name), "no data set .*: choose one of ")
        for name in ("nope", None, 3, ["digits8"], {}, X)
    ],
]
DIGITS = armod.data.load("digits8")
LEVELS = torch.zeros(2, 3, dtype=torch.uint8)
DATA: list[Bad] = [
    *[(lambda split=split: DIGITS.pairs(split), "split is .* not") for split in ("dev", None, 3, ["test"])],
    *[(lambda n=n: DIGITS.binarize(n), "threshold") for n in ("4", 2.5, 0, 17, True, [4])],
    *[(lambda n=n: DIGITS.quantize(n), "can be quantised") for n in ("4", 2.5, None, 1, 18, True, [4])],
    *[
        (lambda x=x: armod.data.Dataset("mine", x, LEVELS, LEVELS, num_levels=2), "train")
        for x in (LEVELS.tolist(), None, "x", LEVELS.float(), LEVELS.long())
    ],
    (lambda: armod.data.Dataset("mine", LEVELS, LEVELS[:, :2], LEVELS, num_levels=2), "valid"),
    *[
        (lambda k=k: armod.data.Dataset("mine", LEVELS, LEVELS, LEVELS, num_levels=k), "num_levels")
        for k in ("2", None, 2.5, 0)
    ],
]
SOUNDS: list[Bad] = [
    *[
        (lambda x=x: mu_law.mu_law_encode(x), "wave")
        for x in ("x", None, 0.5, [0.5], np.array([1]), X.long())
    ],
    *[(lambda x=x: mu_law.mu_law_decode(x), "levels") for x in ("x", None, 3, [3], np.array(["a"]))],
    *[
        (lambda x=x: mu_law.mu_law_decode(x), "[Ll]evels")
        for x in (torch.tensor([0.5]), X - 1, X + 256, X * torch.nan)
    ],
    *[
        (lambda k=k: mu_law.mu_law_encode(X, k), "num_levels|Mu-law")
        for k in ("256", None, 2.5, True, 1, [256])
    ],
    *[
        (lambda k=k: mu_law.mu_law_decode(X, k), "num_levels|Mu-law")
        for k in ("256", None, 2.5, True, 1, [256])
    ],
    *[
        (lambda d=d: mu_law.mu_law_decode(X, dtype=d), "dtype")
        for d in ("float32", np.float32, float, torch.int64)
    ],
]
ORDERINGS: list[Bad] = [
    *[(lambda f=f, s=s: f(s), "event.shape is .*(not|got) ") for f in BY_SHAPE for s in NO_SHAPE],
    *[
        (lambda s=s: orderings.random((4,), s), "seed must be a whole number")
        for s in ("a", None, 0.5, True, 2**64)
    ],
    *[
        (lambda o=o: orderings.positions(o), "ordering")
        for o in (
            None,
            "raster",
            orderings.raster,
            3,
            [0, 2],
            [0, 0],
            torch.tensor([0.5, 1.0]),
            [[0], [1, 2]],
        )
    ],
    *[
        (lambda o=o: orderings.name(o, (3,)), "ordering")
        for o in (None, "raster", orderings.raster, 3, [0, 1], [0, 0, 1])
    ],
    *[(lambda s=s: orderings.name([0, 1], s), "event.shape") for s in (None, 2, "ab")],
    *[(lambda s=s: orderings.as_permutation([0, 1], s), "event.shape") for s in (None, 2, "ab", (2.0,))],
    (lambda: hidden_degrees(3, 4), "hidden_sizes"),
    (lambda: hidden_degrees("3", [4]), "num_variables"),
    (lambda: hidden_degrees(3, [4], seed="a"), "seed"),
]
LIKELIHOODS: list[Bad] = [
    *[
        (lambda d=d, u=u: likelihoods.inverse_cdf(d, u), "uniform")
        for d in FAMILIES
        for u in (None, 0.5, [0.5], "x", torch.zeros(5), U.long())
    ],
    *[
        (lambda d=d, x=x: likelihoods.log_prob(d, x), "levels")
        for d in FAMILIES
        for x in (None, 0, [0], "x", torch.zeros(5), X[:3] + 0.5, X[:3] - 1, X[:3] + 6, np.full((3, 4), 9))
    ],
    *[
        (lambda d=d, t=t: likelihoods.temper(d, t), "temperature")
        for d in FAMILIES
        for t in (None, "1", 0, -1, float("nan"), float("inf"), [1.0], True)
    ],
    *[
        (lambda made=made, p=p: made.distribution(p), "parameters")
        for made, size in ((Bernoulli(), 1), (Categorical(4), 4), (LogisticMixture(8, 2), 6))
        for p in (
            None,
            [0.0],
            0.5,
            "x",
            torch.zeros(3, size + 1),
            torch.zeros(3, 0),
            torch.tensor(0.0),
            np.zeros((3, 2)),
        )
    ],
    *[(lambda k=k: likelihoods.rescale(X, k, torch.float32), "num_levels") for k in ("2", None, 2.5, 0)],
    *[(lambda x=x: likelihoods.rescale(x, 2, torch.float32), "levels") for x in ([0], None, "x")],
]
MODELS: list[Bad] = [
    *[
        (lambda x=x: COUNTS.fit(x), r"x is a tensor of levels \(N, 2\), not")
        for x in ([[0, 1]], None, "x", 3)
    ],
    *[
        (lambda x=x: COUNTS.fit(x), "whole numbers from 0 to 2, but x lies between")
        for x in (
            torch.tensor([[0.5, 1]]),
            torch.tensor([[torch.nan, 1]]),
            np.array([[0, 3]]),
            np.array([[-1, 0]]),
        )
    ],
    (lambda: COUNTS.fit(torch.zeros(4, 3)), "but x has shape"),
    *[
        (lambda x=x: COUNTS.is_unseen(x), "x ")
        for x in ([[0, 1]], None, torch.zeros(4, 3), torch.full((1, 2), 3))
    ],
    *[
        (lambda x=x: MODEL.start_from_marginals(x), "x ")
        for x in (X.tolist(), None, "x", X + 2, X + 0.5, X[:, :3])
    ],
    (lambda: MODEL.start_from_marginals(X[:0]), "x "),
    *[
        (lambda n=n: SOUND.sample(2, length=n), "length is")
        for n in (2.5, "3", True, 0, -1, [3], torch.zeros(2))
    ],
    *[(lambda k=k: MODEL.sample(2, top_k=k), "top_k is") for k in ("3", 0, 2.5, True, [3])],
    *[(lambda m=m: MODEL.sample(2, method=m), "method is") for m in (["cached"], None, {}, "fast", 3)],
    *[(lambda s=s: SOUND.sample(2, stop=s), "stop is") for s in ("0", 0.0, True, [0], 3, -1)],
    *[
        (lambda g=g: MODEL.entropy(5, generator=g), "generator is")
        for g in (0, "x", np.random.default_rng(0))
    ],
    *[(lambda g=g: MODEL.sample_and_log_prob(5, generator=g), "generator is") for g in (0, "x")],
    *[(lambda n=n: MODEL.sample_and_log_prob(n), "num_samples is") for n in ("5", 2.0, (5,), True)],
    *[(lambda n=n: MODEL.entropy(n), "num_samples") for n in ("5", 2.0, (5,), True, 1)],
]


GROUPS = {
    "measures": MEASURES,
    "mixtures of products": MIXTURES,
    "training": TRAINING,
    "files": FILES,
    "data": DATA,
    "sounds": SOUNDS,
    "orderings": ORDERINGS,
    "likelihoods": LIKELIHOODS,
    "models": MODELS,
}


@pytest.mark.parametrize("calls", GROUPS.values(), ids=GROUPS)
def test_a_bad_call_is_one_sentence(calls: list[Bad]) -> None:
    all_refused(calls)


def test_what_is_no_distribution() -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda d: likelihoods.inverse_cdf(d, U),
        lambda d: likelihoods.log_prob(d, X),
        lambda d: likelihoods.temper(d, 0.5),
        lambda d: likelihoods.pick(d, 0),
        likelihoods.table,
        likelihoods.num_levels,
    ]
    due = "distribution is a torch.distributions.Distribution, not"
    all_refused(((lambda f=f, d=d: f(d), due) for f in functions for d in NO_DISTRIBUTION), TypeError)


def test_no_such_variable() -> None:
    variables = ["x", None, 0.5, 4, -5, True, [4], [0, "x"], torch.tensor([0, 1])]
    all_refused(
        (
            (lambda d=d, v=v: likelihoods.pick(d, v), "variable is .* not")
            for d in FAMILIES
            for v in variables
        ),
        IndexError,
    )


def test_no_such_rows() -> None:
    models = [MODEL, SOUND, Histogram((2,), 3).fit(torch.zeros(3, 2))]
    due = "rows are indices from 0 to 1, or a boolean"
    all_refused(
        ((lambda m=m, r=r: m.incremental(2).select(r), due) for m in models for r in NO_ROWS), IndexError
    )


def test_no_such_place() -> None:
    in_a_sequence = [(1.0,), ("1",), (None,), (True,), (9,), (-7,), (1, 1), (), ([1],)]
    in_an_image = [(1.0, 1), ("1", 1), (1, None), (3, 0), (0, -4), (0, 0, 1), (0, True)]
    places = [(model, place) for model in (MODEL, SOUND) for place in in_a_sequence]
    places += [(IMAGES, place) for place in in_an_image]
    all_refused(
        ((lambda m=m, p=p: m.receptive_field(*p), "There is no place") for m, p in places), IndexError
    )


def test_numpy_is_taken_where_tensors_are() -> None:
    levels = torch.tensor([[0, 2], [1, 1], [0, 2]])
    counted = Histogram((2,), 3).fit(levels.numpy())
    assert torch.equal(counted.counts, torch.tensor([2, 1]))
    assert counted.is_unseen(np.array([[0, 2], [2, 2]])).tolist() == [False, True]
    model = MADE((2,), [], likelihood=Categorical(3))
    bias = model.start_from_marginals(levels).layers[0].bias.clone()
    assert torch.equal(model.start_from_marginals(levels.numpy()).layers[0].bias, bias)
    wave = np.array([-1.0, 0.0, 0.25], dtype=np.float32)
    assert mu_law.mu_law_encode(wave).tolist() == mu_law.mu_law_encode(torch.tensor(wave)).tolist()
    assert mu_law.mu_law_decode(np.array([3], dtype=np.uint8)) == mu_law.mu_law_decode(torch.tensor([3]))
    assert (
        orderings.positions(np.array([2, 0, 1])).tolist()
        == orderings.positions([2, 0, 1]).tolist()
        == [1, 2, 0]
    )
    assert orderings.name(np.array([2, 1, 0]), [3]) == orderings.name([2, 1, 0], np.array([3])) == "reversed"
    for distribution in FAMILIES:
        x, u = np.zeros((3, 4), dtype=np.int64), U.numpy()
        assert torch.equal(
            likelihoods.log_prob(distribution, x), likelihoods.log_prob(distribution, torch.tensor(x))
        )
        assert torch.equal(likelihoods.inverse_cdf(distribution, u), likelihoods.inverse_cdf(distribution, U))
        assert likelihoods.temper(distribution, np.float32(2)).batch_shape == (3, 4)
        assert likelihoods.pick(distribution, np.int64(-1)).batch_shape == (3,)
    for made in (Bernoulli(), Categorical(4), LogisticMixture(8, 2)):
        assert made.distribution(np.zeros((3, made.num_parameters))).batch_shape == (3,)
    assert MODEL.incremental(3).select(np.array([2, 0])).num_samples == 2
    assert MODEL.incremental(3).select(np.array([True, False, False])).num_samples == 1
    assert MODEL.incremental(3).select([]).num_samples == 0
    assert IMAGES.receptive_field(np.int64(1), np.int64(1)).sum() == IMAGES.receptive_field(1, 1).sum()
    assert SOUND.sample(2, length=np.int64(9), stop=np.int64(0)).shape == (2, 9)
    assert DIGITS.quantize(np.int64(4)).num_levels == 4 and DIGITS.binarize(np.int64(8)).num_levels == 2


def test_a_swapped_save_writes_nothing(tmp_path: Path) -> None:
    refused(lambda: armod.save(tmp_path / "model", MODEL), "model is an AutoregressiveModel")
    assert list(tmp_path.iterdir()) == [] and not re.search("MADE", str(list(Path.cwd().iterdir())))
