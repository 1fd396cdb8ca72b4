"""Harmonising, judged: nats of alto, tenor and bass given the soprano, and voice leading, with and without a rule.

python -m benchmarks.applications.music [--out build/music.json] [--seeds 3]
"""

from __future__ import annotations

import argparse
import json
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import armod
from armod.music import NoParallels, Score, shuffled_voices, voice_leading
from armod.sampling import adjusted_log_prob

WEIGHTS, OLDER = "recurrent-harmony", "transformer-chorales"


def nats() -> dict[str, float]:
    """Nats a window of alto, tenor and bass on the test split, given the soprano in three ways, or not at all."""
    chorales, receipt = armod.data.load("chorales"), armod.pretrained.receipt(WEIGHTS)
    older = armod.load_pretrained(OLDER)
    with torch.no_grad():
        each = torch.cat([older.log_prob_per_variable(x) for x in chorales.test.split(48)])
    found = {
        "the whole soprano (context)": receipt.nats,
        "the soprano's past only (transformer-chorales)": -float(each[:, 1:].sum((1, 2)).mean()),
    }
    if receipt.nats_without_context is not None:
        found["no soprano (the same architecture)"] = receipt.nats_without_context
    return found


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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("build/music.json"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = {"nats": nats(), "leading": leading(options.seeds)}
    for what, value in found["nats"].items():
        print(f"{value:7.1f} nats a window given {what}")
    print("triads  crossings  fifths  octaves  price")
    for name, row in found["leading"].items():
        price = f"{row['price']:6.2f}" if "price" in row else "      "
        print(
            f"{row['triads']:5.1%}   {row['crossings']:5.1%}     {row['fifths']:5.1f}   {row['octaves']:5.1f}   {price}  {name}"
        )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=2) + "\n")


def _with(melodies: Tensor, x: Tensor) -> Score:
    return Score.of(torch.cat([melodies[:, None], x.to(torch.uint8)], 1))


if __name__ == "__main__":
    main()
