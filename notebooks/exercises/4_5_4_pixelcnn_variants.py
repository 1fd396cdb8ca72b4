# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.5.4 PixelCNN variants
#
# **Can you link two stacks, cut a logistic into bins, and let red speak for green?**
#
# There are seven exercises: outputs counted, two gates, the link between the stacks, the bins of a published likelihood, the
# channels of a pixel, the way down and up again, and a model that you train within a budget. They follow the lesson.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_5_4_pixelcnn_variants.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: some exercises ask for numbers, and it sets
# the sizes that are yours.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import math

import torch
from torch.nn import functional as F

import armod
from armod.likelihoods import DiscretizedLogisticMixture

torch.set_num_threads(1)

# %% [markdown] tags=["statement:variants-counts"]
# ## 1. What a pixel takes
#
# **Difficulty** easy · **Time** 4 minutes · **Worth** 4 points
#
# The last layer of a network is a 1x1 convolution, with biases and without any mask: from `p` features to all outputs that
# one pixel of `C` channels needs. How many parameters has that layer?
#
# - `softmax_head(p, C, K)`: if each channel gets a softmax over `K` levels.
# - `mixture_head(p, C, M)`: if the pixel gets a mixture of `M` components with *one* indicator. A component has a mean and a scale
#   for each channel, and a slope for each pair of an earlier and a later channel. (With three channels that is PixelCNN++.)
# - `most_levels(M)`: in colour (three channels), up to which number of levels `K` has the softmax no more outputs than that mixture?
#
# <details><summary>Hint 1 of 3</summary>
#
# Count the outputs of one pixel first. How many weights lead from p features to one output, and what else does it have?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# One component of a colour pixel needs a mean and a scale for each channel, and a slope for each pair of an earlier and a later channel. What does it need only once?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# A softmax takes C K outputs, a mixture M (1 + 2 C + C (C - 1) / 2); each output has p weights and a bias. For `most_levels` compare outputs at C = 3, and round down.
#
# </details>


# %% tags=["answer:variants-counts"]
def softmax_head(p, C, K):
    """Parameters of the last layer: a softmax over K levels for each of C channels."""
    ...  # your code


def mixture_head(p, C, M):
    """Parameters of the last layer: a mixture of M components for a pixel of C channels."""
    ...  # your code


def most_levels(M):
    """The largest K at which a softmax needs no more outputs for a colour pixel than M components."""
    ...  # your code


# %% tags=["check:variants-counts"]
armod.check("variants-counts")

# %% [markdown] tags=["statement:variants-gate"]
# ## 2. Two gates
#
# **Difficulty** easy · **Time** 4 minutes · **Worth** 4 points
#
# - `gate(features, context, V)`: the gated unit of Gated PixelCNN, tanh(f + V_f c) ⊙ σ(g + V_g c). `features` `(N, 2p, H, W)` holds the
#   values f in its first half of channels and the gates g in its second. Each image of the batch has a context c, for
#   example which digit it shows: `context` `(N, C)`. `V` `(2p, C)` holds V_f on top of V_g. Return `(N, p, H, W)`.
# - `residual_gate(below, features)`: the gate of PixelCNN++, below + f ⊙ σ(g), for `below` `(N, p, H, W)` and `features` as before.
#
# <details><summary>Hint 1 of 3</summary>
#
# Which shape has `context @ V.T`, and which shape must it have so that every pixel of an image gets the same?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Add the context to all 2p features before you take them apart. `.chunk(2, dim=1)` gives the two halves.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `shift[:, :, None, None]` makes it fit. Then tanh of the first half times sigmoid of the second; in PixelCNN++ the first half as it is, times sigmoid of the second, plus `below`.
#
# </details>


# %% tags=["answer:variants-gate"]
def gate(features, context, V):
    """The gated unit (N, p, H, W) under a context."""
    ...  # your code


