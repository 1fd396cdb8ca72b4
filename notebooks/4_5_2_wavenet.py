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
# - say by measurement what residual and skip connections are for
# - state a likelihood for real speech, and judge it by predictors that everybody should try first
#
# **Minutes** 60 · **Needs** autoregressive masks; recurrent networks · **Teaches** causal convolutions; dilation; gated units; mu-law levels

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import itertools
import math
from functools import partial
from itertools import pairwise
from time import process_time
from timeit import repeat

import torch
from torch import nn
from torch.nn import functional as F

import armod
from armod.data.sets.speech import utterances
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.course.labs.dilation.facts import DilationFacts
from armod.figures.growth import growth_curves
from armod.measures.gradient_reach import random_recurrence
from armod.models.sequence.gated_convolution import GatedConvolution
from armod.mu_law import mu_law_decode, mu_law_encode
from armod.course.labs import lesson_quiz
from armod.course.labs import dilation_animation
from armod.course.labs import dilation_lab
from armod.course.labs import sound_player

torch.manual_seed(seed)
torch.set_num_threads(1)  # small matrices: a second thread costs more than it saves

# %% [markdown]
# ## 1. Sound is a long sequence
#
# A microphone measures the pressure of the air, thousands of times a second. Here are three seconds of speech at 8,000
# samples a second, the rate of the telephone. They come from a public-domain reading of *Sense and Sensibility*. The
# course ships five sentences in one voice, 25 seconds in all. Press play.

# %%
speech = armod.data.load("speech")
sentence = mu_law_decode(utterances()["0930"])


def echo(wave):  # how well it fits itself some 50 to 130 samples later, and after how many it fits best
    alike = {lag: torch.corrcoef(torch.stack([wave[:-lag], wave[lag:]]))[0, 1] for lag in range(50, 130)}
    return max(alike.values()), max(alike, key=alike.get)


print("inside a vowel the wave repeats itself after", period := echo(sentence[17_600:18_000])[1], "samples")
assert abs(period - 80) < 5
sound_player({"He might even have been made amiable himself": sentence}, speech.sample_rate)

# %% [markdown]
# The picture shows bursts, the syllables, with pauses between. Inside a vowel the wave repeats itself with the pitch of
# the voice. The cell has measured one: about every 10 milliseconds, 80 samples. A syllable lasts some 2,000 samples.
#
# So a model of sound needs the past few samples for the shape of the wave, a hundred for the pitch, thousands for
# the syllable. A recurrent network would have to carry all that through thousands of steps, and lesson 4.4 showed what
# becomes of a gradient on such a way. Masks, as in lesson 4.5.1, would need a weight for every pair of samples. We want a
# *short path* from each output to each sample of a long past, and few weights.

# %% [markdown]
# ## 2. 256 levels: the mu-law
#
# First, what is a sample? On a compact disc it is one of 65,536 levels. A softmax with 65,536 outputs is too much.
# Cutting the range into 256 equal levels is easy, and wastes them: most samples of speech are quiet, and the
# quiet ones would share a few levels among them.
#
# The telephone's answer is to *compress* first. The **mu-law** is nearly logarithmic for loud samples and linear for
# quiet ones,
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
assert torch.equal(encode(decode(every_level)), every_level.long())
assert torch.allclose(decode(every_level), mu_law_decode(every_level, dtype=torch.float64))
assert torch.equal(encode(wave), mu_law_encode(wave))
width = expand(torch.linspace(-1, 1, 257, dtype=torch.float64)).diff()
print(f"equal bins {2 / 256:.4f}, mu-law bins {width[128]:.5f} in the middle, {width[255]:.4f} at the ends")
assert round(2 / 256 / width[128].item()) == 45 and round(width[255].item() * 128) == 5
even = expand(torch.linspace(-1, 1, 100_000, dtype=torch.float64))
rounded = ((compress(even) + 1) / 2 * 255).round().long()
print(
    f"rounding to 255 steps gives another level to {(rounded != encode(even)).double().mean():.0%} of all waves"
)

# %% [markdown]
# Levels become waves and the same levels again, and both functions are `armod.mu_law`'s. The error of a sample is at
# most half its bin. The bins are 45 times finer than equal ones in the middle, where most samples are, and five times
# coarser at the ends. So the error grows with the loudness, and hides behind it.
#
# Why 255 here and 256 there? There are 256 levels, so $\mu = 255$, and $\ln(1 + \mu)$ is $\ln 256$. Published code often
# multiplies by 255 and rounds. That is another convention, with two half-sized bins at the ends. It is no mistake until
# two programs share their levels: evenly over the range, a quarter of the levels are off by one, and nothing fails loudly.
#
# What has the mu-law bought? We quantise the sentence with fewer and fewer levels, in equal steps and by the mu-law,
# and compare the power of the signal with that of the error, in decibels. Every 10 dB are a factor of ten. (Our recording
# is in 256 mu-law levels already, so we stop at 7 bits.)
#
# **Predict:** how many bits does the mu-law save?


