"""The command ``armod``: open the course, run it headless, build it, and say what works here.

Each command's work lives in a module of its own, imported when it is called, so that ``--help`` is quick and a
core installation without the course's tools still has a command line.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from armod.course.commands import grading as cli_grading
from armod.course.errors import CourseError

CALL_WRONG, FOUND_FAILURE = 2, 1


class _Commands(click.Group):
    """A group whose expected failures are one sentence on standard error, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            sentence, code = str(error), error.exit_code
        except ModuleNotFoundError as error:
            if (error.name or "armod").split(".")[0] == "armod":
                raise
            sentence = (
                f"This command needs '{error.name}', which is not installed: pip install 'armod[course]'"
            )
            code = FOUND_FAILURE
        click.echo(f"armod: {sentence}", err=True)
        ctx.exit(code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="armod")
def main() -> None:
    """An interactive course on autoregressive models.

    \b
    armod lab                          open the course in JupyterLab
    armod run --out results            run every lesson, without a screen
    armod check 4_5_1_made             what the checks say to your exercises
    armod grade handed_in --out marks  mark a class, in a sandbox
    armod doctor                       what works here, and how to mend the rest

    Exit codes: 0 all is well, 1 the work found a failure, 2 the call itself was wrong.
    """


@main.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Serve at exactly this port; without it, a free one."
)
@click.option("--browser/--no-browser", default=True, help="Open a browser, where there is a screen.")
@click.argument("jupyter_options", nargs=-1, type=click.UNPROCESSED)
def lab(port: int | None, browser: bool, jupyter_options: tuple[str, ...]) -> None:
    """Open JupyterLab at the course map, and print its address.

    What follows `--` goes to JupyterLab itself.

    \b
    armod lab
    armod lab --port 8890 --no-browser
    armod lab -- --ip=0.0.0.0
    """
    from armod.course.lessons.lab import start_lab

    sys.exit(start_lab(port, browser, jupyter_options))


@main.command()
@click.argument("lessons", nargs=-1, metavar="[LESSON]...")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The folder that receives the results."
)
@click.option(
    "-p",
    "parameters",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="Set a parameter of the lessons; repeatable.",
)
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), help="Lessons that run at a time."
)
@click.option(
    "--timeout",
    default=600,
    show_default=True,
    type=click.IntRange(1),
    help="Seconds that one cell may take.",
)
def run(
    lessons: tuple[str, ...], out: Path, parameters: tuple[tuple[str, str], ...], jobs: int, timeout: int
) -> None:
    """Run lessons without a screen: all of them and the map, or those named.

    Each leaves an executed NAME.ipynb and a NAME.html that needs nothing else. A lesson that fails stops no other;
    the table at the end names its cell, and the exit code is 1.

    \b
    armod run --out results
    armod run 4_5_1_made --out results -p seed 3 -p quick true
    armod run --out results --jobs 4 --timeout 120
    """
    from rich.console import Console

    from armod.course.lessons.run import run as run_lessons
    from armod.course.lessons.run import summary

    values = {name: _scalar(value) for name, value in parameters}
    results = run_lessons(lessons, out, parameters=values, jobs=jobs, timeout=timeout)
    console = Console()
    console.print(summary(results))
    failed = sum(result.failure is not None for result in results)
    console.print(
        f"{len(results) - failed} of {len(results)} ran well; see {out}", highlight=False, soft_wrap=True
    )
    sys.exit(FOUND_FAILURE if failed else 0)


