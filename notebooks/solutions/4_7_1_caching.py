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
# A stack has one causal convolution with two taps for each entry of the list `dilations`, lowest layer first. With dilation d,
# the column of step t reads the columns t and t - d of the layer below it. To draw the next sample we need a single column of
# the top layer. A column that is needed twice is computed once.
#
# - `columns_naive(dilations)`: nothing is kept from the samples before. How many columns does each layer compute for this one
#   sample? Give a list, lowest layer first, and count the inputs as no layer.
# - `columns_kept(dilations)`: now each layer may keep columns that it has read. How many of them does each layer need, if
#   every new sample is to cost a single column of each layer? Give a list, lowest layer first. The oldest column may be
#   overwritten by the newest one as soon as it has been read.


# %% tags=["answer:caching-work"]
def columns_naive(dilations):
    """How many columns each layer computes for one sample, lowest layer first."""
    ### BEGIN SOLUTION
    steps, counts = {0}, []
    for d in reversed(dilations):
        counts.append(len(steps))
        steps = {s + back for s in steps for back in (0, d)}
    return counts[::-1]
    ### END SOLUTION


def columns_kept(dilations):
    """How many columns each layer keeps, lowest layer first."""
    ### BEGIN SOLUTION
    return list(dilations)
    ### END SOLUTION


# %% tags=["check:caching-work"]
armod.check("caching-work")

# %% [markdown] tags=["statement:caching-verify"]
# ## 2. What may be believed
#
# The next b levels were guessed: `guesses` is a list of b levels. One pass gave the conditionals of the next b + 1 variables,
# each given the guesses before it, and each was drawn with its own noise: `drawn` is a list of b + 1 levels.
#
# - `num_final(guesses, drawn)`: how many of the drawn levels are final now? (The loop keeps that many of them and goes on after them.)
# - `fewest_passes(num_variables, window)`: every pass verifies up to `window` guesses, and all guesses are right. How many passes
#   make all variables final?
# - `most_passes(num_variables, window)`: the same, if every guess is wrong.


# %% tags=["answer:caching-verify"]
def num_final(guesses, drawn):
    """How many of the drawn levels are final."""
    ### BEGIN SOLUTION
    count = 0
    while count < len(guesses) and guesses[count] == drawn[count]:
        count += 1
    return count + 1
    ### END SOLUTION


def fewest_passes(num_variables, window):
    """Passes if every guess is right."""
    ### BEGIN SOLUTION
    return math.ceil(num_variables / (window + 1))
    ### END SOLUTION


def most_passes(num_variables, window):
    """Passes if every guess is wrong."""
    ### BEGIN SOLUTION
    return num_variables
    ### END SOLUTION


# %% tags=["check:caching-verify"]
armod.check("caching-verify")

# %% [markdown] tags=["statement:caching-fixed-point"]
# ## 3. Guess all, draw all
#
# Write `fixed_point(model, noise)` for a model of bits. `noise` `(N, D)` holds uniform numbers; column k belongs to the variable
# that comes k-th, which is variable `model.ordering[k]`.
#
# Begin with all variables at 0. In every pass compute all conditionals of what you have, and draw all variables at once: a bit
# is 1 where its noise is at least P(0). Stop after the first pass that changes nothing. Return a pair: the levels
# `(N, *model.event_shape)`, and the number of passes, with the last one.
#
# `model.conditionals(x).probs` are the probabilities of a 1, in the shape of `x`.


# %% tags=["answer:caching-fixed-point"]
@torch.no_grad()
def fixed_point(model, noise):
    """The levels (N, *event_shape), and how many passes they took."""
    ### BEGIN SOLUTION
    at_variable = torch.empty_like(noise)
    at_variable[:, model.ordering] = noise
    x, passes = torch.zeros(len(noise), *model.event_shape, dtype=noise.dtype), 0
    while True:
        p = model.conditionals(x).probs
        drawn = (at_variable.view_as(x) >= 1 - p).to(x)
        passes += 1
        if torch.equal(drawn, x):
            return x, passes
        x = drawn
    ### END SOLUTION


# %% tags=["check:caching-fixed-point"]
armod.check("caching-fixed-point")

# %% [markdown] tags=["statement:caching-rewind"]
# ## 4. A cache that can't go back
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


# %%
def after(view, levels):
    """The view itself, once it has read one more level (N,) of each sequence."""
    view.append(levels)
    return view


# %% tags=["answer:caching-rewind"]
def look_ahead(view, guesses):
    """The probabilities (N, b + 1, K) of the next variables, if the first b of them were as guessed."""
    ### BEGIN SOLUTION
    ahead = view.copy()
    found = [ahead.conditional().probs]
    for column in guesses.T:
        ahead.append(column)
        found.append(ahead.conditional().probs)
    return torch.stack(found, dim=1)
    ### END SOLUTION


# %% tags=["check:caching-rewind"]
armod.check("caching-rewind")

# %% [markdown] tags=["statement:caching-one-uniform"]
# ## 5. One number is enough
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


# %% tags=["answer:caching-one-uniform"]
def speculate(p, q, u):
    """The level, and whether it is the draft's."""
    ### BEGIN SOLUTION
    y = int((q.cumsum(0) <= u).sum())
    r = u - q[:y].sum()
    if r < p[y]:
        return y, 1
    v = (r - p[y]) / (q[y] - p[y])
    residual = (p - q).clamp(min=0)
    return int(((residual / residual.sum()).cumsum(0) <= v).sum()), 0
    ### END SOLUTION


# %% tags=["check:caching-one-uniform"]
armod.check("caching-one-uniform")

# %% [markdown] tags=["statement:caching-greedy"]
# ## 6. Find the bug: the greedy draft
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


# %% tags=["answer:caching-greedy"]
def outcome(p, q):
    """The distribution (K,) of the faulty loop's level."""
    ### BEGIN SOLUTION
    y = int(q.argmax())
    accepted = min(1.0, float(p[y] / q[y]))
    residual = (p - q).clamp(min=0)
    result = torch.zeros_like(p)
    if accepted < 1:
        result += (1 - accepted) * residual / residual.sum()
    result[y] += accepted
    return result
    ### END SOLUTION


def total_variation(p, q):
    """How far two distributions lie apart, from 0 to 1."""
    ### BEGIN SOLUTION
    return float((p - q).abs().sum() / 2)
    ### END SOLUTION


# %% tags=["check:caching-greedy"]
armod.check("caching-greedy")
