# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.5.3 PixelCNN
#
# **Can you write masks that hide what must be hidden, and nothing else?**
#
# There are seven exercises: masks A and B, bits per dimension, masks for colours, a blind spot to measure, a published
# network that hides too much *and* leaks, what a completed image really takes into account, and a PixelCNN that you train
# within a budget. Masks come from the lesson's section 2, the blind spot from 5, bits per pixel from 7, completions from 8.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_5_3_pixelcnn.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: exercise 5 asks for numbers, and it sets
# the size of the kernel that is yours.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import itertools
import math

import torch
from torch.nn import functional as F

import armod
from armod.models.raster.pixel_masks import pixel_mask

torch.set_num_threads(1)

# %% [markdown] tags=["statement:pixelcnn-masks"]
# ## 1. Masks A and B
#
# **Difficulty** easy · **Time** 4 minutes · **Worth** 3 points
#
# Write `my_mask(height, width, mask_type)`: the mask of a filter over a grey image that is read in raster order. It is a
# boolean tensor `(height, width)`, True where the weight stays. Height and width are odd, from 1 on, and need not be
# equal. `mask_type` is `"A"` for the layer that reads the image, `"B"` for all later layers.
#
# <details><summary>Hint 1 of 3</summary>
#
# Draw a filter of 3 rows and 5 columns, put your finger on its centre, and cross out what you have not read yet.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Three parts stay or go as one: the rows above the centre, what lies left of it in its own row, the centre itself. The middle row is number `height // 2`, the middle column number `width // 2`.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Begin with `torch.zeros(height, width, dtype=torch.bool)`, and set the three parts by slices; the centre is True for "B" only.
#
# </details>


# %% tags=["answer:pixelcnn-masks"]
def my_mask(height, width, mask_type):
    """The boolean mask (height, width) of one filter."""
    ...  # your code


# %% tags=["check:pixelcnn-masks"]
armod.check("pixelcnn-masks")

# %% [markdown] tags=["statement:pixelcnn-bits"]
# ## 2. Bits per dimension
#
# **Difficulty** easy · **Time** 3 minutes · **Worth** 3 points
#
# Papers state the likelihood of an image model in bits per dimension. A dimension is one variable of the chain rule, one
# colour of one pixel.
#
# - `bits_per_dim(log_prob, event_shape)`: one number for a data set. `log_prob` `(N,)` holds the log-likelihood of each of
#   its N images in nats, `event_shape` is the shape `(C, H, W)` of one image.
# - `compressed_bytes(bits, event_shape, num_images)`: with an arithmetic coder, a model compresses images to as many bits
#   as it says. How many bytes is a file with so many images, if the model needs `bits` bits per dimension?
#
# <details><summary>Hint 1 of 3</summary>
#
# A colour image of 2×2 pixels: how many numbers did the model have to predict?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# One nat is 1 / log 2 bits, so there are more bits than nats. A dimension is one variable: one colour of one pixel.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `-log_prob.mean()` are the nats of one image, `math.prod(event_shape)` its variables, `math.log(2)` the nats of one bit. A file holds all bits of all images, eight to a byte.
#
# </details>


# %% tags=["answer:pixelcnn-bits"]
def bits_per_dim(log_prob, event_shape):
    """Mean cost in bits of one dimension of one image."""
    ...  # your code


def compressed_bytes(bits, event_shape, num_images):
    """Size of a file of `num_images` images, in bytes."""
    ...  # your code


# %% tags=["check:pixelcnn-bits"]
armod.check("pixelcnn-bits")

# %% [markdown] tags=["statement:pixelcnn-colours"]
# ## 3. Red, then green, then blue
#
# **Difficulty** medium · **Time** 6 minutes · **Worth** 5 points
#
# In a colour image every feature belongs to a group: 0 knows nothing of its own pixel's colours but what red may know, 1
# what green may know, 2 what blue may know. The image's own channels are of the groups 0, 1, 2.
#
# Write `colour_mask(above, below, kernel_size, mask_type)`: the mask of a whole layer, a boolean tensor `(features above,
# features below, kernel_size, kernel_size)`. `above` and `below` are tensors with the group of each feature of the layer's
# output and of its input, in any order. `kernel_size` is odd. In a network of masks A first and B later, each colour is to
# see all that comes before it: all colours of earlier pixels, and of its own pixel the colours before it.
#
# <details><summary>Hint 1 of 3</summary>
#
# Take one pixel that was read before the centre's. May a red feature of the centre see its blue? And the blue of the centre's own pixel?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Colours matter in the centre of the filter alone. There, take one feature above and one below, and compare the numbers of their groups: what does mask A ask for, and what mask B?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Fill the rows above and the left for all pairs of features. For the centre make a square of all pairs at once: `above.unsqueeze(1)` compared with `below`.
#
# </details>


