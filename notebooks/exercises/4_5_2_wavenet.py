# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercises for 4.5.2 WaveNet
#
# **Can you count what a stack sees, build its unit, sample from it without doing anything twice, and train it?**
#
# There are seven exercises: receptive fields, the mu-law, a causal gated unit, a bug that dilates along the wrong axis,
# the ring buffers that make sampling fast, bits from logits, and a WaveNet that you train within a budget. They follow the lesson.
#
# Each exercise says how hard it is and how long it takes. Replace the `...` by your own code, run the cell, then the
# check below it: it says what to look at next. Hints unfold one by one; try before you open them.
#
# A function that you write leaves the tensors and lists that it is given as they are; the checks look.
#
# *Your own copy of this notebook is `my_exercises/4_5_2_wavenet.ipynb`; updates of the course never touch it. The original in `exercises/` they replace.*

# %% [markdown]
# Each time you open this notebook, first run the cells from here to the first exercise (Shift + Enter), and in each
# exercise the cells above yours.
#
# The cell below holds the notebook's parameters. `student` is your own number: one exercise asks for numbers, and it
# sets the sizes that are yours.

# %% tags=["parameters"]
seed = 0
quick = False
student = 0

# %%
import math

import torch
from torch.nn import functional as F

import armod
from armod.course.labs import sound_player

torch.set_num_threads(1)

# %% [markdown] tags=["statement:wavenet-field"]
# ## 1. Far, and dense
#
# **Difficulty** easy · **Time** 6 minutes · **Worth** 4 points
#
# A stack has one causal convolution for each entry of the list `dilations`, and each has `k` taps. With dilation d the taps of
# output t read the steps t, t - d, t - 2d, ..., of the layer below it or, in the lowest layer, of the samples. Write three functions:
#
# - `receptive_field(k, dilations)`: how many samples wide is the stretch of the past that output t reaches, its own step t
#   included?
# - `fewest_layers(k, num_samples)`: the dilations are 1, 2, 4, ..., doubled from layer to layer. How many layers make a
#   receptive field of `num_samples` at least?
# - `steps_back(k, dilations)`: the list of the steps back that output t really reads, each once, in rising order. Step 0 is t
#   itself.
#
# <details><summary>Hint 1 of 3</summary>
#
# Draw one layer of three taps with dilation 2. Which steps does output t read? How far back is the oldest, and how many samples are there from it to t?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# For the layers: what is the field of L layers with dilations 1, 2, 4, ...? Try L = 1, 2, 3 until it is enough. For the steps: what a layer reads `s` steps back has itself read steps back from there.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Each layer adds (k - 1) d to the field of 1 that there is without layers. Keep a set of steps, at first `{0}`, and for each layer add each of 0, d, 2d, ..., (k - 1) d to each step of the set.
#
# </details>


# %% tags=["answer:wavenet-field"]
def receptive_field(k, dilations):
    """How many samples wide the receptive field is."""
    ...  # your code


def fewest_layers(k, num_samples):
    """How many layers with dilations 1, 2, 4, ... see that many samples."""
    ...  # your code


def steps_back(k, dilations):
    """The steps back that output t reads, in rising order."""
    ...  # your code


# %% tags=["check:wavenet-field"]
armod.check("wavenet-field")

# %% [markdown] tags=["statement:wavenet-levels"]
# ## 2. 256 levels and back
#
# **Difficulty** easy · **Time** 7 minutes · **Worth** 6 points
#
# With K levels, mu = K - 1. The mu-law compresses a wave x in [-1, 1] to f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu), again
# in [-1, 1]. That range is cut into K bins of equal width, numbered from 0, lowest first.
#
# - `my_encode(wave, K)`: the bins of a tensor of waves, whole numbers from 0 to K - 1. Between two bins the upper one counts,
#   so that with an even K the wave 0.0 is in bin K / 2.
# - `my_decode(levels, K)`: the waves that levels stand for. Take the middle of each bin, and expand it by the inverse of f,
#   sign(y) ((1 + mu)^|y| - 1) / mu.
#
# <details><summary>Hint 1 of 3</summary>
#
# Do it with 2 levels on paper. Which waves are level 0, which are level 1, and what is the middle of each bin before it is expanded?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Compress, then bring [-1, 1] to [0, K], then take the floor. Only one wave ends up outside of 0 to K - 1: which? To decode, the middle of bin b is at b + 1/2 on the scale from 0 to K.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `wave.sign() * torch.log1p(mu * wave.abs()) / math.log(1 + mu)`, with `mu = K - 1`; then `((y + 1) / 2 * K).floor()` and `clamp(0, K - 1)`. Back: `y = (2 * levels + 1) / K - 1` and then the inverse of the first line.
#
# </details>


