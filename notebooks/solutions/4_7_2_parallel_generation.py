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
# `needs` `(D, D)` is a table of booleans: variable i reads variable j where `needs[i, j]` is True. A variable reads only variables
# that come before it in `ordering`, where `ordering[k]` is the variable that comes k-th. In one pass any number of variables can be
# made, if all that they read was made in earlier passes.
#
# Write `earliest_pass(needs, ordering)`: a list of D whole numbers. Entry i is the pass, counted from 1, in which variable i can be
# made at the earliest. (armod calls this `armod.measures.waves.waves_of`. Compare with it, once yours is done.)


# %% tags=["answer:parallel-waiting"]
def earliest_pass(needs, ordering):
    """The earliest pass of each variable."""
    ### BEGIN SOLUTION
    passes = [0] * len(ordering)
    for i in ordering.tolist():
        passes[i] = 1 + max((passes[j] for j in range(len(passes)) if needs[i, j]), default=0)
    return passes
    ### END SOLUTION


# %% tags=["check:parallel-waiting"]
armod.check("parallel-waiting")

# %% [markdown] tags=["statement:parallel-groups"]
# ## 2. From one pixel to all
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


# %% tags=["answer:parallel-groups"]
def groups(height, width):
    """The pass of each pixel (H, W)."""
    ### BEGIN SOLUTION
    passes, number, s = torch.ones(height, width, dtype=torch.int64), 1, 1
    while s < max(height, width):
        s = 2 * s
    while s > 1:
        s = s // 2
        passes[0 :: 2 * s, s :: 2 * s] = number + 1
        passes[s :: 2 * s, 0 :: 2 * s] = number + 2
        passes[s :: 2 * s, s :: 2 * s] = number + 3
        number += 3
    return passes
    ### END SOLUTION


# %% tags=["check:parallel-groups"]
armod.check("parallel-groups")

# %% [markdown] tags=["statement:parallel-flow"]
# ## 3. Find the bug: a flow that reads too far
#
# An inverse autoregressive flow turns logistic noise z into sound: x_t = m_t + s_t z_t. Here one convolution with k taps computes m_t
# (its first output) and log s_t (its second). If both read nothing but earlier noise, then
#
# log q(x) = sum over t of log p(z_t) - log s_t,
#
# where p is the density of logistic noise. The cell below was published by somebody in a hurry. Its sound looks fine, and the density
# is wrong: it does not integrate to 1. Write `flow(z, weight, bias)` without the bug. It returns the sound `(N, T)` and its
# log-density `(N,)`. `weight` is `(2, 1, k)`; the last tap is for the youngest noise that may be read.


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
    ### BEGIN SOLUTION
    earlier = F.pad(z, (weight.shape[2], 0))[:, :-1]
    m, log_s = F.conv1d(earlier[:, None], weight, bias).unbind(1)
    x = m + log_s.exp() * z
    return x, (F.logsigmoid(z) + F.logsigmoid(-z) - log_s).sum(1)
    ### END SOLUTION


# %% tags=["check:parallel-flow"]
armod.check("parallel-flow")

# %% [markdown] tags=["statement:parallel-entropy"]
# ## 4. What the teacher thinks, and what the student must keep
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

# %%
teacher_scale = 1.5 + student % 7 / 4
print(f"the teacher's scale is {teacher_scale}")


# %% tags=["answer:parallel-entropy"]
def kl_estimate(log_student, log_teacher):
    """KL(q || p) and its standard error."""
    ### BEGIN SOLUTION
    differences = log_student - log_teacher
    return float(differences.mean()), float(differences.std() / math.sqrt(len(differences)))
    ### END SOLUTION


### BEGIN SOLUTION
best_scale = teacher_scale
best_scale_without_entropy = 0.0
### END SOLUTION

# %% tags=["check:parallel-entropy"]
armod.check("parallel-entropy")

# %% [markdown] tags=["statement:parallel-products"]
# ## 5. What independence costs
#
# `p` is the joint distribution of a teacher's variables: a table with one dimension for each variable, such as `(K, K)` or `(K, K, K)`.
# A student makes all variables at once, independently of each other. Of all such students the best one has the teacher's marginals.
#
# - `independent(p)`: the best student's joint distribution, a table of the same shape.
# - `lost_nats(p)`: KL(p || student) in nats. Some entries of `p` may be 0.


# %% tags=["answer:parallel-products"]
def independent(p):
    """The product of the marginals."""
    ### BEGIN SOLUTION
    product = torch.ones_like(p)
    for d in range(p.dim()):
        others = [other for other in range(p.dim()) if other != d]
        product = product * p.sum(dim=others, keepdim=True)
    return product
    ### END SOLUTION


def lost_nats(p):
    """KL of the teacher from its best independent student."""
    ### BEGIN SOLUTION
    return float(torch.special.entr(independent(p)).sum() - torch.special.entr(p).sum())
    ### END SOLUTION


# %% tags=["check:parallel-products"]
armod.check("parallel-products")

# %% [markdown] tags=["statement:parallel-student"]
# ## 6. Train a student
#
# Write `train(student, teacher, num_steps)`. It trains a flow student in place, and returns the student. The check
# asks for 150 steps, which take about a second.
#
# - `student.rsample_and_log_prob(N, T)` makes N sounds of T samples, with a gradient, and their log-densities `(N,)` by the student.
# - `teacher.log_prob(x)` are the log-densities `(N,)` of sounds `(N, T)` by the teacher, with a gradient in `x`.
#
# Minimise KL(student || teacher) per sample. Sounds of 50 samples are long enough, and 8 of them in each step. Write the loop yourself; what
# armod makes of it is `armod.distillation.distill`. The check gives your function teachers of its own, and measures the divergence in nats per sample.


# %% tags=["answer:parallel-student"]
def train(student, teacher, num_steps):
    """The trained student."""
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(student.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, num_steps)
    for _ in range(num_steps):
        x, log_student = student.rsample_and_log_prob(8, 50)
        loss = (log_student - teacher.log_prob(x)).mean() / 50
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return student
    ### END SOLUTION


# %% tags=["check:parallel-student"]
armod.check("parallel-student")