# %% tags=["answer:pixelcnn-colours"]
def colour_mask(above, below, kernel_size, mask_type):
    """The boolean mask (features above, features below, kernel_size, kernel_size) of one layer."""
    ...  # your code


# %% tags=["check:pixelcnn-colours"]
armod.check("pixelcnn-colours")

# %% [markdown] tags=["statement:pixelcnn-blind-spot"]
# ## 4. Measure the blind spot
#
# **Difficulty** medium · **Time** 9 minutes · **Worth** 6 points
#
# The oracle finds out what a network sees by asking it. You can also find it from the masks, by following paths.
#
# - `sees(masks, height, width)`: a boolean tensor `(D, D)` for a grey image of D = height · width pixels, counted row by row.
#   Entry [i, j] is True if a path leads from pixel j of the image to pixel i of the last layer. `masks` is a list of
#   boolean masks `(k, k)`, the first one of the layer that reads the image; k is odd and may differ from layer to layer.
#   A layer's pixel reads, through each True, the pixel that lies there; the centre of the mask is its own place. Outside of
#   the image there is nothing. Take any masks, not only A and B.
# - `blind_count(kernel_sizes)`: one number. A stack has mask A of size `kernel_sizes[0]`, then masks B of the other sizes.
#   Its *reach* is the sum of all `k // 2`. Take a pixel with so many rows above it and so many columns on either side. How
#   many pixels inside of the reach come earlier in the raster, and are not seen?
#
# <details><summary>Hint 1 of 3</summary>
#
# One layer: which pixels j does pixel i read? Write that as a matrix of D rows and D columns for an image of 2×2 pixels. And two layers: pixel i reads some m, and m reads some j.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Two layers in a row are a product of two matrices; the last layer stands on the left. For the blind spot make an image in which nothing is cut off, and look at one row of the matrix, as an image.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# For one layer: pixel j lies `rows[j] - rows[i]` rows below pixel i; add `half` and you have the tap's row in the mask. With the reach R the sum of all halves, the pixel (R, R) of an image of R + 1 rows and 2R + 1 columns has room. Blind is what comes before it and is not seen.
#
# </details>


# %% tags=["answer:pixelcnn-blind-spot"]
def sees(masks, height, width):
    """Which pixels of the image (columns) each pixel of the last layer (rows) sees: boolean (D, D)."""
    ...  # your code


def blind_count(kernel_sizes):
    """The number of earlier pixels inside of the reach that a pixel with room around it does not see."""
    ...  # your code


# %% tags=["check:pixelcnn-blind-spot"]
armod.check("pixelcnn-blind-spot")

# %% [markdown]
# When yours is right, look how it grows with the depth, and what a large first kernel changes. The original PixelCNN begins
# with 7×7 and goes on with 3×3.

# %%
for kernel_sizes in ([3] * 5, [7, 3, 3, 3, 3], [3] * 10):
    count = blind_count(kernel_sizes)
    print(kernel_sizes, "not counted yet" if count is None else count)

# %% [markdown]
# Twice the depth makes the blind spot more than four times as large. The large first kernel widens the field and leaves the
# blind spot as it is: it moves the edge of what is seen as far to the right as the edge of the reach.

# %% [markdown] tags=["statement:pixelcnn-one-by-one"]
# ## 5. Find the bug: the 1×1 layer that hides too much
#
# **Difficulty** hard · **Time** 9 minutes · **Worth** 6 points
#
# The network below has three layers. The first one reads the image by a larger kernel, and its features go through a gate in
# pairs, as in lesson 4.5.2. Then come two 1×1 layers. `group` says of which colour each feature is. Two faults in it have
# been published. One hides too much: a 1×1 layer has the wrong mask, in grey networks as in colour networks. The other one
# leaks if the width does not divide by the number of colours; as long as the first fault is there, it hides part of the leak.
#
# - `seen_published`: a list of four numbers. Take a pixel in the middle of a large image, and the `kernel` that the cell
#   prints. How many variables does the published network's output see there: for a grey image; and for the red, green, and
#   blue of a colour image, with a width of 6?
# - `mended_logits(x, weights, biases)`: the same network without the two faults, for any number of colours, and any width that
#   is not smaller. Every output sees all variables that it may see through the kernel, and no other.
#
# <details><summary>Hint 1 of 3</summary>
#
# Write down the mask of the 1×1 layer for three features, one of each colour. Which of its rows are empty? Now follow from the red output what can arrive there.
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Mask A belongs to the one layer that reads the image itself. Then take a width of 4: the gate multiplies feature 0 by feature 4. What does each of the two know of its own pixel, and as what is the product taken later?
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# The product of two features knows what *both* know, so both must be of one group. Which groups for the 2 * width features of the first layer do that, whatever the width? `repeat` puts copies of a tensor one after another.
#
# </details>


