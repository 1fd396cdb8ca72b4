# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.7.2 Parallel generation: what does it cost not to wait?
#
# **A thousand pixels in sixteen passes, a second of sound in one: what has to be given up for that?**
#
# After this lesson you can
# - work out which variable waits for which, and how many passes a model needs at least
# - build a model that makes whole groups of pixels at once, and prove that its likelihood is exact
# - measure what independence inside a group loses, and compare models at equal training time
# - turn an autoregressive network round, so that it reads noise instead of sound, and derive its density
# - train a student on what its teacher thinks of it, and say why that alone ends in silence
# - choose between the ways to be fast, and say what each of them keeps
#
# **Minutes** 75 · **Needs** caching; fixed-point sampling; blind spot; dilation · **Teaches** waves; multi-scale model; subscale ordering; inverse autoregressive flow; distillation

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from functools import cache
from time import process_time
from timeit import repeat

import torch
from IPython.display import display
from torch import nn
from torch.nn import functional as F

import armod
from armod import distillation
from armod.course.labs import choices, lesson_quiz, number, predict, predictions, sound_player, waiting_lab
from armod.figures.curves import curves
from armod.figures.images import image_grid
from armod.figures.pass_maps import pass_maps
from armod.figures.sound import spectrograms
from armod.likelihoods import Bernoulli, Logistic
from armod.sampling import Copy, GuessAndVerify, Speculative

torch.manual_seed(seed)
torch.set_num_threads(1)  # small networks: a second thread costs more than it saves


def seeded(offset=0):
    return torch.Generator().manual_seed(seed + offset)


def mean_and_error(x):
    return float(x.mean()), float(x.std() / math.sqrt(len(x)))


@cache  # one model stands in several rows of the last table
@torch.no_grad()
def nats_of(model):
    return float(-model.log_prob(test).mean())


def weights_of(model):
    return sum(parameter.numel() for parameter in model.parameters())


def seconds(run, repeats=3):  # of processor time
    return min(repeat(run, number=1, repeat=repeats, timer=process_time))


# %% [markdown]
# ## 1. Who waits for whom
#
# Lesson 4.7.1 made sampling fast without a change to the model. How often does a model have to be asked at least?
#
# A variable can be made as soon as everything is there that its conditional reads. So we count passes. A variable that reads
# nothing is made in pass 1. Any other variable is made one pass after the latest of those that it reads. Variables of the same
# pass form a **wave**. The oracle of lesson 4.5.1 knows who reads whom.


# %%
def waves(reads, ordering):  # reads[i, j]: does the conditional of variable i react to variable j?
    number = torch.zeros(len(reads), dtype=torch.int64)
    for i in ordering:
        number[i] = 1 + (number * reads[i]).max()
    return number


side, bits = 10 if quick else 14, Bernoulli()
image = (1, side, side)
models = {
    "PixelCNN": armod.PixelCNN(image, 4, 3, likelihood=bits),
    "Gated PixelCNN": armod.GatedPixelCNN(image, 4, 5, likelihood=bits),
    "subscale": armod.Subscale(image, 2, 4, 3, likelihood=bits),
    "multi-scale": armod.MultiScale(image, 4, 2, likelihood=bits),
    "WaveNet": armod.WaveNet((24,), 4, dilations=[1, 2, 4], likelihood=bits),
}
reads = {name: armod.dependency_matrix(model) for name, model in models.items()}
wave_of = {name: waves(reads[name], model.ordering) for name, model in models.items()}

# %% [markdown]
# We begin with two raster models of a small image: a plain PixelCNN, which has a blind spot, and a Gated PixelCNN, whose two stacks have mended it.

