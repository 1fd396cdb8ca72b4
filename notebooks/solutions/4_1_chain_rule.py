# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.1 The chain rule
#
# **Can you take any joint distribution apart, put it together again, and draw from it one variable at a time?**
#
# There are four exercises. You begin by counting what a table and networks cost, as in sections 6 and 9 of the lesson. Then
# come three functions that belong together, from its sections 2, 3 and 5: at the end they draw real pixels.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: one exercise asks for a number, and it
# makes the case that is yours alone.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import torch

import armod
from armod.figures.patterns import pattern_bars

torch.set_num_threads(1)

# %% [markdown] tags=["statement:chain-cost"]
# ## 1. What the networks cost
#
# A model of D black-and-white pixels, either as one joint table or with a network for each conditional. The network of
# pixel d sees the pixels before d, through one hidden layer of `hidden` units, and has one output. Hidden units and outputs
# have biases. The network of the first pixel has no input, but it has its hidden units and its output like the others.
#
# - `table_numbers(num_pixels)`: how many numbers of the table can be chosen freely.
# - `network_numbers(num_pixels, hidden)`: how many weights and biases all D networks have together.
# - `fewest_pixels`: for the `hidden` of the cell below, the smallest D for which the networks need fewer numbers.
# - `evaluations(num_pixels, batch)`: three numbers. How often is a network evaluated (a) for the likelihoods of a batch of
#   observations, (b) for drawing such a batch by a loop that evaluates only the network it needs, (c) for drawing it by the
#   textbook loop, which evaluates all D networks in each step? A batch goes through a network in one evaluation.

# %%
hidden = 8 + student % 9
print("hidden units of each network:", hidden)


# %% tags=["answer:chain-cost"]
def table_numbers(num_pixels):
    """Free numbers of a joint table of black-and-white pixels."""
    ### BEGIN SOLUTION
    return 2**num_pixels - 1
    ### END SOLUTION


def network_numbers(num_pixels, hidden):
    """Weights and biases of all networks together."""
    ### BEGIN SOLUTION
    return sum(d * hidden + hidden + hidden + 1 for d in range(num_pixels))
    ### END SOLUTION


### BEGIN SOLUTION
fewest_pixels = next(size for size in range(1, 60) if network_numbers(size, hidden) < table_numbers(size))
### END SOLUTION


def evaluations(num_pixels, batch):
    """How often a network is evaluated: for likelihoods, in the loop, in the textbook loop."""
    ### BEGIN SOLUTION
    return [num_pixels, num_pixels, num_pixels**2]
    ### END SOLUTION


# %% tags=["check:chain-cost"]
armod.check("chain-cost")

# %% [markdown] tags=["statement:chain-conditionals"]
# ## 2. Take a table apart
#
# Write `conditionals(joint, ordering)`. `joint` is a tensor with an axis for each variable: `joint[0, 2, 1]` is the probability
# of x₀ = 0, x₁ = 2, x₂ = 1. Variables may have different numbers of values, and no entry is 0. `ordering` is a list, and
# `ordering[k]` is the variable that comes k-th.
#
# Return a list of D tables. Table k has an axis for each variable up to the k-th, in the order in which they come. Its
# entries are the probabilities of the k-th variable's values (last axis), given the values of those before it.
#
# For example, the joint `[[0.1, 0.2], [0.3, 0.4]]` in the ordering `[1, 0]` gives two tables: `[0.4, 0.6]` for x₁, and
# `[[0.25, 0.75], [0.33, 0.67]]`, rounded, for x₀ given x₁.


# %% tags=["answer:chain-conditionals"]
def conditionals(joint, ordering):
    """Table k: p(k-th variable | variables before it in the ordering)."""
    ### BEGIN SOLUTION
    tables = []
    past_and_present = joint.permute(*ordering)
    while past_and_present.ndim:
        past = past_and_present.sum(-1)
        tables.insert(0, past_and_present / past.unsqueeze(-1))
        past_and_present = past
    return tables
    ### END SOLUTION


# %% tags=["check:chain-conditionals"]
armod.check("chain-conditionals")

# %% [markdown] tags=["statement:chain-joint"]
# ## 3. Put it together again
#
# Write the way back, `joint_of(tables, ordering)`. The tables are as in exercise 2: table k has its axes in the order in
# which the variables come. Return the joint, whose axis d belongs to variable d, whatever the ordering.


# %% tags=["answer:chain-joint"]
def joint_of(tables, ordering):
    """The joint table of these conditionals, its axes by the variables' own numbers."""
    ### BEGIN SOLUTION
    product = torch.ones(())
    for table in tables:
        product = product.unsqueeze(-1) * table
    return product.permute(*(ordering.index(d) for d in range(len(ordering))))
    ### END SOLUTION


# %% tags=["check:chain-joint"]
armod.check("chain-joint")

# %% [markdown] tags=["statement:chain-sampling"]
# ## 4. Draw from it, one variable at a time
#
# Write `draw(tables, ordering, noise)`: ancestral sampling. The tables are those of exercise 2. `noise` `(N, D)` holds uniform
# numbers u with 0 ≤ u < 1; column k is for step k. Return N observations `(N, D)` of whole numbers, column d for variable d.
#
# In each step the value is the smallest one whose cumulative probability *exceeds* u. So value 0 is drawn on the first P(0) of
# the way from 0 to 1, then comes value 1, and so on. A value of probability 0 is never drawn. If the probabilities add up to
# slightly less than 1 by rounding, what is missing belongs to the last value.


# %% tags=["answer:chain-sampling"]
def draw(tables, ordering, noise):
    """Observations (N, D), drawn in this ordering from noise (N, D)."""
    ### BEGIN SOLUTION
    x = torch.zeros(noise.shape, dtype=torch.int64)
    past = []
    for k, table in enumerate(tables):
        cdf = table.cumsum(-1)[..., :-1]  # what is left belongs to the last value
        past.append((cdf[tuple(past)] <= noise[:, k, None]).sum(1))
        x[:, ordering[k]] = past[-1]
    return x
    ### END SOLUTION


# %% tags=["check:chain-sampling"]
armod.check("chain-sampling")

# %% [markdown]
# When all is right, let your three functions work on the four pixels of the lesson, in an ordering of your own. The blue
# bars are the joint that you put together from the conditionals, and it is the counted table again. The orange ones are
# the frequencies in 20,000 draws: they should follow the blue ones to within a hundredth. (One imaginary digit, spread
# over all patterns, keeps every entry above 0.)

# %%
pixels = armod.data.load("digits8").binarize().train[:, 0, 3, 2:6].long()
codes = (pixels * torch.tensor([8, 4, 2, 1])).sum(1)
joint = (torch.bincount(codes, minlength=16).double().view(2, 2, 2, 2) + 1 / 16) / (len(pixels) + 1)
ordering = armod.orderings.random((4,), seed=student).tolist()
noise = torch.rand(20_000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
tables = conditionals(joint, ordering)


def comparison():
    drawn = draw(tables, ordering, noise)
    frequencies = torch.bincount((drawn * torch.tensor([8, 4, 2, 1])).sum(1), minlength=16) / len(drawn)
    series = {
        "put together": joint_of(tables, ordering),
        "drawn": frequencies.view(2, 2, 2, 2),
    }
    return pattern_bars(series, title=f"Put together and drawn in the ordering {ordering}")


unanswered = tables is None or joint_of(tables, ordering) is None or draw(tables, ordering, noise) is None
"Nothing to draw yet." if unanswered else comparison()
