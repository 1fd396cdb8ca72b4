# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.5.2 WaveNet: a short path into a long past
#
# **How can a model look back over thousands of samples of sound with a handful of layers?**
#
# After this lesson you can
# - turn sound into 256 levels by the mu-law and back, and say what that costs
# - build a causal dilated convolution, and count its receptive field by formula and by the oracle
# - take WaveNet's gated unit apart, and put the whole network together from its equations
# - say by ablation, over several seeds, what the gate, the residual and the skip are for
# - state a likelihood for real speech, and judge it by predictors that everybody should try first
#
# **Minutes** 75 · **Needs** autoregressive masks; recurrent networks · **Teaches** causal convolutions; dilation; gated units; mu-law levels

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from functools import partial
from itertools import zip_longest

import torch
from IPython.display import display
from torch import nn
from torch.nn import functional as F

import armod
from armod.course.labs import choices, curve, lesson_quiz, number, predict, predictions, sound_player
from armod.course.labs import dilation_animation, dilation_lab
from armod.course.labs.dilation.facts import DilationFacts
from armod.data.sets.speech import utterances
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.figures.diagrams import wavenet_block
from armod.figures.growth import growth_curves
from armod.measures.gradient_reach import gradient_reach, random_recurrence
from armod.models.sequence.gated_convolution import GatedConvolution
from armod.mu_law import mu_law_decode, mu_law_encode

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves

# %% [markdown]
# ## 1. Sound is a long sequence
#
# A microphone measures the pressure of the air, thousands of times a second. Here are three seconds of speech at 8,000
# samples a second, the rate of the telephone. The course has five sentences in this voice, read from
# *Sense and Sensibility*, 25 seconds in all. Press play. The figure below shows 50 milliseconds of one vowel.

# %%
speech = armod.data.load("speech")
sentence = mu_law_decode(utterances()["0930"])
vowel = sentence[17_600:18_000]


def autocorrelation(wave, lags=range(50, 130)):  # with itself, so many samples later
    return torch.stack([torch.corrcoef(torch.stack([wave[:-lag], wave[lag:]]))[0, 1] for lag in lags])


print("the vowel resembles itself most after", 50 + int(autocorrelation(vowel).argmax()), "samples")
display(sound_player({"He might even have been made amiable himself": sentence}, speech.sample_rate))
curves(torch.arange(400) / 8, {"wave": vowel}, title="A vowel", xlabel="milliseconds", ylabel="pressure")

# %% [markdown]
# The long picture shows bursts, the syllables, with pauses between. The short one shows one shape, again
# and again, with the pitch of the voice. The cell measures the period by the **autocorrelation**, the correlation of a wave with
# itself some samples later. It is highest after about 80 samples, 10 milliseconds. A syllable lasts some 2,000.
#
# So a model of sound should see the last few samples for the shape of the wave, a hundred for the pitch, and thousands for
# the syllable. A recurrent network carries all that through thousands of steps, and lesson 4.4 showed what becomes of a
# gradient on the way. MADE's masks would need a weight for every pair of samples. We want a *short path* from each output to
# each sample of a long past, and few weights.

# %% [markdown]
# ## 2. 256 levels: the mu-law
#
# First, what is a sample? On a compact disc it is one of 65,536 levels, too many for a softmax.
# We could cut the range into 256 equal levels. But most samples of speech are quiet, and these would share a few levels.
#
# The telephone *compresses* first, and expands again at the other end: **mu-law companding**. The mu-law is nearly
# logarithmic for loud samples and linear for quiet ones,
#
# $$f(x) = \operatorname{sign}(x)\, \frac{\ln(1 + \mu |x|)}{\ln(1 + \mu)}, \qquad \mu = 255.$$
#
# It maps $[-1, 1]$ to itself. Cut *that* range into 256 equal bins. To decode, take the middle of the bin, and apply the
# inverse, $f^{-1}(y) = \operatorname{sign}(y)\,((1 + \mu)^{|y|} - 1) / \mu$.

# %%
mu = 255


def compress(wave):
    return wave.sign() * torch.log1p(mu * wave.abs()) / math.log(1 + mu)


def expand(squeezed):
    return squeezed.sign() * torch.expm1(squeezed.abs() * math.log(1 + mu)) / mu


def encode(wave):
    return ((compress(wave) + 1) / 2 * 256).floor().clamp(0, 255).long()


def decode(levels):
    return expand((2 * levels + 1) / 256 - 1)


every_level, wave = torch.arange(256, dtype=torch.float64), sentence.double()
assert torch.equal(encode(decode(every_level)), every_level.long()) and torch.equal(
    encode(wave), mu_law_encode(wave)
)
width = expand(torch.linspace(-1, 1, 257, dtype=torch.float64)).diff()
print(f"equal bins {2 / 256:.4f}, mu-law bins {width[128]:.5f} in the middle, {width[255]:.4f} at the ends")

