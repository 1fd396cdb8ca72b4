"""The command ``armod doctor``; what it looks at lies in `armod.course.lessons.doctor`."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option(
    "--only",
    metavar="THING",
    is_flag=False,
    flag_value="",
    help="Examine one thing only; without THING, say which there are.",
)
@click.option("--sandbox", is_flag=True, help="Try from inside what the sandbox promises to who grades.")
def doctor(only: str | None, sandbox: bool) -> None:
    """Say what works on this machine, and how to mend what does not.

    Exit code 1 if something that the course requires does not work or, with --sandbox, a promise does not hold.
    """
    from armod.course.lessons.doctor import CHECKS, examine, examine_sandbox, is_failure, render

    if only == "":
        raise click.UsageError(f"--only takes one of {', '.join(CHECKS)}.")
    if only is not None and sandbox:
        raise click.UsageError("--only and --sandbox look at different things; give one of them.")
    findings = examine_sandbox() if sandbox else examine(only)
    click.echo(render(findings, "All that the sandbox promises holds here.") if sandbox else render(findings))
    sys.exit(1 if any(map(is_failure, findings)) else 0)