# %%
def quantised(wave, bits, is_mu_law):
    if is_mu_law:
        return mu_law_decode(mu_law_encode(wave, 2**bits), 2**bits, dtype=torch.float64)
    levels = ((wave + 1) / 2 * 2**bits).floor().clamp(0, 2**bits - 1)
    return (2 * levels + 1) / 2**bits - 1


def decibels(wave, heard):
    return 10 * math.log10(wave.square().mean() / (wave - heard).square().mean())


all_bits = range(3, 8)
noise = {
    name: [decibels(wave, quantised(wave, bits, is_mu_law)) for bits in all_bits]
    for name, is_mu_law in {"mu-law levels": True, "equal levels": False}.items()
}
assert all(8 < a - b < 12 for a, b in zip(*noise.values(), strict=True))
assert all(6 < (line[-1] - line[0]) / 4 < 7 for line in noise.values())
title = "At the same number of levels the mu-law is about 10 decibels cleaner"
curves(all_bits, noise, title=title, xlabel="bits a sample", ylabel="signal over error, decibels")

# %% [markdown]
# The two lines run side by side. Each rises by between 6 and 7 dB a bit on the average, and the mu-law is some 10 dB
# above: it saves about a bit and a half on every sample. Hear it at 4 bits, sixteen levels.
#
# **Predict:** what will a pause sound like, with equal levels and with the mu-law?

# %%
four_bits = {
    "16 equal levels": quantised(wave, 4, False),
    "16 mu-law levels": quantised(wave, 4, True),
}
nearest = {name: heard.abs().min().item() for name, heard in four_bits.items()}
assert nearest["16 equal levels"] == 1 / 16 and round(1 / 16 / nearest["16 mu-law levels"]) == 5
sound_player({name: heard[8_000:20_000].float() for name, heard in four_bits.items()}, speech.sample_rate)

# %% [markdown]
# Sixteen levels have none at zero. The equal ones that are nearest to it are at $\pm 1/16$, so the quiet parts turn into
# a square wave: the smallest sound flips between these two steps, loudly, and the picture shows a band where there should
# be a pause. By the mu-law (with $\mu = 15$ for 16 levels) the nearest are five times smaller. There the sound hisses, and a pause
# is a pause.

# %% [markdown]
# ## 3. Causal, and dilated
#
# A convolution slides a few weights, its *taps*, along the sequence. An ordinary one looks to both sides. A **causal**
# one looks back only, and the way to get it is plain: put zeros before the beginning, none after the end. With
# **dilation** $d$ its taps are $d$ steps apart: output $t$ reads $t$, $t - d$, $t - 2d$ and so on.
#
# Stack such layers. Output $t$ of the highest reads some units below it, those read others, down to the samples. How
# many samples back? Each layer adds $(k - 1)\, d$ for its $k$ taps, so the **receptive field** is
#
# $$1 + \sum_{\text{layers}} (k - 1)\, d .$$
#
# We change one input, number 10, and see which outputs move.


# %%
def causal(x, weight, dilation, bias=None):  # (N, C, T) -> (N, C', T): output t reads t, t - dilation, ...
    past = (weight.shape[2] - 1) * dilation
    return F.conv1d(F.pad(x, (past, 0)), weight, bias, dilation=dilation)


moved = F.one_hot(torch.tensor([[10]]), 32).float()
for dilation in (1, 2, 4, 8):
    moved = causal(moved, torch.ones(1, 1, 2), dilation)
    print(f"after dilation {dilation}, outputs", moved.flatten().nonzero().flatten().tolist())
assert moved.flatten().nonzero().flatten().tolist() == list(range(10, 26))

# %% [markdown]
# Input 10 moves output 10 and later ones, never an earlier one. Turned round: every output sees itself and the past.
#
# Now the other direction. Start at one output, and light what it depends on, row by row down to the samples.
# **Predict:** four layers of two taps: how many samples with dilations 1, 2, 4, 8, and how many with 1, 1, 1, 1?

# %% tags=["nbval-ignore-output"]
dilation_animation(
    DilationFacts((1, 2, 4, 8), 2),
    DilationFacts((1, 1, 1, 1), 2),
    title="Doubling the dilation makes 4 layers reach 16 samples instead of 5",
)