# %% [markdown]
# Decoded and encoded, every level comes back, and our encoder agrees with `armod.mu_law`'s. The error of a sample is at
# most half its bin. The bins are 45 times finer than equal ones in the middle, where most samples are, and five times
# coarser at the ends. So the error grows with the loudness, and hides behind it.
#
# **Your turn.** Write the encoder for any number $K$ of levels. What becomes of $\mu$? Replace the dots, and run the cell again.


# %%
def my_levels(wave, K):  # whole numbers from 0 to K - 1
    return ...


def is_right(K):
    mine = my_levels(wave, K)
    return mine is not ... and torch.equal(torch.as_tensor(mine).long(), mu_law_encode(wave, K))


wrong = [K for K in (256, 16, 5) if not is_right(K)]
known = {"": "right", "16, 5": "right for 256 only: which number of the formula belongs to K?"}
print(known.get(wrong := ", ".join(map(str, wrong)), f"not yet: wrong for K = {wrong}"))

# %% [markdown]
# What does the mu-law buy? We quantise the sentence with fewer and fewer levels, in equal steps and by the mu-law,
# and compare the power of the signal with that of the error, in decibels. Every 10 dB is a factor of ten.


# %%
def quantised(bits, is_mu_law):
    if is_mu_law:
        return mu_law_decode(mu_law_encode(wave, 2**bits), 2**bits, dtype=torch.float64)
    levels = ((wave + 1) / 2 * 2**bits).floor().clamp(0, 2**bits - 1)
    return (2 * levels + 1) / 2**bits - 1


all_bits, noise = range(3, 8), {}
for name, is_mu_law in {"mu-law levels": True, "equal levels": False}.items():
    errors = [(wave - quantised(bits, is_mu_law)).square().mean() for bits in all_bits]
    noise[name] = [10 * math.log10(wave.square().mean() / error) for error in errors]
