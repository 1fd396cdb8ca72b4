"""Models in files: `save` writes the weights and how the model was made, and `load` makes the same model again.

A file is safetensors. Its header says the class and the constructor's own arguments as JSON. Nothing in it is code, and
loading it executes nothing and imports nothing that the file names.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

import armod
from armod.files import path_of, write_whole
from armod.likelihoods import Likelihood
from armod.models.arguments import Made, UnknownClassError, read, written
from armod.models.base import AutoregressiveModel
from armod.models.construction import Part
from armod.models.families import ENCODERS, FAMILIES, IN_FILES


class _UnknownArgumentError(ValueError):
    """A file has an argument that this version's class does not know."""


_KEY = "armod"  # of the description in a file's metadata
_FORMAT = 1


def save(model: AutoregressiveModel, path: str | PathLike[str]) -> None:
    """Write a model to a file that `load` makes the same model from.

    The file holds the state dict, in its own dtypes, and the arguments of the model's constructor. These must be None,
    numbers, words, tensors, likelihoods, lists of them, or modules that were made of such arguments: models, the encoders of
    `armod.encoders`, and modules of your own that keep their constructor's arguments as attributes. It holds neither the
    device, nor the mode (training or evaluation), nor hooks, nor which parameters are frozen. An ordering, degrees or counts that a state dict brought are part
    of the state dict and come back. An old file is replaced in one step.

    Args:
        model: a model of any family, or of a class of your own.
        path: the file, usually ``NAME.safetensors``; its folder is made if there is none.

    Raises:
        ValueError: if the model is not described by its constructor's arguments: because an argument is of another kind,
            because a part was replaced or changed after the model had been made, or because it is a member of an ensemble.
        OSError: if the file can't be written.

    >>> import tempfile
    >>> model = armod.WaveNet((16,), 4, dilations=[1, 2], likelihood=armod.likelihoods.Categorical(8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/sound.safetensors")
    ...     print(load(f"{folder}/sound.safetensors").dilations)
    [1, 2]
    """
    description = _describe(model)
    _write(path_of(path), model.state_dict(), description, {})


def load(
    path: str | PathLike[str], *, classes: Iterable[type[nn.Module | Likelihood] | str] = ()
) -> AutoregressiveModel:
    """Make the model that `save` has written to a file: it has the same likelihoods, and the same noise gives the same samples.

    Args:
        path: the file.
        classes: the classes of your own that the file may name, models, likelihoods or encoders: the class itself, or its
            import path such as ``"my_package.models.MyModel"``. armod's own classes are known. Nothing else is ever imported.

    Returns:
        The model on the CPU, in the dtypes that it was saved in, in evaluation mode (call ``.train()`` to go on training).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a file of `save`, names a class that is not known here, comes from a newer version of armod
            that knows more arguments, or has weights that don't fit.
    """
    handed = _by_name(classes)
    tensors, metadata = read_tensors(path_of(path))
    description = _description(path, metadata)
    model = _make(path, description, handed)
    _take_dtypes(path, model, tensors, description["dtypes"])
    try:
        model.load_state_dict(tensors)
    except (RuntimeError, ValueError, IndexError) as error:
        raise ValueError(
            f"The weights in {path} don't fit its {type(model).__name__}: {_reason(error)}."
        ) from None
    return model.eval()


def write_model(path: Path, model: AutoregressiveModel, metadata: Mapping[str, str]) -> None:
    """Write a model as `save` does, with further texts in the header of the file.

    If half precision holds every weight exactly, because the model was rounded, the file is half as long. `load` makes the
    same model of it, in single precision.

    Args:
        path: the file.
        model: the model.
        metadata: further texts by their names.
    """
    description, state = _describe(model), model.state_dict()
    halves = in_half(state)
    description["dtypes"] |= dict.fromkeys(halves, "float32")
    _write(path, state | halves, description, metadata)


@torch.no_grad()
def round_to_half(model: nn.Module) -> None:
    """Round all weights to half precision, in place; they keep their dtype.

    Args:
        model: the model.
    """
    for parameter in model.parameters():
        parameter.copy_(parameter.half())


def in_half(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert what is in single precision to half precision, if that holds every number exactly.

    Args:
        state: tensors by their names.

    Returns:
        The tensors of half precision by their names; none if a single number would change.

    >>> in_half({"weight": torch.tensor([0.5]), "ordering": torch.arange(2)})
    {'weight': tensor([0.5000], dtype=torch.float16)}
    >>> in_half({"weight": torch.tensor([0.1])})
    {}
    """
    single = {name: value for name, value in state.items() if value.dtype == torch.float32}
    is_exact = all(torch.equal(value.half().float(), value) for value in single.values())
    return {name: value.half() for name, value in single.items()} if is_exact else {}


def _write(
    path: Path, state: Mapping[str, Any], description: dict[str, Any], metadata: Mapping[str, str]
) -> None:
    described = json.dumps(description, sort_keys=True)
    for name, value in state.items():
        if not isinstance(value, Tensor):
            raise ValueError(
                f"A file of weights holds tensors only, but {name} in the model's state dict is a {type(value).__name__}."
            )
    # copies, because two names of a state dict may share their memory
    tensors = {name: value.detach().to("cpu", copy=True).contiguous() for name, value in state.items()}
    write_whole(path, safetensors.torch.save(tensors, metadata={_KEY: described, **metadata}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read a safetensors file.

    Args:
        path: the file.

    Returns:
        The tensors by their names, and the texts in the header by their names.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a safetensors file.
    """
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a safetensors file.")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {_reason(error)}.") from None