# %%
maps = {name: wave_of[name].view(side, side) for name in ("PixelCNN", "Gated PixelCNN")}
last = {name: int(each.max()) for name, each in maps.items()}
predict(
    f"An image has {side} x {side} = {side * side} pixels. Which of the two models can make it in fewer passes?",
    choices(
        {
            "the plain PixelCNN": (True, False),
            "the Gated PixelCNN": (False, True),
            "both need as many passes as pixels": (False, False),
        },
        answer=(last["PixelCNN"] < last["Gated PixelCNN"], last["PixelCNN"] > last["Gated PixelCNN"]),
    ),
    reveal=pass_maps(
        maps, title=f"{last['PixelCNN']} passes with a blind spot, {last['Gated PixelCNN']} without one"
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The plain one. Along a row each pixel waits for its left neighbour. From row to row it waits for the
# neighbour above and to the right, so each row begins two passes after the row above. All pixels on a slanted line are made
# together. For $H$ rows and $W$ columns that makes $W + 2(H - 1)$ passes, however deep the network is.
#
# The blind spot is what allows it. A row may begin before the row above has ended, because it does not see the end of that
# row. The two stacks of the gated model do see it, and so they have to wait for it. In lesson 4.5.3 the blind spot was a
# fault. Here it is the reason why the plain model is parallel. On 28 x 28 pixels the formula gives 28 + 2 · 27 = 82 passes for
# 784 pixels.
#
# </details>
#
# **Your turn.** A PixelCNN with kernels of 5 x 5 looks two pixels to the right in the rows above. How many passes does it need? Mend
# the one line of `mine`.


# %%
def mine(H, W):  # the passes of a PixelCNN with kernels of 5 x 5
    return W + 2 * (H - 1)


for H, W in ((4, 6), (5, 5), (3, 7)):
    wide = armod.PixelCNN((1, H, W), 4, 2, kernel_size=5, likelihood=bits)
    counted = int(waves(armod.dependency_matrix(wide), wide.ordering).max())
    verdict = "right" if mine(H, W) == counted else "not yet"
    print(f"{H} rows, {W} columns: {counted} passes by the oracle, {verdict}")

# %% [markdown]
# Now look at six models, one by one. The last two make sound. Choose a model, and move the slider through its passes. Then
# press a variable: dots mark what it reads, and a line follows the chain that it waits for.
#
# 1. In the PixelCNN, press the last pixel. Why does its chain bend?
# 2. Find the model of images with the shortest chain. How is it possible that the last pixel waits for so few?
# 3. Compare the WaveNet with the flow student. Both make 24 samples of sound.

# %% tags=["nbval-ignore-output"]
shown = {name: (reads[name], (24,) if name == "WaveNet" else (side, side)) for name in models}
waiting_lab(shown | {"flow student": (torch.zeros(24, 24, dtype=torch.bool), (24,))})

# %% [markdown]
# A WaveNet has as many passes as samples: each sample reads the one before it. The flow student has one pass, because none of its
# samples reads another. The rest of the lesson is about the three that you have not met yet: how can there be such models, and what
# do they give up?

# %% [markdown]
# ## 2. Groups that do not look at each other
#
# Suppose that we simply decide who waits. We divide the pixels into groups, and make each group in one pass. Its pixels see all
# groups before it, and none sees another pixel of its own group. Which groups are good? Neighbours depend on each other most,
# so neighbours should not be in the same group. Reed and others (2017) begin with a single pixel, and then double the resolution
# again and again. Each doubling takes three groups: the pixels half-way to the *right*, those half-way *below*, and those on the
# *diagonal*. This is a **multi-scale model**.

# %%
groups = models["multi-scale"].groups.view(side, side)
assert wave_of["multi-scale"].equal(models["multi-scale"].groups)  # the oracle finds the groups again
pass_maps({"multi-scale": groups}, title=f"From one pixel to {side * side} in {int(groups.max())} passes")

# %% [markdown]
# Read the map from light to dark: the corner is made first, and the last group is a quarter of the image. The number of passes is $1 + 3 \lceil\log_2 \max(H, W)\rceil$: it grows with the *logarithm* of the
# side. 28 x 28 pixels take 16 passes, 56 x 56 take 19.
#
# The model is short. One network reads the pixels that are known, and a second plane that says which ones these are. It has no masks:
# what is unknown is set to zero before the network looks. It runs once for each group, and only the outputs of this group count.


# %%
class Groups(armod.AutoregressiveModel):
    likelihood = bits

    def __init__(self, groups):
        super().__init__()
        self.groups, self.event_shape = groups, torch.Size([1, *groups.shape])
        self.ordering = groups.flatten().argsort(stable=True)
        self.network = nn.Sequential(nn.Conv2d(2, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))

    def conditionals(self, x, context=None):
        logits = torch.zeros(x.shape)
        for each in self.groups.unique():
            known = (self.groups < each).expand(x.shape).float()
            found = self.network(torch.cat([known * x, known], 1))
            logits = torch.where(self.groups == each, found, logits)
        return torch.distributions.Bernoulli(logits=logits)


# %% [markdown]
# Is that a likelihood at all? The pixels of real images are not independent.

# %%
small = Groups(armod.MultiScale((1, 3, 3), 4, 2, likelihood=bits).groups.view(3, 3))
total = armod.total_probability(small)
leaks = len(armod.check_autoregressive(small).leaks)
predict(
    "We score all 512 images of 3 x 3 bits. What do their probabilities add up to?",
    choices(
        {"less than 1": -1, "exactly 1": 0, "more than 1": 1},
        answer=0 if abs(total - 1) < 1e-5 else int(math.copysign(1, total - 1)),
    ),
    reveal=f"The sum is {total:.6f}. Conditionals that look at a later pixel: {leaks}.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Exactly 1. The chain rule over groups is
# as exact as the one over pixels, and a product of independent conditionals is a distribution like any other. If the assumption is
# wrong, the likelihood is worse. It is not wrong.
#
# </details>
#
# Sampling is the same loop: one pass for each group, and all its pixels are drawn at once. `armod.MultiScale` has a better network, and
# its weights ship with the course. The cell below writes the loop by hand, and checks that `sample` draws the same eight digits.


# %%
@torch.no_grad()
def sample_in_passes(model, num_samples):
    uniform = torch.rand(num_samples, 784, dtype=torch.float64, generator=seeded())
    noise = uniform[:, model.ordering.argsort()]  # the k-th number is for the k-th variable
    x, stages = torch.zeros(num_samples, 784), []
    for each in model.groups.unique():
        white = 1 - model.conditionals(x.view(-1, 1, 28, 28)).probs.flatten(1)
        x = torch.where(model.groups == each, (noise >= white).float(), x)
        stages.append(x.view(-1, 28, 28).long())
    return stages


multi_scale = armod.load_pretrained("multi-scale-digits28")
stages, at = sample_in_passes(multi_scale, 8), (1, 7, 10, 13, 16)
assert stages[-1].equal(multi_scale.sample(8, generator=seeded())[:, 0])
rows = torch.stack([stages[k - 1] for k in at])
image_grid(rows, title="Eight digits after 1 to 16 passes", row_labels=[f"pass {k}" for k in at])

# %% [markdown]
# After 7 passes there are 16 pixels. After 13 passes a quarter of the pixels is there, and you can read the digit. The last three passes make 588 pixels.

# %% [markdown]
# ## 3. The price
#
# In the last three passes three quarters of the pixels are drawn without a look at each other. That has to cost likelihood. The rival
# is the Gated PixelCNN with coordinates of lesson 4.5.4, which goes pixel by pixel. Both models are told where each pixel lies.

# %%
digits = armod.data.load("digits28").binarize(128)
test = torch.as_tensor(digits.test)[: 100 if quick else 500]
rivals = {"gated": "gated-pixelcnn-coordinates-digits28", "subscale": "subscale-digits28"}
trained = {name: armod.load_pretrained(weights) for name, weights in rivals.items()}


with torch.no_grad():
    pixel_by_pixel, in_16_passes = (-m.log_prob(test).double() for m in (trained["gated"], multi_scale))
price, error = mean_and_error(in_16_passes - pixel_by_pixel)
predict(
    f"A test digit costs the pixel-by-pixel model {pixel_by_pixel.mean():.1f} nats. "
    "What does it cost the model of 16 passes?",
    number(in_16_passes.mean(), unit="nats", low=40, high=120),
    reveal=f"Digit by digit the difference is {price:+.2f} nats, with a standard error of {error:.2f}.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It costs a few nats more. That price is not high: it buys a forty-ninth of the passes, and it is small beside the distance to the
# plain PixelCNN of lesson 4.5.3, which goes pixel by pixel and needs 77 nats.
#
# These weights were not trained equally long. (The best raster model of lesson 4.5.4 even needs 62 nats.) So here is the control: models with the same aids, trained anew for 90 seconds of processor
# time each.
#
# | 90 s of training | passes | nats for a test digit, by seed |
# |---|---|---|
# | pixel by pixel, gated, kernel 5 | 784 | 69.6, 68.6, 68.4 |
# | subscale (section 4) | 784 | 70.2 |
# | multi-scale | 16 | 72.1, 71.0, 70.8 |
# | the same, diagonal group first | 16 | 72.2 |
#
# Each number has an error of 0.8 nats over test digits. At equal time the sixteen passes cost 2.4 nats with each seed. The order of the groups
# seems to matter little (one seed). Beside a plain PixelCNN alone, waiting less would look *better*. The strongest baseline decides.
#
# </details>
#
# ### What independence loses
#
# What does independence inside a group cost? Look at the last three groups, given the true pixels of all earlier groups. Take neighbours of the
# same group, and what is left of each pixel after its prediction: 1 or 0, minus its probability. If the pixels were independent, these
# **residuals** would not be correlated.


# %%
with torch.no_grad():
    probs = torch.cat([multi_scale.conditionals(part).probs for part in test.split(100)])
residual = (test - probs)[:, 0]
deviation = (probs * (1 - probs))[:, 0].sqrt()
correlation = {}
for group, name in ((14, "right"), (15, "below"), (16, "diagonal")):
    inside = multi_scale.groups.view(28, 28) == group
    grids = [each[:, inside.any(1)][..., inside.any(0)].double() for each in (residual, deviation)]
    for where, axis in (("beside", 2), ("below", 1)):
        both = [each.narrow(axis, 0, 13) * each.narrow(axis, 1, 13) for each in grids]
        of_digits, spread = both[0].sum((1, 2)), both[1].sum((1, 2)).mean()
        correlation[name, where] = mean_and_error(of_digits / spread)
for (name, where), (value, error) in correlation.items():
    print(f"group {name + ',':9} the neighbour {where + ':':7} correlation {value:+.2f} ± {error:.2f}")

# %% [markdown]
# Take the group *right*. Its pixels have known pixels to their left and right. But the pixels above and below are not known, and the next ones
# are of the same group. These neighbours are correlated: what the network could not foresee of one, it could not foresee of the other. The
# group *below* is the mirror image, beside each other. In the group *diagonal* all four direct neighbours are known, and next to nothing is
# left.
#
# How many nats is that? The script `benchmarks/strategies/group_independence.py` mends the model a little. It joins the pixels of a group in pairs of
# neighbours, multiplies the probability of a pair by $e^{\theta r_1 r_2}$, where $r_1$ and $r_2$ are its residuals, and divides by what makes it
# add up to 1. That is again a model with an exact likelihood. With the best $\theta$ of the valid split it wins 0.22 ± 0.03 nats for a test digit in the group
# *right* and 0.18 ± 0.03 in the group *below*. In the group *diagonal* it wins nothing. Each pixel is joined with one neighbour only, so this is a
# lower bound. It is a part of the price, and not all of it.

# %% [markdown]
# ## 4. Slices, one after the other
#
# There is another way to give pixels neighbours on all sides, and it assumes nothing. Menick and Kalchbrenner (2019) cut the image into
# interleaved **slices**: the pixels in even rows and even columns, then those in even rows and odd columns, and so on. In a **subscale
# ordering** the slices come one after the other. Inside a slice a small PixelCNN goes pixel by pixel, and also sees the slices before it.
#
# > **Precision.** You may read that subscale ordering generates "at multiple scales simultaneously". There are no scales: all slices have the same resolution, and together they are the image.
#
# How long does it wait? The library's subscale model sees a neighbourhood of each pixel, and not the whole of the earlier slices. So a slice may begin
# before the one ahead of it has ended. We ask the oracle for a small image: from 8 x 8 pixels on, two more rows and columns mean three more waves. And we guess, as in lesson 4.7.1: the fixed point, with a window of one
# slice.

# %%
of_raster, size = 28 + 2 * (28 - 1), 10 if quick else 14
counted = int(armod.waves(armod.Subscale((1, size, size), 2, 1, 1, likelihood=bits)).max())
of_slices = counted + 3 * (28 - size) // 2
raster, num, taken = armod.load_pretrained("pixelcnn-digits28"), 1 if quick else 5, {}
for name, model, window in (("raster", raster, None), ("subscale", trained["subscale"], 196)):
    sampler = GuessAndVerify(window=window)
    made = model.sample(num, generator=seeded(), method=sampler)
    assert made.equal(model.sample(num, generator=seeded()))  # the same as cached
    taken[name] = sampler.report.passes.flatten(1).amax(1).double().mean().item()
last_pass = sampler.report.passes[0, 0]  # the pass after which each pixel of the first digit was final
of_slice = {f"slice {2 * i + j + 1}": last_pass[i::2, j::2] for i in (0, 1) for j in (0, 1)}
predict(
    f"The fixed point makes a digit of the raster PixelCNN in {taken['raster']:.0f} passes on average. "
    "How many does it take for the subscale model, slice by slice?",
    number(taken["subscale"], unit="passes", low=1, high=784, log=True),
    reveal=[
        pass_maps(of_slice, title=f"Slice after slice, a digit in {int(last_pass.max())} passes"),
        f"Waves of {size} x {size} pixels: raster {size + 2 * (size - 1)}, subscale {counted}; "
        f"of 28 x 28: {of_raster} and {of_slices}.",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# About half as many, and each of them computes no more than a quarter of the image. The maps show the four slices apart. The first one takes more passes than the three others together. Their pixels lie between known pixels. The waves say
# what *could* matter. The guesses profit from what matters little.
#
# So the model that keeps everything waits for some twenty-five passes, and the model of groups for sixteen.
#
# </details>

# %% [markdown]
# ## 5. Sound: does guessing help?
#
# For images it was enough to change who waits for whom. What about sound? Take the simplest sound that has the colour of a voice, a
# **whispered vowel**. Speech is a buzz or a noise that the mouth filters. *Linear prediction* finds the filter: it says the next sample as
# a weighted sum of the last ten. With white noise in the place of the buzz, the same mouth whispers.

# %%
vowel = distillation.LinearPrediction.vowel().double()
whisper = vowel.sample(1, length=3200, generator=seeded())[0]
sound_player({"a whispered vowel": 0.15 * whisper}, 8000)

# %% [markdown]
# Each sample reads the ten before it, so there are as many waves as samples. For digits guessing helped. We begin with
# silence. Each pass computes all samples from the guesses of the pass before, always with the same noise.

# %%
length, x, errors = 150, torch.zeros(1, 150, dtype=torch.float64), []
noise = Logistic().noise(torch.rand(1, length, generator=seeded(), dtype=torch.float64), torch.float64)
truth = vowel.sample(1, length=length, generator=seeded())
for _ in range(length):
    said = vowel.conditionals(x)
    x = (said.means + said.log_scales.exp() * noise).squeeze(-1)
    errors.append((x - truth).abs().max().item())
predict(
    f"The slow loop takes {length} passes for {length} samples. Which share of them does the fixed point need?",
    number((1 + sum(error > 1e-3 for error in errors)) / length, low=0, high=1),
    reveal=curves(
        range(1, length + 1),
        {"largest error": [max(error, 1e-16) for error in errors]},
        title=f"The guesses become {max(errors):.0e} wrong before they become right",
        xlabel="pass",
        ylabel="distance from the sample",
        log_y=True,
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It saves hardly any pass. And on the way the guesses explode. A vowel *resonates*: a wrong guess rings on, and each pass feeds the ringing of the
# pass before. Only the beginning is right after every pass, one sample more each time.
#
# </details>
#
# What else can be changed?

# %% [markdown]
# ## 6. Turn the arrows round
#
# A sample waits for earlier *samples*. But something is there from the beginning: the noise. Parallel WaveNet (van den Oord and others, 2018)
# keeps the network and changes what it reads. Mean and scale of a sample come from the earlier *noise*:
#
# $$x_t = m(z_{<t}) + s(z_{<t}) \, z_t$$
#
# First all of $z$ is drawn. One pass of the network then gives all $m$ and $s$, and the sound is there. This is an **inverse autoregressive
# flow** (Kingma and others, 2016). A WaveNet would read $x_{<t}$. That is the whole difference:
#
# | | reads | to draw a sound | to score a given sound |
# |---|---|---|---|
# | WaveNet | earlier samples | waits, sample by sample | one pass |
# | the flow | earlier noise | one pass | waits: its noise has to be found sample by sample |
#
# We gain in one column and lose in the other. But the flow can score the sounds that it has *made itself*, because it knows their noise. How?


# %%
def flow(z, network, taps=3):  # noise (N, T)
    earlier = F.pad(z, (taps, 0))[:, :-1]  # step t reads t - 1, t - 2, ...
    mean, log_scale = network(earlier[:, None]).unbind(1)
    x = mean + log_scale.exp() * z
    log_prob = (F.logsigmoid(z) + F.logsigmoid(-z) - log_scale).sum(1)
    return x, log_prob


# %% [markdown]
# The last line but one is the density. Logistic noise has the density $\sigma(z)\,\sigma(-z)$. To stretch a variable by $s$ makes its density $s$ times
# smaller. And $x_t$ depends on $z_t$ through $s_t$ alone, and on no later noise. So the Jacobian of the whole map is triangular, and its
# determinant is the product of all $s_t$. Autograd can check this without knowing any of it: it computes the full Jacobian.
#
# **Your turn.** Break the flow: let step t read $z_t$, too. (Pad with `taps - 1` zeros, and keep the last column.) Run both cells again. Which of the
# two prints tells you that the density is wrong, and why does the other one not?

# %%
network = nn.Conv1d(1, 2, 3).double()
z = torch.randn(5, dtype=torch.float64, generator=seeded())
jacobian = torch.func.jacrev(lambda row: flow(row[None], network)[0][0])(z)
by_autograd = (F.logsigmoid(z) + F.logsigmoid(-z)).sum() - torch.linalg.slogdet(jacobian)[1]
print((jacobian.abs() > 1e-12).int())
right = torch.allclose(flow(z[None], network)[1][0], by_autograd)
print("log-density by the flow and by autograd:", "the same" if right else "not the same")

# %% [markdown]
# Row t of the table is a sample, and column t is a number of the noise. The ones form a lower triangle: no sample reads later noise.
#
# ## 7. A teacher whose density we know
#
# How should the flow learn? It cannot be trained on recordings, because it scores them slowly. Parallel WaveNet trains it on a
# **teacher**: an autoregressive model, which scores any sound in one pass. The student makes a sound, the teacher says how likely it is, and
# the student minimises
#
# $$\mathrm{KL}(\text{student} \,\|\, \text{teacher}) = \underbrace{\mathbb{E}[-\log p(x)]}_{\text{cross-entropy}} -
# \underbrace{\mathbb{E}[-\log q(x)]}_{\text{entropy of the student}}$$
#
# Here $p$ is the teacher's density and $q$ the student's, and both averages run over the student's sounds. So this divergence is a number that we can measure, with a standard error. This is **probability density distillation**. We begin with the
# whispered vowel as the teacher, because here we know the truth as well.

# %%
teacher = distillation.LinearPrediction.vowel()
dilations = [2**k for k in range(8)]
student = distillation.FlowStudent(16, dilations=dilations, seed=seed)
history = distillation.distill(student, teacher, seconds=1 if quick else 6, seed=seed, progress=False)
mean, error = distillation.kl(student, teacher, num_samples=40, length=500, generator=seeded())
window = max(1, len(history) // 100)
smooth = torch.tensor(history.kl).unfold(0, window, window).mean(1).clamp(min=1e-3)
predict(
    f"At the first step the divergence is {history.kl[0]:.0f} nats per sample. How large is it after {len(history):,} steps?",
    number(mean, unit="nats per sample", low=0.001, high=100, log=True, digits=2),
    reveal=[
        f"KL {mean:.3f} ± {error:.3f} nats per sample, from 40 sounds of 500 samples.",
        curves(
            window * torch.arange(1, len(smooth) + 1),
            {"student": smooth},
            title=f"From {history.kl[0]:.0f} to {mean:.2g} nats per sample",
            xlabel="step",
            ylabel="KL, nats per sample",
            log_y=True,
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Note the unit: nats per *sample*. A second of sound has 8,000 of them. You will hear the rest in the next section: the student is
# still clearly quieter than its teacher.
#
# </details>
#
# ## 8. What the teacher likes best
#
# Why do we need the entropy? It would be simpler to minimise the cross-entropy alone. So we train a second student, with
# everything else as before.

# %%
silent = distillation.FlowStudent(16, dilations=dilations, seed=seed)
distillation.distill(silent, teacher, entropy=False, seconds=1 if quick else 3, seed=seed, progress=False)
makers = {"the teacher": teacher, "the student": student, "the student without entropy": silent}
sounds = {name: each.sample(1, length=3200, generator=seeded())[0] for name, each in makers.items()}
surprise = {name: -teacher.log_prob(x[None]).item() / len(x) for name, x in sounds.items()}
own, pleased = surprise["the teacher"], surprise["the student without entropy"]
lost, lost_error = distillation.kl(silent, teacher, num_samples=40, length=500, generator=seeded())
predict(
    f"The teacher finds its own sound surprising by {own:.2f} nats per sample. "
    "And the sound of the student that only tried to please it?",
    choices(
        {
            "more surprising than its own": 1,
            "as surprising as its own": 0,
            "less surprising than its own": -1,
        },
        answer=int(pleased > own + 0.1) - int(pleased < own - 0.1),
    ),
    reveal=[
        "\n\n".join(
            f"{name}: {surprise[name]:.2f} nats per sample, standard deviation {x.std():.3f}"
            for name, x in sounds.items()
        ),
        f"KL without the entropy term: {lost:.2f} ± {lost_error:.2f} nats per sample.",
        sound_player({name: (0.15 * x).clamp(-1, 1) for name, x in sounds.items()}, 8000),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The teacher likes it *better* than its own voice, and there is next to nothing to hear. A vowel of noise is most probable where all its noise is zero, and
# that is silence. A student that only wants to please collapses onto this one sound. Its cross-entropy is excellent, and its divergence is bad. The entropy term is
# what it has to pay for being always the same.
#
# </details>
#
# So a good score from the teacher says nothing about quality. The divergence does.
#
# ## 9. A whole sentence in one pass
#
# A vowel stays the same. In a sentence the filter changes all the time, and somebody has to tell the student how. So student and teacher get a **context**:
# the filter of each moment, measured on a real recording. The student that ships with the course was trained on the contexts of three sentences. It
# never heard the fourth one, whose whisper it makes here.

# %%
whisperer = distillation.LinearPrediction()
speaker = distillation.load_student("student-whisper")
context, gains = (each[..., 2400:12000] for each in distillation.utterance_context("0930"))  # 1.2 seconds
held_out, its_error = distillation.kl(speaker, whisperer, context, num_samples=8, generator=seeded())
drawn = {"the teacher": whisperer.sample(1, context, length=9600, generator=seeded(1))}
drawn["the teacher again"] = whisperer.sample(1, context, length=9600, generator=seeded(2))
drawn["the student"] = speaker.sample(1, context=context, generator=seeded(3))
drawn["white noise"] = torch.randn(1, 9600, generator=seeded(4))
apart = {name: distillation.log_spectral_distance(x, drawn["the teacher"]) for name, x in drawn.items()}
heard = {name: (gains * drawn[name])[0] for name in ("the teacher", "the student")}
heard = {name: 0.9 * x / x.abs().max() for name, x in heard.items()}
predict(
    f"Two whispers of the teacher are {apart['the teacher again']:.1f} dB apart, because their noise differs. White noise is "
    f"{apart['white noise']:.0f} dB from the teacher. How far from it is the student?",
    number(apart["the student"], unit="dB", low=0, high=25, digits=2),
    reveal=[
        f"KL on this sentence: {held_out:.3f} ± {its_error:.3f} nats per sample.",
        spectrograms(heard, 8000, title="A sentence that the student has never heard"),
        sound_player(heard, 8000),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The distance compares how loud each of 16 bands of frequencies is, moment by moment. The student is a little farther from the teacher than the teacher is
# from itself, and much nearer than white noise.
#
# In the spectrograms dark bands are the resonances of the mouth. Both pictures have the same bands at the same moments.
#
# </details>
#
# ## 10. How fast is one pass?
#
# The teacher of a real system is a WaveNet. How much quicker is one pass of a student, on this processor, for a second of sound?


# %%
deep, part = [2**k for k in range(10)] * 2, 400 if quick else 2000
wavenet = armod.WaveNet((8000,), 32, dilations=deep, likelihood=Logistic())
sizes = {"as large": (32, 20), "smaller": (16, 10), "small": (8, 8)}  # channels, layers
flows = {
    name: distillation.FlowStudent(channels, dilations=deep[:n]) for name, (channels, n) in sizes.items()
}
of_wavenet = seconds(lambda: wavenet.sample(1, length=part), 2) * 8000 / part
of_flow = {name: seconds(lambda each=each: each.sample(1, 8000)) for name, each in flows.items()}
ratios = {name: of_wavenet / each for name, each in of_flow.items()}
many, some = 4 if quick else 32, 100 if quick else 400
many_sounds = [
    8000 / some * seconds(lambda each=each: each.sample(many, length=some), 1)
    for each in (wavenet, flows["as large"])
]
predict(
    f"The cached WaveNet has {weights_of(wavenet):,} weights and takes {of_wavenet:.2f} s for a second of sound. "
    "How many times quicker is a student of the same size, which makes all 8,000 samples in one pass?",
    number(ratios["as large"], unit="times", low=1, high=8000, log=True),
    reveal="\n\n".join(
        f"a student {name}, {sizes[name][0]} channels, {sizes[name][1]} layers, {weights_of(flows[name]):,} weights: {ratio:.0f} times"
        for name, ratio in ratios.items()
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It is far less than 8,000 times quicker. A student of the same size does the *same work*: as many products for every sample. It only saves starting them 8,000
# times, one after the other. A single processor core can give no more. Smaller students are quicker, and they are other models. A machine that works on
# thousands of samples side by side would not make the student wait, and the teacher would wait as before. On such machines the paper measured its thousandfold gain. (We did not: everything here ran on one core.)
#
# </details>
#
# ## 11. Pixels in one pass
#
# Noise that is stretched and shifted makes real numbers. Pixels are levels, and no gradient flows through a level. But a student of
# discrete observations can learn from the teacher's *samples*, of which there are as many as we like. This is **knowledge distillation** to a model that is not
# autoregressive. The simplest students draw one of M components, and then all pixels independently: a **mixture of products**. The teacher is the MADE of lesson 4.5.1. The divergence KL(teacher ‖ student) is the mean of log p(x) - log q(x) over the teacher's samples.

# %%
made_teacher = armod.load_pretrained("made-digits28")
many_digits = made_teacher.sample(2500 if quick else 10_000, generator=seeded())
fresh = made_teacher.sample(1000, generator=seeded(1))
surprise_of_teacher = -made_teacher.log_prob(fresh).detach().double()
sizes = (1, 20) if quick else (1, 10, 100)
mixtures = {
    f"{M} component{'s' * (M > 1)}": distillation.MixtureOfProducts(M).fit(many_digits) for M in sizes
}
divergence = {
    name: float((-each.log_prob(fresh) - surprise_of_teacher).mean()) for name, each in mixtures.items()
}
rows = [fresh[:10, 0], *(each.sample(10, generator=seeded())[:, 0] for each in mixtures.values())]
predict(
    f"The teacher's digits have {surprise_of_teacher.mean():.0f} nats of entropy. "
    "How far from the teacher is the student of independent pixels?",
    number(divergence["1 component"], unit="nats", low=0, high=200),
    reveal=[
        "\n\n".join(f"{name}: KL {nats:.1f} nats" for name, nats in divergence.items()),
        image_grid(
            torch.stack(rows),
            title="Inside a component no pixel knows its neighbour",
            row_labels=["teacher", *mixtures],
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Independent pixels draw fog. With more components the fog takes the shape of a digit, and the strokes have holes. Inside a component a
# pixel does not know whether its neighbour is black. The divergence says in nats what that costs: it is the dependence that is left inside the components. In the flow of
# the whispers, means and scales pass on what earlier noise was.
#
# </details>
#
# A student learns what the teacher makes, with the teacher's faults.


# %% [markdown]
# ## 12. All ways to be fast, in one table
#
# Here are the strategies of both lessons. Those for digits come first, and then two for a second of sound. The columns ask:
#
# - **same sample**: does it draw what the PixelCNN's slow loop draws with the same noise?
# - **same distribution**: does it at least draw from the same distribution?
# - **density**: can it score an observation that is given?
# - **passes** wait for each other; **waves** is the number of passes that the dependencies ask for; **work** is how many conditionals are
#   computed for each variable
# - **seconds** of processor time, for one observation and for many at once; **nats** for a test digit

# %%
trigram = armod.NGram((1, 28, 28), 3, num_levels=2).fit(digits.train)
of_groups, slices, mixture = int(multi_scale.groups.max()), trained["subscale"], [*mixtures.values()][-1]
ways = {  # a model, how it draws, its passes if no report counts them, its waves
    "PixelCNN, cached": (raster, "cached", 784, of_raster),
    "fixed point": (raster, GuessAndVerify(), None, of_raster),
    "guess and verify, a row": (raster, GuessAndVerify(Copy(28), window=28), None, of_raster),
    "speculative": (raster, Speculative(trigram, window=8), None, of_raster),
    "multi-scale": (multi_scale, "cached", of_groups, of_groups),
    "subscale, cached": (slices, "cached", 784, of_slices),
    "subscale, fixed point": (slices, GuessAndVerify(window=196), None, of_slices),
    "mixture of products": (mixture, None, 1, 1),
}
a_pass = [seconds(lambda N=N: raster.log_prob(torch.zeros(N, 1, 28, 28))) for N in (1, many)]
naive = (True, True, True, 784, of_raster, 784, *(784 * each for each in a_pass), f"{nats_of(raster):.1f}")

# %% [markdown]
# The slow loop of the PixelCNN would take minutes, so we have timed one of its passes, and take it 784 times. The others draw.


# %%
def measured(model, method, passes, its_waves):
    def draw(N):
        return model.sample(N, generator=seeded(), **({"method": method} if method else {}))

    spent = [seconds(lambda N=N: draw(N), repeats) for N, repeats in ((many, 1), (1, 3))]
    same, report = draw(1).equal(expected), getattr(method, "report", None)
    passes, work = (report.evaluations, report.positions / 784) if report else (passes, 1)
    return same, model is raster, True, passes, its_waves, work, *spent[::-1], f"{nats_of(model):.1f}"


expected = raster.sample(1, generator=seeded())
table = {"PixelCNN, naive": naive} | {name: measured(*way) for name, way in ways.items()}
table["WaveNet, cached"] = (True, True, True, 8000, 8000, 1, of_wavenet, many_sounds[0], "-")
table["flow student"] = (False, False, False, 1, 1, 1, of_flow["as large"], many_sounds[1], "-")
print(f"{'':24}sample distr. density passes waves   work   1: s{many:4}: s    nats")
for name, (*answers, passes, its_waves, work, one, several, its_nats) in table.items():
    said = "".join(f"{'yes' if each else 'no':7}" for each in answers)
    print(f"{name:24}{said}{passes:7}{its_waves:6}{work:7.1f}{one:7.3f}{several:8.2f}{its_nats:>8}")

# %% [markdown]
# If you need *the same sample*, or at least the same distribution, choose among the first five lines. The cache takes work away, guesses take passes away, and a
# window of one row takes the fewest seconds for one digit. For many digits at once the cache wins: look at the work that wrong guesses cost.
#
# If you may *choose the model*, there are three more. They have densities of their own, and better nats than the plain PixelCNN. The model of groups is also the fastest
# of those that draw strokes.
#
# If you need *one pass*, you have to give up more. The mixture pays in nats. The flow gives up the density of given sounds, and it is no better than its teacher.
#
# Look at the last two lines once more. For one sound the flow is many times as quick. For 32 sounds at once little of that is left. On one processor core seconds follow work, and the work is the same. On a machine that computes thousands of things at once, seconds should follow
# passes.
#
# ## Summary
#
# - A variable can be made one pass after the latest of those that it reads; the longest chain is the number of passes.
# - Groups of independent pixels take $1 + 3 \lceil\log_2 \max(H, W)\rceil$ passes, and their likelihood is exact.
# - Slices assume nothing, and most of their pixels lie between known ones; guesses were right early. In a resonating sound guesses saved hardly a pass.
# - A flow reads noise instead of samples: one pass to draw, and a density that it knows for its own sounds only.
# - A student learns by cross-entropy minus entropy. Without the entropy term it becomes silent, which the teacher finds most probable.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_7_2_parallel_generation")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_7_2_parallel_generation.ipynb) opens in JupyterLab. You compute waves and groups, mend a flow that
# reads too far, and train a student of your own.
#
# ## Further reading
#
# - S. Reed and others, *Parallel Multiscale Autoregressive Density Estimation*, ICML 2017: section 3 for the groups.
# - J. Menick, N. Kalchbrenner, *Generating High Fidelity Images with Subscale Pixel Networks and Multidimensional Upscaling*, ICLR 2019:
#   section 3 for the ordering.
# - D. Kingma and others, *Improving Variational Inference with Inverse Autoregressive Flow*, NIPS 2016: section 3.
# - A. van den Oord and others, *Parallel WaveNet: Fast High-Fidelity Speech Synthesis*, ICML 2018: section 3 for the student, section 4 for the loss.
# - S. Prince, *Understanding Deep Learning*, section 16.3: autoregressive and inverse autoregressive flows; section 16.5.3 for this kind of distillation.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 3.13: the two directions of the divergence; sections 20.10.7 to 20.10.10: auto-regressive
#   networks.
# - Lessons 4.5.3 for the blind spot, 4.7.1 for guesses.
#
# ---
#
# [← 4.7.1 Caching, guessing, not waiting](4_7_1_caching.ipynb) · [The course map](index.ipynb)