# %% [markdown]
# With doubled dilations every row has twice as many lit units as the row above, and no two paths meet: the tree has
# 16 different leaves. With dilation 1 the paths run into each other: a new layer adds a single sample.
#
# > **Precision.** The module says that output $t$ depends on inputs $\le t$. So it does, and it predicts sample
# > $t + 1$. Counted from the sample that is predicted, the past is *strictly* earlier. Section 5 shows what happens when
# > that one step is forgotten.
#
# Does the formula hold? The oracle knows nothing of taps and dilations. It changes one sample at a time, and watches
# which conditionals of a whole WaveNet move.

# %%
for dilations, kernel_size in (((1, 2, 4, 8), 2), ((1, 1, 1), 3), ((3, 1), 4), ((4, 4, 4), 2)):
    facts = DilationFacts(dilations, kernel_size)  # .oracle: steps back, by armod.dependency_matrix
    print(f"{facts.formula}; the oracle sees {len(facts.oracle)}, the farthest {facts.oracle[-1] + 1} back")
    assert facts.oracle[-1] + 1 == 1 + sum((kernel_size - 1) * d for d in dilations)
depths = [1, 2, 4, 6, 8, 10]
fields = {"dilation doubled": [2**depth for depth in depths], "dilation 1": [1 + depth for depth in depths]}
title = "Ten layers of two taps see 1,024 samples, or 11"
growth_curves(depths, fields, title=title, x_label="layers", y_label="receptive field, samples")

# %% [markdown]
# Formula and oracle agree on how *far* each stack looks. The last line of the print is a trap: with dilation 4
# everywhere the field is 13 samples wide, and only 4 of them are seen. Far is not the same as dense. Dilations that
# double, starting at 1, leave no gap.
#
# The picture shows reach against depth, both on logarithmic axes. At dilation 1 the field grows by one sample a layer;
# doubled, it doubles. To see a 2,000-sample syllable takes eleven layers, or two thousand.

# %% [markdown]
# ## 4. The dilation lab
#
# Choose a stack, press *Play*, or go frame by frame with *Step* or the slider. Click on the drawing to choose another
# output. Predict before you turn:
#
# 1. *Halving* puts the dilations upside down. Turn *Layers* to 5: does the field change? Does the picture? Now take one
#    layer away, with *doubling* and with *halving*: which dilation is lost, and which samples?
# 2. *Always 4*, five layers: which samples are never seen, by any frame?
# 3. *Two stacks*, five layers: is a field of 11 all that you would expect of five layers that double?
# 4. Output 5, four layers doubling: what do the units read that look back beyond the first sample?

# %% tags=["nbval-ignore-output"]
upside_down, cut_short = DilationFacts((16, 8, 4, 2, 1), 2), DilationFacts((16, 8, 4, 2), 2)
assert upside_down.oracle == DilationFacts((1, 2, 4, 8, 16), 2).oracle and upside_down.field == 32
assert cut_short.field == 31 and list(cut_short.oracle) == list(range(0, 31, 2))
dilation_lab("doubling", 4)

# %% [markdown]
# Five layers see the same 32 samples in either order: a sum has no order. But take one layer away. *Doubling* loses the
# dilation 16 and half of its field. *Halving* loses the dilation 1: it still reaches back over 31 samples, and sees
# every other one. With dilation 4 everywhere three samples of four are never seen. Two stacks begin again at 1, and buy
# depth instead of reach: more layers between the same samples. WaveNet does that on purpose, with 1, 2, 4, ..., 512
# several times over. Before the beginning there are only zeros; an output near it has less to go on.

# %% [markdown]
# ## 5. The network
#
# ### The gated unit
#
# A layer is not just a convolution. WaveNet computes two of them, a *filter* and a *gate*, and multiplies:
#
# $$u = \tanh(W_f * x) \odot \sigma(W_g * x).$$
#
# The star is the causal dilated convolution of section 3, $\sigma$ the sigmoid, and $\odot$ multiplies entry by entry.
# The $\tanh$ says what to report, between $-1$ and $1$; the sigmoid says how much of it to let through, between 0 and 1. The
# LSTM's output does the same. We build it from our convolution, one of twice as many channels, and hold it against
# `armod`'s.


# %%
def gated(x, weight, bias, dilation):
    filters, gates = causal(x, weight, dilation, bias).chunk(2, dim=1)
    return filters.tanh() * gates.sigmoid()


