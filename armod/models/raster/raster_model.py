"""What PixelCNN and Gated PixelCNN share: images in raster order, seen through a stack of masked convolutions.

Both have the same *field*: L layers of k x k kernels reach L * (k // 2) rows up and as many columns to either side.
Both answer for any flip or transpose of the raster by turning the image (`armod.models.orientation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, distributions
from torch.nn import functional as F

from armod import orderings
from armod.likelihoods import Categorical, Likelihood, rescale
from armod.models.base import AutoregressiveModel, in_own_precision
from armod.models.checks import check_event_shape, check_likelihood, check_sizes
from armod.models.orientation import Orientation, keep_orientation
from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import check_kernel_size


class RasterModel(AutoregressiveModel):
    """An autoregressive model of images ``(C, H, W)`` by masked convolutions of one odd kernel size.

    A subclass computes all parameters of a turned image (`_network`), counts the paths through its masks
    (`_count_paths`), and says how many masked layers follow each other (`num_masked_layers`).
    """

    likelihood: Likelihood
    context_size: int
    num_masked_layers: int
    hidden: MaskedConvolution
    output: MaskedConvolution
    orientation: Orientation

    def __init__(
        self,
        event_shape: Sequence[int],
        channels: int,
        num_layers: int,
        *,
        kernel_size: int,
        likelihood: Likelihood,
        context_channels: int,
        ordering: Tensor | Sequence[int] | None,
    ) -> None:
        super().__init__()
        self.event_shape = check_event_shape(event_shape, "(C, H, W)")
        check_likelihood(likelihood)
        check_sizes(channels=channels, num_layers=num_layers)
        check_sizes(0, context_channels=context_channels)
        check_kernel_size(kernel_size)
        self.channels, self.num_layers, self.kernel_size = channels, num_layers, kernel_size
        self.likelihood = likelihood
        self.context_size = context_channels
        self.register_buffer("ordering", orderings.as_permutation(ordering, self.event_shape))
        keep_orientation(self)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Every ``p(x_d | x_<d)`` in one pass; x is ``(N, C, H, W)``.

        Raises:
            ValueError: for a context that is missing or of a wrong shape (`check_context`).
        """
        parameters = self._parameters_in_raster(x, context)
        return self.likelihood.distribution(self.orientation.turn_back(parameters.permute(0, 3, 1, 2, 4)))

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Exact log-likelihood ``(N,)``, nats, as `AutoregressiveModel.log_prob`."""
        if not isinstance(self.likelihood, Categorical):
            return super().log_prob(x, context)
        # of hundreds of logits for each variable: one pass over them instead of the five of a distribution
        self.check_levels(x)
        logits = self._parameters_in_raster(x, context)
        levels = self.orientation.turn(x).permute(0, 2, 3, 1).long()
        surprise = F.cross_entropy(logits.flatten(0, 3), levels.flatten(), reduction="none")
        return -surprise.view(levels.shape).flatten(1).sum(1)

    def reach(self) -> Tensor:
        """Boolean ``(D, D)``: [i, j] is True where j comes earlier and at most L * (k // 2) rows and columns away.

        L counts all masked layers. That is the half square which the kernels span: masks may leave part of it unseen.
        """
        height, width = self.event_shape[1:]
        extent = self.num_masked_layers * (self.kernel_size // 2)
        pixel = torch.arange(self.num_variables, device=self.ordering.device) % (height * width)
        row, column = pixel // width, pixel % width
        is_near = (row[:, None] - row).abs().maximum((column[:, None] - column).abs()) <= extent
        return super().reach() & is_near

    def receptive_field(self, row: int, column: int, channel: int = -1) -> Tensor:
        """The variables that one output sees by the masks alone: boolean, of the event shape ``(C, H, W)``.

        channel: of the output pixel; the last one, which sees most, by default.

        The weights do not matter: paths from each variable to the output are counted through the masks.

        Raises:
            IndexError: for a pixel or channel outside of the image.
        """
        x = torch.zeros(1, *self.event_shape, dtype=torch.float64, requires_grad=True)
        with torch.enable_grad():
            paths = self._count_paths(self.orientation.turn(x).permute(0, 2, 3, 1))
            output = self.orientation.turn_back(paths.permute(0, 3, 1, 2))[0, channel, row, column]
            (per_variable,) = torch.autograd.grad(output, x)
        return per_variable[0] > 0

    @property
    def dtype(self) -> torch.dtype:
        """Of the parameters."""
        return next(self.parameters()).dtype

    @property
    def turned_shape(self) -> tuple[int, int, int]:
        """``(C, H, W)`` as the network sees it: transposed orderings let rows and columns change places."""
        channels, height, width = self.event_shape
        return (channels, width, height) if self.orientation.is_transposed else (channels, height, width)

    def turned_context(self, context: Tensor | None) -> Tensor | None:
        """A checked context as the network adds it to its features: ``(N, H, W, C')``; global: ``(N, 1, 1, C')``."""
        if context is None:
            return None
        if context.dim() == 2:
            return context[:, None, None, :].to(self.dtype)
        return self.orientation.turn_context(context).permute(0, 2, 3, 1).to(self.dtype)

    def walk_arguments(self, num_samples: int, context: Tensor | None) -> dict[str, Any]:
        """What every raster walk needs, by the names of `RasterWalk`'s arguments; checks the context."""
        context = self.check_context(context, num_samples, self.event_shape)
        return {
            "likelihood": self.likelihood,
            "shape": self.turned_shape,
            "kernel_size": self.kernel_size,
            "hidden": self.hidden,
            "output": self.output,
            "num_samples": num_samples,
            "context": self.turned_context(context),
        }

    def extra_repr(self) -> str:
        """What `print(model)` says first."""
        return (
            f"event_shape={tuple(self.event_shape)}, channels={self.channels}, num_layers={self.num_layers}, "
            f"kernel_size={self.kernel_size}, likelihood={self.likelihood}, context_channels={self.context_size}"
        )

    def _parameters_in_raster(self, x: Tensor, context: Tensor | None) -> Tensor:
        """Levels ``(N, C, H, W)`` -> parameters ``(N, H, W, C, num_parameters)`` of the turned image."""
        context = self.turned_context(self.check_context(context, len(x), x.shape[1:]))
        quantities = rescale(x, self.likelihood.num_levels, self.dtype)
        parameters = self._network(self.orientation.turn(quantities).permute(0, 2, 3, 1), context)
        parameters = in_own_precision(parameters, self.output.weight)
        return parameters.unflatten(-1, (self.event_shape[0], -1))

    def _network(self, x: Tensor, context: Tensor | None) -> Tensor:
        """Quantities ``(N, H, W, C)`` in raster order -> parameters ``(N, H, W, C * num_parameters)``, C outermost."""
        raise NotImplementedError(f"{type(self).__name__} must say what its network computes.")

    def _count_paths(self, x: Tensor) -> Tensor:
        """Numbers of paths ``(N, H, W, C)`` that lead from the variables, as often as `x` says, to each output."""
        raise NotImplementedError
