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
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_3_maximum_likelihood.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

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
# **Difficulty** easy · **Time** 8 minutes · **Worth** 6 points
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
#
# <details><summary>Hint 1 of 3</summary>
#
# Write down the probability of 1, 1, 0, 0, 0 as a product of five factors. Which factors are equal?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The logarithm turns the product into a sum of two terms. In the derivative of log(1 - p) mind the inner derivative. Then set the score to 0 and bring both fractions over one denominator.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `sympy.log(...)`, `sympy.diff(formula, p)`, `sympy.solve(score, p)` and `formula.subs(p, maximiser)` do the same as your pencil. Derive the score once more, and then put the maximiser in for p.
#
# </details>

# %%
p, k, n = sympy.symbols("p k n", positive=True)

# %% tags=["answer:likelihood-derivation"]
likelihood = ...
log_likelihood = ...
score = ...
maximiser = ...
curvature = ...

# %% tags=["check:likelihood-derivation"]
armod.check("likelihood-derivation")

# %% [markdown] tags=["statement:likelihood-coin"]
# ## 2. k ones in n tosses, edges included
#
# **Difficulty** easy · **Time** 5 minutes · **Worth** 5 points
#
# Now the same in numbers. Formulas are silent about the edges; a likelihood that runs on data must not be.
#
# - `coin_log_likelihood(p, k, n)`: ℓ(p) in nats for every entry of the tensor `p`, whose entries may be exactly 0 or 1.
#   `k` and `n` are whole numbers, and `k` may be 0 or `n`. What is impossible has the log-likelihood `-inf`, what is certain
#   has 0.
# - `standard_error(k, n)`: how far p̂ = k/n is off, typically: 1/√(-curvature), for 0 < k < n.
#
# <details><summary>Hint 1 of 3</summary>
#
# What is 0 times minus infinity on a computer? And what should five zeros add to a likelihood if ones are certain but none was expected?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# A term that counts *no* tosses adds nothing, whatever its logarithm is. The curvature of exercise 1 says how sharp the peak is: the standard error is one over the square root of minus the curvature.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `torch.xlogy(k, p)` is k log p, and 0 where k is 0. Minus the curvature is n³ / (k (n - k)).
#
# </details>


# %% tags=["answer:likelihood-coin"]
def coin_log_likelihood(p, k, n):
    """Log-likelihood in nats of k ones in n tosses, for each of the probabilities p."""
    ...  # your code


def standard_error(k, n):
    """One over the root of minus the curvature at the maximum."""
    ...  # your code


# %% tags=["check:likelihood-coin"]
armod.check("likelihood-coin")

# %% [markdown] tags=["statement:likelihood-transitions"]
# ## 3. k/n for every context
#
# **Difficulty** medium · **Time** 6 minutes · **Worth** 4 points
#
# A model of sequences may be a table: row `a` holds the probabilities of the next symbol after symbol `a`. Each row has a
# maximum of the likelihood of its own, and it is k/n again.
#
# Write `fit_transitions(x, num_levels)`. `x` `(N, T)` holds N sequences of symbols `0..num_levels-1`. Return the table
# `(num_levels, num_levels)` under which the next symbols in `x`, each given the one before it, are most likely. The first
# symbols of the sequences are not explained by this table. Where the data say nothing about a row, all symbols are equally
# likely.
#
# <details><summary>Hint 1 of 3</summary>
#
# Make a table of counts first: how often was symbol a followed by symbol b *within* a sequence?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# In each row the derivation is the same as for the coin: the best probability is the count over the sum of its row. Which symbols of x have a next one at all?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `pairs = x[:, :-1] * K + x[:, 1:]` numbers the pairs, `torch.bincount(pairs.flatten(), minlength=K * K)` counts them. A row without any count becomes 1/K.
#
# </details>


# %% tags=["answer:likelihood-transitions"]
def fit_transitions(x, num_levels):
    """The table [a, b] = p(next is b | now is a) of greatest likelihood."""
    ...  # your code


# %% tags=["check:likelihood-transitions"]
armod.check("likelihood-transitions")

