"""A teacher that was itself trained: how far is it from the truth, and its student from both?

``python -m benchmarks.strategies.trained_teacher`` runs the whole of Parallel WaveNet in two minutes of one thread. The truth is
a whispered sentence, whose density is known. A WaveNet learns it by maximum likelihood from samples, and a student of equal size
learns from this WaveNet alone. All divergences are measured on an utterance that neither has heard, in nats per sample. They
point in different directions, so nothing says that those of the two steps add up to that of the whole; see how nearly they do.
"""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import torch
from torch import Tensor

import armod
from armod.data.sets.speech import UTTERANCES
from armod.distillation import FlowStudent, LinearPrediction, distill, kl, utterance_context

RESULTS = Path(__file__).with_suffix(".json")
WINDOW, CHANNELS, DILATIONS = 1000, 16, (1, 2, 4, 8, 16, 32, 64)
SAMPLES = slice(4000, 12_000)  # one second of the utterance that was held out


def sounds_of(
    truth: LinearPrediction, contexts: list[Tensor], repeats: int, seed: int
) -> tuple[Tensor, Tensor]:
    """Windows of whispered sentences ``(N, T)``, and what was whispered in them ``(N, C, T)``."""
    windows = torch.cat([each.unfold(1, WINDOW, WINDOW).permute(1, 0, 2) for each in contexts])
    told = windows.repeat(repeats, 1, 1)
    generator = torch.Generator().manual_seed(seed)
    return truth.sample(len(told), told, length=WINDOW, generator=generator), told


@torch.no_grad()
def distance(
    truth: LinearPrediction, model: armod.WaveNet, context: Tensor, num: int = 8
) -> tuple[float, float]:
    """KL(truth || model) in nats per sample, and its standard error, from sounds of the truth."""
    length = context.shape[2]
    x = truth.sample(num, context, length=length, generator=torch.Generator().manual_seed(5))
    told = context.expand(num, -1, -1)
    each = (truth.log_prob(x, told).double() - model.log_prob(x, told).double()) / length
    return each.mean().item(), each.std().item() / math.sqrt(num)


def main() -> None:
    """Train both, measure all three distances, and keep the result."""
    torch.set_num_threads(1)
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    truth = LinearPrediction(event_shape=(WINDOW,))
    contexts = [utterance_context(name)[0][0] for name in UTTERANCES["train"]]
    held_out = utterance_context("0930")[0][:, :, SAMPLES]
    x, told = sounds_of(truth, contexts, repeats=6, seed=seed + 1)
    teacher = armod.WaveNet(
        (WINDOW,),
        CHANNELS,
        dilations=DILATIONS,
        likelihood=armod.likelihoods.Logistic(),
        context_size=told.shape[1],
        seed=seed,
    )
    begin = time.process_time()
    armod.fit(
        teacher, (x, told), epochs=12, batch_size=4, learning_rate=1e-2, learning_rate_decay=0.75, seed=seed
    )
    learnt = time.process_time() - begin
    student = FlowStudent(CHANNELS, dilations=DILATIONS, context_size=told.shape[1], seed=seed)
    history = distill(student, teacher, contexts, seconds=60, seed=seed)
    found = {
        "KL(truth || teacher)": distance(truth, teacher, held_out),
        "KL(student || teacher)": kl(
            student, teacher, held_out, num_samples=8, generator=torch.Generator().manual_seed(6)
        ),
        "KL(student || truth)": kl(
            student, truth, held_out, num_samples=8, generator=torch.Generator().manual_seed(6)
        ),
    }
    result = {name: [round(mean, 4), round(error, 4)] for name, (mean, error) in found.items()}
    record = {
        "seed": seed,
        "seconds": {"teacher": round(learnt), "student": round(history.seconds)},
        **result,
    }
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    RESULTS.write_text(
        json.dumps([one for one in results if one["seed"] != seed] + [record], indent=1) + "\n"
    )
    print(json.dumps(record))


if __name__ == "__main__":
    main()
