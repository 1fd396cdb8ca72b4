"""How a model was made: the arguments of its constructor and the parts that it built, noted when the constructor returns.

`armod.save` writes the arguments, so that a file of weights says which model they belong to. The fast ways to sample
compare the parts with what the model is made of now, so that they step aside for a part that somebody has replaced. And a
state dict carries the settings that its weights were made for: WaveNets with dilations 1, 2, 4 and 4, 2, 1 have weights of
the same shapes, but the weights of one are nonsense in the other.
"""

from __future__ import annotations

import inspect
from abc import ABCMeta
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from armod.likelihoods import Likelihood
from armod.likelihoods.base import check_likelihood
from armod.models.arguments import Made, Unwritten, kept, plain
from armod.orderings import as_permutation
from armod.settings import check_event_shape, check_sizes

_SIMPLE = (bool, int, float, str, tuple, type(None), Likelihood)
_KEY = "armod"  # of the settings in a state dict's metadata
# A state dict brings orderings and degrees itself. The others only matter in training.
_NOT_COMPARED = ("seed", "ordering", "degrees", "order_agnostic", "dropout")


@dataclass(frozen=True)
class Part:
    """What a module was when the model had just been made.

    Args:
        kind: its exact type.
        settings: its numbers, words, tuples and likelihoods by name, such as ``eps`` or ``stride``; tensors and modules are
            no settings.

    >>> Part.of(nn.Softmax(dim=1))
    Part(kind=<class 'torch.nn.modules.activation.Softmax'>, settings={'dim': 1})
    """

    kind: type
    settings: dict[str, Any]

    @classmethod
    def of(cls, module: nn.Module) -> Part:
        """Describe a module as it is now.

        Args:
            module: a module.

        Returns:
            Its description.
        """
        return cls(type(module), {k: v for k, v in vars(module).items() if _is_setting(k, v)})


@dataclass(frozen=True)
class Construction:
    """What a model's constructor got and built.

    `load_state_dict` refuses a state dict whose names fit but whose `settings` are others, before it takes any weight. This
    protection ends where the settings don't travel or aren't known: a bare ``dict``, a file of safetensors (`armod.load`
    makes the right model from its own header), state dicts of earlier versions, and a model of your own with a constructor
    of its own. With other names torch itself refuses, or takes what fits with ``strict=False``.

    Args:
        arguments: the arguments by name, defaults included; keyword arguments that it passes on stand among them. They are
            copies; an `armod.models.arguments.Made` stands for a module, and an `Unwritten` for what is neither a number, a word,
            a tensor, a likelihood, a module that says how it was made, nor a list of these.
        parts: the modules inside the model by their path.
        itself: the model itself, as a part.
        parameters: the shape of each parameter by its path.
        buffers: the paths of all buffers.
        settings: what `load_state_dict` compares: the arguments of one of armod's own constructors that decide which
            function the weights compute.

    >>> from armod import WaveNet, likelihoods
    >>> made = WaveNet((9,), 2, dilations=(1, 4), likelihood=likelihoods.Bernoulli()).construction
    >>> made.arguments["dilations"], made.settings["dilations"], made.parts["head"].settings["out_features"]
    ((1, 4), [1, 4], 1)
    """

    arguments: dict[str, Any]
    parts: dict[str, Part]
    itself: Part
    parameters: dict[str, torch.Size]
    buffers: tuple[str, ...]
    settings: dict[str, Any]

    @classmethod
    def of(cls, model: nn.Module, arguments: dict[str, Any]) -> Construction:
        """Describe a model that has just been made.

        Args:
            model: the model.
            arguments: the arguments of its constructor by name.

        Returns:
            Its description.
        """
        return cls(
            arguments,
            {name: Part.of(module) for name, module in model.named_modules() if name},
            Part.of(model),
            {name: value.shape for name, value in model.named_parameters(remove_duplicate=False)},
            tuple(name for name, _ in model.named_buffers(remove_duplicate=False)),
            _settings(model, arguments),
        )

    def _put_settings(self, model: nn.Module, state: Any, prefix: str, metadata: dict[str, Any]) -> None:
        """Write the settings into the metadata of a new state dict, where `torch.save` and `deepcopy` keep them."""
        if self.settings:
            metadata[_KEY] = dict(self.settings)

    def _compare_settings(
        self, state: Mapping[str, Any], prefix: str, metadata: Mapping[str, Any], *_: Any
    ) -> None:
        """Refuse a state dict of a model with other settings, unless its names differ, which is torch's affair."""
        theirs = metadata.get(_KEY)
        names = {name[len(prefix) :] for name in state if name.startswith(prefix)}
        if not isinstance(theirs, dict) or not set(self.parameters) <= names <= {
            *self.parameters,
            *self.buffers,
        }:
            return
        different = [name for name, value in self.settings.items() if theirs.get(name, value) != value]
        if different:
            their_text, our_text = (
                ", ".join(f"{name}={values[name]}" for name in different)
                for values in (theirs, self.settings)
            )
            raise ValueError(
                f"This state dict is of a model with {their_text}, but this {self.itself.kind.__name__} has {our_text}: "
                "make the model with the settings of its weights, or load dict(state_dict) to take the bare weights."
            )