def _describe(model: AutoregressiveModel) -> dict[str, Any]:
    """What the header says of a model."""
    if not isinstance(model, AutoregressiveModel):
        raise ValueError(
            f"model is an AutoregressiveModel, not a {type(model).__name__}; of a wrapper, save the model inside."
        )
    _check_as_made(model)
    arguments = {}
    for name, value in model.construction.arguments.items():
        try:
            arguments[name] = written(value)
        except ValueError as error:
            raise ValueError(
                f"The argument {name} of {type(model).__name__} {error}, which a file can't hold: only None, numbers, "
                "words, tensors, likelihoods, lists of them, and modules whose constructor's arguments are attributes of "
                "the same names can be written; torch.save(model.state_dict(), path) writes the weights alone."
            ) from None
    its_class, in_state = type(model), model.state_dict().keys()
    description = {
        "format": _FORMAT,
        "version": armod.__version__,
        "class": its_class.__name__,
        "arguments": arguments,
        # Buffers outside of the state dict are derived from the arguments, but `.double()` has changed them too.
        "dtypes": {name: _dtype(value) for name, value in model.named_buffers() if name not in in_state},
    }
    return description if _is_ours(its_class) else {**description, "module": its_class.__module__}


def _check_as_made(model: AutoregressiveModel) -> None:
    """Raise a ValueError unless the model is what its constructor makes of its arguments, up to the values of tensors."""
    name = type(model).__name__
    if "construction" not in vars(model):
        raise ValueError(
            f"This {name} was not made by a call of its class, so nobody knows the arguments; of a member of an ensemble, "
            "save the ensemble and take its `members` after loading."
        )
    made, now = model.construction, Part.of(model).settings
    parts = {path: Part.of(module) for path, module in model.named_modules() if path}
    shapes = {path: value.shape for path, value in model.named_parameters(remove_duplicate=False)}
    changed = ["its class"] if type(model) is not made.itself.kind else []
    changed += [each for each in made.arguments if now.get(each) != made.itself.settings.get(each)]
    for each, argument in made.arguments.items():
        if isinstance(argument, Made):
            _check_argument(getattr(model, each, None), argument)
    changed += [each for each in made.parts | parts if not _is_same(made.parts.get(each), parts.get(each))]
    changed += [each for each in made.parameters | shapes if made.parameters.get(each) != shapes.get(each)]
    if changed:
        raise ValueError(
            f"This {name} is no longer what its constructor makes of its arguments, because {changed[0]} was changed after "
            "it had been made: make it with the right arguments, or write the weights alone, "
            "torch.save(model.state_dict(), path)."
        )


def _check_argument(module: object, made: Made) -> None:
    """Raise a ValueError unless a module that was an argument is what its own constructor makes of its arguments."""
    if isinstance(module, AutoregressiveModel):
        _check_as_made(module)
    elif isinstance(module, nn.Module):
        with torch.random.fork_rng(devices=[]):
            again = made.kind(**made.arguments)
        now, then = (
            {path: (Part.of(each), [(name, value.shape) for name, value in each.named_parameters(recurse=False)])
             for path, each in one.named_modules()}
            for one in (module, again)
        )  # fmt: skip
        changed = [each for each in now | then if now.get(each) != then.get(each)]
        if changed:
            raise ValueError(
                f"This {type(module).__name__} is no longer what its constructor makes of its arguments, because "
                f"{changed[0] or 'it'} was changed after it had been made: write the weights alone, "
                "torch.save(model.state_dict(), path)."
            )


def _is_same(one: Part | None, other: Part | None) -> bool:
    """Whether a part is as it was; in modules of others, numbers may count something and change."""
    if one is None or other is None or one.kind is not other.kind:
        return one is other
    return one.kind.__module__.split(".")[0] not in ("armod", "torch") or one.settings == other.settings


def _description(path: str | PathLike[str], metadata: Mapping[str, str]) -> dict[str, Any]:
    """The description in a file's header, checked."""
    if _KEY not in metadata:
        raise ValueError(
            f"{path} does not say which model its weights belong to: armod.save writes files that do (the weights that ship "
            "with armod are loaded by armod.load_pretrained)."
        )
    try:
        found = json.loads(metadata[_KEY])
        version, number = found["version"], found["format"]
        is_right = isinstance(found["class"], str) and isinstance(found.get("module", ""), str)
        is_right = is_right and isinstance(found["arguments"], dict) and isinstance(found["dtypes"], dict)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        version, number, is_right = None, _FORMAT, False
    if number != _FORMAT:
        raise ValueError(
            f"{path} was written by armod {version} in a form that armod {armod.__version__} can't read."
        )
    if not is_right:
        raise ValueError(f"{path} has a description of its model that can't be read.")
    return found