unit = GatedConvolution(8, kernel_size=2, dilation=4)
x = torch.randn(3, 8, 50)
theirs = unit(x.permute(2, 0, 1)).permute(1, 2, 0)  # time comes first there
assert torch.allclose(gated(x, unit.weight.permute(1, 2, 0), unit.bias, 4), theirs, atol=1e-5)
trained = armod.load_pretrained("wavenet-speech").requires_grad_(False)

# %% [markdown]
# Which part does what? We take the WaveNet that ships with the course, let it read six milliseconds of the test
# sentence, and look at one channel of its first layer: the one whose two factors vary most.

# %%
read, first = trained.inputs(utterances()["0930"].long()[None, 7_000:7_048]), trained.convolutions[0]
sums = causal(read.mT, first.weight.permute(1, 2, 0), first.dilation, first.bias)[0]
filters, gates = sums[:32].tanh(), sums[32:].sigmoid()
channel = (filters.var(1) * gates.var(1)).argmax()
parts = {"filter": filters[channel], "gate": gates[channel], "product": (filters * gates)[channel]}
assert gates[channel].min() < 0.3 < 0.7 < gates[channel].max()
title = "A trained unit: the gate opens and shuts with the wave"
curves(torch.arange(48) / 8, parts, title=title, xlabel="milliseconds", ylabel="activation")

# %% [markdown]
# Follow the dashed line. The gate is no constant: it opens and shuts within a fraction of a millisecond, as the wave
# demands. Where it is shut the product stays near 0, whatever the filter says; where it is open the product follows the
# filter. With it a layer can choose by the data what the layers above get to see.
#
# ### Residual, skip, shift
#
# Around the unit WaveNet draws two more ways. The **residual**: the next layer reads $h + W u$, what this layer read
# plus what it found. The **skip**: every layer's $u$ also goes straight to the output. It multiplies each by a matrix
# of its own and adds them up (one matrix, for all of them side by side), and turns the sum into 256 logits by two small
# layers. And before all that the **shift**: the network reads the samples one step late, so that output $t$ has not
# seen sample $t$.


# %%
class MyWaveNet(armod.AutoregressiveModel):
    def __init__(self, length, num_levels, channels, dilations, shift=True):
        super().__init__()
        self.event_shape, self.ordering = torch.Size((length,)), torch.arange(length)
        self.likelihood, self.shift = armod.likelihoods.Categorical(num_levels), shift
        self.levels = nn.Embedding(num_levels + 1, channels)  # the last stands before the beginning
        self.units = nn.ModuleList(GatedConvolution(channels, kernel_size=2, dilation=d) for d in dilations)
        self.residuals = nn.ModuleList(nn.Linear(channels, channels, bias=False) for _ in dilations[1:])
        self.skip = nn.Linear(len(dilations) * channels, channels)
        self.hidden, self.head = nn.Linear(channels, channels), nn.Linear(channels, num_levels)

    def conditionals(self, x, context=None):
        x = x.long()
        read = F.pad(x[:, :-1], (1, 0), value=self.likelihood.num_levels) if self.shift else x
        h, found = self.levels(read).transpose(1, 2), []
        for k, unit in enumerate(self.units):
            found.append(gated(h, unit.weight.permute(1, 2, 0), unit.bias, unit.dilation))
            if k < len(self.residuals):
                h = h + self.residuals[k](found[k].transpose(1, 2)).transpose(1, 2)
        output = self.skip(torch.cat(found, dim=1).transpose(1, 2))
        return self.likelihood.distribution(self.head(self.hidden(output.relu()).relu()))


likelihood, doubling = armod.likelihoods.Categorical(3), [1, 2, 4]
theirs = armod.WaveNet((8,), 16, dilations=doubling, likelihood=likelihood, seed=seed)
mine = MyWaveNet(8, 3, 16, doubling)
mine.load_state_dict(
    {name.replace("convolutions", "units"): value for name, value in theirs.state_dict().items()}
    | {"levels.weight": theirs.inputs.table()},
    strict=False,
)
x = torch.randint(3, (50, 8))
assert torch.allclose(mine.log_prob(x), theirs.log_prob(x), atol=1e-4)
print(f"total probability {armod.total_probability(mine):.5f}")
print(report := armod.check_autoregressive(mine))
assert abs(armod.total_probability(mine) - 1) < 1e-4 and report.is_autoregressive and not report.blind_spot

# %% [markdown]
# **Proof.** Our network is `armod.WaveNet`, number for number. The probabilities of all $3^8$ sequences add up to 1, no
# conditional sees its own sample or a later one, and none of the earlier ones is missed.
#
# ### Break it: forget the shift
#
# Everything else stays: the convolutions are causal, the padding is right. Only `shift=False`. We train both on the
# speech, in 16 levels to make it quick.
#
# **Predict:** which network gets the better likelihood?