def residual_gate(below, features):
    """What passes around the gate, and through it (N, p, H, W)."""
    ...  # your code


# %% tags=["check:variants-gate"]
armod.check("variants-gate")

# %% [markdown] tags=["statement:variants-link"]
# ## 3. Find the bugs: the link between the stacks
#
# **Difficulty** hard · **Time** 9 minutes · **Worth** 9 points
#
# Write `two_stacks(x, layers)`: the features `(N, p, H, W)` of the horizontal stack after all layers, for images `x` `(N, 1, H, W)`.
# Each layer is a dict of four weights, without biases and without masks:
#
# - `"vertical"` `(2p, inputs, h + 1, 2h + 1)`: its window has h + 1 rows, and reaches h columns to either side
# - `"horizontal"` `(2p, inputs, 1, h + 1)`: its window has h + 1 columns
# - `"link"` `(2p, 2p, 1, 1)` adds what the vertical convolution has found, before its gate, to what the horizontal one has found
# - `"mix"` `(p, p, 1, 1)` follows the horizontal gate; from the second layer on the stack's input is added after it
#
# In the first layer both windows end *before* the pixel: the vertical one in the row above, the horizontal one in the column to
# the left. In every later layer they end in the pixel's own row, and at the pixel itself. Outside of the image there are zeros.
# Use the `opened` below as the gate.
#
# The vertical window has been published with two bugs. Take the h and the number of layers that the cell prints.
#
# - `link_leaks`: it ends in the pixel's own row in *every* layer. How many pixels does a pixel see that it must not
#   see: itself, or later ones?
# - `link_blind`: it ends in the row above in *every* layer. How many pixels does a pixel no longer see that it sees in the right
#   network? Count for a pixel far from all edges. `sees` counts for you, if you hand it a function like yours.
#
# <details><summary>Hint 1 of 3</summary>
#
# Draw one column of pixels, and for three layers write beside each row which rows the vertical stack knows there. Then do the same with one row of pixels, for the columns.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# A window that ends *at* a pixel needs zeros in front of it and none behind. One that ends *before* the pixel needs one more row (or column) of zeros in front, and the last row (or column) of the input is not used at all.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# With h = `vertical.shape[2] - 1` pad the vertical input by (h, h, h, 0), in the first layer by (h, h, h + 1, -1); the horizontal one by (h, 0, 0, 0), in the first layer by (h + 1, -1, 0, 0). For the counts change one of these lines, and let `sees` look at your function, on an image that is large enough.
#
# </details>


# %%
def opened(features):
    """tanh of the first half of the channels times sigmoid of the second."""
    value, opening = features.chunk(2, dim=1)
    return value.tanh() * opening.sigmoid()