# %% [markdown] tags=["statement:likelihood-divergence"]
# ## 4. How far from the best possible?
#
# **Difficulty** medium · **Time** 6 minutes · **Worth** 6 points
#
# - `kl(source, model)`: KL(source‖model) in nats, for two tensors of probabilities `(K,)`. It is the cross-entropy minus the
#   entropy: what data from the source cost under the model beyond what they cost under the source itself. A probability may
#   be 0, in the source or in the model.
# - `lowest_bits(table)`: the symbols of a long sequence come from a source that is a table as in exercise 3. What is the
#   least mean number of *bits* per symbol that any model can reach? Before each symbol the model knows all that came
#   before it. (Every symbol can be reached from every other.)
#
# <details><summary>Hint 1 of 3</summary>
#
# Cross-entropy is the mean of -log model, entropy the mean of -log source, and both means are taken over the source. What is their difference?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Given the symbol before, the best model has the entropy of that row. How often will each row be needed in a long sequence?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# The shares of the symbols in the long run satisfy `shares @ table == shares`. They are any row of a high power of the table. `torch.xlogy(s, s)` is 0 where s is 0.
#
# </details>


# %% tags=["answer:likelihood-divergence"]
def kl(source, model):
    """KL(source || model) in nats."""
    ...  # your code


def lowest_bits(table):
    """The entropy of the next symbol given the past, in bits, averaged over a long sequence."""
    ...  # your code


# %% tags=["check:likelihood-divergence"]
armod.check("likelihood-divergence")

# %% [markdown] tags=["statement:likelihood-logits"]
# ## 5. Find the bug: sure, and wrong
#
# **Difficulty** medium · **Time** 6 minutes · **Worth** 6 points
#
# The function below computes what a network pays for bits: the negative log-likelihood. It has been published in many
# places, small number included. Look at what it says where the network is sure and wrong.
#
# - `mended_nll(logits, x)`: the negative log-likelihood in nats of each observation, `(N,)`, from logits `(N, D)` and bits
#   `x` `(N, D)`. It must be right for any finite logits.
# - `nll_gradient(logits, x)`: the derivative of the sum over all observations by each logit, `(N, D)`, from a formula of your
#   own: one line, no autograd.
#
# <details><summary>Hint 1 of 3</summary>
#
# Try the published function at the logits -10, -30, -100 with a bit of 1. How much should each cost, and how much does it say?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# With p = 1 / (1 + exp(-a)) write -log p and -log(1 - p) as functions of a, and simplify before you compute. The derivative becomes very short.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# -log p = log(1 + exp(-a)) and -log(1 - p) = log(1 + exp(a)): `F.softplus` computes log(1 + exp(.)) for any number. Its derivative is the sigmoid.
#
# </details>


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
    ...  # your code


def nll_gradient(logits, x):
    """Its derivative, summed over the observations, by each logit (N, D)."""
    ...  # your code


# %% tags=["check:likelihood-logits"]
armod.check("likelihood-logits")

# %% [markdown] tags=["statement:likelihood-bins"]
# ## 6. Stretch: the mass in a bin
#
# **Difficulty** stretch · **Time** 9 minutes · **Worth** 6 points
#
# Write `bin_log_prob(levels, logits, means, scales, num_levels)`: the log-probability, `(N,)`, of levels `(N,)` under one
# mixture of discretized logistic distributions with `(M,)` logits, means and scales. Here means and scales are in levels: a mean
# of 2.5 lies between the levels 2 and 3.
#
# The logistic distribution has F(z) = sigmoid((z - mean) / scale). Level `v` has the mass between `v` - ½ and `v` + ½. Level 0 has
# also all that lies below, and level `num_levels` - 1 all that lies above. In the far tails the answer must be as exact as
# near the mean.
#
# <details><summary>Hint 1 of 3</summary>
#
# Draw three levels as bars of width 1 under one bell. What lies left of the first bar and right of the last one?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The mass of a bin is F(upper end) - F(lower end), where F is the sigmoid of (end - mean) / scale; the first bin has no lower end, the last one no upper. Mix probabilities, not logarithms. Far out, both F are 1 up to rounding: rewrite the difference.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# With a = (v + ½ - mean) / scale and b = (v - ½ - mean) / scale the logarithm of the difference is logsigmoid(a) + logsigmoid(-b) + log(1 - exp(b - a)). An end that is missing takes its terms with it. Then a `logsumexp` over the components, with `log_softmax` of the logits.
#
# </details>


# %% tags=["answer:likelihood-bins"]
def bin_log_prob(levels, logits, means, scales, num_levels):
    """Log-probability (N,) of levels (N,) under the discretized mixture."""
    ...  # your code


# %% tags=["check:likelihood-bins"]
armod.check("likelihood-bins")
