# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.6.1 Image applications
#
# **What does an input save, when does a mean win, and which sides of a picture does a model see?**
#
# There are six exercises: conditional nats from joint ones, the error of a blur, the best of k answers, an input that is seen from one
# side only, the likelihood at another temperature, and the weights of particles. They follow the lesson.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_6_1_image_applications.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

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
from torch.nn import functional as F

import armod

torch.set_num_threads(1)

# %% [markdown] tags=["statement:images-nats"]
# ## 1. Conditional nats from joint nats
#
# **Difficulty** easy · **Time** 10 minutes · **Worth** 5 points
#
# A model of pictures needs no retraining to say p(picture | thumbnail), if there are few enough pictures to list them all. `log_p` `(M,)` are its
# log-probabilities of all M pictures. `thumbnails` `(M,)` holds for each picture the number of its thumbnail; several pictures have the same one.
#
# - `conditional_log_probs(log_p, thumbnails)`: the log-probability `(M,)` of each picture, given its own thumbnail.
# - `saved_nats(log_p, thumbnails)`: a picture is drawn from the model. How many nats fewer does it cost, on average, once its thumbnail is known?
#
# <details><summary>Hint 1 of 3</summary>
#
# Every picture has one thumbnail. How probable is a thumbnail, if it is made of a picture that the model draws?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Bayes: p(picture | thumbnail) = p(picture) / p(thumbnail), and p(thumbnail) is the sum over all pictures with this thumbnail. A mean over what the model draws weighs each picture by its probability.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `same = thumbnails[:, None] == thumbnails`; where it is False, `log_p` counts as minus infinity, and a `logsumexp` over each row gives log p(thumbnail). What is saved is the mean of log p(picture | thumbnail) - log p(picture).
#
# </details>


# %% tags=["answer:images-nats"]
def conditional_log_probs(log_p, thumbnails):
    """Log p(picture | its thumbnail), (M,)."""
    ...  # your code


def saved_nats(log_p, thumbnails):
    """Nats that the thumbnail saves, a mean over pictures of the model."""
    ...  # your code


# %% tags=["check:images-nats"]
armod.check("images-nats")

# %% [markdown] tags=["statement:images-errors"]
# ## 2. Why the blur is nearest
#
# **Difficulty** medium · **Time** 12 minutes · **Worth** 6 points
#
# The input leaves M pictures possible. `pictures` `(M, D)` are their pixels, and picture m is the truth with probability `p[m]`. Errors are squared differences, averaged
# over the D pixels.
#
# - `best_guess(pictures, p)`: the picture `(D,)` with the smallest expected error. It need not be one of the M.
# - `error_of_guess(pictures, p)`: its expected error.
# - `error_of_draw(pictures, p)`: an honest model draws one of the pictures with the right probabilities, independently of the truth. What is its expected error?
#
# <details><summary>Hint 1 of 3</summary>
#
# The truth is picture m with probability p[m]. Which single picture has the smallest expected squared distance from it? Try one pixel, which is 0 or 1 with equal chances.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# It is the mean. Its expected squared error is the variance. A draw is a second picture, independent of the truth: both vary.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `mean = p @ pictures`; the variance of each pixel is `p @ (pictures - mean) ** 2`. The difference of two independent draws has twice this variance.
#
# </details>


# %% tags=["answer:images-errors"]
def best_guess(pictures, p):
    """The picture (D,) with the smallest expected squared error."""
    ...  # your code


def error_of_guess(pictures, p):
    """The expected squared error of the best guess."""
    ...  # your code


def error_of_draw(pictures, p):
    """The expected squared error of a picture that is drawn like the truth."""
    ...  # your code


# %% tags=["check:images-errors"]
armod.check("images-errors")

# %% [markdown] tags=["statement:images-best-of"]
# ## 3. The best of k is no score
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 7 points
#
# A paper reports the error of the best of k answers. We have n answers of a model, with the errors `errors` `(n,)`, and choose k different ones at random.
#
# - `best_of(errors, k)`: the expected error of the best of the k, exactly: a mean over all ways to choose. (`math.comb(n, k)` counts them.)
# - `smallest_k(wild, honest)`: two models, with equally many answers. One is honest, and its answers are all about equally good. The other one guesses wildly. What is the
#   smallest k at which the wild model has the *smaller* expected best error? Return 0 if there is no such k.
#
# <details><summary>Hint 1 of 3</summary>
#
# All ways to choose k of the n errors are equally likely. When is the smallest error of all the best one of those chosen?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Sort the errors. In how many of the `comb(n, k)` choices is the i-th smallest one the best? The others that are chosen must come from behind it.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# With `sorted` errors, counted from 0, that happens in `comb(n - 1 - i, k - 1)` choices. For the second function try k = 1, 2, ... in turn.
#
# </details>


# %% tags=["answer:images-best-of"]
def best_of(errors, k):
    """The expected smallest of k different errors."""
    ...  # your code


def smallest_k(wild, honest):
    """The first k at which the wild model looks better; 0 if there is none."""
    ...  # your code


# %% tags=["check:images-best-of"]
armod.check("images-best-of")

