# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.7.1 Caching
#
# **What may a sampler keep, what may it believe, and what must it take back?**
#
# There are six exercises: the work of a sampler without a cache, the rule of guess and verify, the fixed point, a cache that
# can't go back, speculation with one uniform number, and a bug that two large libraries shipped. They follow the lesson.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_7_1_caching.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number; no exercise of this notebook depends on it.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import math

import torch

import armod

torch.set_num_threads(1)

# %% [markdown] tags=["statement:caching-work"]
# ## 1. Computed again and again
#
# **Difficulty** easy · **Time** 8 minutes · **Worth** 3 points
#
# A stack has one causal convolution with two taps for each entry of the list `dilations`, lowest layer first. With dilation d,
# the column of step t reads the columns t and t - d of the layer below it. To draw the next sample we need a single column of
# the top layer. A column that is needed twice is computed once.
#
# - `columns_naive(dilations)`: nothing is kept from the samples before. How many columns does each layer compute for this one
#   sample? Give a list, lowest layer first, and count the inputs as no layer.
# - `columns_kept(dilations)`: now each layer may keep columns that it has read. How many of them does each layer need, if
#   every new sample is to cost a single column of each layer? Give a list, lowest layer first. The oldest column may be
#   overwritten by the newest one as soon as it has been read.
#
# <details><summary>Hint 1 of 3</summary>
#
# Draw the stack of dilations 1, 2, 4, and begin at the top: one column of the top layer is needed. Which columns does it read of the layer below?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# A layer with dilation d reads each column that it needs at two steps: its own, and d before. Go from the top down, and keep a set of steps: what is needed twice is computed once.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `steps = {0}`; for the layers from the top: note `len(steps)`, then `steps = {s + back for s in steps for back in (0, d)}`. What a layer keeps: the input that it will want `d` steps later, and all younger ones.
#
# </details>


# %% tags=["answer:caching-work"]
def columns_naive(dilations):
    """How many columns each layer computes for one sample, lowest layer first."""
    ...  # your code


def columns_kept(dilations):
    """How many columns each layer keeps, lowest layer first."""
    ...  # your code


# %% tags=["check:caching-work"]
armod.check("caching-work")

# %% [markdown] tags=["statement:caching-verify"]
# ## 2. What may be believed
#
# **Difficulty** easy · **Time** 8 minutes · **Worth** 4 points
#
# The next b levels were guessed: `guesses` is a list of b levels. One pass gave the conditionals of the next b + 1 variables,
# each given the guesses before it, and each was drawn with its own noise: `drawn` is a list of b + 1 levels.
#
# - `num_final(guesses, drawn)`: how many of the drawn levels are final now? (The loop keeps that many of them and goes on after them.)
# - `fewest_passes(num_variables, window)`: every pass verifies up to `window` guesses, and all guesses are right. How many passes
#   make all variables final?
# - `most_passes(num_variables, window)`: the same, if every guess is wrong.
#
# <details><summary>Hint 1 of 3</summary>
#
# The first drawn level has seen nothing but final levels. Which levels has the second one seen?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# As long as guesses and draws agree, every draw has seen the truth. The first draw that differs from its guess has seen only right guesses, so it is right itself. The next one has not.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Count how many of the first guesses agree, without a gap, and add 1. At best a pass makes `window + 1` variables final, at worst a single one.
#
# </details>


# %% tags=["answer:caching-verify"]
def num_final(guesses, drawn):
    """How many of the drawn levels are final."""
    ...  # your code


def fewest_passes(num_variables, window):
    """Passes if every guess is right."""
    ...  # your code


def most_passes(num_variables, window):
    """Passes if every guess is wrong."""
    ...  # your code


# %% tags=["check:caching-verify"]
armod.check("caching-verify")

# %% [markdown] tags=["statement:caching-fixed-point"]
# ## 3. Guess all, draw all
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 4 points
#
# Write `fixed_point(model, noise)` for a model of bits. `noise` `(N, D)` holds uniform numbers; column k belongs to the variable
# that comes k-th, which is variable `model.ordering[k]`.
#
# Begin with all variables at 0. In every pass compute all conditionals of what you have, and draw all variables at once: a bit
# is 1 where its noise is at least P(0). Stop after the first pass that changes nothing. Return a pair: the levels
# `(N, *model.event_shape)`, and the number of passes, with the last one.
#
# `model.conditionals(x).probs` are the probabilities of a 1, in the shape of `x`.
#
# <details><summary>Hint 1 of 3</summary>
#
# A pass gives all conditionals at once. Draw every variable from its own conditional, with its own noise. What do you give to the next pass?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Begin with zeros. In each pass: conditionals of the levels so far, all draws at once, compare with the levels before. The noise stays the same in all passes; otherwise there is nothing to converge to.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Column k of `noise` belongs to variable `ordering[k]`: `at_variable[:, model.ordering] = noise`. Then `drawn = (at_variable >= 1 - p)`; stop where `torch.equal(drawn, x)`, after you have counted this pass.
#
# </details>


# %% tags=["answer:caching-fixed-point"]
@torch.no_grad()
def fixed_point(model, noise):
    """The levels (N, *event_shape), and how many passes they took."""
    ...  # your code


# %% tags=["check:caching-fixed-point"]
armod.check("caching-fixed-point")