# %%
coarse, loss = speech.quantize(16), []
for shift in (True, False):
    model = MyWaveNet(1000, 16, 16, [1, 2, 4, 8], shift)
    armod.fit(model, coarse.train.view(-1, 1000), epochs=2, batch_size=4, learning_rate=1e-2, seed=seed)
    loss.append(model.bits_per_dim(coarse.test.view(-1, 1000)).mean().item())
print(f"bits a sample: shifted {loss[0]:.2f}, not shifted {loss[1]:.2f}")
print(report := armod.check_autoregressive(MyWaveNet(8, 3, 16, doubling, shift=False)))
assert loss[1] < 0.3 and loss[0] > 1 and len(report.leaks) == 8

# %% [markdown]
# The broken one is near 0 bits: it reports the sample that it has just read. The oracle names all eight leaks, each
# variable sees itself. "Causal" was not enough, because causal means $\le t$. A likelihood too good to be
# true was again the first symptom.

# %% [markdown]
# ## 6. What has to be beaten
#
# Three of the five sentences are for learning, 18 seconds; one decides when to stop; one is the test. Before a network,
# the simple predictors, each with a real likelihood over the 256 levels.
#
# - **Even** levels cost 8 bits. A **histogram** of the training levels knows that quiet is frequent.
# - **Last value:** the next sample is near the last one. How near? A logistic density around it, of one width for all,
#   gives each level the probability of its bin (lesson 4.3).
# - **Linear prediction**, in every mobile phone: the next sample is a weighted sum of the last sixteen. Least squares
#   finds the weights; samples in loud places count less, in proportion to their loudness.
# - Either of them **with a memory of its errors:** the width is a multiple of the mean error over the last sixteen
#   samples. Where prediction has gone well, be sure; where it has not, be careful.
#
# One part in a hundred of each density is spread evenly, so that no level is impossible. The width's factor is
# chosen on the training sentences.
#
# **Predict:** which helps more, sixteen weights or the memory of errors?

# %%
edges = expand(torch.linspace(-1, 1, 257, dtype=torch.float64))
edges[0], edges[-1] = -torch.inf, torch.inf
wave_of = {
    name: mu_law_decode(part, dtype=torch.float64)
    for name, part in (("train", speech.train), ("test", speech.test))
}


def before(wave, count):
    """(N, T) -> (N, T, count): the last samples before each, the newest first."""
    return F.pad(wave, (count, 0)).unfold(1, count, 1)[:, :-1].flip(2)


def level_bits(x, centre, width):
    low, high = (((edges[x.long() + side] - centre) / width).sigmoid() for side in (0, 1))
    return -(0.99 * (high - low) + 0.01 / 256).log2().mean(1)  # of each piece of half a second


def predictor_bits(count, remembers):
    past = before(wave_of["train"], count)
    loudness = (wave_of["train"] - past[..., 0]).abs()
    scale = before(loudness, 16).mean(2, keepdim=True) + 1e-3
    target = wave_of["train"].unsqueeze(2) / scale
    weights = torch.linalg.lstsq((past / scale).flatten(0, 1), target.flatten(0, 1)).solution
    found = {}
    for name, wave in wave_of.items():
        centre = (before(wave, count) @ weights).squeeze(2) if count > 1 else before(wave, 1).squeeze(2)
        errors = before((wave - centre).abs(), 16).mean(2) + 1e-4 if remembers else 0.01
        levels = getattr(speech, name)
        found[name] = {factor: level_bits(levels, centre, factor * errors) for factor in (0.5, 0.7, 1.0, 1.4)}
    return found["test"][min(found["train"], key=lambda factor: found["train"][factor].mean())]


counts = torch.bincount(speech.train.long().flatten(), minlength=256) + 1.0
bits = {"even levels": 8.0, "histogram": -(counts / counts.sum())[speech.test.long()].log2().mean().item()}
by_piece = {"last value": predictor_bits(1, False), "linear prediction": predictor_bits(16, False)}
by_piece |= {
    "last value, with memory": predictor_bits(1, True),
    "linear, with memory": predictor_bits(16, True),
}
bits |= {name: each.mean().item() for name, each in by_piece.items()}
assert [round(value, 2) for value in bits.values()] == [8, 7.56, 6.29, 6.16, 5.31, 5.16]
likelihood_bars(bits, unit="bits per sample")

