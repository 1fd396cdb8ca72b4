# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.7.2 Parallel generation
#
# **Who has to wait, what is given up by not waiting, and can you train a student that does not wait?**
#
# There are six exercises: passes from dependencies, the groups of a multi-scale model, a flow with a bug, the entropy term,
# what independence costs, and a student of your own. They follow the lesson.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_7_2_parallel_generation.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: one exercise asks for numbers, and it
# sets those that are yours.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import math

import torch
from torch.nn import functional as F

import armod

torch.set_num_threads(1)

# %% [markdown] tags=["statement:parallel-waiting"]
# ## 1. Who waits for whom
#
# **Difficulty** medium · **Time** 10 minutes · **Worth** 4 points
#
# `needs` `(D, D)` is a table of booleans: variable i reads variable j where `needs[i, j]` is True. A variable reads only variables
# that come before it in `ordering`, where `ordering[k]` is the variable that comes k-th. In one pass any number of variables can be
# made, if all that they read was made in earlier passes.
#
# Write `earliest_pass(needs, ordering)`: a list of D whole numbers. Entry i is the pass, counted from 1, in which variable i can be
# made at the earliest. (armod calls this `armod.measures.waves.waves_of`. Compare with it, once yours is done.)
#
# <details><summary>Hint 1 of 3</summary>
#
# A variable that needs no other can be made in pass 1. A variable that needs only such variables can be made in pass 2.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Go through the variables in the order of `ordering`: everything that a variable needs has got its pass by then. It waits for the slowest of them.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `passes = [0] * D`, and for each `i` in `ordering`: `passes[i] = 1 + max((passes[j] for j in range(D) if needs[i][j]), default=0)`.
#
# </details>


# %% tags=["answer:parallel-waiting"]
def earliest_pass(needs, ordering):
    """The earliest pass of each variable."""
    ...  # your code


# %% tags=["check:parallel-waiting"]
armod.check("parallel-waiting")

# %% [markdown] tags=["statement:parallel-groups"]
# ## 2. From one pixel to all
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 4 points
#
# A multi-scale model makes the pixel (0, 0) first. Then the known pixels lie on a grid that becomes finer: with each doubling its
# spacing falls from 2s to s, and the last spacing is 1. Each doubling takes three passes, for three groups of pixels:
#
# 1. *right*: pixels in known rows, half-way between two known columns;
# 2. *below*: pixels in known columns, half-way between two known rows;
# 3. *diagonal*: pixels that are half-way in both directions.
#
# The first spacing is the smallest power of two for which only the pixel (0, 0) is on the grid. A group may be empty, if the image
# is narrow; its pass is counted all the same.
#
# Write `groups(height, width)`: a tensor of whole numbers `(height, width)`, the pass of each pixel, counted from 1.
#
# <details><summary>Hint 1 of 3</summary>
#
# Which pixels of a row of 8 are there after the first pass, after the first doubling, after the second? Write down their columns.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Before a doubling the known pixels lie on a grid of spacing 2s, afterwards on one of spacing s. New are those whose row or column is an odd multiple of s. The first spacing is the smallest power of two that leaves only pixel (0, 0).
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# With `s` going from the largest spacing down to 1: group `right` is `[0::2 * s, s::2 * s]`, `below` is `[s::2 * s, 0::2 * s]`, `diagonal` is `[s::2 * s, s::2 * s]`. An empty group still takes its number.
#
# </details>


# %% tags=["answer:parallel-groups"]
def groups(height, width):
    """The pass of each pixel (H, W)."""
    ...  # your code


# %% tags=["check:parallel-groups"]
armod.check("parallel-groups")

# %% [markdown] tags=["statement:parallel-flow"]
# ## 3. Find the bug: a flow that reads too far
#
# **Difficulty** hard · **Time** 20 minutes · **Worth** 3 points
#
# An inverse autoregressive flow turns logistic noise z into sound: x_t = m_t + s_t z_t. Here one convolution with k taps computes m_t
# (its first output) and log s_t (its second). If both read nothing but earlier noise, then
#
# log q(x) = sum over t of log p(z_t) - log s_t,
#
# where p is the density of logistic noise. The cell below was published by somebody in a hurry. Its sound looks fine, and the density
# is wrong: it does not integrate to 1. Write `flow(z, weight, bias)` without the bug. It returns the sound `(N, T)` and its
# log-density `(N,)`. `weight` is `(2, 1, k)`; the last tap is for the youngest noise that may be read.
#
# <details><summary>Hint 1 of 3</summary>
#
# The formula for log q(x) is right only if x_t depends on z_t by the factor s_t alone. Follow z_t through the convolution: where else does it come in?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Output t of a causal convolution reads the steps t, t - 1, ... Then s_t is a function of z_t itself. Shift: give the convolution the noise of one step before.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `earlier = F.pad(z, (1, 0))[:, :-1]`, and pad `earlier` with k - 1 zeros on the left for the convolution. Then x = m + s z, and log q(x) is the sum over t of log p(z_t) - log s_t; the logistic density is `F.logsigmoid(z) + F.logsigmoid(-z)`.
#
# </details>


