"""How the page of each lab looks in a browser; how it is made and what it says stands in `cases`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from armod.course import labs
from armod.course.labs import Widget
from armod.course.labs.mask.lab import lab_state as mask_state
from armod.course.labs.ordering.lab import explorer_state
from tests.course.labs.cases import COUNTS, PAIRED, colour, passes, race, waiting
from tests.course.labs.compose.cases import COMPOSE_LOOK
from tests.course.labs.dependency.cases import DEPENDENCY_LOOK
from tests.course.labs.letters.cases import LETTERS_LOOK
from tests.course.labs.paint.cases import PAINT_LOOK
from tests.course.labs.speak.cases import SPEAK_LOOK
from tests.course.labs.text.cases import TEXT_LOOK


@dataclass(frozen=True)
class Look:
    """A lab whose slider can be turned down, its name and roles, how many controls; and crowded states to look at, their knobs ``turned``.

    Nothing is drawn before a test asks for it: every process of a test run reads this file, few of them need a lab.
    """

    make: Callable[[], Widget]
    name: str
    slider: str
    num_keyed: int
    roles: Callable[[], Mapping[str, Sequence[str]]]
    crowded: Mapping[str, Callable[[], Widget]] = field(default_factory=dict)
    turned: tuple[Mapping[str, object], ...] = ({},)

    @cached_property
    def widget(self) -> Widget:
        """The lab, made once for all tests of a process."""
        return self.make()


LOOKS = {
    "coin": Look(
        lambda: labs.coin_lab(7, 12),
        "Coin lab: the likelihood of every p",
        "Candidate p",
        9,
        lambda: {
            "slider": ["Heads, k", "Flips, n", "Candidate p", "Step size"],
            "combobox": ["Climb in"],
            "button": ["Go to the maximiser", "← Back", "Step →", "Play"],
        },
        {"many coins": lambda: labs.coin_lab(20, 40, 0.5), "one coin": lambda: labs.coin_lab(0, 1, 0.0)},
    ),
    "colour": Look(
        lambda: colour(colouring=2),
        "Colour lab: one grey patch, many colourings",
        "Colouring",
        5,
        lambda: {"slider": ["Patch", "Colouring", "Row", "Column"], "button": ["Another colouring"]},
        {"the truth": lambda: colour(patch=1, colouring=3, row=2, column=3)},
    ),
    "compose": Look(**COMPOSE_LOOK),
    "dependency": Look(**DEPENDENCY_LOOK),
    "letters": Look(**LETTERS_LOOK),
    "paint": Look(**PAINT_LOOK),
    "speak": Look(**SPEAK_LOOK),
    "text": Look(**TEXT_LOOK),
    "surface": Look(
        labs.surface_lab,
        "Surface lab: the likelihood of every mean and scale",
        "Mean",
        25,
        lambda: {
            "combobox": ["Points", "Climb in"],
            "slider": ["Mean", "Scale", "Step size"],
            "button": ["Go to the maximiser", "← Back", "Step →", "Play"],
            "spinbutton": [f"Points on level {level}" for level in range(16)],
        },
        {"points everywhere": lambda: labs.surface_lab((1,) * 16)},
    ),
    "mixture": Look(
        lambda: labs.mixture_lab([(15.5, 2.0, 5), (1.0, 2.0, 5)], COUNTS),
        "Mixture lab: the probability of every level",
        "Mean 1",
        44,
        lambda: {"combobox": ["Start from"], "button": ["Fit to the data"], "slider": ["Components", "Mean 1", "Scale 1", "Weight 2"]},
        {"data": lambda: labs.mixture_lab(counts=COUNTS)},
    ),
    "kl": Look(
        labs.kl_lab,
        "KL lab: what p and q cost each other",
        "Mean of q",
        37,
        lambda: {
            "combobox": ["q is"],
            "slider": ["Mean of q", "Width of q", "Second heap of p", "Distance of heaps"],
        },
        {
            "the least": lambda: labs.kl_lab(least="q‖p"),
            "far away": lambda: labs.kl_lab(31.0, 1.5),
        },
    ),
    "mask": Look(
        lambda: labs.mask_lab(hidden_sizes=(8, 8, 8)),
        "Mask lab: who sees whom in a MADE",
        "Chosen output",
        58,
        lambda: {
            "slider": [
                "Variables", "Chosen output", "Hidden layers", "Units in layer 1", "Units in layer 2",
                "Units in layer 3", "Seed of the degrees",
            ],
            "combobox": ["Hidden degrees", "Ordering", "Show"],
            "textbox": ["The ordering, or type your own"],
            "button": [mask_state(8, (8, 8, 8)).unit_sentence(4, unit) for unit in range(8)],
            "img": [mask_state(8, (8, 8, 8)).unit_sentence(level, unit) for level in range(4) for unit in range(8)],
        },
        {"one variable": lambda: labs.mask_lab(1, (16, 1, 16)), "16 variables": lambda: labs.mask_lab(16, (16, 1, 16))},
    ),
    "ordering": Look(
        lambda: labs.ordering_explorer(PAIRED, ordering=[1, 0, 2, 3]),
        "Ordering explorer: one pattern, one pixel at a time",
        "Ordering",
        11,
        lambda: {
            "slider": ["Ordering", "Uniform numbers", "Pixels known", "The last u", "Your bet on 1"],
            "button": ["← Back", "Step →", "Play"],
            "checkbox": ["Keep this pattern in every ordering", "Given all others", "Bet before each step"],
            "img": [explorer_state(PAIRED, ordering=[1, 0, 2, 3]).finding],
        },
        {f"{size} pixels": partial(labs.ordering_explorer, PAIRED[:, :size]) for size in (2, 3, 4)},
        ({}, {"Pixels known": 1}),
    ),
    "field": Look(
        lambda: labs.field_lab(depth=3),
        "Field lab: what a pixel sees through masked convolutions",
        "Column",
        15,
        lambda: {
            "slider": ["Kernel", "Layers", "Dilation", "Row", "Column", "Layers down"],
            "combobox": ["Stack", "First mask", "Image", "Channel"],
            "textbox": ["Layers one by one"],
            "button": ["Chosen pixel, Row 8, column 7: the chosen pixel, which does not see itself. "
                       "Arrow keys choose another.", "← Back", "Step →", "Play"],
        },
        {
            "plain": lambda: labs.field_lab("plain", "A", kernel_size=3),
            "gated": lambda: labs.field_lab("gated", "B", kernel_size=7),
        },
        ({}, {"Layers one by one": "A3, B3x2, B5, A7"}, {"Image": "R, G, B", "Layers down": 2}),
    ),
    "dilation": Look(
        lambda: labs.dilation_lab("doubling", 3, output=20, frame=2),
        "Dilation lab: which samples one output depends on",
        "Output",
        26,
        lambda: {
            "combobox": ["Start from", "Show", "Samples a second"],
            "textbox": ["Dilations"],
            "slider": ["Layers", "Kernel", "Output", "Frame", "Layer 1", "Layer 3"],
            "button": ["← Back", "Step →", "Play"],
        },
        {"5 layers": lambda: labs.dilation_lab("doubling", 5, kernel_size=3, frame=5)},
        (
            *({"Output": output, "Frame": frame} for output, frame in ((1, 5), (30, 0), (64, 5))),
            {"Show": "generation, naive", "Dilations": "9, 9, 9"},
        ),
    ),
    "gates": Look(
        labs.gates_lab,
        "Gates lab: one unit of an LSTM or a GRU, step by step",
        "Forget gate",
        73,
        lambda: {
            "combobox": ["Start from", "Cell", "Input"],
            "slider": ["Input gate", "Forget gate", "Output gate", "Weight U", "Step"],
            "button": ["← Back", "Step →", "Play", "forget gate at step 3: 0.88"],
        },
        {
            "a flip": lambda: labs.gates_lab("write at 3, show at 17", step=17),
            "GRU": lambda: labs.gates_lab("a GRU with and without its past", step=20),
        },
    ),
    "histogram": Look(
        lambda: labs.histogram_lab(4, 6, 400, 10),
        "Histogram lab: cells, and the digits that fill them",
        "Dimensions (pixels)",
        18,
        lambda: {
            "slider": [
                "Bins for each pixel", "Dimensions (pixels)", "Training digits", "Smoothing: imaginary digits",
                "Start from test digit", "Ink",
            ],
            "button": ["Row 3, column 4: level 2 of 15"],
        },
        {"most cells": lambda: labs.histogram_lab(16, 12)},
    ),
    "waiting": Look(
        lambda: waiting(number=3),
        "Who waits for whom",
        "Pass",
        8,
        lambda: {"combobox": ["Model"], "slider": ["Pass", "Row", "Column"], "button": ["← Back", "Step →", "Play"]},
        {"an image": lambda: waiting(model="image", number=5, place=12)},
    ),
    "reach": Look(
        lambda: labs.reach_lab("lstm", 1.0),
        "Reach lab: the gradient that arrives k steps back",
        "Lag k",
        5,
        lambda: {"combobox": ["Cell", "Distance of the recall task"], "slider": ["Weight scale", "Gate bias", "Lag k"]},
        {"exploding": lambda: labs.reach_lab("rnn", 3.0, lag=24)},
    ),
    "passes": Look(
        passes,
        "Map of passes: which pixel is final when",
        "Pass",
        6,
        lambda: {"slider": ["Pass", "Row", "Column"], "button": ["← Back", "Step →", "Play"]},
        {"half way": lambda: passes(number=5)},
    ),
    "race": Look(
        race,
        "The race: three ways to the same image",
        "Gone by",
        6,
        lambda: {"combobox": ["Equal for all"], "slider": ["Gone by", "Image"], "button": ["← Back", "Step →", "Play"]},
        {"half way": lambda: race(time=80)},
    ),
}  # fmt: skip
