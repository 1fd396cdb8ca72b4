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
# A model of pictures needs no retraining to say p(picture | thumbnail), if there are few enough pictures to list them all. `log_p` `(M,)` are its
# log-probabilities of all M pictures. `thumbnails` `(M,)` holds for each picture the number of its thumbnail; several pictures have the same one.
#
# - `conditional_log_probs(log_p, thumbnails)`: the log-probability `(M,)` of each picture, given its own thumbnail.
# - `saved_nats(log_p, thumbnails)`: a picture is drawn from the model. How many nats fewer does it cost, on average, once its thumbnail is known?


# %% tags=["answer:images-nats"]
def conditional_log_probs(log_p, thumbnails):
    """Log p(picture | its thumbnail), (M,)."""
    ### BEGIN SOLUTION
    same = thumbnails[:, None] == thumbnails
    return log_p - torch.where(same, log_p, -torch.inf).logsumexp(1)
    ### END SOLUTION


def saved_nats(log_p, thumbnails):
    """Nats that the thumbnail saves, a mean over pictures of the model."""
    ### BEGIN SOLUTION
    return float((log_p.exp() * (conditional_log_probs(log_p, thumbnails) - log_p)).sum())
    ### END SOLUTION


# %% tags=["check:images-nats"]
armod.check("images-nats")

# %% [markdown] tags=["statement:images-errors"]
# ## 2. Why the blur is nearest
#
# The input leaves M pictures possible. `pictures` `(M, D)` are their pixels, and picture m is the truth with probability `p[m]`. Errors are squared differences, averaged
# over the D pixels.
#
# - `best_guess(pictures, p)`: the picture `(D,)` with the smallest expected error. It need not be one of the M.
# - `error_of_guess(pictures, p)`: its expected error.
# - `error_of_draw(pictures, p)`: an honest model draws one of the pictures with the right probabilities, independently of the truth. What is its expected error?


# %% tags=["answer:images-errors"]
def best_guess(pictures, p):
    """The picture (D,) with the smallest expected squared error."""
    ### BEGIN SOLUTION
    return p @ pictures
    ### END SOLUTION


def error_of_guess(pictures, p):
    """The expected squared error of the best guess."""
    ### BEGIN SOLUTION
    return float((p @ (pictures - p @ pictures) ** 2).mean())
    ### END SOLUTION


def error_of_draw(pictures, p):
    """The expected squared error of a picture that is drawn like the truth."""
    ### BEGIN SOLUTION
    return 2 * error_of_guess(pictures, p)
    ### END SOLUTION


# %% tags=["check:images-errors"]
armod.check("images-errors")

# %% [markdown] tags=["statement:images-best-of"]
# ## 3. The best of k is no score
#
# A paper reports the error of the best of k answers. We have n answers of a model, with the errors `errors` `(n,)`, and choose k different ones at random.
#
# - `best_of(errors, k)`: the expected error of the best of the k, exactly: a mean over all ways to choose. (`math.comb(n, k)` counts them.)
# - `smallest_k(wild, honest)`: two models, with equally many answers. One is honest, and its answers are all about equally good. The other one guesses wildly. What is the
#   smallest k at which the wild model has the *smaller* expected best error? Return 0 if there is no such k.


# %% tags=["answer:images-best-of"]
def best_of(errors, k):
    """The expected smallest of k different errors."""
    ### BEGIN SOLUTION
    ordered, n = sorted(errors.tolist()), len(errors)
    return sum(math.comb(n - 1 - i, k - 1) * error for i, error in enumerate(ordered)) / math.comb(n, k)
    ### END SOLUTION


def smallest_k(wild, honest):
    """The first k at which the wild model looks better; 0 if there is none."""
    ### BEGIN SOLUTION
    wins = [k for k in range(1, len(wild) + 1) if best_of(wild, k) < best_of(honest, k)]
    return wins[0] if wins else 0
    ### END SOLUTION


# %% tags=["check:images-best-of"]
armod.check("images-best-of")

# %% [markdown] tags=["statement:images-sides"]
# ## 4. Find the bug: an input seen from one side
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


