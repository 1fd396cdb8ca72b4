# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.3 Maximum likelihood
#
# **Can you derive the best coin, say how far a model is from the best possible, and keep a likelihood finite where it
# hurts?**
#
# There are six exercises, from a derivation with pencil and paper to one stretch problem. They follow the lesson: the coin
# first, then tables, entropies, logits, and the bins of a logistic mixture.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: the checks draw from it.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import math

import sympy
import torch
from torch.nn import functional as F

import armod

torch.set_num_threads(1)

# %% [markdown] tags=["statement:likelihood-derivation"]
# ## 1. Derive the best coin
#
# A coin shows a 1 with the unknown probability `p`. You saw one sequence of `n` tosses, and `k` of them were ones. Derive
# which `p` makes that most likely. Each step is a *formula* in the symbols of the cell below, such as `n * p**2` or
# `sympy.log(p)`. Any form will do: the check compares what the formulas mean, not how they are written.
#
# - `likelihood`: the probability L(p) of the sequence that you saw.
# - `log_likelihood`: its natural logarithm ℓ(p).
# - `score`: the derivative dℓ/dp.
# - `maximiser`: the p at which the score is 0, in `k` and `n`.
# - `curvature`: the second derivative of ℓ *at* the maximiser, in `k` and `n`.
#
# Take a pencil. If you know sympy, let it check your steps; take 0 < p < 1 and 0 < k < n.

# %%
p, k, n = sympy.symbols("p k n", positive=True)

# %% tags=["answer:likelihood-derivation"]
### BEGIN SOLUTION
likelihood = p**k * (1 - p) ** (n - k)
log_likelihood = k * sympy.log(p) + (n - k) * sympy.log(1 - p)
score = sympy.diff(log_likelihood, p)
maximiser = sympy.solve(score, p)[0]
curvature = sympy.diff(score, p).subs(p, maximiser)
### END SOLUTION

# %% tags=["check:likelihood-derivation"]
armod.check("likelihood-derivation")

# %% [markdown] tags=["statement:likelihood-coin"]
# ## 2. k ones in n tosses, edges included
#
# Now the same in numbers. Formulas are silent about the edges; a likelihood that runs on data must not be.
#
# - `coin_log_likelihood(p, k, n)`: ℓ(p) in nats for every entry of the tensor `p`, whose entries may be exactly 0 or 1.
#   `k` and `n` are whole numbers, and `k` may be 0 or `n`. What is impossible has the log-likelihood `-inf`, what is certain
#   has 0.
# - `standard_error(k, n)`: how far p̂ = k/n is off, typically: 1/√(-curvature), for 0 < k < n.


# %% tags=["answer:likelihood-coin"]
def coin_log_likelihood(p, k, n):
    """Log-likelihood in nats of k ones in n tosses, for each of the probabilities p."""
    ### BEGIN SOLUTION
    ones = torch.tensor(float(k), dtype=p.dtype)
    return torch.xlogy(ones, p) + torch.xlogy(n - ones, 1 - p)
    ### END SOLUTION


def standard_error(k, n):
    """One over the root of minus the curvature at the maximum."""
    ### BEGIN SOLUTION
    return math.sqrt(k * (n - k) / n**3)
    ### END SOLUTION


# %% tags=["check:likelihood-coin"]
armod.check("likelihood-coin")

# %% [markdown] tags=["statement:likelihood-transitions"]
# ## 3. k/n for every context
#
# A model of sequences may be a table: row `a` holds the probabilities of the next symbol after symbol `a`. Each row has a
# maximum of the likelihood of its own, and it is k/n again.
#
# Write `fit_transitions(x, num_levels)`. `x` `(N, T)` holds N sequences of symbols `0..num_levels-1`. Return the table
# `(num_levels, num_levels)` under which the next symbols in `x`, each given the one before it, are most likely. The first
# symbols of the sequences are not explained by this table. Where the data say nothing about a row, all symbols are equally
# likely.


# %% tags=["answer:likelihood-transitions"]
def fit_transitions(x, num_levels):
    """The table [a, b] = p(next is b | now is a) of greatest likelihood."""
    ### BEGIN SOLUTION
    pairs = x[:, :-1] * num_levels + x[:, 1:]
    counts = torch.bincount(pairs.flatten(), minlength=num_levels**2).view(num_levels, num_levels)
    rows = counts.sum(1, keepdim=True)
    return torch.where(rows > 0, counts / rows.clamp(min=1), 1 / num_levels)
    ### END SOLUTION


# %% tags=["check:likelihood-transitions"]
armod.check("likelihood-transitions")

