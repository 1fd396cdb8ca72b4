# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.6.1 Image applications: what does the input fix, and what does the model invent?
#
# **One picture goes in, many pictures come out. Which of them are right?**
#
# After this lesson you can
# - put an encoder in front of a model, and prove that the result is still a distribution for every input
# - say how many nats an input can save at most, and measure how many it saves
# - tell a sample from a mean, and explain why the smallest error belongs to the blurred picture
# - colour a grey photograph in many ways, and show where the model was in doubt
# - complete a picture from any side with Bayes' rule, without training anything
# - find out why a conditional model ignores its input
#
# **Minutes** 70 · **Needs** masked convolutions; two stacks; discretized logistic mixture; order-agnostic training · **Teaches** conditional models; super-resolution; colorization; particle filters

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math

import torch
from IPython.display import display
from torch import nn
from torch.nn import functional as F

import armod
from armod import encoders, masks
from armod.course.labs import choices, colour_lab, lesson_quiz, number, paint_lab, predict, predictions
from armod.course.labs.paint.completing import complete
from armod.data.views import chroma, chroma_values, coloured, grey, low_resolution
from armod.figures.bars import likelihood_bars
from armod.figures.curves import curves
from armod.figures.images import image_grid
from armod.likelihoods import Bernoulli, Categorical
from armod.measures.context_dependency import context_dependency_matrix
from armod.pretrained import receipt
from armod.sampling import Particles
from armod.training import Callback

torch.manual_seed(seed)
torch.set_num_threads(1)  # small networks: a second thread costs more than it saves


def seeded(offset=0):
    return torch.Generator().manual_seed(seed + offset)


@torch.no_grad()
def nats_of_each(model, x, context=None):
    parts = [slice(at, at + 100) for at in range(0, len(x), 100)]
    given = [None if context is None else context[part] for part in parts]
    return -torch.cat([model.log_prob(x[part], c) for part, c in zip(parts, given, strict=True)]).double()


def mean_and_error(x):
    return float(x.mean()), float(x.std() / math.sqrt(len(x)))


def rms(difference):  # root of the mean square
    return float(difference.double().square().mean().sqrt())


def strength(values):  # mean length of the chroma
    return float(values.square().sum(-3).sqrt().mean())


# %% [markdown]
# ## 1. The same chain rule, with an input beside it
#
# So far our models drew whatever they liked. Most applications want something else. There is an *input* $y$, such as a thumbnail or a grey photograph, and we ask
# for an *answer* $x$ that fits it. We need $p(x \mid y)$, and the chain rule does not mind:
#
# $$p(x \mid y) = \prod_k p(x_k \mid x_{<k}, \, y)$$
#
# Every factor gets the input as well. This is a **conditional model**. In lesson 4.5.4 you met the place where it enters: each layer of a Gated PixelCNN adds a
# linear map of its **context** to filters and gates. But look closely: a pixel gets the context *of its own place* only. From there it travels with the masks, to the
# right and down. What the input says about the lower half would never reach the upper half.
#
# So we put a network in front, an **encoder**, whose convolutions have no masks. The input is known, and everything may see all of it.


# %%
class Conditional(armod.AutoregressiveModel):
    context_size = None  # the encoder decides what it can read

    def __init__(self, encoder, model):
        super().__init__()
        self.encoder, self.model = encoder, model
        self.event_shape, self.ordering = model.event_shape, model.ordering

    def encode(self, given):
        features = self.encoder(given)
        return features * (features.square().mean(1, keepdim=True) + 1e-4).rsqrt()

    def conditionals(self, x, context=None):
        return self.model.conditionals(x, self.encode(context))


# %% [markdown]
# That is all. One line may look superfluous: `encode` divides the features of each place by their size, their root mean square. Keep it in mind. Section 7 takes it away.
#
# Is the result a distribution, for *every* input? We take images of 2 x 4 pixels. There are 256 of them, so that we can add up their probabilities, for three random thumbnails of
# 1 x 2 pixels. And we compare with `armod.Conditional`, which is the same model with more care for errors.

# %%
pixels = armod.GatedPixelCNN((1, 2, 4), 4, 2, likelihood=Bernoulli(), context_channels=3, seed=seed)
encoder = encoders.images(1, 3, scale=2, channels=4, num_layers=2, seed=seed)
mine, theirs = Conditional(encoder, pixels).double(), armod.Conditional(encoder, pixels).double()
every = torch.cartesian_prod(*[torch.arange(2)] * 8).view(256, 1, 2, 4)
for y in torch.rand(3, 1, 1, 2, generator=seeded(), dtype=torch.float64):
    given = y.expand(256, -1, -1, -1)
    assert torch.allclose(mine.log_prob(every, given), theirs.log_prob(every, given))
    print(f"all images together: {mine.log_prob(every, given).exp().sum():.6f}")

