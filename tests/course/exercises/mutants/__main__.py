"""Print the mutant table; exit 1 if any mutant lives, or gets a message that does not name its cause."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.course.exercises.mutants import exercises, is_killed, judged_mutant, mutants

table = Table("exercise", "mutant", "killed", "points", "message")
killed = 0
all_mutants = mutants()
for mutant in all_mutants:
    result = judged_mutant(mutant)
    dead = is_killed(mutant, result)
    killed += dead
    said = next((check.message for check in result.checks if mutant.says in check.message), "")
    table.add_row(
        mutant.exercise,
        Text(mutant.title),
        "yes" if dead else "NO",
        f"{result.points} of {result.max_points}",
        Text(said or "; ".join(check.message for check in result.checks if check.message)),
    )
Console().print(table)
print(
    f"{killed} of {len(all_mutants)} mutants killed ({killed / len(all_mutants):.0%}), {len(exercises())} exercises"
)
sys.exit(0 if killed == len(all_mutants) else 1)
