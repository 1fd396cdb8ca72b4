"""The mask lab of a model of one's own: a MADE with its own masks and degrees, and who sees whom as the oracle finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from armod.course.labs.dependency.facts import Dependencies, dependencies
from armod.course.labs.dependency.kinds import KINDS_OF_PAIRS
from armod.course.labs.dependency.lab import own_page, page_data
from armod.course.labs.mask.facts import MaskFacts, as_text, say
from armod.course.labs.mask.picture import draw_masks
from armod.course.labs.page import Widget, check_knobs, lab_page
from armod.models.base import AutoregressiveModel
from armod.models.made.masks import who_sees_whom
from armod.models.made.model import MADE
from armod.orderings import positions

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab

_MOST_UNITS = 16  # of a layer, drawn one by one
_MOST_GROUPS = 64  # of units with the same masks


def mask_lab_of(
    model: AutoregressiveModel,
    *,
    output: int | None = None,
    context: Tensor | None = None,
    seed: int = 0,
    live: bool = False,
) -> Widget | LiveLab:
    """Show the masks of a MADE, and which outputs see which inputs; of another model what the oracle finds.

    The masks can be edited: degrees, single connections, the ordering, the comparison in the output mask. A hidden layer of more
    than 16 units (64 with a live kernel) shows those with the same masks as one, and is not edited.

    Args:
        model: a model of up to 64 variables, or of images of up to 16 x 16 pixels; it does not change.
        output: the variable chosen at first, a flat index from 0; left out, one with most leaks or most unseen.
        context: as in `armod.check_autoregressive`.
        seed: as there.
        live: whether to make an ipywidget, with the traits ``output`` and, for a MADE, ``ordering``, ``degrees`` and ``masks``.

    Returns:
        The lab as one notebook output.

    Raises:
        ValueError: if it is no model, an ensemble, has more variables, or no such variable.
    """
    if isinstance(model, MADE) and model.num_masks > 1:
        raise ValueError(
            f"This {type(model).__name__} is an ensemble of {model.num_masks} members with masks of their own; show one of them, "
            "mask_lab.of(model.members[0])."
        )
    found = dependencies(model, "mask lab", context=context, seed=seed)
    chosen = found.interesting if output is None else output
    check_knobs("mask lab", output=(chosen, range(len(found.kinds))))
    is_small, most = len(found.kinds) <= _MOST_GROUPS, _MOST_GROUPS if live else _MOST_UNITS
    facts = _network(model, chosen, found, most) if isinstance(model, MADE) and is_small else None
    if facts is None or (live and facts.grouping):
        return own_page(found, "Mask lab", chosen, live=live)
    if not live:
        return own_masks_page(facts)
    # only who asks for it needs ipywidgets
    from armod.course.labs.mask.live import LiveMaskLab

    return LiveMaskLab(facts, partial(_page_of, facts))


def own_masks_page(facts: OwnMaskFacts) -> Widget:
    """The page of a MADE of one's own.

    Args:
        facts: what is to be seen.

    Returns:
        The output.
    """
    hints = [say["own_hint"], facts.grouping or say["edit_hint"]]
    data = {
        **page_data(facts.found),
        **_numbers(facts),
        "counts": facts.counts,
        "kept": [{"kept": kept, "all": whole} for kept, whole in facts.kept],
        "editable": not facts.grouping,
        "hint": " ".join(hints),
        "verdict": " ".join(filter(None, [facts.found.sentence, facts.disagreement])),
    }
    names = {"label": "own", "about": "own_about", "model": facts.found.model}
    return lab_page(__file__, data, draw_masks(facts), mount="lab_own", others=KINDS_OF_PAIRS, **names)


def network_page(facts: MaskFacts) -> Widget:
    """The page of a network that is no model yet, to be edited.

    Args:
        facts: what is to be seen.

    Returns:
        The output.
    """
    hint = f"{say['own_hint']} {say['edit_hint']}"
    data = {**_numbers(facts), "editable": True, "hint": hint}
    names = {"label": "editor", "about": "editor_about"}
    return lab_page(__file__, data, draw_masks(facts), mount="lab_own", others=KINDS_OF_PAIRS, **names)


def _numbers(facts: MaskFacts) -> dict[str, object]:
    return {
        "ordering": facts.ordering.tolist(),
        "degrees": [layer.tolist() for layer in facts.degrees],
        "masks": as_text(facts.masks),
        "start": {"output": facts.output},
    }


def _page_of(model: OwnMaskFacts, now: MaskFacts) -> Widget:
    """The page of a model, or of the network that it has been edited to."""
    is_edited = not torch.equal(now.ordering, model.ordering) or as_text(now.masks) != as_text(model.masks)
    return network_page(now) if is_edited else own_masks_page(replace(model, output=now.output))


@dataclass(frozen=True)
class OwnMaskFacts(MaskFacts):
    """A MADE whose units with the same masks are drawn once; what is seen comes from the oracle.

    Args:
        ordering: as in `MaskFacts`.
        degrees: as there.
        masks: as there.
        output: as there.
        counts: how many units each drawn one stands for, one list a level.
        found: what the oracle found.
    """

    counts: Sequence[Sequence[int]]
    found: Dependencies

    @property
    def sees(self) -> Tensor:
        """``(D, D)`` bool, as the oracle found it."""
        return torch.from_numpy(self.found.sees)

    @property
    def is_measured(self) -> bool:
        """True: the oracle found what is seen."""
        return True

    @property
    def sizes(self) -> list[int]:
        """Units of each hidden layer, all counted."""
        return [sum(layer) for layer in self.counts[1:-1]]

    @property
    def kept(self) -> list[tuple[int, int]]:
        """Of each mask how many of its weights it keeps, all units counted."""
        found = []
        for mask, below, above in zip(self.masks, self.counts, self.counts[1:], strict=False):
            weights = torch.tensor(above)[:, None] * torch.tensor(below)
            found.append((int((weights * mask).sum()), int(weights.sum())))
        return found

    @property
    def grouping(self) -> str:
        """How many units stand for how many, if some do."""
        layers = [
            say("group", drawn=len(layer), units=sum(layer), level=level)
            for level, layer in enumerate(self.counts[1:-1], start=1)
            if len(layer) < sum(layer)
        ]
        return say("grouped", layers=layers) if layers else ""

    @property
    def disagreement(self) -> str:
        """Where the masks say something else than the oracle, in a sentence; nothing if they agree."""
        claimed = who_sees_whom(self.masks) > 0
        missed, forbidden = int((claimed & ~self.sees).sum()), int((self.sees & ~claimed).sum())
        return say("disagree", missed=missed, forbidden=forbidden) if missed or forbidden else ""

    @property
    def description(self) -> str:
        """What the picture shows, for those who do not see it."""
        return " ".join(
            filter(None, [super().description, self.grouping, self.found.sentence, self.disagreement])
        )


def _network(model: MADE, chosen: int, found: Dependencies, most: int) -> OwnMaskFacts | None:
    """Degrees and masks as they are in use, units of large layers that are alike drawn once; None if too many differ."""
    ordering, family = model.ordering.cpu(), model.likelihood
    size = len(ordering)
    masks = [model._weight_mask(layer).detach().cpu() != 0 for layer in range(len(model.layers))]
    # a variable is several inputs, and several outputs
    masks[0] = masks[0].view(len(masks[0]), size, family.num_features).any(2)
    masks[-1] = masks[-1].view(size, family.num_parameters, -1).any(1)
    ends = positions(ordering) + 1
    degrees, counts, drawn = [ends], [[1] * size], [torch.arange(size)]
    for level, layer in enumerate(model.degrees):
        own = layer[0].cpu()
        looks = torch.cat([own[:, None], masks[level].long(), masks[level + 1].T.long()], dim=1)
        first, number = _alike(looks) if len(own) > most else (torch.arange(len(own)), [1] * len(own))
        degrees.append(own[first])
        counts.append(number)
        drawn.append(first)
    if max(map(len, drawn)) > _MOST_GROUPS:
        return None
    drawn.append(torch.arange(size))
    cut = [mask[above][:, below] for mask, below, above in zip(masks, drawn, drawn[1:], strict=False)]
    return OwnMaskFacts(ordering, [*degrees, ends], cut, chosen, [*counts, [1] * size], found)


def _alike(looks: Tensor) -> tuple[Tensor, list[int]]:
    """The first row of each group of equal rows, in the order of the rows, and how many rows the groups have."""
    _, group, counts = looks.unique(dim=0, return_inverse=True, return_counts=True)
    first = torch.tensor([int((group == number).nonzero()[0]) for number in range(len(counts))])
    order = first.argsort()
    return first[order], counts[order].tolist()
