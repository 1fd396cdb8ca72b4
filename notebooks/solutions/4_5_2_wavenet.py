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
# A stack has one causal convolution for each entry of the list `dilations`, and each has `k` taps. With dilation d the taps of
# output t read the steps t, t - d, t - 2d, ..., of the layer below it or, in the lowest layer, of the samples. Write three functions:
#
# - `receptive_field(k, dilations)`: how many samples wide is the stretch of the past that output t reaches, its own step t
#   included?
# - `fewest_layers(k, num_samples)`: the dilations are 1, 2, 4, ..., doubled from layer to layer. How many layers make a
#   receptive field of `num_samples` at least?
# - `steps_back(k, dilations)`: the list of the steps back that output t really reads, each once, in rising order. Step 0 is t
#   itself.


# %% tags=["answer:wavenet-field"]
def receptive_field(k, dilations):
    """How many samples wide the receptive field is."""
    ### BEGIN SOLUTION
    return 1 + (k - 1) * sum(dilations)
    ### END SOLUTION


def fewest_layers(k, num_samples):
    """How many layers with dilations 1, 2, 4, ... see that many samples."""
    ### BEGIN SOLUTION
    depth = 0
    while receptive_field(k, [2**layer for layer in range(depth)]) < num_samples:
        depth += 1
    return depth
    ### END SOLUTION


def steps_back(k, dilations):
    """The steps back that output t reads, in rising order."""
    ### BEGIN SOLUTION
    seen = {0}
    for d in dilations:
        seen = {step + tap * d for step in seen for tap in range(k)}
    return sorted(seen)
    ### END SOLUTION


# %% tags=["check:wavenet-field"]
armod.check("wavenet-field")

# %% [markdown] tags=["statement:wavenet-levels"]
# ## 2. 256 levels and back
#
# With K levels, mu = K - 1. The mu-law compresses a wave x in [-1, 1] to f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu), again
# in [-1, 1]. That range is cut into K bins of equal width, numbered from 0, lowest first.
#
# - `my_encode(wave, K)`: the bins of a tensor of waves, whole numbers from 0 to K - 1. Between two bins the upper one counts,
#   so that with an even K the wave 0.0 is in bin K / 2.
# - `my_decode(levels, K)`: the waves that levels stand for. Take the middle of each bin, and expand it by the inverse of f,
#   sign(y) ((1 + mu)^|y| - 1) / mu.


# %% tags=["answer:wavenet-levels"]
def my_encode(wave, K):
    """Levels from 0 to K - 1 of waves in [-1, 1]."""
    ### BEGIN SOLUTION
    mu = K - 1
    compressed = wave.sign() * torch.log1p(mu * wave.abs()) / math.log(1 + mu)
    return ((compressed + 1) / 2 * K).floor().clamp(0, K - 1).long()
    ### END SOLUTION


def my_decode(levels, K):
    """The waves in the middle of the levels' bins."""
    ### BEGIN SOLUTION
    mu = K - 1
    middle = (2 * levels + 1) / K - 1
    return middle.sign() * ((1 + mu) ** middle.abs() - 1) / mu
    ### END SOLUTION


# %% tags=["check:wavenet-levels"]
armod.check("wavenet-levels")

# %% [markdown] tags=["statement:wavenet-gated"]
# ## 3. A causal gated unit
#
# Write `gated_unit(x, weight, bias, dilation)`: u = tanh(W_f * x + b_f) ⊙ σ(W_g * x + b_g), for inputs `x` `(N, C, T)`. The outputs have
# the shape of `x`.
#
# `weight` `(2C, C, k)` holds the filters W_f above the gates W_g, and so does `bias` `(2C,)`. The star is a causal convolution:
# `weight[:, :, k - 1]` is the tap that reads step t itself, `weight[:, :, k - 2]` reads step t - `dilation`, and so on. Before the
# beginning there are zeros. You may use `F.conv1d` and `F.pad`.


