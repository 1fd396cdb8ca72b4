"""Tiny courses for tests: a map and lessons of one or two cells in a folder of their own."""

from __future__ import annotations

from pathlib import Path

HEADER = """\
# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

"""
PARAMETERS = """
# %% tags=["parameters"]
seed = 0
quick = False
"""
MAP = """\
# %% [markdown]
# # The map
#
# **Where do I start?**
"""
HEAD = """\
# %% [markdown]
# # 1.1 Coins: one number
#
# **How probable is heads?**
#
# After this lesson you can
# - count heads
#   and tails
# - say $p_{<d}$ aloud
#
# **Minutes** 15 · **Needs** fractions; coins · **Teaches** Bernoulli; maximum likelihood
"""


def source(*cells: str, head: str = HEAD) -> str:
    """The text of a lesson with these code cells after its head and parameters, in jupytext's own form."""
    return HEADER + head + PARAMETERS + "".join(f"\n# %%\n{cell}\n" for cell in cells)


def make_course(folder: Path, **lessons: str) -> Path:
    """A course of a map and lessons, each a name and the code of its cell, or a whole source."""
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True)
    (notebooks / "index.py").write_text(source("print('the map')", head=MAP))
    for name, code in lessons.items():
        text = code if code.startswith("#") else source(code)
        (notebooks / f"{name}.py").write_text(text, encoding="utf-8")
    return folder