def _by_name(classes: Iterable[type | str]) -> dict[str, type]:
    """The classes that a user handed in, by their names; import paths are followed, because the user wrote them."""
    found: dict[str, type] = {}
    if isinstance(classes, type | str) or not isinstance(classes, Iterable):
        raise ValueError(f"classes is a list of classes, such as [MyModel], not {classes!r}.")
    for each in classes:
        its_class: Any = each
        if isinstance(each, str):
            module, _, name = each.rpartition(".")
            try:
                its_class = getattr(import_module(module), name)
            except (ImportError, AttributeError, ValueError) as error:
                raise ValueError(
                    f"classes names {each!r}, which can't be imported: {_reason(error)}."
                ) from None
        if not (isinstance(its_class, type) and issubclass(its_class, nn.Module | Likelihood)):
            raise ValueError(f"classes are models, likelihoods and encoders of your own, not {each!r}.")
        if found.setdefault(its_class.__name__, its_class) is not its_class:
            raise ValueError(f"classes has two classes of the name {its_class.__name__}.")
    return found


def _class_of(data: Mapping[str, Any], handed: Mapping[str, type], kind: type = nn.Module) -> type[nn.Module]:
    """The class of this name, armod's own or handed in, if it is of a kind; an UnknownClassError says the import path."""
    name, known = data["class"], handed if "module" in data else IN_FILES
    if name in known and issubclass(known[name], kind):
        return known[name]
    raise UnknownClassError(f"{data['module']}.{name}" if "module" in data else name)


def _make(
    path: str | PathLike[str], description: Mapping[str, Any], handed: Mapping[str, type]
) -> AutoregressiveModel:
    """The model with new weights."""
    version, name = description["version"], description["class"]

    def made(data: Mapping[str, Any], kind: type = nn.Module) -> Any:
        its_class = _class_of(data, handed, kind)
        signature = inspect.signature(its_class)
        passes_on = [name for name, each in signature.parameters.items() if each.kind is each.VAR_KEYWORD]
        others = [name for name in data["arguments"] if name not in signature.parameters]
        if others and not passes_on:
            raise _UnknownArgumentError(
                f"{path} was written by armod {version}, and its {its_class.__name__} has the argument {others[0]!r}, which "
                f"the one of armod {armod.__version__} does not know."
            )
        arguments = {name: read(value, handed, made) for name, value in data["arguments"].items()}
        if others:
            arguments[passes_on[0]] = {name: arguments.pop(name) for name in others}
        bound = inspect.BoundArguments(signature, arguments)
        return its_class(*bound.args, **bound.kwargs)

    try:
        return made(description, AutoregressiveModel)
    except UnknownClassError as error:
        if "." in str(error):
            raise ValueError(_ask_for(path, str(error))) from None
        raise ValueError(
            f"{path} was written by armod {version} and holds a {error}, which armod {armod.__version__} does not know: "
            f"its models are {', '.join([*FAMILIES, 'Conditional'])}, and its encoders {', '.join(ENCODERS)}."
        ) from None
    except _UnknownArgumentError:
        raise
    except (ValueError, TypeError, RuntimeError, RecursionError) as error:
        raise ValueError(f"The arguments in {path} make no {name}: {_reason(error)}.") from None


def _take_dtypes(
    path: str | PathLike[str],
    model: AutoregressiveModel,
    tensors: Mapping[str, Tensor],
    derived: Mapping[str, str],
) -> None:
    """Give every tensor of the model the dtype that it was saved in, so that no weight is rounded."""
    dtypes = {name: _dtype(tensor) for name, tensor in tensors.items()} | dict(derived)
    for name, tensor in [*model.named_parameters(remove_duplicate=False), *model.named_buffers()]:
        dtype = getattr(torch, str(dtypes.get(name)), tensor.dtype)
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f"{path} has a description of its model that can't be read.")
        if dtype != tensor.dtype:
            tensor.data = tensor.data.to(dtype)


def _is_ours(its_class: type) -> bool:
    return IN_FILES.get(its_class.__name__) is its_class


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _ask_for(path: str | PathLike[str], import_path: str) -> str:
    name = import_path.rpartition(".")[2]
    return (
        f"{path} needs the class {import_path}, which armod does not import by itself: hand it in, "
        f"armod.load(path, classes=[{name}]), if you trust it."
    )


def _reason(error: Exception) -> str:
    """What an error says, without the heading that torch puts above the first of several reasons."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    return (lines[min(1, len(lines) - 1)] if lines else type(error).__name__).rstrip(". ")
