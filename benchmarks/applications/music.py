"""Harmonising, judged: nats of alto, tenor and bass given the soprano, and voice leading, with and without a rule.

``python -m benchmarks.applications.music`` measures the shipped models in two minutes of one thread. With ``--train WAY`` it trains
one of three networks of one size, equally long, which are given the soprano in three ways. One makes all voices step by step, so that
the others see its *past*. One makes it *first*, by the ordering alone. One is the shipped recipe, whose encoder reads the *whole*
soprano. Every result is kept in `music.json`. All nats are those of a test window's alto, tenor and bass.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import armod
from armod.data import notes
from armod.data.augmentations import augmentation
from armod.music import InEveryKey, NoParallels, Score, shuffled_voices, voice_leading
from armod.orderings import column
from armod.pretrained import receipt, recipe_path
from armod.pretrained.recipe import read_recipe
from armod.sampling import adjusted_log_prob
from armod.training.schedules import Cosine

RESULTS = Path(__file__).with_suffix(".json")
WEIGHTS, OLDER = "recurrent-harmony", "transformer-chorales"
WAYS, PASSES = ("past", "first", "whole"), 8
_OWN = ("epochs", "schedule", "augment", "weight_decay")  # of the recipe: the three ways learn more briefly


def nats() -> dict[str, float | None]:
    """Nats a window of alto, tenor and bass on the test split, of the shipped models."""
    chorales, one = armod.data.load("chorales"), receipt(WEIGHTS)
    older = armod.load_pretrained(OLDER)
    with torch.no_grad():
        each = torch.cat([older.log_prob_per_variable(x) for x in chorales.test.split(48)])
        harmony = armod.data.load("harmony")
        assert harmony.context is not None
        model, pairs = InEveryKey(armod.load_pretrained(WEIGHTS)), (harmony.test, harmony.context["test"])
        parts = zip(*(part.split(24) for part in pairs), strict=True)
        every_key = torch.cat([model.log_prob(*part) for part in parts])
    return {
        WEIGHTS: one.nats,
        f"{WEIGHTS}, the mean over 13 keys": -float(every_key.mean()),
        f"{WEIGHTS}, told nothing": one.nats_without_context,
        OLDER: -float(each[:, 1:].sum((1, 2)).mean()),
    }


def way(name: str, checkpoint: Path | None = None) -> dict[str, float]:
    """Train one of the three ways, and measure the lower voices.

    Args:
        name: one of `WAYS`.
        checkpoint: as in `armod.fit`.

    Returns:
        The nats, the parameters, and the CPU seconds of this run.
    """
    recipe, begin = read_recipe(recipe_path(WEIGHTS)), time.process_time()
    options = {key: value for key, value in recipe.fit.items() if key not in _OWN}
    options |= {"epochs": PASSES, "augment": augmentation("transpose"), "progress": False}
    options["schedule"] = Cosine(PASSES * -(-816 // options["batch_size"]))
    if name == "whole":
        harmony, model = recipe.load_data(), recipe.build_model()
        assert harmony.context is not None
        armod.fit(model, harmony, checkpoint=checkpoint, **options)
        with torch.no_grad():
            lower = model.log_prob_per_variable(harmony.test, harmony.context["test"])
    else:
        chorales = armod.data.load("chorales")
        train, valid, test = (notes.held(each) for each in (chorales.train, chorales.valid, chorales.test))
        size, lookback = recipe.model["hidden_size"], recipe.model["lookback"]
        model = armod.RecurrentModel(
            (4, 64),
            size,
            cell=recipe.model["cell"],
            lookback=lookback,
            likelihood=armod.likelihoods.Categorical(notes.NUM_LEVELS),
            ordering=soprano_first() if name == "first" else column((4, 64)),
        )
        armod.fit(model, train, valid=valid, checkpoint=checkpoint, **options)
        with torch.no_grad():
            lower = model.log_prob_per_variable(test)[:, 1:]
    return {
        "nats": round(-float(lower.sum((1, 2)).mean()), 2),
        "parameters": sum(each.numel() for each in model.parameters()),
        "seconds": round(time.process_time() - begin),
    }


def soprano_first() -> Tensor:
    """The whole soprano, then the other voices step by step."""
    steps = column((4, 64))
    is_soprano = steps < 64
    return torch.cat([steps[is_soprano], steps[~is_soprano]])


def leading(seeds: int = 3) -> dict[str, dict[str, Any]]:
    """Voice leading of Bach, of chance, and of the models; means over seeds, and the price of the rule in nats."""
    chorales, harmony = armod.data.load("chorales"), armod.data.load("harmony")
    assert harmony.context is not None
    melodies = harmony.context["test"]
    model, older = armod.load_pretrained(WEIGHTS), armod.load_pretrained(OLDER)
    rule = NoParallels(model.ordering, 64, melodies)
    runs: dict[str, list[dict[str, float]]] = {}

    def judge(name: str, score: Score, **more: float) -> None:
        runs.setdefault(name, []).append({**asdict(voice_leading(score)), **more})

    judge("Bach, test", Score.of_chorales(chorales.test))
    judge("Bach, train", Score.of_chorales(chorales.train))
    for seed in range(seeds):
        generator = torch.Generator().manual_seed(seed)
        judge(
            "voices of different chorales",
            Score.of_chorales(shuffled_voices(chorales.train, generator=generator)),
        )
        judge("transformer-chorales", Score.of_chorales(older.sample(len(melodies), generator=generator)))
        for name, options in {
            "ours": {},
            "ours, temperature 0.6": {"temperature": 0.6},
            "ours, with the rule": {"filter": rule},
            "ours, with the rule, temperature 0.6": {"filter": rule, "temperature": 0.6},
        }.items():
            x = model.sample(context=melodies, generator=generator, **options)
            own = model.log_prob(x, melodies).detach()
            paid = adjusted_log_prob(model, x, melodies, **options) - own
            judge(name, _with(melodies, x), log_prob=float(own.mean()), price=float(paid.mean()))
    return {
        name: {key: statistics.mean(each[key] for each in several) for key in several[0]}
        for name, several in runs.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train", choices=WAYS, help="train one of the three ways")
    parser.add_argument("--checkpoint", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(options.out.read_text()) if options.out.exists() else {}
    if options.train:
        ways = kept.get("three ways", {"passes": PASSES})
        found = {"three ways": ways | {options.train: way(options.train, options.checkpoint)}}
    else:
        judged = leading(options.seeds)
        found = {"nats": nats(), "voice leading": judged, "seeds": options.seeds}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(_rounded(kept | found), indent=1, sort_keys=True) + "\n")
    print(json.dumps(found, indent=1))


def _rounded(found: Any) -> Any:
    """Numbers with four decimals."""
    if isinstance(found, dict):
        return {key: _rounded(value) for key, value in found.items()}
    return round(found, 4) if isinstance(found, float) else found


def _with(melodies: Tensor, x: Tensor) -> Score:
    return Score.of(torch.cat([melodies[:, None], x.to(torch.uint8)], 1))


if __name__ == "__main__":
    main()
