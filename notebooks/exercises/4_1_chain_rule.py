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
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_1_chain_rule.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

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
# **Difficulty** easy · **Time** 8 minutes · **Worth** 6 points
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
#
# <details><summary>Hint 1 of 3</summary>
#
# Do it with pencil and paper for two pixels first: write down all patterns, and draw the two networks.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The last entry of a table follows from the others. In a network every line between two units is a weight, and every unit that is no input has a bias. Which pixels enter the network of the very first one?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# The network of pixel d (from 0) has `d * hidden` weights below, `hidden` above, and `hidden + 1` biases: sum over d. In the textbook loop each of the D steps evaluates all D networks.
#
# </details>

# %%
hidden = 8 + student % 9
print("hidden units of each network:", hidden)


# %% tags=["answer:chain-cost"]
def table_numbers(num_pixels):
    """Free numbers of a joint table of black-and-white pixels."""
    ...  # your code


def network_numbers(num_pixels, hidden):
    """Weights and biases of all networks together."""
    ...  # your code


fewest_pixels = ...


def evaluations(num_pixels, batch):
    """How often a network is evaluated: for likelihoods, in the loop, in the textbook loop."""
    ...  # your code


# %% tags=["check:chain-cost"]
armod.check("chain-cost")

# %% [markdown] tags=["statement:chain-conditionals"]
# ## 2. Take a table apart
#
# **Difficulty** medium · **Time** 9 minutes · **Worth** 5 points
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
#
# <details><summary>Hint 1 of 3</summary>
#
# First turn the axes: once they are in the order of the ordering, you can go on as if it were from left to right.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# A conditional is the joint of past and present over the joint of the past. Which axes must be summed away to get each of the two?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Start at the end: divide the permuted table by `p.sum(-1, keepdim=True)` for the last conditional, then sum the last axis away and do the same again.
#
# </details>


# %% tags=["answer:chain-conditionals"]
def conditionals(joint, ordering):
    """Table k: p(k-th variable | variables before it in the ordering)."""
    ...  # your code


# %% tags=["check:chain-conditionals"]
armod.check("chain-conditionals")

# %% [markdown] tags=["statement:chain-joint"]
# ## 3. Put it together again
#
# **Difficulty** medium · **Time** 6 minutes · **Worth** 4 points
#
# Write the way back, `joint_of(tables, ordering)`. The tables are as in exercise 2: table k has its axes in the order in
# which the variables come. Return the joint, whose axis d belongs to variable d, whatever the ordering.
#
# <details><summary>Hint 1 of 3</summary>
#
# Write the chain rule for three variables, and under each factor the axes of its table.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# A product grows by one axis with each table: the newest is the last one. Only when all axes are there, turn them.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `product.unsqueeze(-1) * table` adds a factor. Then axis k belongs to variable `ordering[k]`, and `permute` needs for each variable its place: the inverse permutation.
#
# </details>


# %% tags=["answer:chain-joint"]
def joint_of(tables, ordering):
    """The joint table of these conditionals, its axes by the variables' own numbers."""
    ...  # your code


# %% tags=["check:chain-joint"]
armod.check("chain-joint")

# %% [markdown] tags=["statement:chain-sampling"]
# ## 4. Draw from it, one variable at a time
#
# **Difficulty** hard · **Time** 12 minutes · **Worth** 6 points
#
# Write `draw(tables, ordering, noise)`: ancestral sampling. The tables are those of exercise 2. `noise` `(N, D)` holds uniform
# numbers u with 0 ≤ u < 1; column k is for step k. Return N observations `(N, D)` of whole numbers, column d for variable d.
#
# In each step the value is the smallest one whose cumulative probability *exceeds* u. So value 0 is drawn on the first P(0) of
# the way from 0 to 1, then comes value 1, and so on. A value of probability 0 is never drawn. If the probabilities add up to
# slightly less than 1 by rounding, what is missing belongs to the last value.
#
# <details><summary>Hint 1 of 3</summary>
#
# Draw by hand once: lay the probabilities of the first variable end to end from 0 to 1. Into which piece does the first number fall? Which row of the next table do you now need?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Keep two things apart: the values in the order of the steps, by which you look into the tables, and the result, whose columns are the variables.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# With a list `past` of tensors `(N,)`, `table[tuple(past)]` holds the row of each observation. The level is the number of cumulative sums, the last one left out, that are `<= u`.
#
# </details>


# %% tags=["answer:chain-sampling"]
def draw(tables, ordering, noise):
    """Observations (N, D), drawn in this ordering from noise (N, D)."""
    ...  # your code


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