# %% [markdown] tags=["statement:likelihood-divergence"]
# ## 4. How far from the best possible?
#
# - `kl(source, model)`: KL(source‖model) in nats, for two tensors of probabilities `(K,)`. It is the cross-entropy minus the
#   entropy: what data from the source cost under the model beyond what they cost under the source itself. A probability may
#   be 0, in the source or in the model.
# - `lowest_bits(table)`: the symbols of a long sequence come from a source that is a table as in exercise 3. What is the
#   least mean number of *bits* per symbol that any model can reach? Before each symbol the model knows all that came
#   before it. (Every symbol can be reached from every other.)


# %% tags=["answer:likelihood-divergence"]
def kl(source, model):
    """KL(source || model) in nats."""
    ### BEGIN SOLUTION
    return (torch.xlogy(source, source) - torch.xlogy(source, model)).sum()
    ### END SOLUTION


def lowest_bits(table):
    """The entropy of the next symbol given the past, in bits, averaged over a long sequence."""
    ### BEGIN SOLUTION
    # the mean of the table and of staying has the same shares, and does not turn in circles
    lazy = (table + torch.eye(len(table))) / 2
    shares = torch.linalg.matrix_power(lazy, 4096)[0]
    return -(shares @ torch.xlogy(table, table).sum(1)) / math.log(2)
    ### END SOLUTION


# %% tags=["check:likelihood-divergence"]
armod.check("likelihood-divergence")

# %% [markdown] tags=["statement:likelihood-logits"]
# ## 5. Find the bug: sure, and wrong
#
# The function below computes what a network pays for bits: the negative log-likelihood. It has been published in many
# places, small number included. Look at what it says where the network is sure and wrong.
#
# - `mended_nll(logits, x)`: the negative log-likelihood in nats of each observation, `(N,)`, from logits `(N, D)` and bits
#   `x` `(N, D)`. It must be right for any finite logits.
# - `nll_gradient(logits, x)`: the derivative of the sum over all observations by each logit, `(N, D)`, from a formula of your
#   own: one line, no autograd.


# %%
def published_nll(logits, x):
    """Negative log-likelihood (N,) of bits x (N, D), as published."""
    p = torch.sigmoid(logits)
    return -(x * torch.log(p + 1e-7) + (1 - x) * torch.log(1 - p + 1e-7)).sum(1)


for a in (-10.0, -20.0, -100.0):
    cost = published_nll(torch.tensor([[a]]), torch.ones(1, 1)).item()
    print(f"a 1 at the logit {a:6.0f} costs {cost:.2f} nats")


# %% tags=["answer:likelihood-logits"]
def mended_nll(logits, x):
    """Negative log-likelihood (N,) in nats of bits x (N, D)."""
    ### BEGIN SOLUTION
    return (x * F.softplus(-logits) + (1 - x) * F.softplus(logits)).sum(1)
    ### END SOLUTION


def nll_gradient(logits, x):
    """Its derivative, summed over the observations, by each logit (N, D)."""
    ### BEGIN SOLUTION
    return torch.sigmoid(logits) - x
    ### END SOLUTION


# %% tags=["check:likelihood-logits"]
armod.check("likelihood-logits")

# %% [markdown] tags=["statement:likelihood-bins"]
# ## 6. Stretch: the mass in a bin
#
# Write `bin_log_prob(levels, logits, means, scales, num_levels)`: the log-probability, `(N,)`, of levels `(N,)` under one
# mixture of discretized logistic distributions with `(M,)` logits, means and scales. Here means and scales are in levels: a mean
# of 2.5 lies between the levels 2 and 3.
#
# The logistic distribution has F(z) = sigmoid((z - mean) / scale). Level `v` has the mass between `v` - ½ and `v` + ½. Level 0 has
# also all that lies below, and level `num_levels` - 1 all that lies above. In the far tails the answer must be as exact as
# near the mean.


# %% tags=["answer:likelihood-bins"]
def bin_log_prob(levels, logits, means, scales, num_levels):
    """Log-probability (N,) of levels (N,) under the discretized mixture."""
    ### BEGIN SOLUTION
    v = levels.unsqueeze(1).to(means.dtype)
    above, below = (v + 0.5 - means) / scales, (v - 0.5 - means) / scales
    first, last = v <= 0, v >= num_levels - 1
    upper = F.logsigmoid(above).masked_fill(last, 0)
    lower = F.logsigmoid(-below).masked_fill(first, 0)
    width = torch.log(-torch.expm1(below - above)).masked_fill(first | last, 0)
    return (logits.log_softmax(0) + upper + lower + width).logsumexp(1)
    ### END SOLUTION


# %% tags=["check:likelihood-bins"]
armod.check("likelihood-bins")