class Noted(ABCMeta):
    """The type of `AutoregressiveModel`, whose instances note their own `construction`.

    >>> from armod import MADE, likelihoods
    >>> MADE((3,), [4], likelihood=likelihoods.Bernoulli()).construction.arguments["hidden_sizes"]
    [4]
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance, as usual, and note how."""
        copies, named_copies = kept(args), {name: kept(value) for name, value in kwargs.items()}
        model = super().__call__(*args, **kwargs)
        if not (_is_ours(cls) and _is_ours(cls.__init__)):  # type: ignore[misc]
            _check_own(model)
        bound = cls.__signature__.bind(*copies, **named_copies)
        bound.apply_defaults()
        arguments: dict[str, Any] = {}
        for name, parameter in bound.signature.parameters.items():
            value = bound.arguments[name]
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments |= value
            elif parameter.kind is not parameter.VAR_POSITIONAL or value:
                arguments[name] = kept(value)
        construction = Construction.of(model, arguments)
        # hooks of the construction, not of the model, go with shallow and deep copies of the model
        model._register_state_dict_hook(construction._put_settings)
        model._register_load_state_dict_pre_hook(construction._compare_settings)
        model.construction = construction
        return model

    @property
    def __signature__(cls) -> inspect.Signature:
        """The signature of the constructor, which tools would otherwise take from `__call__`."""
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])


def _check_own(model: Any) -> None:
    """Raise a ValueError if a model of somebody's own does not describe itself. Lists and arrays become tensors; properties answer later."""
    kind = type(model)
    if "_modules" not in vars(model):
        raise ValueError(f"{kind.__name__}.__init__ must call super().__init__() before anything else.")
    what = {
        "event_shape": "the shape of one observation, such as torch.Size([784])",
        "ordering": "the permutation (D,) of its variables, such as armod.orderings.raster(event_shape)",
    }
    told = [name for name in what if not isinstance(getattr(kind, name, None), property)]
    for name in told:
        if getattr(model, name, None) is None:
            raise ValueError(
                f"{kind.__name__} lacks `{name}`, {what[name]}: set it in the class or in its constructor."
            )
    if "event_shape" in told and type(model.event_shape) is not torch.Size:
        model.event_shape = check_event_shape(model.event_shape)
    if "ordering" in told and not (isinstance(model.ordering, Tensor) and model.ordering.is_meta):
        ordering = as_permutation(model.ordering, model.event_shape)
        if not isinstance(model.ordering, Tensor) or model.ordering.dtype != torch.int64:
            model.ordering = ordering
    if model.likelihood is not None:
        check_likelihood(model.likelihood, reads_real_numbers=True)  # a family has said what it reads
    if model.context_size is not None:
        check_sizes(0, context_size=model.context_size)


def _settings(model: nn.Module, arguments: dict[str, Any]) -> dict[str, Any]:
    """The settings that a state dict carries; only armod's own constructors are known to have no others."""
    constructor = type(model).__init__
    if not (constructor.__module__ or "").startswith("armod."):  # None: it was defined by `exec`
        return {}
    settings = {
        name: plain(value)
        for name, value in arguments.items()
        if name not in _NOT_COMPARED and value is not None and not isinstance(value, Unwritten | Made)
    }
    if "num_levels" in arguments:  # which may be None
        settings["num_levels"] = model.likelihood.num_levels  # type: ignore[union-attr]
    return settings


def _is_ours(part: object) -> bool:
    """Whether a class or function stands in armod; what was made by `exec` may stand nowhere."""
    return str(part.__module__).startswith("armod.")


def _is_setting(name: str, value: object) -> bool:
    return isinstance(value, _SIMPLE) and name != "training" and not name.startswith("_")
