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
# The last layer of a network is a 1x1 convolution, with biases and without any mask: from `p` features to all outputs that
# one pixel of `C` channels needs. How many parameters has that layer?
#
# - `softmax_head(p, C, K)`: if each channel gets a softmax over `K` levels.
# - `mixture_head(p, C, M)`: if the pixel gets a mixture of `M` components with *one* indicator. A component has a mean and a scale
#   for each channel, and a slope for each pair of an earlier and a later channel. (With three channels that is PixelCNN++.)
# - `most_levels(M)`: in colour (three channels), up to which number of levels `K` has the softmax no more outputs than that mixture?


# %% tags=["answer:variants-counts"]
def softmax_head(p, C, K):
    """Parameters of the last layer: a softmax over K levels for each of C channels."""
    ### BEGIN SOLUTION
    return C * K * (p + 1)
    ### END SOLUTION


def mixture_head(p, C, M):
    """Parameters of the last layer: a mixture of M components for a pixel of C channels."""
    ### BEGIN SOLUTION
    return M * (1 + 2 * C + C * (C - 1) // 2) * (p + 1)
    ### END SOLUTION


def most_levels(M):
    """The largest K at which a softmax needs no more outputs for a colour pixel than M components."""
    ### BEGIN SOLUTION
    return 10 * M // 3
    ### END SOLUTION


# %% tags=["check:variants-counts"]
armod.check("variants-counts")

# %% [markdown] tags=["statement:variants-gate"]
# ## 2. Two gates
#
# - `gate(features, context, V)`: the gated unit of Gated PixelCNN, tanh(f + V_f c) ⊙ σ(g + V_g c). `features` `(N, 2p, H, W)` holds the
#   values f in its first half of channels and the gates g in its second. Each image of the batch has a context c, for
#   example which digit it shows: `context` `(N, C)`. `V` `(2p, C)` holds V_f on top of V_g. Return `(N, p, H, W)`.
# - `residual_gate(below, features)`: the gate of PixelCNN++, below + f ⊙ σ(g), for `below` `(N, p, H, W)` and `features` as before.


# %% tags=["answer:variants-gate"]
def gate(features, context, V):
    """The gated unit (N, p, H, W) under a context."""
    ### BEGIN SOLUTION
    value, opening = (features + (context @ V.T)[:, :, None, None]).chunk(2, dim=1)
    return value.tanh() * opening.sigmoid()
    ### END SOLUTION


def residual_gate(below, features):
    """What passes around the gate, and through it (N, p, H, W)."""
    ### BEGIN SOLUTION
    value, opening = features.chunk(2, dim=1)
    return below + value * opening.sigmoid()
    ### END SOLUTION


# %% tags=["check:variants-gate"]
armod.check("variants-gate")

# %% [markdown] tags=["statement:variants-link"]
# ## 3. Find the bugs: the link between the stacks
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
    ### BEGIN SOLUTION
    vertical = horizontal = x
    for number, layer in enumerate(layers):
        h, shift = layer["vertical"].shape[2] - 1, int(number == 0)
        rows = F.conv2d(F.pad(vertical, (h, h, h + shift, -shift)), layer["vertical"])
        row = F.conv2d(F.pad(horizontal, (h + shift, -shift, 0, 0)), layer["horizontal"])
        mixed = F.conv2d(opened(row + F.conv2d(rows, layer["link"])), layer["mix"])
        vertical, horizontal = opened(rows), horizontal + mixed if number else mixed
    return horizontal
    ### END SOLUTION


### BEGIN SOLUTION
def field(shifted):
    """What a pixel sees, as steps; the vertical window is shifted in the layers of which `shifted` is True."""
    vertical = horizontal = {(0, 0)}
    for number, shift in enumerate(shifted):
        rows, columns = range(shift, shift + own_h + 1), range(-own_h, own_h + 1)
        left = range(int(number == 0), int(number == 0) + own_h + 1)
        vertical = {(r - up, c + aside) for r, c in vertical for up in rows for aside in columns}
        horizontal = {(r, c - back) for r, c in horizontal for back in left} | vertical
    return horizontal


once = field([True] + [False] * (own_depth - 1))
link_leaks = sum((row, column) >= (0, 0) for row, column in field([False] * own_depth))
link_blind = len(once - field([True] * own_depth))
### END SOLUTION

# %% tags=["check:variants-link"]
armod.check("variants-link")

# %% [markdown] tags=["statement:variants-edges"]
# ## 4. Find the bug: eight bits for ever
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
### BEGIN SOLUTION
published_masses = [
    published_log_prob(torch.arange(number).double(), one_mean, one_log_scale, number).exp().sum().item()
    for number in (few, 4096)
]
### END SOLUTION


def component_log_prob(levels, means, log_scales, num_levels):
    """Log-probability (N, M) of levels (N,) under each of M logistic distributions."""
    ### BEGIN SOLUTION
    level, half, sharpness = levels[:, None], 1 / (num_levels - 1), torch.exp(-log_scales)
    x = 2 * level / (num_levels - 1) - 1
    first, last = level == 0, level == num_levels - 1
    upper = F.logsigmoid((x + half - means) * sharpness).masked_fill(last, 0)
    lower = F.logsigmoid((means - (x - half)) * sharpness).masked_fill(first, 0)
    width = torch.log(-torch.expm1(-2 * half * sharpness)).masked_fill(first | last, 0)
    return upper + lower + width
    ### END SOLUTION


# %% tags=["check:variants-edges"]
armod.check("variants-edges")

# %% [markdown] tags=["statement:variants-channels"]
# ## 5. Red, then green, then blue
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


# %%
def in_bins(levels, means, log_scales, num_levels):
    """Log-probability (N, M) of levels (N,) under each logistic distribution; means (M,) or (N, M), log scales (M,)."""
    logistic = DiscretizedLogisticMixture(torch.zeros_like(means), means, log_scales, num_levels)
    return logistic.component_log_prob(levels)


# %% tags=["answer:variants-channels"]
def channel_log_probs(levels, logits, means, log_scales, slopes, num_levels):
    """Log-probabilities (N, 3) of red, of green given red, and of blue given both."""
    ### BEGIN SOLUTION
    red, green = (2 * levels[:, :2, None] / (num_levels - 1) - 1).unbind(1)
    alpha, beta, gamma = slopes
    moved = means[0], means[1] + alpha * red, means[2] + beta * red + gamma * green
    log_weights, found = logits.log_softmax(0), []
    for channel, mean in enumerate(moved):
        joint = log_weights + in_bins(levels[:, channel], mean, log_scales[channel], num_levels)
        found.append(joint.logsumexp(1))
        log_weights = joint.log_softmax(1)
    return torch.stack(found, dim=1)
    ### END SOLUTION


# %% tags=["check:variants-channels"]
armod.check("variants-channels")

# %% [markdown] tags=["statement:variants-streams"]
# ## 6. Stretch: down, up and across
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
### BEGIN SOLUTION
# The cell knows up to the pixel before its lower right one, width + 1 pixels from the upper left one on. Of these
# the first pixel must know none, the second must not know width of them, the third not itself.
pool_leaks = own_height * own_width // 4 * (own_width + 1 + own_width + 1)
### END SOLUTION


def halve(features):
    """Half the resolution: (N, C, H, W) to (N, C, H/2, W/2), without a leak."""
    ### BEGIN SOLUTION
    return F.avg_pool2d(F.pad(features, (1, 0, 1, 0)), 2)
    ### END SOLUTION


def mended_way_up(vertical, horizontal, kept):
    """The horizontal features (N, 1, H, W) at the end."""
    ### BEGIN SOLUTION
    for vertical_shortcut, horizontal_shortcut in reversed(kept):
        vertical = vertical + down(vertical) + vertical_shortcut
        horizontal = horizontal + right(horizontal) + vertical + horizontal_shortcut
    return horizontal
    ### END SOLUTION


# %% tags=["check:variants-streams"]
armod.check("variants-streams")

# %% [markdown] tags=["statement:variants-budget"]
# ## 7. Train within a budget
#
# Train a small Gated PixelCNN on digits of 8x8 bits, and hand in its receipt. The budget is a number of updates.
#
# Write `train(model, digits, test, num_steps)`. It trains `model` in place by `num_steps` updates on `digits` `(N, 1, 8, 8)`, and returns
# the receipt: the mean cost of a digit of `test` in nats, by the weights after the last update. The batches may be as
# large as you like.
#
# The check asks for 60 updates, with other digits and a new model, and computes the likelihood again from the weights that it finds in
# `model`. Below 24 nats are due. (A probability of its own for each pixel needs 25.) The cell below has digits to try it on.

# %%
small = armod.data.load("digits8").binarize()
one = armod.GatedPixelCNN((1, 8, 8), 6, 2, kernel_size=5, likelihood=armod.likelihoods.Bernoulli(), seed=seed)
print(f"{-one.log_prob(small.test).mean().item():.1f} nats per digit before the training")


# %% tags=["answer:variants-budget"]
def train(model, digits, test, num_steps):
    """The receipt of the trained model: nats per digit of `test`."""
    ### BEGIN SOLUTION
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(num_steps):
        batch = digits[torch.randint(len(digits), (50,), generator=generator)]
        loss = -model.log_prob(batch).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return -model.log_prob(test).mean().item()
    ### END SOLUTION


# %% tags=["check:variants-budget"]
armod.check("variants-budget")