# %% [markdown]
# For each thumbnail the sum is 1. These are three different distributions from one network. Does the input really come from all sides? We ask the oracle of lesson 4.5.1, which also knows inputs: which cells of a
# thumbnail of 4 x 4 does the *first* pixel of an image react to, the one in the upper left corner?


# %%
def told_by(kernel_size, num_layers=3):  # a model of 8 x 8 pixels, given 4 x 4 cells
    encoder = encoders.images(1, 8, scale=2, channels=8, num_layers=num_layers, kernel_size=kernel_size)
    pixels = armod.GatedPixelCNN((1, 8, 8), 4, 2, likelihood=Bernoulli(), context_channels=8)
    return armod.Conditional(encoder, pixels)


for kernel_size in (1, 3):
    reads = context_dependency_matrix(told_by(kernel_size), context=torch.rand(1, 4, 4))
    print(f"kernels of {kernel_size}, cells that the first pixel reads:\n{reads[0].view(4, 4).int()}")
assert not armod.check_autoregressive(told_by(3), context=torch.rand(1, 4, 4)).leaks

# %% [markdown]
# With kernels of 1 each place keeps to its own cell. The corner pixel sees one cell of the thumbnail, and later pixels see what lies above and to the left. With kernels of 3, a few layers are
# enough to see everything. And no pixel of the image sees a later pixel: the input is known, the answer is not.
#
# **Your turn.** What is the smallest `num_layers` with which the corner sees the whole thumbnail? Change it in the cell above. (One more convolution comes before these layers and one after them.)

# %% [markdown]
# ## 2. Sixteen grey cells
#
# **Super-resolution** asks for a large picture of which we have a small one. We begin with digits. Cut the 28 x 28 pixels into blocks of 7 x 7, and keep the share of ink in each
# block. That leaves 4 x 4 cells, a smudge. The model that ships with the course has learnt p(digit | smudge). Behind an encoder of 48,000 weights it has exactly the layers of the best Gated PixelCNN
# of lesson 4.5.4. Beside it stands a model with the same layers that is told nothing, and was trained in the same way.