# %% tags=["answer:wavenet-levels"]
def my_encode(wave, K):
    """Levels from 0 to K - 1 of waves in [-1, 1]."""
    ...  # your code


def my_decode(levels, K):
    """The waves in the middle of the levels' bins."""
    ...  # your code


# %% tags=["check:wavenet-levels"]
armod.check("wavenet-levels")

# %% [markdown] tags=["statement:wavenet-gated"]
# ## 3. A causal gated unit
#
# **Difficulty** medium · **Time** 8 minutes · **Worth** 5 points
#
# Write `gated_unit(x, weight, bias, dilation)`: u = tanh(W_f * x + b_f) ⊙ σ(W_g * x + b_g), for inputs `x` `(N, C, T)`. The outputs have
# the shape of `x`.
#
# `weight` `(2C, C, k)` holds the filters W_f above the gates W_g, and so does `bias` `(2C,)`. The star is a causal convolution:
# `weight[:, :, k - 1]` is the tap that reads step t itself, `weight[:, :, k - 2]` reads step t - `dilation`, and so on. Before the
# beginning there are zeros. You may use `F.conv1d` and `F.pad`.
#
# <details><summary>Hint 1 of 3</summary>
#
# An ordinary convolution over T inputs gives fewer than T outputs. How many fewer, with k taps that are d apart? Where must the zeros go that make up for it?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# `F.pad(x, (left, right))` puts zeros at the ends of the last axis, and `F.conv1d` has an argument `dilation`. One convolution computes filters and gates at once.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `left` is (k - 1) times the dilation, `right` is 0. Give the convolution its bias, then `.chunk(2, dim=1)`: the first half is for tanh, the second for the sigmoid.
#
# </details>


# %% tags=["answer:wavenet-gated"]
def gated_unit(x, weight, bias, dilation):
    """The unit's outputs (N, C, T)."""
    ...  # your code


# %% tags=["check:wavenet-gated"]
armod.check("wavenet-gated")

# %% [markdown] tags=["statement:wavenet-folding"]
# ## 4. Find the bug: dilated along the wrong axis
#
# **Difficulty** medium · **Time** 9 minutes · **Worth** 7 points
#
# Early libraries had no dilated convolution, so early WaveNets *folded* time into the batch: sequences `x` `(N, T)` became more
# and shorter rows, an ordinary convolution went over these, and the result was folded back. In the rows the older tap reads
# the left neighbour, or a zero if there is none. It should be the sample `d` steps earlier.
#
# The cell below has two ways to fold. With both the loss falls, and both are wrong. The first one is how a well-known
# WaveNet began; its transposes were missing.
#
# - `wrong_taps`: a list of two numbers, one for each function. There are 3 sequences of T samples, T and d as the cell prints. Of
#   the 3 T outputs, how many have an older tap that reads something other than it should? It should be `x[n, t - d]`, or a
#   zero if t < d.
# - `fold(x, d)`: rows `(N * d, S)` with S = T / d, rounded up, such that the older tap of each sample is right. In which order
#   the rows come is up to you. Where d does not divide T, fill up with zeros, at the beginning of time or at its end.
# - `unfold(rows, d, T)`: the sequences `(N, T)` that such rows were folded from.
#
# <details><summary>Hint 1 of 3</summary>
#
# Take two sequences of 6 samples and dilation 2, and write down the rows that `chunks` and `end_to_end` make. What stands to the left of each sample?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# Each row must hold every d-th sample of *one* sequence. Split time into an axis of T / d and one of d: which of the two becomes part of the batch? For other lengths put a few zeros at one end first.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `x.view(N, T // d, d)` has the samples of one row along its middle axis: bring that one to the end by `transpose`, then merge the other two. `unfold` does the same backwards and then cuts off the zeros that `fold` has put in.
#
# </details>


