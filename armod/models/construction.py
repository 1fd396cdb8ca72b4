"""How a model was made: the arguments of its constructor and the parts that it built, noted when the constructor returns.

`armod.save` writes the arguments, so that a file of weights says which model they belong to. The fast ways to sample
compare the parts with what the model is made of now, so that they step aside for a part that somebody has replaced.
"""

from __future__ import annotations

import inspect
from abc import ABCMeta
from dataclasses import dataclass
from typing import Any

from torch import nn

_SIMPLE = (bool, int, float, str, tuple, type(None))


@dataclass(frozen=True)
class Part:
    """What a module was when the model had just been made.

    Args:
        kind: its exact type.
        settings: its numbers, words and tuples by name, such as ``eps`` or ``stride``; tensors and modules are no settings.

    >>> Part.of(nn.ReLU()).settings
    {'inplace': False}
    """

    kind: type
    settings: dict[str, Any]

    @classmethod
    def of(cls, module: nn.Module) -> Part:
        """Describe a module as it is now."""
        return cls(type(module), {k: v for k, v in vars(module).items() if _is_setting(k, v)})


@dataclass(frozen=True)
class Construction:
    """What a model's constructor got and built.

    Args:
        arguments: the arguments by name, defaults included; keyword arguments that it passes on stand among them. None for
            a member of an ensemble, which no constructor made.
        parts: the modules inside the model by their path.

    >>> from armod import Transformer, likelihoods
    >>> model = Transformer((3,), 4, num_layers=1, num_heads=2, likelihood=likelihoods.Bernoulli())
    >>> model.construction.parts["norm"].settings["eps"]
    1e-05
    """

    arguments: dict[str, Any] | None
    parts: dict[str, Part]


class Noted(ABCMeta):
    """The type of `AutoregressiveModel`, whose instances note their own `construction`.

    >>> from armod import MADE, likelihoods
    >>> MADE((3,), [4], likelihood=likelihoods.Bernoulli()).construction.arguments["hidden_sizes"]
    [4]
    """

    @property
    def __signature__(cls) -> inspect.Signature:
        """The constructor's own signature, which the method below would hide from `help`."""
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance, as usual, and note how."""
        model = super().__call__(*args, **kwargs)
        bound = inspect.signature(cls.__init__).bind(model, *args, **kwargs)  # type: ignore[misc]
        bound.apply_defaults()
        arguments: dict[str, Any] = {}
        for parameter in list(bound.signature.parameters.values())[1:]:
            value = bound.arguments[parameter.name]
            if parameter.kind is parameter.VAR_KEYWORD:
                arguments |= value
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                arguments[parameter.name] = value
        parts = {name: Part.of(module) for name, module in model.named_modules() if name}
        model.construction = Construction(arguments, parts)
        return model


def _is_setting(name: str, value: object) -> bool:
    return isinstance(value, _SIMPLE) and name != "training" and not name.startswith("_")