# %%
def group(width, num_colours):
    """The colour of each of `width` features: 0, 1, 2, 0, 1, 2, ..."""
    return torch.arange(width) % num_colours


def masked(x, weight, bias, mask):
    """A convolution with masked weights, of the same size as x."""
    return F.conv2d(x, weight * mask, bias, padding=weight.shape[-1] // 2)


def published_logits(x, weights, biases):
    """Logits (N, C, H, W) of images x (N, C, H, W) of bits; C is 1 for grey, 3 for colours."""
    kernel, num_colours = weights[0].shape[-1], x.shape[1]
    width = len(weights[0]) // 2
    pixel, features = group(num_colours, num_colours), group(width, num_colours)
    both_halves = group(2 * width, num_colours)
    hidden = masked(x, weights[0], biases[0], pixel_mask(kernel, "A", both_halves, pixel))
    hidden = torch.tanh(hidden[:, :width]) * torch.sigmoid(hidden[:, width:])
    hidden = masked(hidden, weights[1], biases[1], pixel_mask(1, "A", features, features))
    return masked(hidden, weights[2], biases[2], pixel_mask(1, "B", pixel, features))


kernel = 3 + 2 * (student % 4)
print(f"kernel = {kernel}: {kernel}×{kernel}")

# %% tags=["answer:pixelcnn-one-by-one"]
seen_published = ...


def mended_logits(x, weights, biases):
    """Logits (N, C, H, W) of images x (N, C, H, W) of bits, for any width from C on."""
    ...  # your code


# %% tags=["check:pixelcnn-one-by-one"]
armod.check("pixelcnn-one-by-one")

# %% [markdown] tags=["statement:pixelcnn-completion"]
# ## 6. What does a completion know?
#
# **Difficulty** stretch · **Time** 9 minutes · **Worth** 6 points
#
# `model.sample(known=..., mask=...)` keeps the known pixels and draws the others, one after another, each from its
# conditional. A pixel that is known, but comes later in the ordering, has not been looked at by then.
#
# - `missed(mask, ordering)`: a tensor `(H, W)`. For each unknown pixel: how many known pixels come after it? For each known
#   pixel 0. `mask` `(H, W)` is True where a pixel is known, `ordering` `(H * W,)` holds pixel numbers in the order in which
#   they are drawn, as in `armod.orderings`.
# - `drawn_log_prob(model, x, mask)`: `x` `(N, 1, H, W)` are images of bits, `mask` `(1, H, W)` is the same for all. The pixels
#   of `x` under the mask are given to the sampler. With which log-probability `(N,)`, in nats, does it draw just the other
#   pixels of `x`?
# - `exact_log_prob(model, x, mask)`: log p(unknown pixels of x | known pixels of x), `(N,)` in nats. The images are tiny:
#   enumerate what the unknown pixels might be.
#
# From the model take `model.log_prob(x)` `(N,)`, and `model.conditionals(x)`, every pixel's distribution given the earlier
# ones.
#
# <details><summary>Hint 1 of 3</summary>
#
# Two pixels, the second one known. How is the first one drawn? With which probability should it be?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Only unknown pixels are drawn, each from its own conditional: which terms of the chain rule does that multiply? The exact one is p(all) / p(known), and p(known) is a sum over everything that the unknown pixels might be.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `model.conditionals(x).log_prob(x)` holds all terms. For p(known): `itertools.product([0.0, 1.0], repeat=...)` gives all fillings, `filled[:, ~mask] = ...` puts one in, `torch.logsumexp` adds up what `model.log_prob` says of them.
#
# </details>


# %% tags=["answer:pixelcnn-completion"]
def missed(mask, ordering):
    """The number of known pixels that come after each unknown one, (H, W)."""
    ...  # your code


def drawn_log_prob(model, x, mask):
    """Log-probability (N,) with which the sampler draws the unknown pixels of x, given the known ones."""
    ...  # your code


def exact_log_prob(model, x, mask):
    """log p(unknown | known) of each image, (N,)."""
    ...  # your code


# %% tags=["check:pixelcnn-completion"]
armod.check("pixelcnn-completion")

# %% [markdown] tags=["statement:pixelcnn-training"]
# ## 7. Train within a budget
#
# **Difficulty** medium · **Time** 15 minutes · **Worth** 5 points
#
# Train a small PixelCNN on digits of 8x8 bits, and hand in its receipt. The budget is a number of updates.
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
one = armod.PixelCNN((1, 8, 8), 8, 2, kernel_size=5, likelihood=armod.likelihoods.Bernoulli(), seed=seed)
print(f"{-one.log_prob(small.test).mean().item():.1f} nats per digit before the training")


# %% tags=["answer:pixelcnn-training"]
def train(model, digits, test, num_steps):
    """The receipt of the trained model: nats per digit of `test`."""
    ...  # your code


# %% tags=["check:pixelcnn-training"]
armod.check("pixelcnn-training")
