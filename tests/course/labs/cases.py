"""What the tests of every lab must know of each: how it is made and what it says; its page in a browser stands in `looks`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from armod.course import labs
from armod.course.labs import Widget
from armod.course.labs.coin.facts import CoinFacts
from armod.course.labs.colour.facts import ColourFacts
from armod.course.labs.dilation.lab import dilation_state
from armod.course.labs.dilation.picture import dilation_figure
from armod.course.labs.field.lab import lab_state as field_state
from armod.course.labs.gates.facts import EXAMPLES, GatesFacts
from armod.course.labs.histogram.lab import IMAGINARY
from armod.course.labs.histogram.lab import lab_state as histogram_state
from armod.course.labs.kl.facts import KLFacts
from armod.course.labs.mask.lab import lab_state as mask_state
from armod.course.labs.mixture.facts import MixtureFacts
from armod.course.labs.ordering.lab import NUM_NOISE, explorer_state
from armod.course.labs.passes.facts import PassesFacts
from armod.course.labs.race.facts import RaceFacts
from armod.course.labs.reach.lab import reach_state
from armod.course.labs.surface.facts import SurfaceFacts
from armod.course.labs.surface.lab import DATA_SETS
from armod.course.labs.waiting.facts import WaitingFacts, Waits
from tests.course.labs.compose.cases import COMPOSE_CASE
from tests.course.labs.dependency.cases import DEPENDENCY_CASE
from tests.course.labs.letters.cases import LETTERS_CASE
from tests.course.labs.paint.cases import PAINT_CASE
from tests.course.labs.speak.cases import SPEAK_CASE
from tests.course.labs.text.cases import TEXT_CASE

PATTERNS = torch.randint(2, (400, 4), generator=torch.Generator().manual_seed(3))
PAIRED = (
    torch.rand(300, 4, generator=torch.Generator().manual_seed(5)) < torch.tensor([0.3, 0.5, 0.6, 0.45])
).long()
PAIRED[:150, 1] = PAIRED[:150, 0]
STEPS = torch.ones(6, 6).tril(-1).bool().numpy()
PLACES = torch.arange(20)
NEEDS = (
    (PLACES[:, None] - PLACES == 1) & (PLACES[:, None] % 5 > 0) | (PLACES[:, None] - PLACES == 5)
).numpy()

GUESSES = torch.randint(2, (9, 12, 14), generator=torch.Generator().manual_seed(6)).numpy()
WAVES = (torch.arange(14) + 2 * torch.arange(12)[:, None] + 1).numpy()
CHROMA = torch.randint(24, (2, 4, 2, 3, 4), generator=torch.Generator().manual_seed(7))
GREYS = torch.randint(256, (2, 1, 6, 8), generator=torch.Generator().manual_seed(8)).float()
NATS = torch.rand(2, 4, 2, 3, 4, generator=torch.Generator().manual_seed(9)).double().mul(5).round(decimals=2)
ACCEPTED = [[5, 100, 1, 62], [84, 84]]  # of two images of 168 pixels
COUNTS = (29, 2, 1, *[1] * 26, 2, 3, 33)


@dataclass(frozen=True)
class Case:
    """A lab: how it is made, its most bytes, one setting with what it must say, and calls that it refuses."""

    make: Callable[..., Widget]
    most_bytes: int
    setting: Callable[[], Widget]
    description: Callable[[], str]
    refused: tuple[tuple[tuple[object, ...], dict[str, object], str], ...]


def waiting(**options: object) -> Widget:
    return labs.waiting_lab({"steps": (STEPS, (6,)), "image": (NEEDS, (4, 5))}, **options)


def passes(**options: object) -> Widget:
    return labs.passes_lab(GUESSES, WAVES, **options)


def colour(**options: object) -> Widget:
    return labs.colour_lab(GREYS, CHROMA, NATS, **options)


def colour_state(*knobs: int) -> ColourFacts:
    colours = torch.zeros(2, 4, 6, 8, 3, dtype=torch.uint8).numpy()
    return ColourFacts(GREYS[:, 0].byte().numpy(), colours, NATS.numpy(), *knobs)


def race(**options: object) -> Widget:
    return labs.race_lab(GUESSES[:2], ACCEPTED, [400, 170], **options)


def explorer(**options: object) -> Widget:
    return labs.ordering_explorer(PATTERNS, **options)


CASES = {
    "coin": Case(
        labs.coin_lab,
        120_000,
        lambda: labs.coin_lab(3, 4, 0.25),
        lambda: CoinFacts(3, 4, 0.25).description,
        (
            ((1, 41), {}, "up to 40 flips"),
            ((1, 4, 0.123), {}, "whole hundredths"),
            ((5, 4), {}, "0 to n heads"),
        ),
    ),
    "colour": Case(
        colour,
        80_000,
        lambda: colour(patch=1, colouring=3, row=2, column=3),
        lambda: colour_state(1, 3, 2, 3).description,
        (
            ((), {"patch": 2}, r"patch is one of 0, 1; got 2\."),
            ((), {"colouring": 4}, r"colouring is one of 0, .*; got 4\."),
            ((), {"row": 3}, r"row is one of 0, 1, 2; got 3\."),
            ((), {"column": -1}, r"column is one of 0, .*; got -1\."),
        ),
    ),
    "compose": Case(**COMPOSE_CASE),
    "dependency": Case(**DEPENDENCY_CASE),
    "letters": Case(**LETTERS_CASE),
    "paint": Case(**PAINT_CASE),
    "speak": Case(**SPEAK_CASE),
    "text": Case(**TEXT_CASE),
    "surface": Case(
        labs.surface_lab,
        120_000,
        lambda: labs.surface_lab(DATA_SETS["two heaps"], mean=5.25, scale=3),
        lambda: SurfaceFacts(DATA_SETS["two heaps"], 33, 3).description,
        (
            ((), {"mean": 3.1}, "in quarters from -3"),
            (([7] * 16,), {}, "up to 6 points"),
            (([1] * 15,), {}, "16 counts"),
        ),
    ),
    "mixture": Case(
        labs.mixture_lab,
        120_000,
        lambda: labs.mixture_lab([(-4.0, 1.0, 5)], range(32)),
        lambda: MixtureFacts(((-4.0, 1.0, 5),), 32, tuple(range(32))).description,
        (
            (([(0.25, 1.0, 5)],), {}, "means are among"),
            (([(0.5, 1.1, 5)],), {}, "scales are among"),
            (([(0.5, 1.0, 11)],), {}, "weights are among"),
            ((), {"counts": [1]}, "as many counts"),
        ),
    ),
    "kl": Case(
        labs.kl_lab,
        120_000,
        lambda: labs.kl_lab(share=30, distance=9, least="p‖q"),
        lambda: KLFacts.at_least(0, 30, 9).description,
        (
            ((3.1,), {}, r"mean is one of 0\.0, 0\.25, .*; got 3\.1\."),
            ((3.0, 13.0), {}, r"width is one of 1\.5, .*; got 13\.0\."),
            ((), {"share": 3}, r"share is one of 0, 5, .*; got 3\."),
            ((), {"distance": 19}, r"distance is one of 0, .*; got 19\."),
            ((), {"least": "forward"}, r"least is one of None, p‖q, q‖p; got forward\."),
        ),
    ),
    "mask": Case(
        labs.mask_lab,
        350_000,
        lambda: labs.mask_lab(6, (4, 4), ordering=[5, 2, 0, 1, 4, 3], degrees="sequential", output=1),
        lambda: (
            mask_state(6, (4, 4), ordering=[5, 2, 0, 1, 4, 3], degrees="sequential", output=1).description
        ),
        (
            ((), {"num_variables": 17}, r"num_variables is one of 1, 2, .*; got 17\."),
            ((), {"hidden_sizes": (8, 7)}, r"hidden_sizes is one of 1, 4, 8, 12, 16; got 7\."),
            ((), {"hidden_sizes": (8,) * 4}, r"the number of hidden layers is one of 1, 2, 3; got 4\."),
            ((), {"degrees": "even"}, r"degrees is one of random, sequential; got even\."),
            ((), {"seed": 9}, r"seed is one of 0, .*; got 9\."),
            ((), {"ordering": [0, 0, 1]}, "each of 0..7 exactly once"),
            ((), {"output": 8}, r"in 0\.\.7; got 8"),
        ),
    ),
    "ordering": Case(
        explorer,
        120_000,
        lambda: explorer(ordering=[3, 1, 0, 2], noise=2, step=3),
        lambda: explorer_state(PATTERNS, ordering=[3, 1, 0, 2], noise=2, step=3).description,
        (
            ((), {"noise": NUM_NOISE}, r"noise is one of 0, .*, 11; got 12"),
            ((), {"step": 5}, r"step is one of 0, 1, 2, 3, 4; got 5"),
            ((), {"ordering": [0, 1]}, r"names each of 0\.\.3 once"),
        ),
    ),
    "field": Case(
        labs.field_lab,
        80_000,
        lambda: labs.field_lab("gated", "B", kernel_size=5, depth=2, row=12, column=0),
        lambda: field_state("gated", "B", kernel_size=5, depth=2, row=12, column=0).description,
        (
            (("residual",), {}, r"stack is one of plain, gated; got residual\."),
            ((), {"first_mask": "C"}, r"first_mask is one of A, B; got C\."),
            ((), {"kernel_size": 4}, r"kernel_size is one of 3, 5, 7; got 4\."),
            ((), {"depth": 1}, r"depth is one of 2, 3, 4, 5, 6; got 1\."),
            ((), {"row": 13}, r"row is one of 0, .*; got 13\."),
            ((), {"column": -1}, r"column is one of 0, .*; got -1\."),
        ),
    ),
    "dilation": Case(
        labs.dilation_lab,
        80_000,
        lambda: labs.dilation_lab("always 4", 3, kernel_size=3),
        lambda: str(dilation_figure(dilation_state("always 4", 3, 3), generation=True)),
        (
            (("tripling",), {}, r"pattern is one of doubling, .*; got tripling\."),
            ((), {"num_layers": 6}, r"num_layers is one of 1, .*; got 6\."),
            ((), {"kernel_size": 1}, r"kernel_size is one of 2, 3; got 1\."),
            ((), {"output": 65}, r"output is one of 1, .*, 24; got 65\."),
            ((), {"num_layers": 2, "frame": 3}, r"frame is one of 0, 1, 2; got 3\."),
        ),
    ),
    "gates": Case(
        labs.gates_lab,
        120_000,
        lambda: labs.gates_lab("write at 3, show at 17", step=17),
        lambda: GatesFacts(EXAMPLES["write at 3, show at 17"], 17).description,
        (
            (("a peephole",), {}, r"example is one of an LSTM that forgets, .*; got a peephole\."),
            ((), {"step": 21}, r"step is one of 1, .*; got 21\."),
        ),
    ),
    "histogram": Case(
        labs.histogram_lab,
        200_000,
        lambda: labs.histogram_lab(4, 5, 200, IMAGINARY[-1]),
        lambda: histogram_state(4, 5, 200, IMAGINARY[-1]).description,
        (
            ((), {"num_bins": 3}, r"num_bins is one of 2, 4, 8, 16; got 3\."),
            ((), {"num_variables": 13}, r"num_variables is one of 1, 2, .*; got 13\."),
            ((), {"num_observations": 7}, r"num_observations is one of 25, .*; got 7\."),
            ((), {"imaginary": 0.5}, r"imaginary is one of 0, .*, one in every cell; got 0\.5\."),
        ),
    ),
    "waiting": Case(
        waiting,
        70_000,
        lambda: waiting(model="image", number=5, place=12),
        lambda: (
            WaitingFacts(
                {"steps": Waits(STEPS, (1, 6)), "image": Waits(NEEDS, (4, 5))}, "image", 5, 12
            ).description
        ),
        (
            ((), {"model": "other"}, r"model is one of steps, image; got other\."),
            ((), {"number": 7}, r"number is one of 0, .*; got 7\."),
            ((), {"place": 6}, r"place is one of 0, .*; got 6\."),
        ),
    ),
    "reach": Case(
        labs.reach_lab,
        150_000,
        lambda: labs.reach_lab("lstm", 1.5, gate_bias=3, lag=4),
        lambda: reach_state("lstm", 1.5, 3).description,
        (
            (("elman",), {}, r"cell is one of rnn, lstm, gru; got elman\."),
            ((), {"scale": 1.1}, r"scale is one of 0\.5, .*; got 1\.1\."),
            (("gru",), {"gate_bias": 9}, r"gate_bias is one of 0, .*, 5; got 9\."),
            ((), {"lag": 25}, r"lag is one of 1, .*; got 25\."),
            ((), {"lag": 0}, r"lag is one of 1, .*; got 0\."),
        ),
    ),
    "passes": Case(
        passes,
        80_000,
        lambda: passes(number=5, row=11, column=13),
        lambda: PassesFacts(GUESSES, WAVES, 5, 11, 13).description,
        (
            ((), {"number": 10}, r"number is one of 0, .*; got 10\."),
            ((), {"row": 12}, r"row is one of 0, .*; got 12\."),
            ((), {"column": -1}, r"column is one of 0, .*; got -1\."),
        ),
    ),
    "race": Case(
        race,
        80_000,
        lambda: race(clock="conditionals", time=130),
        lambda: RaceFacts(GUESSES[0], ACCEPTED[0], 400, "conditionals", 130).description,
        (
            ((), {"clock": "seconds"}, r"clock is one of passes, conditionals; got seconds\."),
            ((), {"time": 169}, r"time is one of 0, .*; got 169\."),
        ),
    ),
}