@main.command()
@click.argument("notebooks", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Only report what has drifted; exit 1 if anything has.")
@click.option("--force", is_flag=True, help="Build even what is up to date.")
@click.option(
    "--timeout",
    default=600,
    show_default=True,
    type=click.IntRange(1),
    help="Seconds that one cell may take.",
)
def sync(notebooks: tuple[str, ...], check: bool, force: bool, timeout: int) -> None:
    """Build each .ipynb from its .py: execute it, normalise it, stamp it.

    Only what has drifted is built; a notebook whose text alone changed is not run again. A notebook that raises an
    error or reaches 1 MB is refused, and its old one kept.

    \b
    armod sync
    armod sync 4_5_1_made --force
    armod sync --check
    """
    from armod.course.lessons import build

    if check and force:
        raise click.UsageError("--check only reports and --force builds; give one of them.")
    problems = build.check(notebooks) if check else build.sync(notebooks, force=force, timeout=timeout)
    for problem in problems:
        click.echo(problem)
    if not problems:
        click.echo("Every notebook is in step with its source.")
    sys.exit(FOUND_FAILURE if problems else 0)


@main.command()
@click.argument("notebook")
@click.option(
    "--timeout",
    default=600,
    show_default=True,
    type=click.IntRange(1),
    help="Seconds that one cell may take.",
)
def check(notebook: str, timeout: int) -> None:
    """Run a NOTEBOOK of exercises and print what its visible checks say.

    NOTEBOOK is a file, or the name of a lesson: then it is your own copy of its exercises. Exit code 1 if any check is
    not passed; "not answered yet" counts as not passed.

    \b
    armod check 4_5_1_made
    armod check notebooks/my_exercises/4_5_1_made.ipynb
    """
    from armod.course.lessons.self_check import check_notebook

    report = check_notebook(notebook, timeout=timeout)
    click.echo(report)
    sys.exit(0 if report.is_passed else FOUND_FAILURE)


@main.group()
def exercise() -> None:
    """Your own copies of the exercises."""


@exercise.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(name: str, yes: bool) -> None:
    """Bring an exercise back to its released form, after asking; your old notebook is kept beside it.

    NAME is an exercise, or a lesson for all the exercises of its notebook.

    \b
    armod exercise restore made-masks
    armod exercise restore 4_5_1_made
    """
    from armod.course.lessons import working_copies

    plan = working_copies.restoration(name)
    if not yes:
        click.confirm(f"Restore {plan}? Your answers there will be replaced.", abort=True)
    kept = working_copies.restore(plan)
    click.echo(f"Restored {plan}." + (f" The old notebook is kept as {kept.name} beside it." if kept else ""))
    click.echo("If the notebook is open in JupyterLab: File > Reload Notebook from Disk.")


@main.group()
def progress() -> None:
    """What is remembered, on this computer alone, of your exercises."""


@progress.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Forget the results of all your exercises, after asking; your notebooks stay as they are."""
    from armod.course.exercises.engine import progress as memory

    path = memory.progress_file()
    if path is None or not path.exists():
        click.echo("Nothing is remembered.")
        return
    if not yes:
        click.confirm(f"Forget every result remembered in {path}?", abort=True)
    if not memory.reset():
        raise CourseError(f"{path} can't be removed; delete it by hand.", exit_code=FOUND_FAILURE)
    click.echo("Your progress is forgotten.")


main.add_command(cli_grading.grade)
main.add_command(cli_grading.marks)


@main.command()
@click.option("--only", help="Examine one thing only.")
@click.option("--sandbox", is_flag=True, help="Try from inside what the sandbox promises to who grades.")
def doctor(only: str | None, sandbox: bool) -> None:
    """Say what works on this machine, and how to mend what does not.

    Exit code 1 if something that the course requires does not work or, with --sandbox, a promise does not hold.
    """
    from armod.course.lessons.doctor import examine, examine_sandbox, is_failure, render

    if only is not None and sandbox:
        raise click.UsageError("--only and --sandbox look at different things; give one of them.")
    findings = examine_sandbox() if sandbox else examine(only)
    click.echo(render(findings, "All that the sandbox promises holds here.") if sandbox else render(findings))
    sys.exit(FOUND_FAILURE if any(map(is_failure, findings)) else 0)


@main.command()
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
            "Interrupted; add --resume to go on after the last whole epoch.", exit_code=FOUND_FAILURE
        ) from None


def _scalar(text: str) -> Any:
    """A parameter's value as a person means it: 3, 0.5, true, null, or the text itself."""
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
