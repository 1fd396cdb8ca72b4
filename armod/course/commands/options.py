"""Options that several commands have, each written once."""

from __future__ import annotations

import click

cell_timeout = click.option(
    "--timeout",
    default=600,
    show_default=True,
    type=click.IntRange(1),
    help="Seconds that one cell may take.",
)
yes = click.option("--yes", is_flag=True, help="Do not ask.")
