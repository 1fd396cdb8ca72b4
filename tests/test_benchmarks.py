"""The benchmarks run, record what they measure, and notice what they must; no test depends on the clock."""

from __future__ import annotations

import importlib
import json
import math

import pytest
import torch

from armod import MADE, NGram, check_autoregressive, likelihoods, total_probability
from armod.course.measured import measured
from armod.pretrained import receipt
from benchmarks import __main__ as command
from benchmarks import made as benchmark
from benchmarks.applications import text
from benchmarks.lessons import made_orderings
from benchmarks.measure import Result, interleaved


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "SHAPE", (1, 4, 4))
    monkeypatch.setattr(benchmark, "HIDDEN", (9, 8))
    monkeypatch.setattr(benchmark, "BATCH", 3)
    few = {
        "made-training": lambda: benchmark.training_step(repeats=2),
        "made-sampling": lambda: benchmark.sampling(repeats=1),
    }
    monkeypatch.setattr(command, "benchmarks", lambda: few)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_all_of_them_run_and_are_recorded(tiny: None, tmp_path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "deeper" / "numbers.json"
    code = command.main(["--out", str(out)])
    results = json.loads(out.read_text())["results"]
    targets = [result["target"] for result in results]
    assert (targets[:2], targets[-2:]) == (["<= 1.15", ">= 1.5"], [">= 80", ""])
    assert code == (0 if all(result["holds"] for result in results) else 1)
    assert results[-2]["note"] == "identical samples"
    printed = capsys.readouterr().out
    assert all(result["name"].split(",")[0][:20] in printed for result in results)


def test_every_family_is_measured() -> None:
    for family, works in command._WORKS.items():
        module = importlib.import_module(f"benchmarks.{family}")
        assert all(callable(getattr(module, work)) for work in works), family


def test_an_unknown_name_is_refused(tiny: None, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(["made-sampling", "pixelcnn"])
    assert stop.value.code == 2
    assert "there is no benchmark pixelcnn; there are made-training, made-sampling" in capsys.readouterr().err


def test_the_reference_without_masks_draws_the_same(tiny: None) -> None:
    model = MADE((1, 4, 4), [9, 8], likelihood=likelihoods.Bernoulli())
    bare = benchmark._sample(model, benchmark._without_masks(model))
    assert torch.equal(bare, benchmark._sample(model, "naive"))


def test_a_difference_off_its_threshold_is_an_error(tiny: None) -> None:
    model = MADE((1, 4, 4), [9, 8], likelihood=likelihoods.Bernoulli())
    drawn = benchmark._sample(model, "naive")
    other = drawn.clone()
    other[2, 0, 1, 1] ^= 1
    with pytest.raises(AssertionError, match="away from a threshold"):
        benchmark.difference(model, other, drawn)


@pytest.mark.parametrize(
    ("bounds", "ratio", "holds"),
    [
        ({"at_most": 1.15}, 0.5, True),
        ({"at_most": 0.4}, 0.5, False),
        ({"at_least": 2}, 2, True),
        ({"at_least": 2.5}, 2, False),
        ({}, 2, True),
    ],
)
def test_ratios_and_targets(bounds: dict, ratio: float, holds: bool) -> None:
    result = Result("x", ours=1.0, reference=2.0, **bounds)
    assert (result.ratio, result.holds) == (ratio, holds)


def test_works_take_turns() -> None:
    calls: list[str] = []
    medians = interleaved([lambda: calls.append("a"), lambda: calls.append("b")], 2, often=[2, 1])
    assert calls == ["a", "b", *["a", "a", "b"] * 2]  # once each to warm up
    assert len(medians) == 2 and all(seconds >= 0 for seconds in medians)


def test_the_tables_of_text_are_n_grams() -> None:
    """`armod.NGram` of every order gives the same bits; also where a past was never seen."""
    generator = torch.Generator().manual_seed(2)
    train, test = (torch.rand(count, generator=generator).square().mul(5).long() for count in (60, 40))
    bits = text.witten_bell(train.numpy(), test.numpy(), 5, 3)
    for order in (1, 2, 3, 4):
        model = NGram((60,), order, num_levels=5).fit(train[None])
        assert bits[order - 1] == pytest.approx(-float(model.log_prob(test[None])) / math.log(2))


def test_what_the_benchmark_of_text_kept_is_what_ships() -> None:
    kept = json.loads(text.RESULTS.read_text())
    for name in (text.NAME, text.LSTM):
        one = receipt(name)
        assert kept[name]["bits per character"] == round(one.bits_per_character, 4)
        assert kept[name]["parameters"] == one.num_parameters
    assert one.bits_per_character < min(kept["n-grams"]["letters, by order"])


def test_what_lesson_4_5_1_draws_is_what_its_script_measures() -> None:
    runs = measured("made_orderings")
    assert all(len(run["updates"]) == len(run["valid"]) == len(run["test"]) for run in runs)
    kinds = {(run["digits"], run["model"]) for run in runs}
    assert {
        ("digits8", name) for name in ("raster", "8 orderings", "one ordering, 8 masks", "8 rasters", "NADE")
    } <= kinds
    (kept,) = [run for run in runs if (run["digits"], run["model"], run["seed"]) == ("digits8", "raster", 0)]
    again = made_orderings.train("digits8", "raster", 0, updates=25)
    assert again["updates"] == kept["updates"][:1]
    assert again["test"] == pytest.approx(kept["test"][:1], abs=0.01)
    assert made_orderings.best({"valid": [3.0, 1.0, 2.0], "test": [7.0, 8.0, 9.0]}) == 8.0


def test_the_nade_of_the_benchmark_and_an_average_of_models_are_distributions() -> None:
    nades = [made_orderings.NADE((4,), 3, seed) for seed in (0, 1)]
    with torch.no_grad():
        for nade in nades:
            nade.W.mul_(200)
            nade.V.mul_(200)
    assert total_probability(nades[0]) == pytest.approx(1)
    assert check_autoregressive(nades[0]).is_autoregressive
    every = torch.cartesian_prod(*[torch.arange(2)] * 4)
    assert float(made_orderings.Averaged(nades).log_prob(every).exp().sum().detach()) == pytest.approx(1)