# %%
def first_mask(k):
    """Ones at the taps before the centre, in raster order; the centre itself is 0."""
    return (torch.arange(k * k).view(k, k) < k * k // 2).double()


# %% tags=["answer:images-sides"]
def features(x, y, weight, bias):
    """Features (N, F, H, W) of the first layer."""
    ### BEGIN SOLUTION
    k = weight.shape[-1]
    mask = first_mask(k).to(weight)
    masks = torch.cat([mask.expand(x.shape[1], k, k), torch.ones(y.shape[1], k, k, dtype=weight.dtype)])
    return F.conv2d(torch.cat([x, y], 1), weight * masks, bias, padding=k // 2)
    ### END SOLUTION


# %% tags=["check:images-sides"]
armod.check("images-sides")

# %% [markdown] tags=["statement:images-tempered"]
# ## 5. The likelihood of a tempered model
#
# At temperature 0.7 answers look better. So somebody reports the likelihood of the model, and shows answers at 0.7. But these come from another distribution, and it has a likelihood of its own.
#
# - `tempered_nats(logits, x, temperature)`: `logits` `(N, D, K)` are the model's logits of each variable, given the variables before it, and `x` `(N, D)` the levels. `sample(temperature=...)` divides the logits
#   of each variable by the temperature. How many nats `(N,)` does each observation cost under the distribution that is really sampled?
# - `sharpened(log_p, temperature)`: one could also temper the *joint* distribution. `log_p` `(M,)` are the log-probabilities of all M pictures. Raise the probabilities to the power 1 / temperature, and normalise. Return log-probabilities.
#   (Compare both for a picture of two bits: they are not the same.)


# %% tags=["answer:images-tempered"]
def tempered_nats(logits, x, temperature):
    """Nats (N,) under the distribution that is sampled at this temperature."""
    ### BEGIN SOLUTION
    log_probs = (logits / temperature).log_softmax(-1)
    return -log_probs.gather(-1, x[..., None]).squeeze(-1).sum(1)
    ### END SOLUTION


def sharpened(log_p, temperature):
    """Log-probabilities (M,) of the tempered joint distribution."""
    ### BEGIN SOLUTION
    return (log_p / temperature).log_softmax(0)
    ### END SOLUTION


# %% tags=["check:images-tempered"]
armod.check("images-tempered")

# %% [markdown] tags=["statement:images-particles"]
# ## 6. Weigh, and draw again
#
# A raster model has drawn the upper halves of n particles, and then scored the known lower half below each: `log_weights` `(n,)` are log p(known | particle).
#
# - `log_prob_known(log_weights)`: the estimate of log p(known). Weights can be as small as $e^{-900}$.
# - `effective_size(log_weights)`: how many equal weights would be worth as much: the squared sum of the weights, divided by the sum of their squares.
# - `go_on(log_weights, u)`: a list of the n particles that go on. Put n positions at (u + j) / n, for j = 0 to n - 1, with one uniform number u for all of them. At each position take the first particle at which the running sum of
#   the normalised weights exceeds it. (This is *systematic resampling*.)


# %% tags=["answer:images-particles"]
def log_prob_known(log_weights):
    """The estimate of log p(known)."""
    ### BEGIN SOLUTION
    return float(log_weights.logsumexp(0) - math.log(len(log_weights)))
    ### END SOLUTION


def effective_size(log_weights):
    """How many equal weights would be worth as much."""
    ### BEGIN SOLUTION
    return float(1 / log_weights.softmax(0).square().sum())
    ### END SOLUTION


def go_on(log_weights, u):
    """The numbers of the n particles that go on, in rising order."""
    ### BEGIN SOLUTION
    n = len(log_weights)
    positions = (torch.arange(n, dtype=log_weights.dtype) + u) / n
    found = torch.searchsorted(log_weights.softmax(0).cumsum(0), positions, right=True)
    return found.clamp(max=n - 1).tolist()
    ### END SOLUTION


# %% tags=["check:images-particles"]
armod.check("images-particles")
