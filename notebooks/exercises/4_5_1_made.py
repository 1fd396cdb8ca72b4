# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.5.1 MADE
#
# **Can you build a MADE's masks, mend a wrong likelihood, and complete a digit?**
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# *Your own copy of this notebook is `work/4_5_1_made.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% tags=["parameters"]
seed = 0
quick = False
student = 0  # your own number: it draws the instances that are yours alone

# %%
from itertools import pairwise

import torch

import armod

# %% [markdown] tags=["statement:made-masks"]
# ## 1. Masks for any ordering
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 7 points
#
# Write `my_masks(ordering, degrees)`. `ordering[k]` is the variable that is generated k-th (an integer tensor of shape
# `(D,)`), `degrees` a list with one integer tensor for each hidden layer. Return a list of masks, one for each weight
# matrix from the inputs up to the outputs, each of shape `(units above, units below)`: 1 keeps a weight, 0 removes it.
# Inputs and outputs keep the variables' own numbering, whatever the ordering.
#
# <details><summary>Hint 1 of 3</summary>
#
# A mask has one row for each unit above and one column for each unit below. Write down both degrees of one weight: may the unit above look at what the unit below has seen?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The degree of variable `d` is its place in the ordering, counted from 1: variable `ordering[0]` has degree 1. `torch.argsort` turns “who comes k-th” into “when does d come”.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Compare the degrees of two neighbouring layers as a column against a row, `above[:, None]` and `below[None, :]`. Between inputs and hidden layers equal degrees may connect. Ask of the last mask alone: would equal degrees let a variable see itself?
#
# </details>


# %% tags=["answer:made-masks"]
def my_masks(ordering, degrees):
    """One 0/1 mask for each weight matrix, from the inputs up."""
    ...  # your code


# %% tags=["check:made-masks"]
armod.check("made-masks")
