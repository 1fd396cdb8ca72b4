"""The command ``armod train``; recipes lie in `armod.pretrained`, the training itself in `armod.training`."""

from __future__ import annotations

from pathlib import Path
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
    likelihood on the test split is printed and stored with the weights. Options outdo the recipe's [fit].

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

    try:
        chosen = read_recipe(Path(recipe) if recipe.endswith(".toml") else recipe_path(recipe))
        weights = out or Path(f"{chosen.name}.safetensors")
        checkpoint = weights.with_suffix(".checkpoint")

        def refuse_leftover() -> None:
            if checkpoint.exists() and not resume:
                raise ValueError(f"{checkpoint} is left from an earlier run: add --resume, or remove it.")

        def keep() -> None:
            write_weights(weights, model, receipt)
            checkpoint.unlink(missing_ok=True)
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