# %%
def chunks(x, d):
    """Rows (N * d, T / d)."""
    return x.reshape(len(x) * d, -1)


def end_to_end(x, d):
    """Rows (d, N * T / d)."""
    return x.reshape(-1, d).T


d = 3 + student % 3
T = d * (5 + student // 3 % 4)
print(f"3 sequences of T = {T} samples, dilation d = {d}")
two = torch.tensor([[101, 102, 103, 104, 105, 106], [201, 202, 203, 204, 205, 206]])
print(
    "two short sequences with d = 2, in chunks:", chunks(two, 2), "end to end:", end_to_end(two, 2), sep="\n"
)

# %% tags=["answer:wavenet-folding"]
wrong_taps = ...


def fold(x, d):
    """Rows (N * d, S), each of every d-th sample of one sequence."""
    ...  # your code


def unfold(rows, d, T):
    """The sequences (N, T) of such rows."""
    ...  # your code


# %% tags=["check:wavenet-folding"]
armod.check("wavenet-folding")

# %% [markdown] tags=["statement:wavenet-ring"]
# ## 5. One column at a time
#
# **Difficulty** hard · **Time** 10 minutes · **Worth** 7 points
#
# In sampling each layer gets one new column `x` `(N, C)` a step. Its unit has two taps: tap 0 reads the column that the layer got
# `dilation` steps ago, tap 1 reads `x`. Nothing else of the past is needed, so keep it in a ring.
#
# - `Ring(dilation, N, C)`: a class with a tensor `places` `(dilation, N, C)`, at first zeros. `exchange(x)` takes the column of this step,
#   and returns the one of `dilation` steps ago, zeros if there is none. It must change one place only, and move nothing.
# - `next_units(layers, rings, x)`: one step of the whole stack. `x` `(N, C)` is the new column of the lowest layer; `rings` holds one
#   `Ring` for each of the `layers`. Return the units of all layers, `(N, L, C)`.
#
# A layer's unit is u = tanh(a) ⊙ σ(g). The sums a and g are the two halves of both taps' products plus the bias `(2C,)`. The
# next layer gets x + `layer.residual(u)`. Use `layer.tap` for the products: it counts the columns, so that the check can see how
# much you compute.
#
# <details><summary>Hint 1 of 3</summary>
#
# A ring of three places, and columns a, b, c, d come in. Which place does d take, and who sat there? What does a layer with dilation 3 want to read when it gets d?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The place of step t is t modulo the number of places, and the column that sits there is the one wanted: take a copy before you overwrite it. In each layer: exchange, sum of two taps and the bias, unit, residual.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `place = self.step % len(self.places)`, `older = self.places[place].clone()`. For a layer: `layer.tap(0, older) + layer.tap(1, x) + layer.bias`, then `chunk(2, dim=1)`; the next layer gets `x + layer.residual(unit)`.
#
# </details>


# %%
class Layer:
    """One gated layer of two taps, column by column; `columns` counts what it has multiplied."""

    def __init__(self, weight, bias, to_next, dilation):
        self.weight, self.bias = weight, bias  # (2C, C, 2), (2C,)
        self.to_next, self.dilation = to_next, dilation  # (C, C)
        self.columns = 0

    def tap(self, number, x):
        """Columns (N, C) times tap 0 or 1: (N, 2C)."""
        self.columns += x[..., 0].numel()
        return x @ self.weight[:, :, number].T

    def residual(self, u):
        """What a unit (N, C) adds to the next layer's column."""
        return u @ self.to_next.T


# %% tags=["answer:wavenet-ring"]
class Ring:
    """A queue of `dilation` columns (N, C)."""

    def __init__(self, dilation, N, C):
        """All places hold zeros."""
        ...  # your code

    def exchange(self, x):
        """Keep the column of this step; return that of `dilation` steps ago."""
        ...  # your code


def next_units(layers, rings, x):
    """The units (N, L, C) of all layers in this step."""
    ...  # your code


# %% tags=["check:wavenet-ring"]
armod.check("wavenet-ring")

# %% [markdown]
# When your rings are right, let them speak. The cell below takes the WaveNet that ships with the course apart into your
# layers, and draws half a second of sound with your `next_units`. Its field is 2,047 samples; each step computes one column.


# %%
model = armod.load_pretrained("wavenet-speech").requires_grad_(False)
to_next = [residual.weight for residual in model.residuals] + [
    torch.zeros(32, 32)
]  # the last hands nothing on
layers = [
    Layer(unit.weight.permute(1, 2, 0), unit.bias, weight, unit.dilation)
    for unit, weight in zip(model.convolutions, to_next, strict=True)
]
rings = [Ring(layer.dilation, 1, 32) for layer in layers]
table, level, drawn = model.inputs.table(), 256, []  # row 256 stands before the beginning
generator = torch.Generator().manual_seed(seed)
for _ in range(400 if quick else 4_000):
    units = next_units(layers, rings, table[level].unsqueeze(0))
    if units is None:
        break
    logits = model.head(model.hidden(model.skip(units.flatten(1)).relu()).relu())
    drawn.append(level := torch.multinomial(logits.softmax(1), 1, generator=generator).item())
waves = my_decode(torch.tensor(drawn, dtype=torch.int64), 256)
"Nothing to hear yet." if not drawn or waves is None else sound_player({"drawn by your rings": waves}, 8_000)

# %% [markdown] tags=["statement:wavenet-bits"]
# ## 6. From logits to bits
#
# **Difficulty** easy · **Time** 6 minutes · **Worth** 3 points
#
# A likelihood is soon computed, and soon computed wrongly. Write `bits_per_sample(logits, x)`: the bits that levels `x` `(N, T)` cost
# under `logits` `(N, T, K)`, on average for one sample. Every sample has K logits of its own. The result must stay finite for a level that is nearly
# impossible.
#
# <details><summary>Hint 1 of 3</summary>
#
# A logit is no probability yet: what makes the exponentials of one sample's logits add up to 1? And which logarithm counts in bits?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# `logits.log_softmax(-1)` has the log-probabilities of all levels. Pick those of the levels that occurred, take the mean, change the sign, and the unit.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# `-logits.log_softmax(-1).gather(-1, x[..., None]).mean() / math.log(2)`.
#
# </details>


# %% tags=["answer:wavenet-bits"]
def bits_per_sample(logits, x):
    """Bits of one sample, on average."""
    ...  # your code


# %% tags=["check:wavenet-bits"]
armod.check("wavenet-bits")

# %% [markdown] tags=["statement:wavenet-training"]
# ## 7. A receipt that holds
#
# **Difficulty** stretch · **Time** 15 minutes · **Worth** 5 points
#
# A likelihood that nobody can check is worth little. Here you train a WaveNet, and say what it needs; the check takes its weights, and
# computes the number again.
#
# Write `train(model, x, held_out, num_steps)`. It trains the `model` in place with `num_steps` steps of an optimiser on windows of speech `x` `(N, T)`,
# and returns the receipt: the bits that a sample of `held_out` costs after the training, a number.
#
# `model` is an `armod.WaveNet` of 16 levels; `model.conditionals(x).logits` are its logits `(N, T, K)`. The check asks for 60 steps, which take less than a
# second. After them a sample of a sentence that your code never gets must cost less than 2.0 bits. (A table of the last level needs
# 2.1.)
#
# <details><summary>Hint 1 of 3</summary>
#
# In each step some windows of `x` are enough. What is the loss, and whose gradients are wanted?
#
# </details>
#
# <details><summary>Hint 2 of 3</summary>
#
# The loss is what the windows cost. Adam's usual learning rate of 0.001 is too careful for 60 steps. The receipt is in bits, of `held_out`, and after the last step: exercise 6 has it ready.
#
# </details>
#
# <details><summary>Hint 3 of 3</summary>
#
# Adam with a learning rate of 0.02, `some = x[torch.randint(len(x), (8,))]` in each step, `optimizer.zero_grad()`, `loss.backward()`, `optimizer.step()`.
#
# </details>


# %% tags=["answer:wavenet-training"]
def train(model, x, held_out, num_steps):
    """The bits that a sample of `held_out` costs after the training."""
    ...  # your code


# %% tags=["check:wavenet-training"]
armod.check("wavenet-training")