# %% [markdown]
# The sixteen weights save about a seventh of a bit. The memory of errors saves a whole bit, for the last value and for
# linear prediction alike. Knowing *how sure one can be* is worth seven times as much as a better guess, because speech
# is now loud and now quiet. And 5.16 bits from sixteen weights and one factor is what a network has to beat. It is easy
# to leave such a line out, and to look good.

# %% [markdown]
# ## 7. A WaveNet on real speech
#
# Now a WaveNet before your eyes: nine layers, dilations 1 to 256, 24 channels. We cut the sentences into pieces of 1,000
# samples, an eighth of a second.
#
# **Predict:** where among the bars will it be, after one minute at most?

# %%
pieces, nine = speech.train.view(-1, 1000), [2**k for k in range(9)]
softmax = armod.likelihoods.Categorical(256)


def learn(channels, dilations, epochs, **options):
    model = armod.WaveNet((1000,), channels, dilations=dilations, likelihood=softmax, seed=seed, **options)
    armod.fit(model, pieces, epochs=epochs, batch_size=4, learning_rate=1e-2, seed=seed)
    return model


ours = armod.evaluate(learn(24, nine, 2 if quick else 8), speech, seed=seed)
shipped = armod.evaluate(trained, speech, seed=0)
print(ours, shipped, sep="\n")
bits |= {"WaveNet, trained here": ours.bits_per_dim, "WaveNet, shipped": shipped.bits_per_dim}
gains = by_piece["linear, with memory"] - trained.bits_per_dim(speech.test)
print("gain over linear, with memory, piece by piece:", [round(gain, 2) for gain in gains.tolist()])
assert 0.02 < gains.mean() < 0.03 and (gains > 0).sum() == 3 and gains[:-1].mean() < 0
assert speech.train.numel() == 144_000 and sum(weight.numel() for weight in trained.parameters()) == 140_896
assert ours.bits_per_dim < (5.9 if quick else 5.35)
likelihood_bars(bits, unit="bits per sample")

# %% [markdown]
# The small network comes close to the predictors with a memory, and was told neither of linear prediction nor of
# loudness: it found both in 144,000 samples. The weights that ship with the course, twenty layers of 32 channels trained
# for some minutes, are the best bar, by two hundredths of a bit.
#
# Is that a lead? The receipt says give or take 499 nats, nearly a fifth of a bit, since some pieces are harder than others.
# But they are so for both, so compare piece by piece. There are six pieces of half a second. The network is ahead in
# three and behind in three, and without the last piece it would be behind on the average. Call it a draw.
#
# A draw, with 140,896 parameters against 17. That is the honest result, and it says something about the *data*. WaveNet's
# authors trained on 24.6 hours of one voice. We have 18 seconds, a five-thousandth. Eighteen seconds teach what the
# wave of this voice looks like over a few milliseconds. They hold far too few words to learn words from.
#
# How much of its past does the shipped network use? Its field is 2,047 samples. As in lesson 4.4 we start windows
# anywhere in the held-out sentences, and average the bits over samples that are predicted from a past of similar length.
#
# **Predict:** after how many samples does more past stop to help?

# %%
windows = torch.cat([speech.valid, speech.test]).unfold(1, 1024, 1000 if quick else 500).flatten(0, 1)
each = -trained.conditionals(windows).log_prob(windows).mean(0) / math.log(2)
starts = [0, *(2**k for k in range(11))]
by_past = [each[i:j].mean().item() for i, j in pairwise(starts)]
assert 2 * by_past[1] < by_past[0] + by_past[10] and 0.1 < by_past[6] - by_past[10] < (0.4 if quick else 0.2)
title = "One known sample brings more than half of the gain, hundreds the last of it"
labels = {"xlabel": "sample of the window: from half of this number up to it", "ylabel": "bits per sample"}
curves(starts[1:], {"WaveNet, shipped": by_past}, title=title, log_x=True, **labels)

# %% [markdown]
# The first sample costs nearly 8 bits. After one known sample it is about 6, after eight 5.3: that is the shape of the
# wave. Then the curve flattens, but it goes on falling beyond 64 samples, nearly a period of the voice. A long field is
# used, for some 0.15 bits: the fall from the point at 64 to the last one.

# %% [markdown]
# ## 8. What are residual and skip for?
#
# Take them away and see. `armod.WaveNet` has a switch for each. Without residuals a layer hands on $W u$ alone. Without
# skips the output reads the last layer alone. Sixteen layers, two stacks of eight; everything else is equal.
#
# **Predict:** rank the four networks.