# %% tags=["answer:wavenet-gated"]
def gated_unit(x, weight, bias, dilation):
    """The unit's outputs (N, C, T)."""
    ### BEGIN SOLUTION
    reach = (weight.shape[2] - 1) * dilation
    sums = F.conv1d(F.pad(x, (reach, 0)), weight, bias, dilation=dilation)
    to_filter, to_gate = sums.chunk(2, dim=1)
    return to_filter.tanh() * to_gate.sigmoid()
    ### END SOLUTION


# %% tags=["check:wavenet-gated"]
armod.check("wavenet-gated")

# %% [markdown] tags=["statement:wavenet-folding"]
# ## 4. Find the bug: dilated along the wrong axis
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
### BEGIN SOLUTION
# chunks: every output reads its neighbour in time, or a zero; only step 0 of each sequence should read what it reads.
# end_to_end: in each of d rows the second and the third sequence begin by reading the end of the one before.
wrong_taps = [3 * (T - 1), 2 * d]
### END SOLUTION


def fold(x, d):
    """Rows (N * d, S), each of every d-th sample of one sequence."""
    ### BEGIN SOLUTION
    N, T = x.shape
    S = -(-T // d)
    return F.pad(x, (0, S * d - T)).view(N, S, d).transpose(1, 2).reshape(N * d, S)
    ### END SOLUTION


def unfold(rows, d, T):
    """The sequences (N, T) of such rows."""
    ### BEGIN SOLUTION
    S = rows.shape[1]
    return rows.view(-1, d, S).transpose(1, 2).reshape(-1, S * d)[:, :T]
    ### END SOLUTION


# %% tags=["check:wavenet-folding"]
armod.check("wavenet-folding")

# %% [markdown] tags=["statement:wavenet-ring"]
# ## 5. One column at a time
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
        ### BEGIN SOLUTION
        self.places = torch.zeros(dilation, N, C)
        self.step = 0
        ### END SOLUTION

    def exchange(self, x):
        """Keep the column of this step; return that of `dilation` steps ago."""
        ### BEGIN SOLUTION
        place = self.step % len(self.places)
        self.step += 1
        older = self.places[place].clone()
        self.places[place] = x
        return older
        ### END SOLUTION


def next_units(layers, rings, x):
    """The units (N, L, C) of all layers in this step."""
    ### BEGIN SOLUTION
    units = []
    for layer, ring in zip(layers, rings, strict=True):
        older = ring.exchange(x)
        to_filter, to_gate = (layer.tap(0, older) + layer.tap(1, x) + layer.bias).chunk(2, dim=1)
        units.append(to_filter.tanh() * to_gate.sigmoid())
        x = x + layer.residual(units[-1])
    return torch.stack(units, dim=1)
    ### END SOLUTION


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
# A likelihood is soon computed, and soon computed wrongly. Write `bits_per_sample(logits, x)`: the bits that levels `x` `(N, T)` cost
# under `logits` `(N, T, K)`, on average for one sample. Every sample has K logits of its own. The result must stay finite for a level that is nearly
# impossible.


# %% tags=["answer:wavenet-bits"]
def bits_per_sample(logits, x):
    """Bits of one sample, on average."""
    ### BEGIN SOLUTION
    log_p = logits.log_softmax(-1).gather(-1, x[..., None])
    return -log_p.mean() / math.log(2)
    ### END SOLUTION


# %% tags=["check:wavenet-bits"]
armod.check("wavenet-bits")

# %% [markdown] tags=["statement:wavenet-training"]
# ## 7. A receipt that holds
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


# %% tags=["answer:wavenet-training"]
def train(model, x, held_out, num_steps):
    """The bits that a sample of `held_out` costs after the training."""
    ### BEGIN SOLUTION
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(num_steps):
        some = x[torch.randint(len(x), (8,), generator=generator)]
        loss = bits_per_sample(model.conditionals(some).logits, some)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return bits_per_sample(model.conditionals(held_out).logits, held_out).item()
    ### END SOLUTION


# %% tags=["check:wavenet-training"]
armod.check("wavenet-training")