# %% [markdown] tags=["statement:caching-rewind"]
# ## 4. A cache that can't go back
#
# **Difficulty** medium · **Time** 12 minutes · **Worth** 4 points
#
# `view` is the incremental view of a recurrent network, somewhere in the middle of N sequences: `view.conditional()` is the
# distribution of the next variable, and `view.append(levels)` reads its levels `(N,)`. The network keeps only its hidden state,
# so what it has read can't be taken back. `view.copy()` makes a view that goes on independently.
#
# Write `look_ahead(view, guesses)`. `guesses` `(N, b)` are levels that the next b variables might have. Return the probabilities
# `(N, b + 1, K)` of the next b + 1 variables, each given the guesses before it, and leave `view` as it is. The attribute `probs`
# of a conditional are its probabilities `(N, K)`.
#
# (armod calls this `view.peek(guesses)`. Compare with it, once yours is done.)
#
# <details><summary>Hint 1 of 3</summary>
#
# `append` changes the view for good: a hidden state that was overwritten is gone. On what can you append guesses, and still have the view as it was?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Work on `view.copy()`. Ask it for its conditional, append the first guess, ask again, and so on. How many conditionals are there for b guesses?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `ahead = view.copy()`, `found = [ahead.conditional().probs]`, then for each column of `guesses`: `ahead.append(column)` and one more `ahead.conditional().probs`. Stack them along dimension 1.
#
# </details>


# %%
def after(view, levels):
    """The view itself, once it has read one more level (N,) of each sequence."""
    view.append(levels)
    return view


# %% tags=["answer:caching-rewind"]
def look_ahead(view, guesses):
    """The probabilities (N, b + 1, K) of the next variables, if the first b of them were as guessed."""
    ...  # your code


# %% tags=["check:caching-rewind"]
armod.check("caching-rewind")

# %% [markdown] tags=["statement:caching-one-uniform"]
# ## 5. One number is enough
#
# **Difficulty** hard · **Time** 20 minutes · **Worth** 5 points
#
# `p` `(K,)` are the probabilities of the model, `q` `(K,)` those of a draft, and `u` is a single uniform number in [0, 1).
#
# Write `speculate(p, q, u)`:
#
# 1. Draw the draft's level y from q, by the inverse CDF: the first level whose cumulative probability exceeds u.
# 2. Let r be what the draft did not use of u: u minus the sum of the q of all levels below y. Accept y if r < p(y).
# 3. If y is refused, turn what is left of r into a uniform number in [0, 1), and draw from max(p - q, 0), normalised.
#
# Return a pair: the level, and 1 if the draft's level was accepted, 0 if it was refused.
#
# <details><summary>Hint 1 of 3</summary>
#
# Draw y from the draft q by the inverse CDF. What do you still know of u? It lies somewhere between two sums of q, and anywhere between them is equally likely.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# So r = u - (the sum of q below y) is uniform on [0, q(y)). Then r < p(y) happens with probability min(1, p(y) / q(y)). If it does not, r is uniform between p(y) and q(y): that is a fresh number, once it is stretched to [0, 1).
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `v = (r - p[y]) / (q[y] - p[y])`, and `residual = (p - q).clamp(min=0)`, divided by its sum. The level is the first one whose cumulative residual exceeds v.
#
# </details>


# %% tags=["answer:caching-one-uniform"]
def speculate(p, q, u):
    """The level, and whether it is the draft's."""
    ...  # your code


# %% tags=["check:caching-one-uniform"]
armod.check("caching-one-uniform")

# %% [markdown] tags=["statement:caching-greedy"]
# ## 6. Find the bug: the greedy draft
#
# **Difficulty** hard · **Time** 15 minutes · **Worth** 5 points
#
# Speculation is exact because the draft's level is *drawn* from q. Two large libraries let the draft decode greedily, because
# that is quicker, and went on to accept with the probabilities of a drawn level:
#
# > The draft proposes y = argmax q. It is accepted with probability min(1, p(y) / q(y)). If it is refused, the level is drawn
# > from max(p - q, 0), normalised.
#
# - `outcome(p, q)`: which distribution `(K,)` does this loop sample? Write down its probabilities, without drawing anything.
#   (Where p and q agree, nothing is ever refused.)
# - `total_variation(p, q)`: half the sum of the absolute differences of two distributions.
#
# <details><summary>Hint 1 of 3</summary>
#
# There are two ways to a level: the draft proposes it and it is accepted, or the draft is refused and the correction is this level. How likely is each way?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The greedy draft proposes y = argmax q, always. It is accepted with probability a = min(1, p(y) / q(y)). With probability 1 - a the level comes from max(p - q, 0), divided by its sum.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `result = (1 - a) * residual / residual.sum()`, then `result[y] += a`. Where p = q nothing is refused, and the residual's sum is 0: don't divide by it. The total variation is half the sum of the absolute differences.
#
# </details>


# %% tags=["answer:caching-greedy"]
def outcome(p, q):
    """The distribution (K,) of the faulty loop's level."""
    ...  # your code


def total_variation(p, q):
    """How far two distributions lie apart, from 0 to 1."""
    ...  # your code


# %% tags=["check:caching-greedy"]
armod.check("caching-greedy")
