"""A subscale network one variable at a time: each slice is a walk of the PixelCNN, whose context is computed when it begins."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from armod.likelihoods import rescale
from armod.models.raster.pixelcnn import PixelCNN
from armod.models.scales.slices import Slice, Surroundings, planes_of
from armod.sampling.walk import Steps, Walk


class SubscaleWalk(Walk):
    """The incremental view of a `Subscale`, with a copy of its weights.

    Args:
        slices: the slices in their order.
        ordering: the flat index of the variable generated k-th, ``(D,)``.
        surroundings: computes what a slice knows of the earlier ones.
        pixelcnn: the PixelCNN of every slice.
        num_samples: N, the number of images.
        constant: planes of context and coordinates ``(N or 1, C', H, W)``, or None.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.scales.subscale import Subscale
    >>> view = Subscale((1, 3, 3), 2, 2, 1, likelihood=Bernoulli()).incremental(3)
    >>> isinstance(view, SubscaleWalk), view.conditional().batch_shape
    (True, torch.Size([3]))
    """

    def __init__(
        self,
        slices: Sequence[Slice],
        ordering: Tensor,
        surroundings: Surroundings,
        pixelcnn: PixelCNN,
        num_samples: int,
        constant: Tensor | None,
    ) -> None:
        self._slices, self._ordering = slices, ordering.tolist()
        self._surroundings = copy.deepcopy(surroundings).requires_grad_(False)
        self._pixelcnn = copy.deepcopy(pixelcnn).requires_grad_(False)
        num_channels = pixelcnn.event_shape[0]
        sizes = [num_channels * one.size[0] * one.size[1] for one in slices]
        self._ends = torch.tensor(sizes).cumsum(0).tolist()
        self._shape = (num_channels, slices[0].height, slices[0].width)
        super().__init__(
            pixelcnn.likelihood,
            pixelcnn.output.weight,
            num_samples,
            self._ends[-1],
            None if constant is None else constant.detach(),
        )

    def allocate(self) -> None:
        """Make the image, and leave its slices for later."""
        self._levels = torch.zeros(
            len(self._ordering), self.num_samples, dtype=torch.int64, device=self.device
        )
        self._variables = self._levels.unbind()
        self._overflow = torch.zeros(self.num_samples, dtype=self.dtype, device=self.device)
        self._walk: Walk | None = None  # of the current slice
        self._features: Tensor | None = None  # what the current slice knows of the earlier ones

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the levels of all variables, and what the walk of the current slice remembers, as `Walk.state`."""
        own = {"levels": (self._levels, 1), "overflow": (self._overflow, 0)}
        return own if self._walk is None else {**own, **self._walk.state()}

    def steps(self) -> Steps:
        """Go slice by slice, as `Walk.steps`."""
        while self.step < self._ends[-1]:
            if self._walk is None:
                self._open(self._number_of(self.step))
            assert self._walk is not None
            steps, levels = self._walk.steps(), None
            for _ in range(self._ends[self._number_of(self.step)] - self.step):
                self.parameters = steps.send(levels)
                levels = yield self.parameters
                self.parameters = None
                self._variables[self._ordering[self.step]].copy_(levels)
                self.step += 1
            if self.step < self._ends[-1]:
                self._close()

    def take_over(self, view: Self, chosen: Tensor) -> None:
        """Remember what another view remembers, as `Walk.take_over`, and its current slice."""
        self._walk = None
        super().take_over(view, chosen)
        self._walk = None if view._walk is None else view._walk.select(chosen)
        self._features = None if view._features is None else view._features[chosen]

    def ahead(self, levels: Tensor) -> Tensor:
        """Look ahead, as `Walk.ahead`, by one pass over each slice that is looked at, with the levels so far."""
        begin = self.step + len(self._appended)
        end = min(begin + len(levels) + 1, self._ends[-1])
        supposed = [*self._appended, *levels]
        everything = self._levels.clone()
        if supposed:
            everything[self._ordering[self.step : self.step + len(supposed)]] = torch.stack(supposed)
        first, last = self._number_of(begin), self._number_of(end - 1)
        parameters = [self._pass(number, everything) for number in range(first, last + 1)]
        offset = self._ends[first - 1] if first else 0
        return torch.cat(parameters)[begin - offset : end - offset]

    def _number_of(self, step: int) -> int:
        """The slice that the variable generated at this step belongs to."""
        return next(number for number, end in enumerate(self._ends) if step < end)

    def _open(self, number: int) -> None:
        """Begin the walk of a slice."""
        self._features = self._features_of(number, self._images(self._levels))
        self._walk = self._pixelcnn.walk(self._slices[number].size, self.num_samples, self._features)

    def _close(self) -> None:
        """Leave a slice; a number that is not finite must still be found when the sample is complete."""
        assert self._walk is not None
        for buffer, _ in self._walk.state().values():
            self._overflow += buffer.sum()
        self._walk = None

    def _pass(self, number: int, levels: Tensor) -> Tensor:
        """The parameters ``(variables of a slice, N, num_parameters)`` in one pass, from levels ``(D, N)``."""
        images = self._images(levels)
        is_open = self._walk is not None and number == self._number_of(self.step)
        features = self._features if is_open else self._features_of(number, images)
        assert features is not None
        parameters = self._pixelcnn.parameters_of(self._slices[number].of(images), features)
        return parameters.flatten(1, 3).transpose(0, 1)

    def _images(self, levels: Tensor) -> Tensor:
        """Levels ``(D, N)`` as quantities ``(N, C, H, W)``."""
        images = levels.T.unflatten(1, self._shape)
        return rescale(images, self._pixelcnn.likelihood.num_levels, self.dtype)

    def _features_of(self, number: int, images: Tensor) -> Tensor:
        return self._surroundings(planes_of(images, self._slices[number], self.context))
