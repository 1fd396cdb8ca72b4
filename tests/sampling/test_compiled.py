"""Loops in machine code draw the samples of the loops that they replace, and nothing goes wrong where they can't be had."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import pytest
import torch
from torch import Tensor

from armod import WaveNet, likelihoods
from armod.likelihoods import Bernoulli, Categorical
from armod.machine_code import Kernel, loading
from armod.machine_code.arithmetic import (
    add_columns,
    add_many_columns,
    add_product,
    exponentials,
    level_of,
    sigmoids,
    tanhs,
)
from armod.models.base import AutoregressiveModel
from armod.models.made.made_kernel import made_blocks
from armod.models.raster.pixelcnn_kernel import pixel_blocks
from armod.models.sequence.recurrent_kernel import recurrent_steps
from armod.models.sequence.transformer_kernel import transformer_steps
from armod.models.sequence.wavenet_kernel import wavenet_steps
from tests.checkout import CHECKOUT
from tests.harness.patience import FACTOR
from tests.makers import context_for, made, pixelcnn, recurrent, seeded, transformer, wavenet

KERNELS = {
    "wavenet": wavenet_steps,
    "recurrent": recurrent_steps,
    "made": made_blocks,
    "transformer": transformer_steps,
    "pixelcnn": pixel_blocks,
}
MODELS: dict[str, Callable[[], AutoregressiveModel]] = {
    "wavenet of bits": lambda: wavenet((7,), Bernoulli(), [1, 2]),
    "wavenet of two levels, one step": lambda: wavenet((1,), Categorical(2), [1]),
    "wavenet of 256 levels, three taps, dilations that wrap": lambda: wavenet(
        (33,), Categorical(256), [1, 4, 2, 1], kernel_size=3
    ),
    "wavenet of one tap": lambda: wavenet((5,), Categorical(3), [1, 1], kernel_size=1),
    "wavenet without skips": lambda: wavenet((9,), Categorical(5), [2, 3], skip=False),
    "wavenet without residuals": lambda: wavenet((9,), Categorical(5), [2, 3], residual=False),
    "wavenet without either": lambda: wavenet((9,), Categorical(5), [2, 3], residual=False, skip=False),
    "wavenet with a context": lambda: wavenet((6,), Categorical(4), [1, 2], context_size=3),
    "wavenet with a context of its own rate": lambda: wavenet(
        (7,), Categorical(4), [1, 2], context_size=3, context_hop=3
    ),
    "wavenet reversed": lambda: wavenet((6,), Categorical(4), [1, 2], ordering=range(5, -1, -1)),
    "rnn of bits": lambda: recurrent((6,), Bernoulli(), cell="rnn"),
    "lstm of two levels, one step": lambda: recurrent((1,), Categorical(2), cell="lstm"),
    "lstm of 256 levels, three layers": lambda: recurrent((9,), Categorical(256), cell="lstm", num_layers=3),
    "gru with a context": lambda: recurrent((6,), Categorical(4), cell="gru", context_size=3),
    "gru of two layers, any order": lambda: recurrent(
        (5,), Categorical(4), cell="gru", num_layers=2, ordering=[3, 1, 0, 4, 2]
    ),
    "lstm that looks back": lambda: recurrent((7,), Categorical(4), cell="lstm", lookback=4),
    "made of bits, more blocks than a chunk has": lambda: made((150,), (160, 150), scale=0.2),
    "made of three levels, more blocks than a chunk has, any order": lambda: made(
        (100,), (120,), 3, scale=0.2, ordering=[*range(1, 100, 2), *range(0, 100, 2)]
    ),
    "made without a hidden layer": lambda: made((70,), (), scale=0.2),
    "made of one variable": lambda: made((1,), (3,), 4),
    "made with blocks of several variables and a context": lambda: made((9,), (4, 3), 3, context_size=2),
    "transformer of bits": lambda: transformer((9,), Bernoulli()),
    "transformer of 256 levels, one step": lambda: transformer((1,), Categorical(256)),
    "transformer of one layer, any order, a context": lambda: transformer(
        (5,), Categorical(4), num_layers=1, ordering=[3, 1, 0, 4, 2], context_size=2
    ),
    "transformer with rotary positions": lambda: transformer((11,), Categorical(5), positions="rotary"),
    "pixelcnn of bits": lambda: pixelcnn((1, 4, 5), Bernoulli()),
    "pixelcnn of one pixel": lambda: pixelcnn((1, 1, 1), Categorical(3)),
    "pixelcnn of three channels with a kernel of five": lambda: pixelcnn(
        (3, 3, 4), Categorical(3), channels=6, kernel_size=5
    ),
    "pixelcnn with a context": lambda: pixelcnn((1, 3, 3), Categorical(4), context_channels=2),
    "rnn of two layers": lambda: recurrent((5,), Categorical(3), cell="rnn", num_layers=2),
}  # fmt: skip
EACH = pytest.mark.parametrize("name", MODELS)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the kernels whose compiled loop was taken; numba must be there."""
    pytest.importorskip("numba")
    taken: list[str] = []
    for name, kernel in KERNELS.items():
        original = kernel.compiled

        def noted(num: int, *trial: object, name=name, original=original) -> Callable | None:
            run = original(num, *trial)
            taken.extend([name] if run else [])
            return run

        monkeypatch.setattr(kernel, "compiled", noted)
    monkeypatch.setenv(loading.SWITCH, "1")
    yield taken