# %%
ablation, two_stacks = {}, [2**k for k in range(8)] * 2
for residual, skip in itertools.product((True, False), repeat=2):
    network = learn(16, two_stacks, 1 if quick else 3, residual=residual, skip=skip)
    name = f"{'' if residual else 'no '}residual, {'' if skip else 'no '}skip"
    ablation[name] = armod.evaluate(network, speech, seed=seed).bits_per_dim
assert (
    ablation["no residual, no skip"] > 7.3
    and ablation["no residual, skip"] > ablation["residual, skip"] + 0.1
)
likelihood_bars(ablation, unit="bits per sample")

# %% [markdown]
# Without either the network has learned nothing but the histogram of section 6, the 7.56 bits of a model that knows no
# past. With skips alone it learns, less well. With residuals, skips hardly matter, here and at this size: a residual
# stream that nobody writes over brings every layer to the output as well. Honest ablations have such lines.
#
# Why is that? Look at the gradient, as in lesson 4.4: how much of what leaves the last output arrives $k$ samples back?
# We measure it through the layers, without embedding and logits, and beside it in the best recurrent network of that
# lesson, a GRU whose gates start open. Each point is the median over the lags from this one to its double.


# %%
def through(net, h):
    h, found = h.transpose(0, 1), []
    for k, unit in enumerate(net.convolutions):
        found.append(unit(h))
        if k < len(net.residuals):
            h = (h if net.has_residuals else 0) + net.residuals[k](found[k])
    return (h if net.skip is None else net.skip(torch.cat(found, dim=2))).transpose(0, 1)


def reach(network, width):
    h = torch.randn(8, 600, width, dtype=torch.float64).requires_grad_()
    last = network(h)[:, -1]
    (gradient,) = torch.autograd.grad((last * torch.randn_like(last)).sum(), h)
    return gradient.norm(dim=2).mean(0).flip(0)


variants = {"both": {}, "no residual": {"residual": False}, "neither": {"residual": False, "skip": False}}
arriving = {}
for name, options in variants.items():
    net = armod.WaveNet((8,), 32, dilations=nine, likelihood=softmax, seed=seed, **options).double()
    arriving[name] = reach(partial(through, net), 32)
gru = random_recurrence("gru", scale=1.0, gate_bias=3, seed=seed)
shown = {"WaveNet": arriving["both"], "without residuals": arriving["no residual"], "GRU": reach(gru, 64)}
lines = {
    name: [(line[2**k : 2 ** (k + 1)].median() / line[1]).item() for k in range(9)]
    for name, line in shown.items()
}
both = arriving["both"]
print(f"lag 256 gets {both[256] / both[1]:.2f} of lag 1, lag 255 {both[255] / both[1]:.0e}")
print(f"with neither, lag 1 gets {arriving['neither'][1] / both[1]:.0e} of what it gets with both")
assert both[256] > 0.3 * both[1] and both[255] < 1e-4 * both[1] and arriving["neither"][1] < 1e-6 * both[1]
assert lines["WaveNet"][-1] > 10 * lines["GRU"][-1] and both[512] == 0
title = "WaveNet's gradient fades in a straight line, the GRU's falls off"
labels = {"xlabel": "lag, samples", "ylabel": "gradient, against lag 1"}
curves(nine, lines, title=title, log_x=True, log_y=True, **labels)

# %% [markdown]
# Both axes are logarithmic. The GRU loses a factor at every *step*. With its gates open the factor is near 1, so up to
# a lag of 100 it is ahead; then its curve bends and falls. WaveNet with residuals loses a factor at every *unit* on the
# way, and there are at most nine units. How many does a lag need? Write it in binary: the lag 256 is one tap of the
# layer with dilation 256, and arrives as strong as lag 1, since residuals carry it past all other layers. The lag 255
# takes eight taps in eight units, each of which costs about a factor of ten in this new network. The typical lag has
# half as many ones as it has digits. So the gradient fades with the *logarithm* of the lag, which is a straight line
# here. At 512 the field ends, and the gradient is exactly 0.
#
# Without residuals no layer can be passed by: the skip of layer $k$ comes after $k$ units, whichever of their taps the lag
# needs. A path pays for every digit, not only for the ones, and the dashed line falls about twice as fast. With
# neither, every path goes through all nine units. The last line of the print says what that means: at lag 1 it gets
# a millionth or less. Nothing arrives, and nothing is learned.

