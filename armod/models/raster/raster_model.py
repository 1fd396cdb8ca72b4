"""What PixelCNN and Gated PixelCNN share: images in raster order, seen through a stack of masked convolutions.

Both have the same *field*: L layers of k x k kernels reach L * (k // 2) rows up and as many columns to both sides. Both
support every flip and transpose of the raster, by turning the image (`armod.models.orientation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, distributions
from torch.nn import functional as F

from armod import orderings
from armod.likelihoods import Categorical, Likelihood, in_own_precision, rescale
from armod.likelihoods.base import check_likelihood
from armod.models.base import AutoregressiveModel
from armod.models.coordinates import NUM_PLANES, with_coordinates
from armod.models.field import index_of
from armod.models.orientation import Orientation, keep_orientation
from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import check_kernel_size
from armod.models.shortcuts import is_own
from armod.settings import check_event_shape, check_sizes, check_switches


class RasterModel(AutoregressiveModel):
    """An autoregressive model of images ``(C, H, W)``, made of masked convolutions.

    A subclass computes all parameters of a turned image (`_network`), counts the paths through its masks
    (`_count_paths`), and states how many masked layers it has (`num_masked_layers`).

    Args:
        event_shape: ``(C, H, W)``.
        channels: features of each layer.
        num_layers: number of layers.
        kernel_size: odd size of every masked kernel.
        likelihood: family of the conditionals.
        context_channels: C' of the context; 0 for none.
        coordinates: whether planes of coordinates stand behind the context.
        ordering: raster (None), or one of its flips and transposes.

    Raises:
        ValueError: if a size is below 1, the kernel size is even, or the ordering is another.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.raster.pixelcnn import PixelCNN
    >>> model = PixelCNN((1, 3, 3), 2, 1, likelihood=Bernoulli())
    >>> isinstance(model, RasterModel), model.receptive_field(1, 1).int().tolist()
    (True, [[[1, 1, 1], [1, 0, 0], [0, 0, 0]]])
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
        coordinates: bool,
        ordering: Tensor | Sequence[int] | None,
    ) -> None:
        super().__init__()
        self.event_shape = check_event_shape(event_shape, "(C, H, W)")
        check_likelihood(likelihood)
        self.channels, self.num_layers = check_sizes(channels=channels, num_layers=num_layers)
        self.kernel_size = check_kernel_size(kernel_size)
        self.likelihood = likelihood
        (self.context_size,) = check_sizes(0, context_channels=context_channels)
        check_switches(coordinates=coordinates)
        self.coordinates = coordinates
        self.register_buffer("ordering", orderings.as_permutation(ordering, self.event_shape))
        keep_orientation(self)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_d | x_<d)`` in one pass, as `AutoregressiveModel.conditionals`."""
        x = self.check_levels(x)
        parameters = self._parameters_in_raster(x, self.check_context(context, len(x), x.shape[1:]))
        return self.likelihood.distribution(self.orientation.turn_back(parameters.permute(0, 3, 1, 2, 4)))

    def log_prob_per_variable(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute each factor of the chain rule, as `AutoregressiveModel.log_prob_per_variable`."""
        if type(self.likelihood) is not Categorical or not is_own(self, "conditionals", RasterModel):
            return super().log_prob_per_variable(x, context)
        # there are hundreds of logits per variable, and this makes one pass over them where a distribution makes five
        x = self.check_levels(x)
        logits = self._parameters_in_raster(x, self.check_context(context, len(x), x.shape[1:]))
        levels = self.orientation.turn(x).permute(0, 2, 3, 1).long()
        surprise = F.cross_entropy(logits.flatten(0, 3), levels.flatten(), reduction="none")
        return -self.orientation.turn_back(surprise.view(levels.shape).permute(0, 3, 1, 2))

    def reach(self) -> Tensor:
        """Tell which earlier variables are at most L * (k // 2) rows and columns away, where L counts all masked layers.

        The kernels cover this half square, but the masks may hide part of it.

        Returns:
            A boolean tensor ``(D, D)``, as `AutoregressiveModel.reach`.
        """
        height, width = self.event_shape[1:]
        extent = self.num_masked_layers * (self.kernel_size // 2)
        pixel = torch.arange(self.num_variables, device=self.ordering.device) % (height * width)
        row, column = pixel // width, pixel % width
        is_near = (row[:, None] - row).abs().maximum((column[:, None] - column).abs()) <= extent
        return super().reach() & is_near

    def receptive_field(self, row: int, column: int, channel: int = -1) -> Tensor:  # type: ignore[override]
        """Find the variables that one output can see, by counting the paths through the masks, which may hide part of `reach`.

        Args:
            row: row of the output pixel.
            column: column of the output pixel.
            channel: channel of the output pixel; the last one, which sees most, by default.

        Returns:
            A boolean tensor ``(C, H, W)``.

        Raises:
            IndexError: if the pixel or channel is outside of the image.
        """
        index = index_of((row, column, channel), self.event_shape)
        x = torch.zeros(1, *self.event_shape, dtype=torch.float64, requires_grad=True)
        with torch.enable_grad():
            paths = self._count_paths(self.orientation.turn(x).permute(0, 2, 3, 1))
            output = self.orientation.turn_back(paths.permute(0, 3, 1, 2))[0][index]
            (per_variable,) = torch.autograd.grad(output, x)
        return per_variable[0] > 0

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the parameters."""
        return next(self.parameters()).dtype

    @property
    def context_width(self) -> int:
        """How many planes the layers read: those of the context, and of the coordinates."""
        return self.context_size + NUM_PLANES * self.coordinates

    @property
    def turned_shape(self) -> tuple[int, int, int]:
        """``(C, H, W)`` as the network sees it; rows and columns change places for transposed orderings."""
        channels, height, width = self.event_shape
        return (channels, width, height) if self.orientation.is_transposed else (channels, height, width)

    def turned_context(self, context: Tensor | None) -> Tensor | None:
        """Arrange what the network adds to its features, ``(N or 1, H, W, C')`` or ``(N, 1, 1, C')``, from a checked context."""
        if self.coordinates:
            context = with_coordinates(context, self.event_shape[1:], self.hidden.weight)
        if context is None:
            return None
        if context.dim() == 2:
            return context[:, None, None, :].to(self.dtype)
        return self.orientation.turn_context(context).permute(0, 2, 3, 1).to(self.dtype)

    def walk_arguments(self, num_samples: int, context: Tensor | None) -> dict[str, Any]:
        """Collect the arguments that every `RasterWalk` needs, by name."""
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
        """Return the arguments that `print(model)` shows."""
        return (
            f"event_shape={tuple(self.event_shape)}, channels={self.channels}, num_layers={self.num_layers}, "
            f"kernel_size={self.kernel_size}, likelihood={self.likelihood}, context_channels={self.context_size}, "
            f"coordinates={self.coordinates}"
        )

    def _parameters_in_raster(self, x: Tensor, context: Tensor | None) -> Tensor:
        """The parameters ``(N, H, W, C, num_parameters)`` of the turned image, from checked levels ``(N, C, H, W)``."""
        context = self.turned_context(context)
        quantities = rescale(x, self.likelihood.num_levels, self.dtype)
        parameters = self._network(self.orientation.turn(quantities).permute(0, 2, 3, 1), context)
        parameters = in_own_precision(parameters, self.output.weight)
        return parameters.unflatten(-1, (self.event_shape[0], -1))

    def _network(self, x: Tensor, context: Tensor | None) -> Tensor:
        """Map quantities ``(N, H, W, C)`` in raster order to parameters ``(N, H, W, C * num_parameters)``, C outermost."""
        raise NotImplementedError(f"{type(self).__name__} must say what its network computes.")

    def _count_paths(self, x: Tensor) -> Tensor:
        """Count the paths ``(N, H, W, C)`` from the variables to each output; `x` is the number that begin at each."""
        raise NotImplementedError(f"{type(self).__name__} must count the paths through its masks.")