def samples(
    model: AutoregressiveModel,
    num: int,
    monkeypatch: pytest.MonkeyPatch,
    *others: str,
    **options: object,
) -> list[Tensor]:
    """The sample that the compiled loop, and the loops of other methods, make of one noise."""
    made = []
    for switch, method in (("1", "cached"), *(("0", method) for method in others or ("cached", "naive"))):
        monkeypatch.setenv(loading.SWITCH, switch)
        made.append(model.sample(num, generator=seeded(3), method=method, **options))
    monkeypatch.setenv(loading.SWITCH, "1")
    return made


def contexts(model: AutoregressiveModel, num: int) -> list[Tensor | None]:
    if not model.context_size:
        return [None]
    if getattr(model, "context_hop", 1) > 1:
        columns = -(-model.num_variables // model.context_hop)
        return [torch.randn(num, model.context_size, columns, generator=seeded(2), dtype=torch.float64)]
    return [context_for(model, num), context_for(model, num, local=True)]


@EACH
@pytest.mark.parametrize("num", [1, 3])
def test_compiled_is_cached_is_naive(
    name: str, num: int, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = MODELS[name]()
    for context, temperature in itertools.product(contexts(model, num), (1.0, 0.7)):
        compiled, cached, naive = samples(model, num, monkeypatch, context=context, temperature=temperature)
        assert torch.equal(compiled, cached)
        assert torch.equal(compiled, naive)
        assert compiled.dtype == torch.int64
    assert len(runs) == 2 * len(contexts(model, num)), "the compiled loop was not taken"


@EACH
def test_what_is_known_is_kept(name: str, runs: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    model, num = MODELS[name](), 2
    known = torch.randint(model.likelihood.num_levels, (num, *model.event_shape), generator=seeded(5))
    mask = torch.rand(known.shape, generator=seeded(6)) < 0.5
    compiled, cached, naive = samples(
        model, num, monkeypatch, context=contexts(model, num)[0], known=known, mask=mask
    )
    assert torch.equal(compiled, cached)
    assert torch.equal(compiled, naive)
    assert torch.equal(compiled[mask], known[mask])
    assert runs


LONG: dict[str, Callable[[], AutoregressiveModel]] = {
    "wavenet of more steps than are multiplied together": lambda: wavenet(
        (700,), Categorical(6), [1, 5, 21], kernel_size=3
    ),
    "wavenet with a context": lambda: wavenet(
        (700,), Categorical(6), [1, 2, 16], context_size=2, context_hop=5
    ),
    "transformer": lambda: transformer((150,), Categorical(6), num_layers=1),
    "lstm that looks back, with a context": lambda: recurrent(
        (1_100,), Categorical(6), cell="lstm", lookback=3, context_size=2
    ),
}


@pytest.mark.parametrize("name", LONG)
def test_calls_of_many_steps_follow_each_other(
    name: str, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that forgot what it remembers between two calls, or took the context of another step, would differ."""
    model = LONG[name]()  # longer than one call draws
    compiled, cached = samples(model, 2, monkeypatch, "cached", context=contexts(model, 2)[-1])
    assert torch.equal(compiled, cached)
    assert runs


def test_in_float32_networks_of_usual_sizes_draw_the_same(
    runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A coarse exponential or tanh would show after a few hundred draws among 256 levels."""
    model = WaveNet((400,), 16, dilations=[1, 2, 4, 8, 16], likelihood=Categorical(256), seed=2)
    compiled, cached = samples(model, 3, monkeypatch, "cached")
    differs = (compiled != cached).any(0).nonzero().flatten().tolist()
    if differs:  # then the draw lies where one level ends and the next begins
        ends = model.conditionals(cached[:, : differs[0] + 1]).probs[:, -1].double().cumsum(-1)
        noise = torch.rand(3, 400, dtype=torch.float64, generator=seeded(3))[:, differs[0], None]
        at_fault = (compiled != cached)[:, differs[0]]
        assert ((ends - noise).abs().amin(1)[at_fault] < 1e-5).all()
    assert runs


def test_what_is_no_number_is_an_error(runs: list[str]) -> None:
    model = wavenet((50,), Categorical(4), [1, 2])
    with torch.no_grad():
        model.hidden.weight.mul_(1e308)
    with pytest.raises(ValueError, match="not a number while it sampled"):
        model.sample(2, generator=seeded())
    assert runs


def test_an_impossible_level_is_never_drawn(runs: list[str]) -> None:
    model = wavenet((50,), Categorical(4), [1, 2])
    with torch.no_grad():
        model.head.bias[[0, 3]] = -1e4
    assert set(model.sample(4, generator=seeded()).unique().tolist()) == {1, 2}
    assert runs


@pytest.mark.parametrize(
    "options", [{"top_k": 2}, {"stop": 1}, {"callback": print}, {"filter": lambda d, k, x: d}]
)
def test_where_the_compiled_loop_does_not_fit_the_other_serves(
    options: dict[str, object], runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = wavenet((6,), Categorical(4), [1, 2])
    switched_on, cached, naive = samples(model, 2, monkeypatch, **options)
    assert torch.equal(switched_on, cached)
    assert torch.equal(switched_on, naive)
    assert not runs


def test_a_single_level_is_no_bit(runs: list[str]) -> None:
    assert not wavenet((6,), Categorical(1), [1]).sample(20, generator=seeded()).any()
    assert not runs


def test_half_precision_and_real_numbers_take_the_other_loop(runs: list[str]) -> None:
    WaveNet((6,), 4, dilations=[1], likelihood=Categorical(4)).to(torch.bfloat16).sample(1)
    WaveNet((6,), 4, dilations=[1], likelihood=likelihoods.Logistic()).sample(1)
    assert not runs


def kernel_of(function: Callable[..., object]) -> Kernel:
    return Kernel(function, "a test")


def test_nothing_is_compiled_before_it_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.delenv(loading.SWITCH, raising=False)
    monkeypatch.setattr(loading, "_num_drawn", 0)
    monkeypatch.setattr(loading, "_jit", lambda function: function)
    kernel = kernel_of(lambda *_: None)
    assert kernel.compiled(loading.ENOUGH - 1) is None
    assert kernel.compiled(1) is not None
    assert kernel.compiled(1) is not None
    monkeypatch.setenv(loading.SWITCH, "0")
    assert kernel.compiled(10 * loading.ENOUGH) is None
    monkeypatch.delenv(loading.SWITCH)
    patient = Kernel(lambda *_: None, "a test", enough=3 * loading.ENOUGH)
    assert [bool(patient.compiled(loading.ENOUGH)) for _ in range(2)] == [False, True]


@pytest.mark.parametrize("error", [PermissionError, ImportError, TypeError], ids=lambda error: error.__name__)
def test_a_loop_that_can_not_be_compiled_is_not_tried_again(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def fail(function: object) -> None:
        tried.append(function)
        raise error

    monkeypatch.setattr(loading, "is_wanted", lambda: True)
    monkeypatch.setattr(loading, "_jit", fail)
    kernel = kernel_of(lambda *_: None)
    assert [kernel.compiled(10_000), kernel.compiled(10_000)] == [None, None]
    assert len(tried) == 1


def test_a_folder_that_can_not_be_made_costs_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "folder"))
    monkeypatch.setenv(loading.SWITCH, "1")
    monkeypatch.setattr(loading, "is_wanted", lambda: True)
    assert kernel_of(lambda: None).compiled(10_000) is None


PROGRAM = """
import sys, numpy
from armod.machine_code import Kernel, loading
from armod.machine_code.arithmetic import tanhs
from loop import loop
loading._SECONDS_UNSAID = float(sys.argv[1])
kernel, x = Kernel(loop, "a small loop"), numpy.ones(3)
assert 'numba' not in sys.modules
kernel.compiled(1, x[:0])(x)
assert 'numba' in sys.modules and (x == numpy.tanh(1)).all()
stats = kernel._compiled.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def test_what_is_compiled_lies_in_the_users_folder_and_is_found_there(tmp_path: Path) -> None:
    """The second process compiles nothing; only the first says that it does, where that takes long."""
    pytest.importorskip("numba")
    (tmp_path / "loop.py").write_text(
        "from armod.machine_code.arithmetic import tanhs\ndef loop(x):\n    tanhs(x)\n"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), loading.SWITCH: "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(CHECKOUT), str(tmp_path)])
    first, second = (
        subprocess.run(
            [sys.executable, "-c", PROGRAM, seconds],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600 * FACTOR,
        )
        for seconds in ("0", "1000")
    )
    assert (first.stdout.strip(), second.stdout.strip()) == ("0 1", "1 0"), first.stderr + second.stderr
    assert first.stderr == "armod compiles a small loop once; later runs find it on the disk ...\n"
    assert second.stderr == ""
    (index,) = tmp_path.rglob("*.nbi")
    assert "armod" in index.relative_to(tmp_path).parts


@pytest.mark.parametrize("dtype", [numpy.float32, numpy.float64])
def test_the_arithmetic_is_that_of_numpy(dtype: type) -> None:
    """In plain Python, which is what is compiled."""
    digits = 4 * numpy.finfo(dtype).eps
    x = numpy.concatenate([numpy.linspace(-20, 20, 401), [0, 1e-6, -0.62, 0.63, 87.0, -86.9]]).astype(dtype)
    exact = x.astype(numpy.float64)
    for function, expected in (
        (exponentials, numpy.exp(exact)),
        (tanhs, numpy.tanh(exact)),
        (sigmoids, 1 / (1 + numpy.exp(-exact))),
    ):
        found = x.copy()
        with numpy.errstate(over="ignore"):
            function(found)
        numpy.testing.assert_allclose(found, expected, rtol=digits, atol=digits / 8)
    matrix, sums = x[:35].reshape(7, 5).copy(), numpy.ones(7, dtype)
    add_product(matrix, x[:5], sums)
    numpy.testing.assert_allclose(sums, 1 + matrix.astype(numpy.float64) @ exact[:5], rtol=10 * digits)
    by_inputs, vectors = x[:77].reshape(11, 7).copy(), x[100:166].reshape(6, 11).copy()
    product = vectors.astype(numpy.float64) @ by_inputs
    many, single = numpy.ones((8, 7), dtype), numpy.ones(7, dtype)
    add_many_columns(by_inputs, vectors, many)
    add_columns(by_inputs, vectors[5], single)
    scale = abs(product).max()
    numpy.testing.assert_allclose(many[:6], 1 + product, atol=10 * digits * scale)
    numpy.testing.assert_allclose(single, 1 + product[5], atol=10 * digits * scale)
    assert (many[6:] == 1).all()


def test_no_number_stays_no_number() -> None:
    for function in (exponentials, tanhs, sigmoids):
        x = numpy.array([numpy.nan, 0.5], numpy.float32)
        with numpy.errstate(invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's scalars warn of what vector instructions do silently
            function(x)
        assert numpy.isnan(x).tolist() == [True, False]


def test_a_draw_is_that_of_the_likelihood() -> None:
    logits = torch.tensor([0.3, -torch.inf, 1.2, -0.5], dtype=torch.float64)
    ends = logits.softmax(0).cumsum(0)
    uniform = torch.cat(
        [torch.linspace(0, 1, 101, dtype=torch.float64)[:-1], ends[:-1], torch.tensor([1 - 2**-53])]
    )
    likelihood = Categorical(4)
    noise = likelihood.noise(uniform, torch.float64)
    expected = likelihood.draw(logits.expand(len(uniform), 4), noise)
    found = [level_of(logits.numpy().copy(), each) for each in noise.squeeze(-1).numpy()]
    assert found == expected.tolist()
    assert level_of(numpy.full(3, numpy.nan), 0.5) == level_of(numpy.array([numpy.nan]), 0.5) == -1
