"""Options that several commands have, each written once."""

from __future__ import annotations

from pathlib import Path

import click

cell_timeout = click.option(
    "--timeout",
    default=600,
    show_default=True,
    type=click.IntRange(1),
    help="Seconds that one cell may take.",
)
yes = click.option("--yes", is_flag=True, help="Do not ask.")
course = click.option(
    "--course",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="A course of your own: the folder with course.toml.",
)