def random_layers(h, depth, p=2):
    """Weights of that many layers."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64) / math.prod(shape[1:]) ** 0.5

    layers = []
    for inputs in [1] + [p] * (depth - 1):
        vertical, horizontal = drawn(2 * p, inputs, h + 1, 2 * h + 1), drawn(2 * p, inputs, 1, h + 1)
        link, mix = drawn(2 * p, 2 * p, 1, 1), drawn(p, p, 1, 1)
        layers.append({"vertical": vertical, "horizontal": horizontal, "link": link, "mix": mix})
    return layers


def sees(stacks, layers, size):
    """Which pixels of a size x size image the middle pixel sees, through a function like `two_stacks`: a boolean image."""
    x = torch.randn(1, 1, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    x.requires_grad_()
    stacks(x, layers)[0, :, size // 2, size // 2].sum().backward()
    return x.grad[0, 0] != 0


own_h, own_depth = 2 + student % 2, 3 + student % 3
print(f"h = {own_h}, {own_depth} layers")


# %% tags=["answer:variants-link"]
def two_stacks(x, layers):
    """The features (N, p, H, W) of the horizontal stack."""
    ...  # your code


link_leaks = ...
link_blind = ...

# %% tags=["check:variants-link"]
armod.check("variants-link")

# %% [markdown] tags=["statement:variants-edges"]
# ## 4. Find the bug: eight bits for ever
#
# **Difficulty** medium · **Time** 7 minutes · **Worth** 7 points
#
# The function below gives the log-probability of levels under discretized logistic distributions. Levels are numbers from -1 to
# 1, and so are means and scales measured. Its lines can be found in a great many programs, which have learned from images of 256 levels.
#
# - `published_masses`: a list of two numbers, to three digits. What do the probabilities of *all* levels add up to with the
#   mean, the log scale and the small number of levels that the cell prints? And with 4,096 levels?
# - `component_log_prob(levels, means, log_scales, num_levels)`: the right ones, for any number of levels from 2 on. A level's bin reaches
#   half way to its neighbours; the first level has also all that lies below, the last one all that lies above. However small a
#   scale and however far a level: logarithms must be right, and their derivatives finite. `gradients` shows them. All tensors, levels
#   included, are float64.
#
# <details><summary>Hint 1 of 3</summary>
#
# How far apart are K equally spaced numbers from -1 to 1? Compare that with the width of the published bins, and print how many levels it takes for an end.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The first level is level 0 and the last one is level K - 1: ask the levels, not the numbers. For the tails: the difference of two sigmoids of a > b is sigmoid(a) sigmoid(-b) (1 - exp(b - a)).
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Half a bin is 1 / (K - 1). Take logarithms of that product, and leave out for each end the factors that it lacks: `masked_fill` with 0 does it without a trace in the gradient. b - a is -2 / (K - 1) over the scale: no subtraction needed.
#
# </details>


# %%
def published_log_prob(levels, means, log_scales, num_levels):
    """Log-probability (N, M) of levels (N,) under each of M logistic distributions, as published."""
    x = 2 * levels[:, None] / (num_levels - 1) - 1
    above = (x + 1 / 255 - means) / log_scales.exp()
    below = (x - 1 / 255 - means) / log_scales.exp()
    bins = (above.sigmoid() - below.sigmoid()).clamp(min=1e-12).log()
    bins = torch.where(x < -0.999, F.logsigmoid(above), bins)
    return torch.where(x > 0.999, F.logsigmoid(-below), bins)


def gradients(log_prob, levels, means, log_scales, num_levels):
    """Derivatives (2, M) of the summed log-probabilities by means and by log scales."""
    means, log_scales = means.clone().requires_grad_(), log_scales.clone().requires_grad_()
    total = log_prob(levels, means, log_scales, num_levels).sum()
    return torch.stack(torch.autograd.grad(total, (means, log_scales), materialize_grads=True))


few = 10 + student % 7
one_mean = torch.tensor([0.1 * (student % 5)], dtype=torch.float64)
one_log_scale = torch.tensor([-1.5 + 0.1 * (student % 3)], dtype=torch.float64)
print(f"{few} levels, mean {one_mean.item():.1f}, log scale {one_log_scale.item():.1f}")

# %% tags=["answer:variants-edges"]
published_masses = ...


def component_log_prob(levels, means, log_scales, num_levels):
    """Log-probability (N, M) of levels (N,) under each of M logistic distributions."""
    ...  # your code


# %% tags=["check:variants-edges"]
armod.check("variants-edges")

# %% [markdown] tags=["statement:variants-channels"]
# ## 5. Red, then green, then blue
#
# **Difficulty** hard · **Time** 8 minutes · **Worth** 7 points
#
# A pixel is a mixture with one indicator k for its three channels,
#
# $$p(r, g, b) = \sum_k \pi_k \, p_k(r) \, p_k(g \mid r) \, p_k(b \mid r, g),$$
#
# where the means move with the channels before: that of green is $m_k^g + \alpha_k r$, that of blue $m_k^b + \beta_k r + \gamma_k g$, with r and g
# as numbers from -1 to 1.
#
# Write `channel_log_probs(levels, logits, means, log_scales, slopes, num_levels)`. For colours `levels` `(N, 3)` return `(N, 3)`: log p(r),
# log p(g | r) and log p(b | r, g). `logits` `(M,)` belong to the indicator; `means` and `log_scales` are `(3, M)`, in the order red, green, blue;
# `slopes` `(3, M)` are α, β, γ as they are. All tensors, levels included, are float64. The function below has the bins.
#
# <details><summary>Hint 1 of 3</summary>
#
# Suppose that component 0 is a red one and component 1 a blue one. You see that red is at its maximum. Which of the two weights has changed, before you know green?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# p(g | r) is a mixture as well. Its weights are proportional to the old weight times what that component had given to r; its means have moved by slope times r, where r is the number from -1 to 1.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Keep one tensor `(N, M)` of log weights. For each channel: log-softmax it, add `in_bins(...)`, and a `logsumexp` over the components gives the conditional. What you have before the `logsumexp` is the next channel's log weights.
#
# </details>


# %%
def in_bins(levels, means, log_scales, num_levels):
    """Log-probability (N, M) of levels (N,) under each logistic distribution; means (M,) or (N, M), log scales (M,)."""
    logistic = DiscretizedLogisticMixture(torch.zeros_like(means), means, log_scales, num_levels)
    return logistic.component_log_prob(levels)


# %% tags=["answer:variants-channels"]
def channel_log_probs(levels, logits, means, log_scales, slopes, num_levels):
    """Log-probabilities (N, 3) of red, of green given red, and of blue given both."""
    ...  # your code


# %% tags=["check:variants-channels"]
armod.check("variants-channels")

# %% [markdown] tags=["statement:variants-streams"]
# ## 6. Stretch: down, up and across
#
# **Difficulty** stretch · **Time** 8 minutes · **Worth** 6 points
#
# Features at a pixel know, at most, all pixels before it in raster order, and not the pixel itself. To halve the resolution of an image of
# even sizes, a tempting way is to pool: cell (i, j) becomes the mean of the features at the pixels (2i, 2j), (2i, 2j + 1),
# (2i + 1, 2j), (2i + 1, 2j + 1). On the way up each of these four pixels is given the cell again.
#
# - `pool_leaks`: let the features of each pixel know *all* pixels before it. In an image of the height and width that the cell prints, how many
#   forbidden pairs does pooling make: a pixel, and one that it then knows although it must not (itself, or a later one)?
# - `halve(features)`: from `(N, C, H, W)` to `(N, C, H/2, W/2)`. Each cell is again the mean of a square of 2x2 features, but of one that
#   leaks nothing and hides no more than it must. Outside of the image there are zeros.
#
# The network below has two streams, at full resolution. Every weight is 1, so that a feature is above 0 exactly if it sees a pixel that is
# above 0. Its way up has been published, and something is wrong with it.
#
# - `mended_way_up(vertical, horizontal, kept)`: the same way up, the right way. Each stream is residual, convolves its own features, and is given
#   its own short-cut. The horizontal one is also told of what the vertical one has just found.
#
# <details><summary>Hint 1 of 3</summary>
#
# A cell is used by four pixels. What does the *first* of the four not know yet? And in `published_way_up`: follow `horizontal` from one round of the loop to the next.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# In `pool_leaks` go through the four pixels of one cell: which pixels lie between it and the lower right one, itself included? For `halve` the window of the cell must end with its upper left pixel.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Zeros above and to the left, `F.pad(features, (1, 0, 1, 0))`, move all windows by one; then pool as before, and drop what is left over. On the way up the horizontal stream is residual around itself.
#
# </details>


# %%
def down(x):
    """Sums over the row above and the own row, from one column to the left to one to the right."""
    return F.conv2d(F.pad(x, (1, 1, 1, 0)), x.new_ones(1, 1, 2, 3))


def right(x):
    """Sums over the row above and the own row, from one column to the left to the own one."""
    return F.conv2d(F.pad(x, (1, 0, 1, 0)), x.new_ones(1, 1, 2, 2))


def way_down(image, num_blocks):
    """Both streams (N, 1, H, W) after the way down, and a list of what they were before each block."""
    vertical = F.conv2d(F.pad(image, (1, 1, 1, -1)), image.new_ones(1, 1, 1, 3))
    horizontal = vertical + F.pad(image, (1, -1))
    kept = []
    for _ in range(num_blocks):
        kept.append((vertical, horizontal))
        vertical = vertical + down(vertical)
        horizontal = horizontal + right(horizontal) + vertical
    return vertical, horizontal, kept


def published_way_up(vertical, horizontal, kept):
    """The horizontal features (N, 1, H, W) at the end, as published."""
    for vertical_shortcut, horizontal_shortcut in reversed(kept):
        vertical = vertical + down(vertical) + vertical_shortcut
        horizontal = vertical + right(vertical) + vertical + horizontal_shortcut
    return horizontal


own_height, own_width = 4 + 2 * (student % 3), 6 + 2 * (student % 4)
print(f"height {own_height}, width {own_width}")
every_pixel = torch.eye(48).view(48, 1, 6, 8)  # image j is above 0 at pixel j
seen = published_way_up(*way_down(every_pixel, 3))[:, 0, 3, 6].view(6, 8) > 0
print("what pixel (3, 6) of an image of 6 x 8 sees, as published:", *seen.int().tolist(), sep="\n")

# %% tags=["answer:variants-streams"]
pool_leaks = ...


def halve(features):
    """Half the resolution: (N, C, H, W) to (N, C, H/2, W/2), without a leak."""
    ...  # your code


def mended_way_up(vertical, horizontal, kept):
    """The horizontal features (N, 1, H, W) at the end."""
    ...  # your code


# %% tags=["check:variants-streams"]
armod.check("variants-streams")

# %% [markdown] tags=["statement:variants-budget"]
# ## 7. Train within a budget
#
# **Difficulty** medium · **Time** 20 minutes · **Worth** 5 points
#
# Train a small Gated PixelCNN on digits of 8x8 bits, and hand in its receipt. The budget is a number of updates.
#
# Write `train(model, digits, test, num_steps)`. It trains `model` in place by `num_steps` updates on `digits` `(N, 1, 8, 8)`, and returns
# the receipt: the mean cost of a digit of `test` in nats, by the weights after the last update. The batches may be as
# large as you like.
#
# The check asks for 60 updates, with other digits and a new model, and computes the likelihood again from the weights that it finds in
# `model`. Below 24 nats are due. (A probability of its own for each pixel needs 25.) The cell below has digits to try it on.
#
# <details><summary>Hint 1 of 3</summary>
#
# The loss of a step is the mean of -log p over a batch of digits. `model.log_prob(x)` is differentiable. Which three calls make a step of it?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# 60 steps are few, so each has to be a large one: Adam with a learning rate of 0.02 to 0.03, on batches of 50 digits that are drawn anew for each step.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# The receipt: `with torch.no_grad(): nats = -model.log_prob(test).mean().item()`, *after* the last step, over the digits that were not trained on.
#
# </details>

# %%
small = armod.data.load("digits8").binarize()
one = armod.GatedPixelCNN((1, 8, 8), 6, 2, kernel_size=5, likelihood=armod.likelihoods.Bernoulli(), seed=seed)
print(f"{-one.log_prob(small.test).mean().item():.1f} nats per digit before the training")


# %% tags=["answer:variants-budget"]
def train(model, digits, test, num_steps):
    """The receipt of the trained model: nats per digit of `test`."""
    ...  # your code


# %% tags=["check:variants-budget"]
armod.check("variants-budget")
