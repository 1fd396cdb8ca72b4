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
# A pixel has K levels, 0 to K - 1. A histogram of B bins puts level `l` into bin `l * B // K` (rounded down). A bin's
# probability is its share of the observations, and the levels in it share that probability evenly.
#
# Write `level_probs(x, num_bins, num_levels)`. `x` `(N,)` holds the observed levels, whole numbers. Return the probabilities
# `(K,)` of *all* levels, also of those that were never seen. B need not divide K: then some bins hold more levels than
# others.


# %% tags=["answer:histogram-levels"]
def level_probs(x, num_bins, num_levels):
    """The probability of each level, (K,), from the levels x (N,)."""
    ### BEGIN SOLUTION
    bins = torch.arange(num_levels) * num_bins // num_levels
    counts = torch.bincount(bins[x], minlength=num_bins)
    widths = torch.bincount(bins)
    return (counts / len(x) / widths)[bins]
    ### END SOLUTION


# %% tags=["check:histogram-levels"]
armod.check("histogram-levels")

# %% [markdown] tags=["statement:histogram-sparse"]
# ## 2. A histogram that stores what it saw
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


# %% tags=["answer:histogram-sparse"]
def count_cells(x, num_bins, num_levels):
    """A dictionary from cell, a tuple of D bins, to the number of observations x (N, D) in it."""
    ### BEGIN SOLUTION
    return Counter(tuple(cell) for cell in (x * num_bins // num_levels).tolist())
    ### END SOLUTION


def log_density(counts, x, num_bins, num_levels, imaginary):
    """Log-probabilities (N,) of observations x (N, D), in nats."""
    ### BEGIN SOLUTION
    D = x.shape[1]
    cells = [tuple(cell) for cell in (x * num_bins // num_levels).tolist()]
    part = imaginary / num_bins**D
    mass = torch.tensor([counts.get(cell, 0) + part for cell in cells], dtype=torch.float64)
    total = sum(counts.values()) + imaginary
    return (mass / total).log() - D * math.log(num_levels / num_bins)
    ### END SOLUTION


# %% tags=["check:histogram-sparse"]
armod.check("histogram-sparse")

# %% [markdown] tags=["statement:histogram-collapse"]
# ## 3. How far does a table go?
#
# - `most_variables(num_bins, num_bytes)`: a table of all cells takes 8 bytes for each. For how many variables at most does it
#   fit into `num_bytes` bytes? All numbers are whole. If not even one variable fits, the answer is 0.
# - `unseen_share(train, test, num_bins, num_levels)`: the share of the test observations `(M, D)` whose cell holds no training
#   observation `(N, D)`. It is what the middle panel of the lesson's section 4 shows.
# - `expected_filled(num_cells, N)`: N observations fall independently into `num_cells` cells that are all equally likely. How
#   many cells are filled on average? It must hold for 27^12 cells, and for 16^64: there rounding is your enemy.


# %% tags=["answer:histogram-collapse"]
def most_variables(num_bins, num_bytes):
    """The most variables whose table of 8-byte counts fits into so many bytes."""
    ### BEGIN SOLUTION
    D = 0
    while 8 * num_bins ** (D + 1) <= num_bytes:
        D += 1
    return D
    ### END SOLUTION


def unseen_share(train, test, num_bins, num_levels):
    """The share of test observations in cells without training observations."""
    ### BEGIN SOLUTION
    filled = {tuple(cell) for cell in (train * num_bins // num_levels).tolist()}
    cells = [tuple(cell) for cell in (test * num_bins // num_levels).tolist()]
    return sum(cell not in filled for cell in cells) / len(cells)
    ### END SOLUTION


def expected_filled(num_cells, N):
    """The expected number of filled cells after N observations."""
    ### BEGIN SOLUTION
    return -num_cells * math.expm1(N * math.log1p(-1 / num_cells))
    ### END SOLUTION


# %% tags=["check:histogram-collapse"]
armod.check("histogram-collapse")

# %% [markdown] tags=["statement:histogram-choice"]
# ## 4. Stretch: who chooses the bins?
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


# %% tags=["answer:histogram-choice"]
def choose_bins(train, valid, candidates, num_levels, imaginary):
    """The candidate with the highest mean log-probability of valid (M, D), counted on train (N, D)."""

    ### BEGIN SOLUTION
    def score(num_bins):
        counts = count_cells(train, num_bins, num_levels)
        return log_density(counts, valid, num_bins, num_levels, imaginary).mean()

    return max(candidates, key=score)
    ### END SOLUTION


def leave_one_out(x, num_bins, num_levels, imaginary):
    """Mean log-probability of each observation under the histogram of all others, in nats."""
    ### BEGIN SOLUTION
    N, D = x.shape
    counts = count_cells(x, num_bins, num_levels)
    numbers = [counts[tuple(cell)] for cell in (x * num_bins // num_levels).tolist()]
    mass = torch.tensor(numbers).double() - 1 + imaginary / num_bins**D
    return (mass / (N - 1 + imaginary)).log().mean() - D * math.log(num_levels / num_bins)
    ### END SOLUTION


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
