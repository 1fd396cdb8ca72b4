# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.2 Histograms
#
# **Can you count without a table, and know where counting stops?**
#
# There are four exercises: a density from counts, a sparse histogram with smoothing, the limits of a table, and the choice
# of its bins. They follow the lesson.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_2_histograms.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: the checks draw their instances from it.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import math
from collections import Counter

import torch

import armod

torch.set_num_threads(1)

# %% [markdown] tags=["statement:histogram-levels"]
# ## 1. From counts to a density
#
# **Difficulty** easy · **Time** 6 minutes · **Worth** 4 points
#
# A pixel has K levels, 0 to K - 1. A histogram of B bins puts level `l` into bin `l * B // K` (rounded down). A bin's
# probability is its share of the observations, and the levels in it share that probability evenly.
#
# Write `level_probs(x, num_bins, num_levels)`. `x` `(N,)` holds the observed levels, whole numbers. Return the probabilities
# `(K,)` of *all* levels, also of those that were never seen. B need not divide K: then some bins hold more levels than
# others.
#
# <details><summary>Hint 1 of 3</summary>
#
# Take 4 levels, 2 bins and the observations 0, 0, 3. What is the probability of each bin, and how many levels share it?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Work with two tables: the bin of each level, and for each bin the observations and the levels in it. Count both; do not compute a width by dividing.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `bins = torch.arange(num_levels) * num_bins // num_levels` is the bin of each level. `torch.bincount(bins)` says how many levels are in each, and `bins[x]` is the bin of each observation.
#
# </details>


# %% tags=["answer:histogram-levels"]
def level_probs(x, num_bins, num_levels):
    """The probability of each level, (K,), from the levels x (N,)."""
    ...  # your code


# %% tags=["check:histogram-levels"]
armod.check("histogram-levels")

# %% [markdown] tags=["statement:histogram-sparse"]
# ## 2. A histogram that stores what it saw
#
# **Difficulty** medium · **Time** 12 minutes · **Worth** 7 points
#
# Now D variables, each on K levels in B bins; from here on B divides K. The cell of an observation is the tuple of its D
# bins: with 16 levels and 4 bins, the levels (0, 5, 15) lie in the cell `(0, 1, 3)`.
#
# - `count_cells(x, num_bins, num_levels)`: a dictionary from cell to count for the observations `x` `(N, D)`, an integer tensor.
#   Its keys are tuples of plain numbers (`int`), and it has no entry for a cell without observations.
# - `log_density(counts, x, num_bins, num_levels, imaginary)`: the log-probabilities `(N,)`, in nats, of other observations `x`
#   `(N, D)`, from such a dictionary. Before counting, `imaginary` observations were spread evenly over all B^D cells. A
#   cell's observations share its probability evenly. Without imaginary ones an unseen cell has log-probability -∞.
#
# A digit has 64 pixels, so both must hold for 16^64 cells as well.
#
# <details><summary>Hint 1 of 3</summary>
#
# A cell is named by the bins of all variables together: which Python type can name it in a dictionary? And which question do you ask a dictionary about a cell that is not in it?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Two numbers make a cell's probability: what is in it, with its part of the imaginary observations, and what is in all cells together. Then ask how many observations share the cell.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `tuple(row)` for each row of `(x * num_bins // num_levels).tolist()` names the cells; `counts.get(cell, 0)` looks them up. A cell holds (K/B)^D observations: subtract D log(K/B), and let B^D be a plain Python number.
#
# </details>


# %% tags=["answer:histogram-sparse"]
def count_cells(x, num_bins, num_levels):
    """A dictionary from cell, a tuple of D bins, to the number of observations x (N, D) in it."""
    ...  # your code


def log_density(counts, x, num_bins, num_levels, imaginary):
    """Log-probabilities (N,) of observations x (N, D), in nats."""
    ...  # your code


# %% tags=["check:histogram-sparse"]
armod.check("histogram-sparse")