# %% [markdown]
# ## 9. Listening, and what a sample costs
#
# Sampling goes one sample at a time; 12,000 of them for a second and a half. The textbook loop computes the whole field
# again for each new sample. But all of it except the newest column was computed before. `armod` keeps it: what a layer
# with dilation $d$ will need in $d$ steps waits in a queue of $d$ places (lesson 4.7.1). How much work is left? We time
# one new sample, with nine layers at dilation 1 and nine that double. Then the shipped network speaks.
#
# **Predict:** how does the cost of a sample grow with the field, kept and not kept? And what will you hear: noise, a
# voice, words?


# %%
def microseconds(run):
    return 1e6 * min(repeat(run, timer=process_time, number=20, repeat=8)) / 20


def cost(dilations):
    model = armod.WaveNet((8,), 32, dilations=dilations, likelihood=softmax).requires_grad_(False)
    view, level = model.incremental(1), torch.zeros(1, dtype=torch.int64)
    field = torch.zeros(1, model.receptive_field, dtype=torch.int64)
    cached, naive = microseconds(lambda: view.append(level)), microseconds(lambda: model.conditionals(field))
    print(f"field {len(field[0])}: cached {cached:.0f} microseconds a sample, naive {naive:.0f}")
    return cached, naive


short, long = cost([1] * 9), cost(nine)
assert long[0] < 5 * short[0] and long[1] > 5 * long[0]

length = 4_000 if quick else 12_000
drawn = trained.sample(1, length=length, generator=torch.Generator().manual_seed(seed))[0]
noise = torch.multinomial(counts, length, replacement=True, generator=torch.Generator().manual_seed(seed))
heard = {"real": sentence[:length], "WaveNet": mu_law_decode(drawn), "histogram": mu_law_decode(noise)}
for name, sound in (heard | {"real": sentence}).items():
    voiced = [bool(echo(piece)[0] > 0.6) for piece in sound.split(400)[:-1]]
    heard_voice = sum(voiced) / len(voiced)
    print(f"{name}: {heard_voice:.0%} of its pieces of 50 milliseconds repeat themselves")
    assert heard_voice > 0.5 if name == "real" else heard_voice < 0.3
assert 0.2 < heard["WaveNet"].std() / sentence.std() < 3
sound_player(heard, speech.sample_rate)

# %% [markdown]
# The field is 51 times as long, and the cached step costs nearly the same: it computes one column of nine layers, whatever
# their dilations. The naive pass computes 512 columns to use one, and takes many times as long.
#
# And what do you hear? The histogram hisses: right levels, no past. WaveNet's sound comes in bursts and pauses, as
# speech does, and sounds more like whispering than like speaking. What is missing is the *voice*. Most pieces of the
# real sentence repeat themselves with the period of the voice, as the print says, and hardly any of the sample's do.
#
# The likelihood had told us. Nearly all of its gain comes from the last few samples, and all that lies more than 64
# samples back, with the last period of the voice in it, was worth 0.15 bits. So two models may differ by little in bits
# and by much in the ear. Eighteen seconds were not enough for a voice, let alone for words. WaveNet's authors, with
# many hours of speech and no text, heard fluent words of a language that does not exist. Which words to speak has to be
# told to the network: that is lesson 4.6.2.

# %% [markdown]
# ## Summary
#
# - Mu-law: 256 levels, fine where it is quiet; it saves about a bit and a half a sample against equal steps.
# - A stack of causal convolutions sees $1 + \sum (k-1)\, d$ samples: linear in depth at dilation 1, exponential if it doubles.
# - Causal is $\le t$; without the shift by one the network copies its answer, and the likelihood is near 0.
# - Residuals give every lag a path through few units; without residual and skip sixteen layers learn nothing.
# - On 18 seconds of speech WaveNet needs 5.13 bits a sample, and linear prediction with a memory of its errors 5.16: a draw.

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_5_2_wavenet")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_5_2_wavenet.ipynb) opens in JupyterLab. You pad a convolution so that it
# is causal, compute receptive fields, write the mu-law and keep a ring buffer; each answer is checked as soon as you run it.
#
# ## Further reading
#
# - A. van den Oord et al., *WaveNet: A Generative Model for Raw Audio*, 2016: section 2.1 for dilated causal convolutions,
#   2.2 for the mu-law, 2.3 for the gated unit, 2.4 for residual and skip connections, 3 for the experiments.
# - F. Yu, V. Koltun, *Multi-Scale Context Aggregation by Dilated Convolutions*, ICLR 2016: dilation, for images.
# - K. He, X. Zhang, S. Ren, J. Sun, *Deep Residual Learning for Image Recognition*, CVPR 2016: why a residual helps.
# - T. Le Paine et al., *Fast Wavenet Generation Algorithm*, 2016: the queues of section 9.
# - ITU-T Recommendation G.711: the mu-law of the telephone.