# %% [markdown] tags=["statement:images-sides"]
# ## 4. Find the bug: an input seen from one side
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 4 points
#
# A PixelCNN is to draw an answer `x` given an input `y` of the same size, such as the colours of a grey photograph. The author put both together, as channels of one image,
# and masked the first convolution as lesson 4.5.3 says:
#
# > `F.conv2d(torch.cat([x, y], 1), weight * mask, bias, padding=k // 2)`
#
# The loss is better than without the input, so nobody noticed anything. But the model never saw what lies below and to the right *in the input*, although all of it is known.
#
# Mend it: write `features(x, y, weight, bias)`. `x` is `(N, A, H, W)`, `y` is `(N, B, H, W)`, `weight` is `(F, A + B, k, k)` with an odd k, and `mask` of the given cell is that of a first layer, `(k, k)`. Channels
# of one pixel of the answer do not see each other.
#
# <details><summary>Hint 1 of 3</summary>
#
# The mask hides what is not known yet. What of the answer is known when a pixel is drawn, and what of the input?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The answer needs a mask with the pixel itself left out. The input is known as a whole, so that its kernel needs no mask.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Two masks in one: `mask` for the channels of the answer, ones for those of the input; `torch.cat` them along the second axis, as the channels are.
#
# </details>


# %%
def first_mask(k):
    """Ones at the taps before the centre, in raster order; the centre itself is 0."""
    return (torch.arange(k * k).view(k, k) < k * k // 2).double()


# %% tags=["answer:images-sides"]
def features(x, y, weight, bias):
    """Features (N, F, H, W) of the first layer."""
    ...  # your code


# %% tags=["check:images-sides"]
armod.check("images-sides")

# %% [markdown] tags=["statement:images-tempered"]
# ## 5. The likelihood of a tempered model
#
# **Difficulty** medium · **Time** 12 minutes · **Worth** 6 points
#
# At temperature 0.7 answers look better. So somebody reports the likelihood of the model, and shows answers at 0.7. But these come from another distribution, and it has a likelihood of its own.
#
# - `tempered_nats(logits, x, temperature)`: `logits` `(N, D, K)` are the model's logits of each variable, given the variables before it, and `x` `(N, D)` the levels. `sample(temperature=...)` divides the logits
#   of each variable by the temperature. How many nats `(N,)` does each observation cost under the distribution that is really sampled?
# - `sharpened(log_p, temperature)`: one could also temper the *joint* distribution. `log_p` `(M,)` are the log-probabilities of all M pictures. Raise the probabilities to the power 1 / temperature, and normalise. Return log-probabilities.
#   (Compare both for a picture of two bits: they are not the same.)
#
# <details><summary>Hint 1 of 3</summary>
#
# `sample(temperature=T)` divides the logits of each variable by T and draws from what comes out. That is a distribution of its own: what is its log-probability of x?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Probabilities to the power of 1/T no longer add up to 1. Each conditional has to be normalised again, variable by variable.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `(logits / temperature).log_softmax(-1)` holds the new log-probabilities; `gather` those of x. For a whole table of pictures: `(log_p / temperature).log_softmax(0)`.
#
# </details>


# %% tags=["answer:images-tempered"]
def tempered_nats(logits, x, temperature):
    """Nats (N,) under the distribution that is sampled at this temperature."""
    ...  # your code


def sharpened(log_p, temperature):
    """Log-probabilities (M,) of the tempered joint distribution."""
    ...  # your code


# %% tags=["check:images-tempered"]
armod.check("images-tempered")

# %% [markdown] tags=["statement:images-particles"]
# ## 6. Weigh, and draw again
#
# **Difficulty** hard · **Time** 15 minutes · **Worth** 7 points
#
# A raster model has drawn the upper halves of n particles, and then scored the known lower half below each: `log_weights` `(n,)` are log p(known | particle).
#
# - `log_prob_known(log_weights)`: the estimate of log p(known). Weights can be as small as $e^{-900}$.
# - `effective_size(log_weights)`: how many equal weights would be worth as much: the squared sum of the weights, divided by the sum of their squares.
# - `go_on(log_weights, u)`: a list of the n particles that go on. Put n positions at (u + j) / n, for j = 0 to n - 1, with one uniform number u for all of them. At each position take the first particle at which the running sum of
#   the normalised weights exceeds it. (This is *systematic resampling*.)
#
# <details><summary>Hint 1 of 3</summary>
#
# Each particle was drawn by the model itself. The mean of p(known | particle) over such draws is p(known).
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# A mean of weights, not of their logarithms: `logsumexp`, and the number of particles. Of n equal weights the effective size is n, and of one weight that outweighs all others it is 1: (sum of w) squared over the sum of w squared.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# For the particles that go on, let each be copied in proportion to its share: the inverse CDF of the shares at `(u + j) / n` for j = 0, 1, ..., n - 1. `torch.searchsorted(cumulative, positions, right=True)` finds them.
#
# </details>


# %% tags=["answer:images-particles"]
def log_prob_known(log_weights):
    """The estimate of log p(known)."""
    ...  # your code


def effective_size(log_weights):
    """How many equal weights would be worth as much."""
    ...  # your code


def go_on(log_weights, u):
    """The numbers of the n particles that go on, in rising order."""
    ...  # your code


# %% tags=["check:images-particles"]
armod.check("images-particles")