# %% [markdown] tags=["statement:histogram-collapse"]
# ## 3. How far does a table go?
#
# **Difficulty** medium · **Time** 8 minutes · **Worth** 6 points
#
# - `most_variables(num_bins, num_bytes)`: a table of all cells takes 8 bytes for each. For how many variables at most does it
#   fit into `num_bytes` bytes? All numbers are whole. If not even one variable fits, the answer is 0.
# - `unseen_share(train, test, num_bins, num_levels)`: the share of the test observations `(M, D)` whose cell holds no training
#   observation `(N, D)`. It is what the middle panel of the lesson's section 4 shows.
# - `expected_filled(num_cells, N)`: N observations fall independently into `num_cells` cells that are all equally likely. How
#   many cells are filled on average? It must hold for 27^12 cells, and for 16^64: there rounding is your enemy.
#
# <details><summary>Hint 1 of 3</summary>
#
# Count with whole numbers for the memory. For the filled cells look at *one* cell: how probable is it that N observations all miss it?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# One observation misses a given cell with probability 1 - 1/C, N of them with its N-th power; and expectations add up over the cells. For huge C, print `1 - 1 / C`: how many digits of 1/C are left?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# (1 - 1/C)^N is exp(N log(1 - 1/C)); `math.log1p` and `math.expm1` compute log(1 + a) and exp(a) - 1 without the rounding. For the share, a `set` of the training cells.
#
# </details>


# %% tags=["answer:histogram-collapse"]
def most_variables(num_bins, num_bytes):
    """The most variables whose table of 8-byte counts fits into so many bytes."""
    ...  # your code


def unseen_share(train, test, num_bins, num_levels):
    """The share of test observations in cells without training observations."""
    ...  # your code


def expected_filled(num_cells, N):
    """The expected number of filled cells after N observations."""
    ...  # your code


# %% tags=["check:histogram-collapse"]
armod.check("histogram-collapse")

# %% [markdown] tags=["statement:histogram-choice"]
# ## 4. Stretch: who chooses the bins?
#
# **Difficulty** stretch · **Time** 12 minutes · **Worth** 6 points
#
# More bins always fit the training observations better. So somebody else must choose.
#
# - `choose_bins(train, valid, candidates, num_levels, imaginary)`: of the list `candidates`, the number of bins under which
#   the histogram of `train` `(N, D)` gives the held-out observations `valid` `(M, D)` the highest mean log-probability.
# - `leave_one_out(x, num_bins, num_levels, imaginary)`: what if all data are needed for counting? Then each observation of `x`
#   `(N, D)` is held out in turn: take its log-probability, in nats, under the histogram of the N - 1 *others*, and return the
#   mean over all N, one number. You need not count N times: what changes when one observation leaves?
#
# You may use your functions of exercise 2. When you are done, the cell below the check lets both choose for a real pixel.
#
# <details><summary>Hint 1 of 3</summary>
#
# Which of the two sets do you count, and which one do you ask? And when one observation is left out: whose count changes, and by how much?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Your functions of exercise 2 do the first part: compare mean log-probabilities of the held-out data. For the second, an observation's own cell loses one, and so does the total; nothing else changes.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# The probability of an observation's cell without it is (n - 1 + A/C) / (N - 1 + A), n with it; divide it among the (K/B)^D observations of the cell, take the logarithm, and average over the observations.
#
# </details>


# %% tags=["answer:histogram-choice"]
def choose_bins(train, valid, candidates, num_levels, imaginary):
    """The candidate with the highest mean log-probability of valid (M, D), counted on train (N, D)."""

    ...  # your code


def leave_one_out(x, num_bins, num_levels, imaginary):
    """Mean log-probability of each observation under the histogram of all others, in nats."""
    ...  # your code


# %% tags=["check:histogram-choice"]
armod.check("histogram-choice")

# %% [markdown]
# Here both choose for one pixel of real handwritten digits, on 16 levels. More digits pay for more bins. One choice asks
# 177 digits that were set aside; the other asks nobody else, so with few digits it is less sure.

# %%
digits = armod.data.load("digits8").quantize(16)
train, valid = (x[:, 0, 2, 2:3].long() for x in (digits.train, digits.valid))
shuffled = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))]
choices = [1, 2, 4, 8, 16]
for N in (15, 60, 1444):
    x = shuffled[:N]
    scores = {B: leave_one_out(x, B, 16, 1.0) for B in choices}
    if None in scores.values():
        print("No choices to see yet.")
        break
    held_out = choose_bins(x, valid, choices, 16, 1.0)
    print(
        f"{N:5} digits: {held_out} bins by held-out digits, {max(choices, key=scores.get)} by leaving one out"
    )
