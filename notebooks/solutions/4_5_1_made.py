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
# Write `my_masks(ordering, degrees)`. `ordering[k]` is the variable that is generated k-th (an integer tensor of shape
# `(D,)`), `degrees` a list with one integer tensor for each hidden layer. Return a list of masks, one for each weight
# matrix from the inputs up to the outputs, each of shape `(units above, units below)`: 1 keeps a weight, 0 removes it.
# Inputs and outputs keep the variables' own numbering, whatever the ordering.


# %% tags=["answer:made-masks"]
def my_masks(ordering, degrees):
    """One 0/1 mask for each weight matrix, from the inputs up."""
    ### BEGIN SOLUTION
    inputs = torch.argsort(ordering) + 1
    layers = [inputs, *degrees]
    hidden = [above[:, None] >= below[None, :] for below, above in pairwise(layers)]
    return [*hidden, inputs[:, None] > layers[-1][None, :]]
    ### END SOLUTION


# %% tags=["check:made-masks"]
armod.check("made-masks")
