"""The command ``armod train``; recipes lie in `armod.pretrained`, the training itself in `armod.training`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import click

from armod.course.errors import CourseError


@click.command()
@click.argument("recipe")
@click.option(
    "--out", type=click.Path(path_type=Path), help="The weights' file; default RECIPE.safetensors here."
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of a run that was interrupted.")
@click.option("--device", help="cpu, cuda, ...; default the CPU.")
@click.option("--compile/--no-compile", default=None, help="Compile the model first (torch.compile).")
@click.option(
    "--precision", type=click.Choice(["float32", "bfloat16"]), help="Of the network's large products."
)
@click.option(
    "--accumulate",
    type=click.IntRange(1),
    help="Split each batch into so many parts, to save memory; the result is the same.",
)
def train(recipe: str, out: Path | None, resume: bool, device: str | None, **options: Any) -> None:
    """Train the model of a RECIPE (a name that ships with armod, or a .toml file) and save its weights.

    The checkpoint NAME.checkpoint beside the weights survives any interruption and goes when the run is done. The
    likelihood on the test split is printed and stored with the weights. Options outdo the recipe's [fit]. The recipe of a
    student (armod.distillation) is distilled in one go, and takes --out alone. A model that is given something is trained a
    second time without it, so that the receipt says what that costs.

    \b
    armod train made-digits28
    armod train my-recipe.toml --out weights/mine.safetensors --resume
    armod train my-recipe.toml --device cuda --precision bfloat16 --compile

    Under torchrun several processes share each batch, on CPUs, or each on a GPU of its own with --device cuda:

    \b
    torchrun --nproc_per_node=2 -m armod train made-digits28
    """
    from armod.pretrained import recipe_path
    from armod.pretrained.recipe import read_recipe
    from armod.pretrained.weights import write_weights
    from armod.training import distributed

    _require_writable(out)
    if recipe in _students() or _is_of_student(recipe):
        return _distil(recipe, out)
    try:
        chosen = read_recipe(Path(recipe) if recipe.endswith(".toml") else recipe_path(recipe))
        weights = out or Path(f"{chosen.name}.safetensors")
        checkpoint = weights.with_suffix(".checkpoint")

        def refuse_leftover() -> None:
            if checkpoint.exists() and not resume:
                raise ValueError(f"{checkpoint} is left from an earlier run: add --resume, or remove it.")

        def keep() -> None:
            write_weights(weights, model, receipt)
            for leftover in (checkpoint, checkpoint.with_suffix(".without-context")):
                leftover.unlink(missing_ok=True)
            click.echo(
                f"{len(history)} epochs in {history.seconds:.0f} s, {receipt.num_parameters:,} parameters"
            )
            click.echo(f"{receipt}\nWeights: {weights}")

        with distributed.process_group(device):
            distributed.agree(refuse_leftover)
            given = {name: value for name, value in options.items() if value is not None}
            model, history, receipt = chosen.train(checkpoint=checkpoint, device=device, **given)
            distributed.agree(keep)
    except (ValueError, OSError) as error:
        raise CourseError(str(error)) from None
    except KeyboardInterrupt:
        raise CourseError(
            "Interrupted; add --resume to go on after the last whole epoch.", exit_code=1
        ) from None


def _require_writable(out: Path | None) -> None:
    """Say before hours of training, not after them, that the weights can't be written."""
    if out is not None and out.is_dir():
        raise CourseError(
            f"--out {out} is a folder; name the file of the weights, such as {out / 'mine.safetensors'}."
        )
    folder = out.parent if out is not None else Path()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CourseError(
            f"Weights can't be written to the folder {folder} ({error.strerror}); name a file in another by --out."
        ) from None


def _students() -> tuple[str, ...]:
    from armod.distillation import STUDENTS

    return STUDENTS


def _is_of_student(recipe: str) -> bool:
    """Whether a file is a recipe with a table [student]; what can't be read is left to those who read recipes."""
    try:
        return recipe.endswith(".toml") and "student" in tomllib.loads(
            Path(recipe).read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        return False


def _distil(recipe: str, out: Path | None) -> None:
    """Distil the student of a recipe and write its weights."""
    from armod.distillation.recipes import read_student_recipe, student_recipe_path, write_student

    try:
        chosen = read_student_recipe(
            Path(recipe) if recipe.endswith(".toml") else student_recipe_path(recipe)
        )
        student, history, receipt = chosen.train()
        weights = out or Path(f"{chosen.name}.safetensors")
        write_student(weights, student, receipt)
        click.echo(f"{len(history)} steps in {history.seconds:.0f} s\n{receipt}\nWeights: {weights}")
    except (ValueError, OSError) as error:
        raise CourseError(str(error)) from None
    except KeyboardInterrupt:
        raise CourseError("Interrupted; nothing was written.", exit_code=1) from None