# %%
digits, num = armod.data.load("digits28").binarize(128), 100 if quick else 500
smudges = {split: low_resolution(getattr(digits, split), 7) for split in ("train", "valid", "test")}
test, given = digits.test[:num], smudges["test"][:num]
names = ("super-resolution-digits28", "gated-pixelcnn-small-batches-digits28")
told, untold = map(armod.load_pretrained, names)
with_input, without = nats_of_each(told, test, given), nats_of_each(untold, test)
saved, error = mean_and_error(without - with_input)
predict(
    f"A test digit costs the model without the smudge {without.mean():.1f} nats. How many nats does the smudge save?",
    number(saved, unit="nats", low=0, high=60, digits=3),
    reveal=f"With the smudge a digit costs {with_input.mean():.1f} nats: {saved:.1f} ± {error:.1f} fewer.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The smudge knows roughly where the ink is, and that is worth nearly a third of the nats. The rest is what it does not know: on which side of a cell the stroke runs, and where exactly its edges are.
#
# </details>
#
# Is that much? Let us look for the strongest simple rival. If the smudge is known, why draw pixel after pixel? A network may look at the smudge and say for each pixel how probable ink is. All pixels are
# drawn at once, **independently** of each other. It is trained before your eyes.


# %%
class Independent(armod.AutoregressiveModel):
    context_size, likelihood = None, Bernoulli()
    event_shape, ordering = torch.Size([1, 28, 28]), torch.arange(784)

    def conditionals(self, x, context=None):  # it never looks at x
        return torch.distributions.Bernoulli(logits=self.network(context))


independent = Independent()
independent.network = encoders.images(1, 1, scale=7, channels=24, num_layers=3, seed=seed)
pairs = [(getattr(digits, split), smudges[split]) for split in ("train", "valid")]
options = dict(valid=pairs[1], learning_rate=3e-3, batch_size=50, seed=seed, progress=False)
history = armod.fit(independent, pairs[0], epochs=1 if quick else 4, **options)
alone = nats_of_each(independent, test, given)
lines = {"train": history.train_bits_per_dim, "valid": history.valid_bits_per_dim}
text = {"title": "Independent pixels learn", "xlabel": "pass through the digits", "ylabel": "bits per pixel"}
curves(range(1, len(history) + 1), lines, **text)

# %% [markdown]
# One model is told the smudge, but its pixels do not look at each other. The other model's pixels look at each other, but it is told nothing.


# %%
@torch.no_grad()
def rows_for(y, truth):  # of images (n, 28, 28)
    ink = independent.conditionals(None, y).probs[:, 0]
    rows = {"smudge, given": F.interpolate(y, scale_factor=7)[:, 0], "independent: mean": ink}
    rows["independent: drawn"] = (torch.rand(ink.shape, generator=seeded()) < ink).float()
    rows |= {f"answer {k + 1}": told.sample(context=y, generator=seeded(k))[:, 0] for k in range(4)}
    return rows | {"the digit": truth[:, 0]}


rivals = {
    "no smudge, pixel by pixel": without,
    "smudge, independent pixels": alone,
    "smudge, pixel by pixel": with_input,
}
shown = rows_for(given[:9], test[:9])
predict(
    "Which model gives a test digit more nats of surprise?",
    choices(
        {
            "the one that is told the smudge, with independent pixels": True,
            "the one that is told nothing": False,
        },
        answer=bool(alone.mean() > without.mean()),
    ),
    reveal=[
        likelihood_bars(
            {name: mean_and_error(each) for name, each in rivals.items()},
            unit="nats per digit",
            title="Two kinds of knowledge, apart and together",
        ),
        image_grid(
            torch.stack([*shown.values()]),
            title="One smudge, several digits",
            row_labels=list(shown),
            description="Rows: smudges, the mean and a draw of independent pixels, four answers of the model, and the digits.",
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The independent pixels lose, and not by a little. For a pixel its neighbours are worth more than the whole input. The two kinds of knowledge add up only in the third model.
#
# The picture shows what these numbers look like. Read each column from top to bottom. The mean of the independent pixels is a *blur*: it shows all possible digits on top of each other. A draw of them is *dust*: each pixel is right
# on average, and no two of them belong together. The model's answers are strokes. Where the smudge says little they are different digits, and where it says much they are the same one.
#
# </details>
#
# That is what we asked for: the input fixes what it fixes, and the model invents the rest.
#
# ## 3. The smallest error
#
# You may not care about nats. Perhaps an answer should simply be *near the truth*. So we measure it, as most papers do: the root mean square of the difference between answer and truth, over all pixels of
# 100 test digits. There are three candidates: the blur, the dust, and one answer of the model.

# %%
some, goal = given[: num // 5], test[: num // 5]
blur = independent.conditionals(None, some).probs.detach()
dust = (torch.rand(blur.shape, generator=seeded()) < blur).float()
eight = torch.stack([told.sample(context=some, generator=seeded(k)) for k in range(8)]).float()
errors = {"blur": rms(blur - goal), "dust": rms(dust - goal), "one answer": rms(eight[0] - goal)}
nearest, shown = min(errors, key=errors.get), errors | {"mean of 8 answers": rms(eight.mean(0) - goal)}
predict(
    "Which of these is nearest to the truth, pixel by pixel?",
    choices(list(errors), answer=nearest),
    reveal=likelihood_bars(
        shown, unit="root mean square difference", title=f"Nearest to the truth: {nearest}"
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The blur is nearer than any honest answer, although nobody would call it a digit. If the truth is a 7 or a 9, then an answer that says 9 is wrong by a whole stroke in half of the cases. A grey stroke is wrong by half, always.
# The mean square prefers to be always half wrong. Its best answer is the *mean* of all right answers, and a mean of digits is no digit.
#
# Look at the last bar: the mean of eight answers is a blur, too, and nearly as near as the other one. A **regressor**, a network that is trained on squared errors, learns this mean.
#
# </details>
#
# Nats are not fooled. A blur has to say how probable the *whole* digit is, and its independent pixels make it pay for that: the bars of section 2 rank it last. Whenever you read that one method has a smaller error than another, ask whether a mean would have won.
#
# ## 4. The most that an input can save
#
# The smudge saved about 20 nats. What could be saved at most? A smudge has 16 cells, and each of them holds a count of ink, from 0 to 49 pixels. And do the answers *agree* with what was given? We can check. We make the smudge of each answer,
# and compare it with the one that the model was told.

# %%
again = low_resolution(eight.flatten(0, 1), 7) - some.repeat(8, 1, 1, 1)
agree = float((again.abs() < 1e-4).float().mean())
predict(
    "How many nats can such a smudge save at most, however good the model is?",
    number(16 * math.log(50), unit="nats", low=5, high=500, log=True),
    reveal=[
        f"16 cells of 50 values: 16 · log 50 = {16 * math.log(50):.0f} nats. Our model saves {saved:.1f}.",
        f"{agree:.0%} of the answers' cells hold exactly the ink that was given; the others miss it by {49 * rms(again[again.abs() >= 1e-4]):.1f} pixels of 49.",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Sixteen cells with 50 values each make $50^{16}$ smudges. On average an input can't save more than its own entropy, and that is largest if all smudges are equally likely: 63 nats. What it saves is the **mutual information** of answer and input, $I(x; y) \le H(y)$. The
# model saves less. Most cells of most digits are empty, and cells beside each other are alike, so a smudge has far less entropy than that. Some of its news comes too late: the pixels above have told it already. And a better model might save more.
#
# </details>
#
# Nothing in the model forces an answer to agree with its smudge. It has learnt that another amount of ink is improbable, and how improbable, from examples alone.
#
# Now photographs: patches of 16 x 16 pixels in colour, of which we have 4 x 4 cells. The model is the PixelCNN++ of lesson 4.5.4. It needs no encoder, because its input is **bicubic interpolation**, a smooth curve through the cells.

# %%
photos, name = armod.data.load("photos16"), "super-resolution-photos16"
sharper, stated = armod.load_pretrained(name), receipt(name)
low, truth = low_resolution(photos.test, 4)[::30], photos.test[::30].float()
smooth = F.interpolate(low, scale_factor=4, mode="bicubic").clamp(0, 255)
shown = {"given": F.interpolate(low, scale_factor=4), "bicubic": smooth}
for name, options in {"answer 1": {}, "answer 2": {}, "temperature 0.7": {"temperature": 0.7}}.items():
    context = F.interpolate(low / 255, scale_factor=4, mode="bicubic") * 4 - 2
    shown[name] = sharper.sample(context=context, generator=seeded(len(shown)), **options).float()
print(f"{stated.nats:.0f} nats a patch; {stated.nats_without_context:.0f} without the input")
print(
    f"distance from the photo: bicubic {rms(smooth - truth):.0f}, answer {rms(shown['answer 1'] - truth):.0f}"
)
rows = torch.stack([*shown.values(), truth])
image_grid(rows, 256, title="From 16 cells to 256 pixels", row_labels=[*shown, "the photo"])

# %% [markdown]
# The answers have grain where the interpolation is smooth, and again the smooth picture is nearer to the photo. To be honest, these are no sharp photographs. The model is small, and it learnt for six minutes. And look at the nats. The cells could save 266 nats (48 bytes), and they save 47 of 2,400,
# against the same model that was trained for as long without them. The rest is mostly grain, it seems, which no thumbnail knows. Compare with the PixelCNN++ of lesson 4.5.4 (2,721 nats), which is as large and learnt for a quarter of the time, and the input would seem to save seven times as much.
#
# Do these answers agree with their cells? Not quite. Over the test split they miss them by 6.7 of 255 levels (root mean square), at temperature 0.9 by 5.4; bicubic interpolation misses them by 3.6. We could force them, by a **projection**: move all pixels of a
# cell by what its mean lacks. Then they agree to 0.3 levels. But the model finds the moved picture 42 ± 3 nats less probable than the one that it drew: a projected sample is no sample of the model any more.
#
# ## 5. How little colour the eye needs
#
# The second application is **colorization**: a grey photograph is given, and its colours are wanted. We first turn red, green and blue into three other numbers: the grey Y, and two differences, orange against blue and green
# against purple. The differences are the **chroma**. For the eye a trick of television works: leave the grey as sharp as it is, and take the chroma at a low resolution.

# %%
colours = armod.data.load("photos32").test
greys = grey(colours)


def decibels(found, truth):  # peak signal-to-noise ratio
    return 20 * math.log10(255 / rms(found.float() - truth.float()))


def with_chroma(block):  # chroma of 24 levels, one pixel for block x block
    return coloured(greys, chroma_values(chroma(colours, block)))


restored = {block: decibels(with_chroma(block), colours) for block in (2**k for k in range(6))}
predict(
    "The grey alone is "
    f"{decibels(greys, colours):.0f} dB from the photographs; you see no difference from about 35 dB on. "
    "Now add chroma of 8 x 8 pixels. How many dB?",
    number(restored[4], unit="dB", low=18, high=45, digits=3),
    reveal=image_grid(
        torch.stack(
            [
                colours[::16],
                *(with_chroma(block)[::16] for block in restored),
                greys[::16].expand(-1, 3, -1, -1).byte(),
            ]
        ),
        256,
        title="Colours of fewer and fewer pixels under the same grey",
        row_labels=[
            "the photo",
            *(
                f"{colours.shape[-1] // b} x {colours.shape[-1] // b}, {db:.0f} dB"
                for b, db in restored.items()
            ),
            "grey",
        ],
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It is hard to see any difference down to 8 x 8 pixels. Only with 4 x 4 do colours run over edges. Each number of the chroma also has just 24 levels, which are fine near grey and coarse for loud colours.
#
# </details>
#
# That is good news for the model: 2 · 8 · 8 = 128 variables instead of 3,072. (PixColor, 2017, works in this way.) The shipped model is a Gated PixelCNN of the chroma, behind an encoder that reads the grey photograph and shrinks it by four. Which of its
# numbers are hard to guess?

# %%
chromas = armod.data.load("chroma8")
x, seen = chromas.test, chromas.context["test"]
painter = armod.load_pretrained("colorization-chroma8")
cost, untold_cost = nats_of_each(painter, x, seen), receipt("colorization-chroma8").nats_without_context
with torch.no_grad():
    nats = -painter.log_prob_per_variable(x, seen)
first, second, last = (float(nats[:, 0].flatten(1)[:, at].mean()) for at in (0, 1, -1))
predict(
    "The model knows the grey photograph. It draws the chroma from left to right. Which number costs more nats: the first pixel's orange, or the second pixel's?",
    choices(
        {"the first pixel's, by far": 1, "about the same": 0, "the second pixel's": -1},
        answer=int(first > 1.25 * second) - int(second > 1.25 * first),
    ),
    reveal=f"First pixel {first:.2f} nats, second pixel {second:.2f}, last pixel {last:.2f}.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The first pixel has to decide what the patch *is*: sky, skin, or a red cup. The grey leaves this open. For the second pixel the decision is made, and it costs much less.
#
# </details>
#
# Does the grey photograph tell everything else? Compare with the same model, trained equally long, that never sees the grey.

# %%
table = torch.stack([chromas.train[:, c].flatten().bincount(minlength=24) + 1 for c in (0, 1)]).double()
of_level = -(table / table.sum(1, keepdim=True)).log()
histogram = sum(of_level[c][x[:, c].long()].flatten(1).sum(1) for c in (0, 1))
bought = untold_cost - float(cost.mean())
to_bits = 1 / (128 * math.log(2))
predict(
    f"Without the grey a patch of chroma costs {untold_cost:.0f} nats. How many nats does the grey photograph save?",
    number(bought, unit="nats", low=0, high=150, digits=2),
    reveal=likelihood_bars(
        {
            "each number by itself": float(histogram.mean()) * to_bits,
            "colours, no grey": untold_cost * to_bits,
            "colours given the grey": float(cost.mean()) * to_bits,
        },
        unit="bits per number of chroma",
        title=f"The grey saves {bought:.0f} nats a patch",
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# It saves surprisingly little. Nearly everything that can be known about a colour is known from the colours beside it. The grey adds where edges run and what kind of surface this may be.
#
# </details>
#
# ## 6. A hypothesis, and its mean
#
# We compare with a regressor once more. It is trained on squared errors, from the grey photograph straight to the chroma. The same encoder does it, with two outputs for each pixel.

# %%
regressor = encoders.images(1, 2, scale=1 / 4, channels=32, num_layers=4, seed=seed)
optimizer = torch.optim.Adam(regressor.parameters(), lr=3e-3)
goal, grey_photos, steps = chroma_values(chromas.train), chromas.context["train"], 40 if quick else 500
decay, losses = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps), []
for _ in range(steps):
    chosen = torch.randint(len(goal), (32,), generator=seeded(_))
    loss = (128 * regressor(grey_photos[chosen]) - goal[chosen]).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    decay.step()
    losses.append(loss.item())
brown = 128 * regressor(seen).detach()
text = {"title": "The regressor learns", "xlabel": "step", "ylabel": "mean square error of a batch"}
curves(range(1, steps + 1), {"train": losses}, **text)

# %%
palettes = painter.sample(len(x) * 8, seen.repeat(8, 1, 1, 1), generator=seeded()).unflatten(0, (8, -1))
hues, real = torch.stack([chroma_values(each) for each in palettes]), chroma_values(x)
distance = (hues - real).square().mean((2, 3, 4)).sqrt()
best = distance.min(0).values
shown = [greys.expand(-1, 3, -1, -1).byte(), coloured(greys, brown)]
shown += [coloured(greys, each) for each in hues[:5]] + [coloured(greys, real)]
labels = ["grey, given", "regressor", *(f"answer {k + 1}" for k in range(5)), "the truth"]
chosen = torch.arange(0, len(x), len(x) // 7)[:7]
image_grid(
    torch.stack([each[chosen] for each in shown]),
    256,
    title="Five guesses at the colours, and the regressor's",
    row_labels=labels,
)

# %% [markdown]
# Go through the third column. Each answer is a hypothesis of the whole patch: some make nearly all of it blue, others nearly all of it orange. The regressor can't choose. It takes the mean of blue and
# orange, and that is brown or grey.


# %%
rows = {
    "grey (no chroma)": (rms(real), 0.0),
    "regressor": (rms(brown - real), strength(brown)),
    "mean of 8 answers": (rms(hues.mean(0) - real), strength(hues.mean(0))),
    "one answer": (rms(hues[0] - real), strength(hues[0])),
    "best of 8 answers": (math.sqrt(float(best.square().mean())), math.nan),
    "the truth": (0.0, strength(real)),
}
for name, (error, saturation) in rows.items():
    print(f"{name:20} error {error:5.1f}   saturation {saturation:5.1f}".replace("nan", "  -"))


def error_of_two(one, eight):
    return (one + eight) / 2


guess = error_of_two(rms(hues - real), rms(hues.mean(0) - real))
measured = rms(hues[torch.combinations(torch.arange(8))].mean(1) - real)  # over all 28 pairs
print("your error of two:", "right" if abs(guess - measured) < 0.01 else f"not yet, {guess:.2f}")

# %% [markdown]
# One answer is farther from the truth than the regressor: it may be the wrong hypothesis. The mean of eight answers comes close to the regressor: the regressor *is* the mean of all answers, learnt directly. The best of eight answers is much nearer than both. One of the
# hypotheses is often nearly right, and no mean can do that. The saturation tells the other half: answers are as colourful as the truth, and means are pale.
#
# The best of eight is no score for a model, though. It looks at the truth to choose, and with more answers it always gets better. Exercise 3 shows a worthless model that wins by it.
#
# **Your turn.** Mend `error_of_two`: the error of the mean of two answers, from those of one and of the mean of eight. (Of the *squared* error one part stays, and the other shrinks as $1/k$ for $k$ answers.)
#
#
# Now look at single patches. Choose one, and press N for another colouring. The map on its right shows what each pixel of chroma cost the model when it drew this colouring.
#
# 1. Find the pixels that cost most. Are they at the edges of things, or in their middle?
# 2. Look at the first pixel of many colourings. Why is it dark so often?
# 3. Set the slider to the true colours. Where is the model surprised?

# %% tags=["nbval-ignore-output"]
some = torch.arange(4, len(x), len(x) // 4)[:3]
options = torch.cat([palettes[:, some].movedim(0, 1), x[some].long()[:, None]], 1)  # 8 drawn, 1 true
with torch.no_grad():
    prices = -painter.log_prob_per_variable(options.flatten(0, 1), seen[some].repeat_interleave(9, dim=0))
colour_lab(greys[some], options, prices.unflatten(0, options.shape[:2]), patch=1)

# %% [markdown]
# ## 7. Break it: one line less
#
# Now take out the line of section 1 that looked superfluous. We train two models of chroma for two passes each, with the same plain encoder: five convolutions, each with a ReLU, as anyone would write them. One divides the encoder's output by its size,
# and the other leaves it as it is.


# %%
sizes, broken, learnt = {"divided by its size": [], "as it is": []}, {}, {}
pairs = [each[: 960 if quick else 5760] for each in (chromas.train, chromas.context["train"])]
options = dict(epochs=1 if quick else 2, batch_size=32, learning_rate=3e-3, seed=seed, progress=False)
shapes = [(1, 16, 3, 1), (16, 32, 4, 2), (32, 32, 4, 2), (32, 32, 3, 1), (32, 24, 3, 1)]
for name, found in sizes.items():
    torch.manual_seed(seed)
    layers = [nn.Sequential(nn.Conv2d(*shape, padding=1), nn.ReLU()) for shape in shapes]
    pixels = armod.GatedPixelCNN((2, 8, 8), 24, 4, likelihood=Categorical(24), context_channels=24, seed=seed)
    model = armod.Conditional(nn.Sequential(*layers), pixels, normalise=name != "as it is")
    watch, broken[name] = Callback(), model
    watch.on_step_end = lambda _, model=model, found=found: found.append(rms(model.encode(seen).detach()))
    learnt[name] = armod.fit(model, tuple(pairs), callbacks=[watch], **options).train_bits_per_dim
drawn = [chroma_values(model.sample(context=seen[:9], generator=seeded())) for model in broken.values()]
both = torch.stack([coloured(greys[:9], each) for each in drawn])
image_grid(both, 256, title="What both have learnt", row_labels=list(broken))

# %%
bits = {name: nats_of_each(model, x, seen).mean() * to_bits for name, model in broken.items()}
last = {name: each[-1] for name, each in sizes.items()}
predict(
    f"After {len(sizes['as it is'])} steps the first model needs {bits['divided by its size']:.2f} bits per number, the second one {bits['as it is']:.2f}. "
    f"A histogram needs {histogram.mean() * to_bits:.2f}. What is wrong with the second model?",
    choices(
        {
            "its context is so large that the gates are stuck": True,
            "its context is nearly zero, so the input does not arrive": False,
            "its gradient is wrong": None,
        },
        answer=last["as it is"] > 3 * last["divided by its size"],
    ),
    reveal=[
        curves(
            range(1, 1 + len(sizes["as it is"])),
            sizes,
            title=f"The context grew from {sizes['as it is'][0]:.2f} to {last['as it is']:.0f}",
            xlabel="step",
            ylabel="root mean square of the context",
            log_y=True,
        ),
        "\n\n".join(
            f"{name}: {', '.join(f'{each:.2f}' for each in passes)} bits per number, the mean over each pass of training"
            for name, passes in learnt.items()
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Nothing held the size of the context, and it grew several thousand times. It is added inside $\tanh$ and $\sigma$. Where these get large numbers they are flat, and a flat function has no
# gradient: all gates are **saturated**. Then the model can learn neither from its input nor from its own past. That leaves the biases of the last layer, and these can say one thing only, the histogram of all colours: confetti.
#
# The missing line alone makes the difference, and not by accident: with three seeds the first model ends at 2.29, 2.24 and 2.63 bits per number, the second one at 3.69, 3.69 and 3.72.
#
# </details>
#
# The failure is silent. The loss falls, there is no error, and every gradient is right. You find it by a *comparison*: is the conditional model better than a histogram, and better than the same model without its input? A conditional model whose receipt does not
# say so has not been tested.
#
# ## 8. Hide a half
#
# The third application is **inpainting**: a part of the picture is missing. For that we need no new model. `sample(known=, mask=)` of lesson 4.5.1 keeps what is known and draws the rest, in the model's own order. Take the raster model of digits, which goes from top to
# bottom. If the *lower* half is missing, the upper half comes first, and the completion is an exact draw from p(lower | upper). What if the *upper* half is missing?

# %%
raster = armod.load_pretrained("gated-pixelcnn-coordinates-digits28")
few, is_low = test[: 3 if quick else 10], (torch.arange(28) >= 14)[:, None].expand(1, 28, 28)
blind_tops = raster.sample(len(few), known=few, mask=is_low, generator=seeded())


@torch.no_grad()
def nats_of_bottom(digits):  # of the known rows, given all rows above
    return -(raster.log_prob_per_variable(digits) * is_low).sum((1, 2, 3)).double()


worse, worse_error = mean_and_error(nats_of_bottom(blind_tops) - nats_of_bottom(few))
predict(
    "The model draws upper halves above known lower halves. Below its own tops, how many nats more does the known half cost than below the true tops?",
    number(worse, unit="nats", low=-5, high=40, digits=2),
    reveal=[
        f"{worse:.0f} ± {worse_error:.0f} nats more.",
        image_grid(
            torch.stack([blind_tops[:, 0], few[:, 0]]),
            title="Tops that were drawn without a look at what is below",
            row_labels=["drawn", "the digit"],
            known=is_low.expand(2, len(few), -1, -1),
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The strokes end in the air. When the model drew the upper half it had not seen the lower one: a raster model sees what is above and to the left. It looks at the known pixels only afterwards, and finds them most surprising.
#
# </details>
#
# This surprise is also the cure. The model does not look ahead, but it can *judge*: it knows how well a known half fits below a drawn one. That is Bayes' rule,
#
# $$p(\text{top} \mid \text{bottom}) \; \propto \; p(\text{top}) \; p(\text{bottom} \mid \text{top}).$$
#
# So draw many tops, weigh each by the probability of the known half below it, and keep one of them by weight. The draws are **particles**, and this is **importance sampling**. As a by-product the mean weight estimates
# $p(\text{bottom})$, and with it $p(\text{top} \mid \text{bottom}) = p(x) \, / \, p(\text{bottom})$. Here all weights come at the end: in raster order the whole top is drawn before the first known pixel can judge it. If the *left* half is
# missing, known and hidden pixels take turns. Then each known pixel weighs the particles, and the good ones are copied before they go on (**resampling**), so that none is finished in vain. With this step the method is a **particle filter**,
# or sequential Monte Carlo. Does it work? On images of 3 x 4 bits we can add up all completions, and compare.

# %%
small = armod.GatedPixelCNN((1, 3, 4), 8, 2, likelihood=Bernoulli(), seed=seed).double()
with torch.no_grad():
    for weight in small.parameters():
        weight.mul_(2)  # so that pixels depend on each other strongly
lower, image = (torch.arange(3) > 0)[:, None].expand(1, 3, 4), torch.eye(4, dtype=torch.long)[None, None, :3]
every = torch.where(lower, image, torch.cartesian_prod(*[torch.arange(2)] * 4).view(16, 1, 1, 4))
exact = (small.log_prob(image) - small.log_prob(every).logsumexp(0)).item()
blindly = armod.completion_log_prob(small, image, lower).item()
for particles in (2, 20, 2000):
    estimate = armod.completion_log_prob(small, image, lower, particles=particles, generator=seeded()).item()
    print(f"log p(top | bottom): {estimate:.3f} with {particles:4} particles")
print(f"{exact:.3f} exactly, and {blindly:.3f} without a look at the bottom")
assert abs(estimate - exact) < 0.2

# %% [markdown]
# Now digits, with 64 particles for each. Nothing is trained.

# %%
sampler = Particles(16 if quick else 64)
joined = raster.sample(len(few), known=few, mask=is_low, generator=seeded(), method=sampler)
before = -armod.completion_log_prob(raster, few, is_low).detach().double()
after = nats_of_each(raster, few) + sampler.report.log_prob_known
won, won_error = mean_and_error(before - after)
predict(
    f"Blindly, the true upper half costs {before.mean():.1f} nats. What does it cost with Bayes' rule?",
    number(after.mean(), unit="nats", low=0, high=60, digits=2),
    reveal=[
        f"{after.mean():.1f} nats. The difference is {won:.1f} ± {won_error:.1f}.",
        image_grid(
            torch.stack([blind_tops[:, 0], joined[:, 0], few[:, 0]]),
            title="The same model, blindly and with Bayes' rule",
            row_labels=["blindly", "particles", "the digit"],
            known=is_low.expand(3, len(few), -1, -1),
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The strokes join. The model knew all along how to continue a digit upwards. Nobody had asked.
#
# Take the number with care. The mean weight estimates $p(\text{bottom})$ without bias, but its logarithm comes out too low on average. So the nats of the top are a little too good.
#
# </details>
#
# **Your turn.** What happens with two particles instead of 64? Change the number in the cell above, and look at the strokes.
#
# ## 9. Which side is missing?
#
# How much Bayes' rule wins depends on what is hidden. And there is a rival: a model that was trained *for* completion. Its encoder reads the known pixels, and a second plane that says which ones are known, so it is told the mask. Raster, particles and this rival each complete two digits with five holes, six times.
#
# 1. Switch between the three methods. For which holes do the strokes of "raster" end in the air?
# 2. One hole costs as much with particles as without. Which one, and why?
# 3. Paint a hole of your own: drag, or use the arrow keys and Space. The fold below the lab has the line of Python that completes it.

# %%
holes = torch.stack([~masks.mask(name)[0] for name in masks.HOLES[: 2 if quick else 5]])
two = test[: 1 if quick else 2, 0]
completions, prices = complete(two, holes, particles=16)
paint_lab(two, holes, completions, prices, hole=1, method=1)

# %% [markdown]
# <details><summary>What happened</summary>
#
# If the bottom is hidden there is nothing to win: all known pixels come first, and the raster completion was exact. If the right half is hidden, a pixel has seen the known half of its own row and of all rows above, and only the rows below
# are missing. Two digits are an anecdote. Here are the nats of what is hidden for 500 test digits (100 for the particles, 64 of each):
#
# | hidden | raster | particles win | told the mask | all orders, one | all orders, mixture of 8 |
# |---|---|---|---|---|---|
# | bottom | 31.5 | 0 | 33.8 | 108.8 | 96.0 |
# | top | 34.1 | 5.9 ± 0.4 | 33.4 | 78.2 | 70.8 |
# | right | 35.6 | 3.1 ± 0.2 | 36.0 | 87.1 | 78.9 |
# | left | 30.0 | 2.9 ± 0.2 | 29.6 | 73.9 | 65.1 |
# | box | 30.9 | 6.0 ± 0.3 | 30.2 | 137.7 | 126.4 |
#
# The model that is told the mask sees every side, and yet it is only about level with the blind raster model. It was trained for minutes, for all holes at once, and it knows less about whole digits (69.1 nats against 65.6). Particles win most, and nothing was
# trained for them. The last two columns are a MADE of all orderings (lesson 4.5.1). It can put the known pixels first for any hole, so its completion is always exact, but exact for a much weaker model: order is not what it lacks.
#
# </details>
#
# Particles pay with time. And their estimates get worse where a large region lies far from everything that is known: then all particles are far off, and the best of them is not good.

# %% [markdown]
# ## Summary
#
# - A conditional model is the chain rule with the input beside every factor; an encoder brings the input to every pixel, normalised.
# - An input saves at most its own entropy; what it saves is measured against the same model, equally trained, without it.
# - The smallest squared error belongs to the mean of all right answers, which is none of them; nats see through that.
# - Colour needs few pixels. A sample is one whole hypothesis; the mean of hypotheses is brown.
# - A raster model can judge what it can't foresee: particles turn its verdict into completions from any side.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_6_1_image_applications")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_6_1_image_applications.ipynb) opens in JupyterLab. You turn joint nats into conditional ones, find out why best-of-k is no
# score, and mend a model that sees its input from one side only; each answer is checked as soon as you run it.
#
# ## Further reading
#
# - A. van den Oord and others, *Conditional Image Generation with PixelCNN Decoders*, NIPS 2016: section 2.3 for contexts.
# - R. Dahl, M. Norouzi, J. Shlens, *Pixel Recursive Super Resolution*, ICCV 2017: section 3 for why independent pixels blur.
# - S. Guadarrama and others, *PixColor: Pixel Recursive Colorization*, BMVC 2017: section 3.1 for chroma of low resolution.
# - A. Doucet, A. Johansen, *A Tutorial on Particle Filtering and Smoothing*, 2009: sections 3.4 and 3.5 for weights and resampling.
# - B. Zhang, R. Sennrich, *Root Mean Square Layer Normalization*, NeurIPS 2019: section 4.
# - S. Prince, *Understanding Deep Learning*, section 5.3 for squared errors as a likelihood; I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, section 5.5.1 for the
#   same, section 20.10.7 for auto-regressive networks.
# - Lesson 4.5.1 for orders and ensembles, 4.5.4 for gates and PixelCNN++, 4.7.2 for orders that make slices exact.
#
# ---
#
# [← 4.5.4 PixelCNN variants: two stacks, and colours as quantities](4_5_4_pixelcnn_variants.ipynb) · [The course map](index.ipynb) · [4.6.2 Sound, notes, letters: what must be told →](4_6_2_sequence_applications.ipynb)