above = sum(noise["mu-law levels"]) / 5 - sum(noise["equal levels"]) / 5
for_a_bit = (noise["equal levels"][-1] - noise["equal levels"][0]) / 4
heard = {f"16 {name} levels": quantised(4, name == "mu-law")[8_000:12_000] for name in ("equal", "mu-law")}
title = f"At the same number of levels the mu-law is about {above:.0f} decibels cleaner"
cleaner = curves(all_bits, noise, title=title, xlabel="bits a sample", ylabel="signal over error, decibels")
predict(
    "Equal levels need more bits than mu-law levels to be as clean. How many more for each sample?",
    number(above / for_a_bit, unit="bits", low=0, high=5, digits=2),
    reveal=[cleaner, sound_player({name: x.float() for name, x in heard.items()}, speech.sample_rate)],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The two lines run side by side. Each rises by 6 to 7 dB a bit on average, and the mu-law is some 10 dB
# above: it saves about a bit and a half on every sample.
#
# Listen at 4 bits. None of sixteen levels is at zero. The nearest equal ones are at $\pm 1/16$: the smallest sound flips between
# these two, loudly, and the picture shows a band where there should be a pause. By the mu-law (with $\mu = 15$ for 16 levels) the
# nearest are five times smaller.
#
# </details>
#
# Why 255 here and 256 there? There are 256 levels, so $\mu = 255$, and $\ln(1 + \mu)$ is $\ln 256$. Published code often
# multiplies by 255 and rounds. That is another convention, with two half-sized bins at the ends. It does no harm until
# two programs share their levels. If the *compressed* wave is spread evenly over its range, a quarter of all levels are off by one.


# %%
def off_by_one(wave):  # how many of a hundred samples get another level by rounding to 255 steps
    rounded = ((compress(wave) + 1) / 2 * 255).round().long()
    return 100 * (rounded != encode(wave)).double().mean().item()


spread = expand(torch.linspace(-1, 1, 100_001, dtype=torch.float64))
quieter = {f"the recording, {volume} times as loud": off_by_one(volume * wave) for volume in (0.9, 0.7, 0.3)}
lines = [f"{name}: {share:.0f} %" for name, share in quieter.items()]
predict(
    f"In a compressed wave that is spread evenly, {off_by_one(spread):.0f} % of the levels are off by one. How many in our recording?",
    number(off_by_one(wave), unit="%", low=0, high=100),
    reveal="\n\n".join(lines),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Not one. The recording comes from a file of mu-law levels, so each sample is the *middle* of a bin, and at the middles the two conventions
# agree. Change the volume a little, and the samples leave the middles: then 8 to 32 % are off. The conventions differ most near the
# ends of the range, by half a bin, and not at all at zero, so the share depends on the loudness.
#
# </details>

# %% [markdown]
# ## 3. Causal, and dilated
#
# Now to the network. A convolution slides a few weights, its *taps*, along the sequence. An ordinary one looks to both sides. A **causal**
# one looks back only, and that is easy to get: put zeros before the beginning, none after the end. With
# **dilation** $d$ its taps are $d$ steps apart: output $t$ reads $t$, $t - d$, $t - 2d$ and so on. Together this is a
# **dilated causal convolution**.
#
# Stack such layers. Output $t$ of the highest layer reads some units below it, those read others, down to the samples. How
# many samples back? Each layer adds $(k - 1)\, d$ for its $k$ taps, so the **receptive field** is
#
# $$1 + \sum_{\text{layers}} (k - 1)\, d .$$
#
# We change one input, number 10, and see which outputs move. The animation goes the other way: from one output it lights up
# everything that the output depends on, row by row down to the samples.


# %% tags=["nbval-ignore-output"]
def causal(x, weight, dilation, bias=None):  # (N, C, T) -> (N, C', T): output t reads t, t - dilation, ...
    past = (weight.shape[2] - 1) * dilation
    return F.conv1d(F.pad(x, (past, 0)), weight, bias, dilation=dilation)


moved = F.one_hot(torch.tensor([[10]]), 32).float()
for dilation in (1, 2, 4, 8):
    moved = causal(moved, torch.ones(1, 1, 2), dilation)
    print(f"after dilation {dilation}, outputs", moved.flatten().nonzero().flatten().tolist())
facts = DilationFacts((1, 2, 4, 8), 2), DilationFacts((1, 1, 1, 1), 2)
title = f"Doubling the dilation makes 4 layers reach {facts[0].field} samples instead of {facts[1].field}"
dilation_animation(*facts, title=title)

# %% [markdown]
# Input 10 moves output 10 and later ones, never an earlier one.
#
# With doubled dilations every row of the tree has twice as many lit units as the row above, and no two paths meet: it has
# 16 different leaves. With dilation 1 the paths run into each other: a new layer adds a single sample.
#
# > **Precision.** The module says that output $t$ depends on inputs $\le t$. So it does, and it predicts sample
# > $t + 1$. Counted from the sample that is predicted, the past is *strictly* earlier.
#
# Does the formula hold? The oracle knows nothing of taps. It changes one sample at a time, and watches
# which conditionals of a whole WaveNet move.

# %%
for dilations, kernel_size in (((1, 2, 4, 8), 2), ((1, 1, 1), 3), ((3, 1), 4)):
    facts = DilationFacts(dilations, kernel_size)  # .oracle: steps back, by armod.dependency_matrix
    print(f"{facts.formula}; the oracle sees {len(facts.oracle)}, the farthest {facts.oracle[-1] + 1} back")
    assert facts.oracle[-1] + 1 == 1 + sum((kernel_size - 1) * d for d in dilations)
depths = range(1, 12)
fields = {"dilation doubled": [2**depth for depth in depths], "dilation 1": [1 + depth for depth in depths]}
title = f"Eleven layers see {fields['dilation doubled'][-1]:,} samples, or {fields['dilation 1'][-1]}"
growth_curves(depths, fields, title=title, x_label="layers", y_label="receptive field, samples", log_x=False)

# %% [markdown]
# Formula and oracle agree. The axis of the fields alone is logarithmic, so exponential growth is a straight line. With dilation 1
# each layer adds one sample. To see a syllable of 2,000 samples takes eleven layers, or two thousand.

# %%
always_4 = DilationFacts((4, 4, 4), 2)
predict(
    f"Three layers of two taps, all with dilation 4: the field is {always_4.field} samples wide. How many of them does an output see?",
    number(len(always_4.oracle), unit="samples", low=1, high=13),
    reveal=f"Steps back from the output: {', '.join(map(str, always_4.oracle))}.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# All paths have lengths that are multiples of 4, so three samples out of four are never seen. The formula says how *far* a stack
# looks, the oracle says what it *sees*. Dilations that double, starting at 1, leave no gap: every number has one way to be written in binary.
#
# </details>
#
# **Your turn.** Choose dilations for layers of two taps that see exactly 50 samples, without a gap, with few layers. Replace the dots.

# %%
mine = ...

if mine is ...:
    print("not answered yet")
else:
    facts = DilationFacts(tuple(mine), 2)
    is_right = facts.field == 50 == len(facts.oracle) and len(mine) == 6
    print("right:" if is_right else "not yet, six layers are enough:", facts.finding)

# %% [markdown]
# ## 4. The dilation lab
#
# Choose a stack, press *Play*, or go frame by frame with *Step* or the slider. Click on the drawing to choose another
# output. Before you turn a knob, say what will happen:
#
# 1. *Halving* puts the dilations upside down. Turn *Layers* to 5: does the field change? Does the picture? Now take one
#    layer away, with *doubling* and with *halving*: which dilation is lost, and which samples?
# 2. *Two stacks*, five layers: why is the field only 11, where five doubling layers see 32?
# 3. Output 5, four layers doubling: some units look back beyond the first sample. What do they read?
# 4. *Show* generation, naive, and play it. What is computed again? And with queues (section 9)?

# %% tags=["nbval-ignore-output"]
dilation_lab("doubling", 4)

# %% [markdown]
# Five layers see the same 32 samples in either order. But take one layer away. *Doubling* loses the
# dilation 16 and half of its field. *Halving* loses the dilation 1: it still reaches back over 31 samples, and sees
# every other one. Two stacks buy depth instead of reach. WaveNet does that on purpose, with 1, 2, 4, ...,
# 512 several times over. Before the beginning there are only zeros. Naive generation computes most units again, queues none.

# %% [markdown]
# ## 5. The network
#
# The stack of section 3 sees far. But without anything nonlinear it would be a single linear filter. So each layer gets a nonlinear unit, and two
# short cuts around it.
#
# ### The gated unit
#
# WaveNet computes two convolutions in each layer, a *filter* and a *gate*, and multiplies:
#
# $$u = \tanh(W_f * x) \odot \sigma(W_g * x).$$
#
# The star is the dilated causal convolution of section 3, $\sigma$ the sigmoid, and $\odot$ multiplies entry by entry.
# The $\tanh$ says what to report, between $-1$ and $1$; the sigmoid says how much of it to let through, between 0 and 1. The
# LSTM's output does the same. We build it from our convolution, one of twice as many channels, and it is `armod`'s.


# %%
def gated(x, weight, bias, dilation):
    filters, gates = causal(x, weight, dilation, bias).chunk(2, dim=1)
    return filters.tanh() * gates.sigmoid()


layer, x = GatedConvolution(8, kernel_size=2, dilation=4), torch.randn(3, 8, 50)
theirs = layer(x.permute(2, 0, 1)).permute(1, 2, 0)  # time comes first there
assert torch.allclose(gated(x, layer.weight.permute(1, 2, 0), layer.bias, 4), theirs, atol=1e-5)
wavenet_block()

# %% [markdown]
# Follow the diagram from the bottom. Above the unit $u$ the paths part. The **residual**: the next layer reads $h + W u$, what this layer read
# plus what it found. The **skip**: every layer's $u$ also goes straight to the output, which multiplies each by a matrix
# of its own, adds them up, and turns the sum into 256 logits by two more matrices. (A convolution of one tap, 1×1, is a matrix at every step.)
#
# ### The whole network
#
# One thing is missing, at the bottom: the **shift**. The network reads the samples one step late, so that output $t$ has not
# seen sample $t$.


# %%
class MyWaveNet(armod.AutoregressiveModel):
    def __init__(self, length, num_levels, channels, dilations, shift=True, unit=gated):
        super().__init__()
        self.event_shape, self.ordering = torch.Size((length,)), torch.arange(length)
        self.likelihood, self.shift, self.unit = armod.likelihoods.Categorical(num_levels), shift, unit
        self.levels = nn.Embedding(num_levels + 1, channels)  # the last stands before the beginning
        self.units = nn.ModuleList(GatedConvolution(channels, kernel_size=2, dilation=d) for d in dilations)
        self.residuals = nn.ModuleList(nn.Linear(channels, channels, bias=False) for _ in dilations[1:])
        self.skip = nn.Linear(len(dilations) * channels, channels)
        self.hidden, self.head = nn.Linear(channels, channels), nn.Linear(channels, num_levels)

    def conditionals(self, x, context=None):
        x = x.long()
        read = F.pad(x[:, :-1], (1, 0), value=self.likelihood.num_levels) if self.shift else x
        h, found = self.levels(read).mT, []
        for layer, residual in zip_longest(self.units, self.residuals):
            found.append(self.unit(h, layer.weight.permute(1, 2, 0), layer.bias, layer.dilation))
            h = h + residual(found[-1].mT).mT if residual else h
        output = self.skip(torch.cat(found, dim=1).mT)
        return self.likelihood.distribution(self.head(self.hidden(output.relu()).relu()))


# %% [markdown]
# (`armod.WaveNet` is the same network, number for number.)
#
# While it learns, the network predicts every sample from the *true* samples before it, never from its own
# guesses: **teacher forcing**. All inputs are then known in advance, so a convolution learns from a whole recording in one pass. A recurrent
# network still goes step by step.
#
# ### Break it: forget the shift
#
# First the **proof** that the network is right with its shift. The probabilities of all $3^8$ sequences of eight samples add up to 1, no
# conditional sees its own sample or a later one, and none misses an earlier one.
#
# Then we change one thing: `shift=False`. The convolutions are still causal. We train both
# networks on the speech, in 16 levels to make it quick.

# %%
tiny = [MyWaveNet(8, 3, 16, [1, 2, 4], shift) for shift in (True, False)]
right, wrong = map(armod.check_autoregressive, tiny)
assert right.is_autoregressive and not right.blind_spot and abs(armod.total_probability(tiny[0]) - 1) < 1e-4
coarse, loss = speech.quantize(16), []
for model in [MyWaveNet(1000, 16, 16, [1, 2, 4, 8], shift) for shift in (True, False)]:
    armod.fit(model, coarse.train.view(-1, 1000), epochs=2, batch_size=4, learning_rate=1e-2, seed=seed)
    loss.append(model.bits_per_dim(coarse.test.view(-1, 1000)).mean().item())
predict(
    f"With the shift the network needs {loss[0]:.2f} bits a sample. What does it report without the shift?",
    number(loss[1], unit="bits", low=0, high=4),
    reveal=str(wrong),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The broken one is near 0 bits: it reports the sample that it has just read. The oracle counts eight leaks: each
# variable sees itself. "Causal" was not enough, because causal means $\le t$. A likelihood too good to be
# true was again the first symptom.
#
# </details>

# %% [markdown]
# ## 6. What has to be beaten
#
# Three sentences are for learning, 18 seconds; one decides when to stop; one is the test. Before a network, we try
# simple predictors, each with a real likelihood over the 256 levels.
#
# - **Even** levels cost 8 bits. A **histogram** of the training levels knows that quiet is frequent.
# - **Tables:** how often does each level follow each level? And each pair of levels? (These are the n-grams of lesson 4.2.)
# - **Last value:** the next sample is near the last one. How near? A logistic density around it, of one width for all,
#   gives each level the probability of its bin (lesson 4.3).
# - **Linear prediction**, which works in every mobile phone: the next sample is a weighted sum of the last sixteen, with weights
#   from **weighted least squares**: the louder the place, the less a sample counts.
# - Either of them **with a memory of its errors:** the width is a multiple of the mean error over the last sixteen
#   samples (speech coders call this **backward adaptation**). Where prediction has gone well, be sure; where it has not, be careful.
#
# A hundredth of each density is spread evenly, so that no level is impossible.

# %%
edges = expand(torch.linspace(-1, 1, 257, dtype=torch.float64))
edges[0], edges[-1] = -torch.inf, torch.inf


def before(wave, count):  # (N, T) -> (N, T, count): the last samples before each, the newest first
    return F.pad(wave, (count, 0)).unfold(1, count, 1)[:, :-1].flip(2)


def level_bits(x, centre, width):  # of each piece of half a second
    low, high = (((edges[x.long() + side] - centre) / width).sigmoid() for side in (0, 1))
    return -(0.99 * (high - low) + 0.01 / 256).log2().mean(1)


def linear(wave, count):  # the weights of the last samples, by least squares
    past = before(wave, count)
    if count == 1:
        return torch.ones(1, 1, dtype=torch.float64)
    scale = before((wave - past[..., 0]).abs(), 16).mean(2, keepdim=True) + 1e-3
    return torch.linalg.lstsq((past / scale).flatten(0, 1), (wave[..., None] / scale).flatten(0, 1)).solution


# %% [markdown]
# Weights and factor are learnt on the training sentences, and tested on another.


# %%
def predictor_bits(count, remembers):
    found, weights = {}, None
    for levels in (speech.train, speech.test):
        wave = mu_law_decode(levels, dtype=torch.float64)
        weights = linear(wave, count) if weights is None else weights
        centre = (before(wave, count) @ weights)[..., 0]
        errors = before((wave - centre).abs(), 16).mean(2) + 1e-4 if remembers else 0.01
        found[levels] = {
            factor: level_bits(levels, centre, factor * errors) for factor in (0.5, 0.7, 1.0, 1.4)
        }
    learnt, tested = found.values()
    return tested[min(learnt, key=lambda factor: learnt[factor].mean())]


# %% [markdown]
# The weights and the memory can be combined in four ways. Which of the two is worth more?

# %%
names = {"last value": (1, False), "linear prediction": (16, False)}
names |= {"last value, with memory": (1, True), "linear, with memory": (16, True)}
by_piece = {name: predictor_bits(*how) for name, how in names.items()}
bits = {"even levels": 8.0}
for order, name in enumerate(("histogram", "table, last level", "table, last two"), 1):
    table = armod.NGram((4000,), order, num_levels=256).fit(speech.train)
    bits[name] = table.bits_per_dim(speech.test).mean().item()
bits |= {name: each.mean().item() for name, each in by_piece.items()}
weighs, remembers = (
    bits["last value"] - bits[name] for name in ("linear prediction", "last value, with memory")
)
predict(
    "The last value alone is a poor predictor. Which helps it more, sixteen weights or a memory of its errors?",
    choices({"sixteen weights": True, "the memory of errors": False}, answer=weighs > remembers),
    reveal=likelihood_bars(bits, unit="bits per sample"),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The sixteen weights save 0.13 bits. The memory of errors saves a whole bit, for the last value and for
# linear prediction alike. To know *how sure one can be* is worth seven times as much as a better guess. Tables are in between, and a
# table of the last two levels is worse than one of the last: 144,000 samples are few for its 65,536 rows.
#
# </details>
#
# So 5.16 bits, from sixteen weights and one factor, is what a network has to beat.

# %% [markdown]
# ## 7. A WaveNet on real speech
#
# Now we train a WaveNet: nine layers, dilations 1 to 256, 24 channels. We cut the sentences into pieces of 1,000
# samples, an eighth of a second, and go through them a few times, for less than a minute.

# %%
trained = armod.load_pretrained("wavenet-speech").requires_grad_(False)
nine, softmax = [2**k for k in range(9)], armod.likelihoods.Categorical(256)
learn, held = (getattr(speech, name).view(-1, 1000) for name in ("train", "valid"))
options = {"batch_size": 4, "learning_rate": 1e-2, "seed": seed}
net = armod.WaveNet((1000,), 24, dilations=nine, likelihood=softmax, seed=seed)
history = armod.fit(net, learn, valid=held, epochs=2 if quick else 8, **options)
ours = armod.evaluate(net, speech, seed=seed)
shipped = armod.evaluate(trained, speech, seed=0)
best = min(bits.values())
bits |= {"WaveNet, trained here": ours.bits_per_dim, "WaveNet, shipped": shipped.bits_per_dim}
gains = by_piece["linear, with memory"] - trained.bits_per_dim(speech.test)
lines = {"train": history.train_bits_per_dim, "valid": history.valid_bits_per_dim}
axes = {"xlabel": "times through the sentences", "ylabel": "bits per sample"}
course = curves(range(1, len(history) + 1), lines, title="The network learns", **axes)
predict(
    f"The best predictor of section 6 needs {best:.2f} bits a sample. How many does our WaveNet need?",
    number(ours.bits_per_dim, unit="bits", low=4, high=8),
    reveal=[
        course,
        likelihood_bars(bits, unit="bits per sample"),
        f"{ours}\n\n{shipped}",
        ", ".join(f"{gain:+.2f}" for gain in gains),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The small network keeps up with the predictors with a memory, and its curves still fall together. The weights that ship with the course, twenty layers of 32 channels trained
# for some minutes, are ahead of linear prediction by two hundredths of a bit.
#
# Is that a lead? The receipt says give or take 499 nats, nearly a fifth of a bit, since some pieces are harder than others.
# But they are hard for both, so compare piece by piece (the last line; above 0 the network is ahead). Of six pieces of half a second the network is ahead in
# three and behind in three, and without the last piece it would be behind on average. Call it a draw.
#
# </details>
#
# A draw, with 140,896 parameters against 17. WaveNet's authors trained on 24.6 hours of one voice, and we on 18 seconds, a
# five-thousandth. We cannot try here what more data would do.
#
# How much of its past does the shipped network use? Its field is 2,047 samples. We take samples from the held-out sentences, and let the network
# predict each of them from no past at all, from the last sample, from the last four, and so on. They must always be the
# *same* samples: some are harder than others by whole bits.

# %%
windows = torch.cat([speech.valid, speech.test]).unfold(1, 1025, 250 if quick else 125).flatten(0, 1)
lengths, needed = [0, 1, 4, 16, 64, 256, 1024], {}
for length in lengths:
    parts = windows[:, 1024 - length :].split(50)
    needed[length] = torch.cat([trained.log_prob_per_variable(x)[:, -1] for x in parts]) / -math.log(2)
late = needed[64] - needed[1024]
late_error = (late.std() / len(late) ** 0.5).item()
predict(
    f"{len(windows)} samples are predicted from a past that is cut short. How many bits does each of them need?",
    curve(
        lengths,
        [each.mean() for each in needed.values()],
        low=4,
        high=9,
        given=1,
        x_label="samples of the past",
        y_label="bits per sample",
    ),
    reveal=f"From 64 samples to 1,024 the network gains {round(late.mean().item(), 3) + 0:.3f} ± {late_error:.3f} bits.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Without a past a sample costs nearly 8 bits. One known sample saves more than a bit, sixteen save two: that is the shape of the
# wave. Then the curve is flat. Samples that lie more than 64 steps back make no difference that could be told from chance. And 64 samples
# are less than one period of the voice. The field is 2,047 samples wide, and this network uses a few dozen of them: what can be seen need not be used.
#
# </details>

# %% [markdown]
# ## 8. What are gate, residual and skip for?
#
# Take them away and see. `armod.WaveNet` has a switch for each short cut. Without residuals a layer hands on $W u$ alone. Without
# skips the output reads the last layer alone. Nine layers of 16 channels go once through the sentences, in shorter pieces, which make more steps;
# everything else is equal.

# %%
ablation = {}
for parts in ({}, {"skip": False}, {"residual": False}, {"residual": False, "skip": False}):
    net = armod.WaveNet((1000,), 16, dilations=nine, likelihood=softmax, seed=seed, **parts)
    armod.fit(net, learn.reshape(-1, 250), epochs=1, **options)
    name = " and ".join(f"no {part}" for part in parts) or "whole"
    ablation[name] = armod.evaluate(net, speech, seed=seed).bits_per_dim
whole, no_skip, no_residual, neither = ablation.values()
predict(
    f"After one pass the whole network needs {whole:.2f} bits a sample. Without skips it needs {no_skip:.2f}, without residuals "
    f"{no_residual:.2f}. And without both?",
    number(neither, unit="bits", low=5, high=9),
    reveal=[wavenet_block(["residual", "skip"]), likelihood_bars(ablation, unit="bits per sample")],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Without either the network has learnt nothing but the histogram of section 6, the 7.56 bits of a model that knows no
# past. One of the two is enough to learn: the **residual stream** $h$, to which layers only add, also brings every layer to the output.
#
# </details>
#
# And the gate? **Your turn.** Write a unit without one, with $\tanh$ or `relu` in its place. `weight` and `bias` come for a filter and a
# gate, filters first. Replace the dots, and run the cell again: it trains your unit beside the gated one, for a few seconds each.


# %%
def my_unit(x, weight, bias, dilation):  # (N, C, T) -> (N, C, T), with the first half of weight and bias
    return ...


answer = my_unit(torch.zeros(1, 2, 9), torch.zeros(4, 2, 2), torch.zeros(4), 1)
for name, unit in {"gated": gated, "mine": my_unit}.items() if answer is not ... else ():
    net = MyWaveNet(1000, 256, 16, nine, unit=unit)
    armod.fit(net, learn.reshape(-1, 250), epochs=1, **options)
    print(f"{name}: {armod.evaluate(net, speech, seed=seed).bits_per_dim:.2f} bits a sample after one pass")
print("not answered yet" * (answer is ...))

# %% [markdown]
# One pass is little training. So we also trained every variant to its end, from three seeds, on sixteen layers of 16 channels. Learning rate
# and passes were chosen for each variant on the held-out sentence. (`benchmarks/ablations/wavenet.py` repeats it.) A unit without a gate
# has half the weights, so there is a wider one, too, with as many weights as the gated network.
#
# | | bits a sample, mean | lost, in each of three seeds |
# |---|---|---|
# | the whole network | 5.13 | |
# | no gate, $\tanh$ | 5.21 | 0.07, 0.08, 0.09 |
# | no gate, ReLU | 5.32 | 0.27, 0.17, 0.12 |
# | no gate, $\tanh$, wider | 5.19 | 0.04, 0.08, 0.04 |
# | no gate, ReLU, wider | 5.21 | 0.07, 0.06, 0.09 |
# | no skip | 5.19 | 0.06, 0.06, 0.05 |
# | no residual | 5.34 | 0.21, 0.25, 0.15 |
# | no residual and no skip | 7.60 | 2.46, 2.48, 2.47 |
#
# Each part costs bits when it is taken away, with every seed. Against wider units with as many weights the gate is worth 0.04 to 0.09 bits. That is little. Yet
# only the whole network gets below the 5.16 of linear prediction with a memory, by a lead that section 7 called a draw. Skips seemed useless after one pass. At the
# end of training they are worth nearly as much as the gate.
#
# Why are residuals worth so much? One suspect is the gradient, as in lesson 4.4: how much of the gradient that leaves the last output arrives $k$ samples back?
# We measure it in a new network, and beside it in the best recurrent network of that
# lesson, a GRU whose gates start open.


# %%
def reach(net):  # how much of the last output's gradient arrives at the first layer, lag by lag
    seen = []
    for part in (net.convolutions[0], net.hidden):
        part.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    net.conditionals(torch.randint(256, (8, 600)))
    (gradient,) = torch.autograd.grad((seen[1][-1] * torch.randn_like(seen[1][-1])).sum(), seen[0])
    return gradient.norm(dim=2).mean(1).flip(0)


new = partial(armod.WaveNet, (8,), 32, dilations=nine, likelihood=softmax, seed=seed)
switches = {}, {"residual": False}, {"residual": False, "skip": False}
both, short, alone = (reach(new(**parts).double()) for parts in switches)
gru = gradient_reach(random_recurrence("gru", scale=1.0, gate_bias=3, seed=seed), lags=512)
shown = {"WaveNet": both, "without residuals": short, "GRU": gru}
lines_of_reach = {
    name: [(x[2**k : 2 ** (k + 1)].median() / x[1]).item() for k in range(9)] for name, x in shown.items()
}
predict(
    "In a new WaveNet, how much of a gradient arrives 256 samples back, and how much 255 samples back?",
    choices(
        {
            "about as much": 0,
            "at least ten times as much at 256": 1,
            "at least ten times as much at 255": -1,
        },
        answer=max(-1, min(1, int(math.log10(both[256] / both[255])))),
    ),
    reveal=[
        f"Lag 256 gets {both[256] / both[1]:.2f} of lag 1, lag 255 {both[255] / both[1]:.0e}. "
        f"With neither residuals nor skips lag 1 gets {alone[1] / both[1]:.0e} of what it gets with both.",
        curves(
            nine,
            lines_of_reach,
            title="How much of a gradient arrives so many samples back",
            xlabel="lag, samples",
            ylabel="gradient, against lag 1",
            log_x=True,
            log_y=True,
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Far more arrives 256 samples back, nearly all of it. At 255 next to nothing is left. WaveNet with residuals loses a factor at every *unit* on the way. How many units does a lag
# need? Write it in binary: the lag 256 is one tap of the layer with dilation 256, and arrives as strong as lag 1, since
# residuals carry it past all other layers. The lag 255 takes eight taps in eight units, each of which costs about a factor of ten.
#
# Both axes are logarithmic. The typical lag has half as many ones as digits, so the number of units grows with the *logarithm* of the
# lag, and the gradient falls as a **power** of it: roughly a straight line. The GRU loses a factor at every *step*. With its
# gates open that factor is near 1, so it is ahead until past lag 100; then its curve bends and falls.
#
# Without residuals no layer can be passed by: a path pays for every digit, and the dashed line falls about twice as fast. With
# neither, every path goes through all nine units. At lag 1 it gets a millionth or less. Nothing arrives, and nothing was learnt.
#
# </details>
#
# But this is the start of training. What residuals are worth at its end, 0.2 bits, may have other causes.

# %% [markdown]
# ## 9. Listening
#
# Sampling goes one sample at a time. The textbook loop computes the whole field again for each. With the
# nine layers of section 7 these are 512 columns of nine units, 4,608 in all. `armod` keeps what it has: what a layer with dilation $d$ will need in $d$
# steps waits in a queue of $d$ places, and nine units are left to compute, however far the dilations reach. Lesson 4.7.1
# builds the queues, and counts.
#
# Now the shipped network speaks, and beside it noise with the right histogram. The real sentence is in section 1.


# %%
def rhythm(sound):  # the share of its pieces that repeat themselves, and how much their loudness varies
    pieces = sound.split(400)[:-1]
    loud = torch.stack([piece.std() for piece in pieces])
    voiced = sum(bool(autocorrelation(piece).max() > 0.6) for piece in pieces)
    return voiced / len(pieces), (loud.std() / loud.mean()).item()


length = 4_000 if quick else 12_000
drawn = trained.sample(1, length=length, generator=torch.Generator().manual_seed(seed))[0]
counts = torch.bincount(speech.train.long().flatten(), minlength=256).double()
levels = torch.multinomial(counts, length, replacement=True, generator=torch.Generator().manual_seed(seed))
heard = {"WaveNet": mu_law_decode(drawn), "histogram": mu_law_decode(levels[:4_000])}
found = {name: rhythm(sound) for name, sound in (heard | {"real": sentence}).items()}
(voice, bursts), (real_voice, real_bursts) = found["WaveNet"], found["real"]
lines = [f"{name}: {each:.0%} of its pieces of 50 ms repeat themselves" for name, (each, _) in found.items()]
predict(
    "The network has heard 18 seconds of speech. What does it sound like?",
    choices(
        {
            "even noise": (False, False),
            "bursts and pauses, without a voice": (False, True),
            "a voice, without words": (True, True),
            "an even hum": (True, False),
        },
        answer=(voice > real_voice / 2, bursts > real_bursts / 3),
    ),
    reveal=[sound_player(heard, speech.sample_rate), "\n\n".join(lines)],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The histogram hisses: right levels, no past. WaveNet's sound comes in bursts and pauses, as
# speech does, and is more like whispering. The *voice* is missing. Most pieces of the
# real sentence repeat themselves with the period of the voice, and hardly any of the sample's do.
#
# That fits section 7: the last period of the voice began about 80 samples back, and this network gains nothing from there. It is no
# proof. We have not tried whether a network that does look back so far would speak with a voice. The ear hears at once what
# the bits did not show.
#
# </details>
#
# WaveNet's authors, with many hours of speech and no text, heard words of a language that does not exist. A network has to
# be told which words to speak: that is lesson 4.6.2.

# %% [markdown]
# ## Summary
#
# - Mu-law: 256 levels, fine where it is quiet; it saves about a bit and a half a sample against equal steps.
# - A stack of causal convolutions sees $1 + \sum (k-1)\, d$ samples: linear in depth at dilation 1, exponential if it doubles.
# - Causal is $\le t$; without the shift by one the network copies its answer, and the loss is near 0.
# - Residuals give every lag a path through few units; without residual and skip nine layers learn nothing. A gate is worth some 0.06 bits.
# - On 18 seconds of speech WaveNet needs 5.13 bits a sample, and linear prediction with a memory of its errors 5.16: a draw.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_5_2_wavenet")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_5_2_wavenet.ipynb) opens in JupyterLab.
#
# ## Further reading
#
# - A. van den Oord et al., *WaveNet: A Generative Model for Raw Audio*, 2016: section 2.1 for dilated causal convolutions,
#   2.2 for the mu-law, 2.3 for the gated unit, 2.4 for residual and skip connections, 3 for the experiments.
# - F. Yu, V. Koltun, *Multi-Scale Context Aggregation by Dilated Convolutions*, ICLR 2016: dilation, for images.
# - T. Le Paine et al., *Fast Wavenet Generation Algorithm*, 2016: the queues of section 9.
# - ITU-T Recommendation G.711: the mu-law of the telephone.
#
# ---
#
# [← 4.5.1 MADE: one network, every conditional](4_5_1_made.ipynb) · [The course map](index.ipynb) · [4.5.3 PixelCNN: convolutions that never look ahead →](4_5_3_pixelcnn.ipynb)