# %%
def published_flow(z, weight, bias):
    """As published."""
    padded = F.pad(z, (weight.shape[2] - 1, 0))
    m, log_s = F.conv1d(padded[:, None], weight, bias).unbind(1)
    x = m + log_s.exp() * z
    return x, (F.logsigmoid(z) + F.logsigmoid(-z) - log_s).sum(1)


# %% tags=["answer:parallel-flow"]
def flow(z, weight, bias):
    """The sound (N, T) and its log-density (N,)."""
    ...  # your code


# %% tags=["check:parallel-flow"]
armod.check("parallel-flow")

# %% [markdown] tags=["statement:parallel-entropy"]
# ## 4. What the teacher thinks, and what the student must keep
#
# **Difficulty** medium · **Time** 12 minutes · **Worth** 6 points
#
# A student q makes N samples. `log_student` `(N,)` holds their log-densities by the student, `log_teacher` `(N,)` those by the teacher.
#
# - `kl_estimate(log_student, log_teacher)`: a pair, the estimate of KL(q || p) and its standard error.
#
# The teacher of the cell below is a normal distribution with mean 0, and each student is one, too, with mean 0 and a scale of its
# own. Give two numbers:
#
# - `best_scale`: the scale of the student with the smallest KL(q || p);
# - `best_scale_without_entropy`: the scale to which a student goes that minimises the cross-entropy alone.
#
# <details><summary>Hint 1 of 3</summary>
#
# KL(q || p) is a mean over samples of q. Of which difference? Each sample has been scored by both.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The standard error of a mean of N numbers is their standard deviation (N - 1 in the denominator) divided by the square root of N. For the scales: KL is cross-entropy minus entropy. Which of the two grows with s, and how fast?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `differences = log_student - log_teacher`. The cross-entropy is s^2 / 2 + log(2 pi) / 2 at scale s if the teacher's is 1; the entropy is log s and a constant. Look at both derivatives; the teacher's scale only stretches the axis.
#
# </details>

# %%
teacher_scale = 1.5 + student % 7 / 4
print(f"the teacher's scale is {teacher_scale}")


# %% tags=["answer:parallel-entropy"]
def kl_estimate(log_student, log_teacher):
    """KL(q || p) and its standard error."""
    ...  # your code


best_scale = ...
best_scale_without_entropy = ...

# %% tags=["check:parallel-entropy"]
armod.check("parallel-entropy")

# %% [markdown] tags=["statement:parallel-products"]
# ## 5. What independence costs
#
# **Difficulty** medium · **Time** 12 minutes · **Worth** 5 points
#
# `p` is the joint distribution of a teacher's variables: a table with one dimension for each variable, such as `(K, K)` or `(K, K, K)`.
# A student makes all variables at once, independently of each other. Of all such students the best one has the teacher's marginals.
#
# - `independent(p)`: the best student's joint distribution, a table of the same shape.
# - `lost_nats(p)`: KL(p || student) in nats. Some entries of `p` may be 0.
#
# <details><summary>Hint 1 of 3</summary>
#
# The best independent student has the teacher's marginals. Sum the table over all variables but one.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# KL(p || q) = sum of p (log p - log q). With q a product of marginals this becomes the sum of the marginals' entropies minus the entropy of p.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# For each variable: `p.sum(dim=[other for other in range(p.dim()) if other != d])`. For the entropies `-(m * m.log()).sum()`, where a probability of 0 counts nothing: `torch.special.entr` does that.
#
# </details>


# %% tags=["answer:parallel-products"]
def independent(p):
    """The product of the marginals."""
    ...  # your code


def lost_nats(p):
    """KL of the teacher from its best independent student."""
    ...  # your code


# %% tags=["check:parallel-products"]
armod.check("parallel-products")

# %% [markdown] tags=["statement:parallel-student"]
# ## 6. Train a student
#
# **Difficulty** stretch · **Time** 25 minutes · **Worth** 5 points
#
# Write `train(student, teacher, num_steps)`. It trains a flow student in place, and returns the student. The check
# asks for 150 steps, which take about a second.
#
# - `student.rsample_and_log_prob(N, T)` makes N sounds of T samples, with a gradient, and their log-densities `(N,)` by the student.
# - `teacher.log_prob(x)` are the log-densities `(N,)` of sounds `(N, T)` by the teacher, with a gradient in `x`.
#
# Minimise KL(student || teacher) per sample. Sounds of 50 samples are long enough, and 8 of them in each step. Write the loop yourself; what
# armod makes of it is `armod.distillation.distill`. The check gives your function teachers of its own, and measures the divergence in nats per sample.
#
# <details><summary>Hint 1 of 3</summary>
#
# In each step the student makes a few sounds, with their log-density. What does the teacher say about the same sounds? Which mean do you minimise?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The loss is the mean of log q(x) - log p(x), divided by the length of a sound. Both terms have a gradient: the sounds are made by the student, so the teacher's opinion of them depends on its weights.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `x, log_q = student.rsample_and_log_prob(8, 50)`, `loss = (log_q - teacher.log_prob(x)).mean() / 50`. Then the usual three lines: `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`. Adam with a learning rate of 0.02 that falls to 0 does it.
#
# </details>


# %% tags=["answer:parallel-student"]
def train(student, teacher, num_steps):
    """The trained student."""
    ...  # your code


# %% tags=["check:parallel-student"]
armod.check("parallel-student")
