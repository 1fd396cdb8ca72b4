# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4.5.4 PixelCNN variants: two stacks, and colours as quantities
#
# **What does a plain PixelCNN miss, and what does it take to mend it?**
#
# After this lesson you can
# - say from which two kinds of steps the blind spot comes
# - build two stacks that have none, and find two bugs that are easily made there
# - find the cause of a fault by a control: the same model, with only the suspect removed
# - count the outputs of a softmax and of a logistic mixture, and say what each assumes about levels
# - take a PixelCNN++ apart by ablation: which of its parts pays, at which cost
#
# **Minutes** 80 · **Needs** masked convolutions; blind spot; gated units; discretized logistic mixture · **Teaches** two stacks; coordinate planes; channel dependence; ablation

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from functools import partial
from time import process_time
from timeit import repeat

import torch
from IPython.display import display
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

import armod
from armod.course.labs import choices, field_lab, lesson_quiz, number, predict, predictions
from armod.figures.bars import likelihood_bars
from armod.figures.channel_panels import channel_panels
from armod.figures.curves import curves
from armod.figures.diagrams import gated_pixelcnn_layer, plus_plus_streams
from armod.figures.field_panels import field_panels
from armod.figures.images import image_grid
from armod.figures.two_arrows import two_arrows
from armod.likelihoods import DiscretizedLogisticMixture, LogisticMixture
from armod.measures import stacks
from armod.models.coordinates import coordinate_planes
from armod.models.plus_plus.pixel_mixture import PixelMixture
from armod.pretrained import receipt

torch.manual_seed(seed)
torch.set_num_threads(1)  # small images: a second thread costs more than it saves
bernoulli = armod.likelihoods.Bernoulli()


def seeded(offset=0):
    return torch.Generator().manual_seed(seed + offset)


@torch.no_grad()
def nats_of_each(model, x):
    return -torch.cat([model.log_prob(part) for part in x.split(50)]).double()


def mean_and_error(x):
    return x.mean().item(), x.std().item() / math.sqrt(len(x))


# %% [markdown]
# ## 1. Where one stack never looks, and why
#
# Lesson 4.5.3 derived and measured the blind spot of a PixelCNN. We look at its cause once more, step by step, because
# the steps tell us what to build instead.
#
# A masked layer lets a pixel look at its neighbours, one step away. Write a step as (rows, columns). With a 3×3 kernel,
# mask A allows four steps: three into the row above, and one to the left. Mask B adds the step that stays where it is. A
# network of several layers sees every pixel that can be reached by one step of each layer.
#
# So a receptive field is what the sets of steps add up to, and we need no network to work it out.

# %%
above, left, here = {(-1, -1), (-1, 0), (-1, 1)}, {(0, -1)}, {(0, 0)}


def then(seen, steps):
    return {(row + up, column + aside) for row, column in seen for up, aside in steps}


def one_stack(depth):
    return above | left if depth == 1 else then(one_stack(depth - 1), above | left | here)


predict(
    "Take the pixel three rows up and four columns to the right. It was drawn long ago. Is it seen through 3×3 kernels?",
    choices(
        {"with 4 layers and with 30": (True, True), "with 30 only": (False, True), "never": (False, False)},
        answer=tuple((-3, 4) in one_stack(depth) for depth in (4, 30)),
    ),
    reveal=two_arrows(4),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Never. Follow the two kinds of arrows on the left of the figure. A step to the left is free: it stays in the row. A step to
# the *right* exists only together with a step up. So four columns to the right cost four rows, and there are only three.
# No path leads to anything below that diagonal. This is the blind spot of lesson 4.5.3, hatched: earlier pixels that are near enough, and yet
# unseen. Depth widens it. With $L$ layers it has $1 + 2 + \dots + (L-1) = L(L-1)/2$ pixels inside the square that the kernels
# span.
#
# Why is there no free step to the right? In the pixel's own row it would be a look at the future. In the row above it
# would be harmless. But a single stack has one mask for all rows: the features of the row
# above were made under it as well, and know nothing of the pixels to their right.
#
# </details>

# %% [markdown]
# ## 2. Two stacks
#
# The cure follows from the diagnosis. The rows above are complete, so they get a network of their own.
#
# - The **vertical stack** reads whole rows, to the left *and* to the right. It must not touch the pixel's own row. So
#   its first layer reads the row above alone. Then all its features lag one row behind, and every later layer
#   may use its own row freely.
# - The **horizontal stack** walks along the pixel's own row, to the left only. In each layer it is also given what the
#   vertical stack has found at the same place.
#
# **Your turn.** Which steps may a later layer of the vertical stack take, from the second on? `mine` begins with the row above
# alone. Add the steps that are missing, and run the cell again.

# %%
mine = above


def two_stacks(depth, steps):
    vertical, horizontal = above, above | left
    for _ in range(depth - 1):
        vertical = then(vertical, steps)
        horizontal = then(horizontal, left | here) | vertical
    return vertical, horizontal


missing = len(stacks.two_stacks(3) - two_stacks(3, mine)[1])
forbidden = len(two_stacks(3, mine)[1] - stacks.two_stacks(3))
print(
    f"not yet: {missing} pixels are missing, {forbidden} are too far or later"
    if missing or forbidden
    else "right"
)

# %% [markdown]
# The first layer has moved everything one row down. So the vertical features in a row know the image only down to the row
# above, which is complete, and they may be read to the left, in place and to the right.
#
# Do two stacks see all earlier pixels of their square? The sets say so, and the oracle of lesson 4.5.1 has the last word: it
# changes one pixel at a time, and watches which conditionals of a real network move.


# %%
def seen_by(model, row, column):
    sees = armod.dependency_matrix(model).view(2 * model.event_shape[1:])
    return sees[row, column]


plain = armod.PixelCNN((1, 9, 9), 4, 3, likelihood=bernoulli)  # its first layer comes on top: 4 in all
gated = armod.GatedPixelCNN((1, 9, 9), 4, 4, likelihood=bernoulli)
for model, derived in ((plain, one_stack(4)), (gated, stacks.two_stacks(4))):
    assert {(row - 4, column - 4) for row, column in seen_by(model, 4, 4).nonzero().tolist()} == derived
    print(f"the centre sees {len(derived)} pixels;", *str(armod.check_autoregressive(model)).split("; ")[1:])

# %% [markdown]
# Pixel by pixel, sets and oracle agree. The centre sees 34 pixels through one stack, and all 40 earlier pixels of the square
# through two. A *blind pair* is a pixel together with one in its blind spot: the plain network has 251 of them in the small
# image, the one with two stacks none. Both fields are still finite: what lies more than four rows or columns away is **out of
# reach**, and no mask is to blame for that.

# %% [markdown]
# ## 3. The field lab, with two stacks
#
# This is the lab of lesson 4.5.3, set to two stacks.
#
# 1. Switch the stack to *plain*. Which pixels turn to blind spot, and on which side?
# 2. Go back to *gated*, and shrink the depth. What limits the field now?
# 3. Set the first mask to *B*. Which colour appears, and where?

# %% tags=["nbval-ignore-output"]
field_lab("gated")

# %% [markdown]
# On *plain* ten pixels up and to the right turn blind. With two stacks only depth and kernel limit the field, and the
# blind count is 0 at every setting. The first mask matters even more: with B each pixel sees
# itself and those to its right, for the vertical stack then begins in the pixel's own row.

# %% [markdown]
# ## 4. Both stacks in two dozen lines
#
# The network with two stacks is the **Gated PixelCNN**. It has its name from a second idea, the **gated unit**
# $\tanh(f) \cdot \sigma(g)$ in both stacks, which WaveNet took over (lesson 4.5.2). One half of the features is the value
# $f$, the other half $g$ opens or closes it. (Lesson 4.5.2 measured its worth.) Both halves come from one convolution,
# with $2p$ outputs for $p$ features.
#
# The convolutions below are cropped to what they may see: two rows by three columns for the vertical stack, one row by
# two columns for the horizontal one. Only one question about the masks remains. Does a layer see its own row (vertical), or
# its own pixel (horizontal)?


# %%
class TwoStacks(armod.AutoregressiveModel):
    likelihood = bernoulli

    def __init__(self, event_shape, p, sees_own_row):
        super().__init__()
        self.event_shape, self.ordering = torch.Size(event_shape), armod.orderings.raster(event_shape)
        self.sees_own_row, self.layers = sees_own_row, nn.ModuleList()
        for inputs in [1] + [p] * (len(sees_own_row) - 1):
            vertical, horizontal = nn.Conv2d(inputs, 2 * p, (2, 3)), nn.Conv2d(inputs, 2 * p, (1, 2))
            link, mix = nn.Conv2d(2 * p, 2 * p, 1), nn.Conv2d(p, p, 1)
            parts = {"vertical": vertical, "horizontal": horizontal, "link": link, "mix": mix}
            self.layers.append(nn.ModuleDict(parts))
        self.hidden, self.output = nn.Conv2d(p, p, 1), nn.Conv2d(p, 1, 1)

    def gate(self, features):
        value, opening = features.chunk(2, dim=1)
        return value.tanh() * opening.sigmoid()

    def look(self, x, convolution, mask, margins):
        return F.conv2d(F.pad(x, margins), convolution.weight * mask, convolution.bias)

    def conditionals(self, x, context=None):
        vertical = horizontal = 2 * x.to(self.output.weight.dtype) - 1
        for depth, (layer, own_row) in enumerate(zip(self.layers, self.sees_own_row, strict=True)):
            rows = self.look(vertical, layer["vertical"], torch.tensor([[1], [own_row]]), (1, 1, 1, 0))
            row = self.look(horizontal, layer["horizontal"], torch.tensor([1, depth > 0]), (1, 0, 0, 0))
            mixed = layer["mix"](self.gate(row + layer["link"](rows)))
            vertical, horizontal = self.gate(rows), horizontal + mixed if depth else mixed
        return Bernoulli(logits=self.output(self.hidden(horizontal.relu()).relu()))


# %% [markdown]
# In the loop `rows` is what the vertical stack holds before its gate. The **link** is a 1×1 convolution that hands it to the
# horizontal stack, at the same place and without a shift. Nothing goes the other way. The horizontal stack is residual from its
# second layer on. The next result begins with a diagram of one layer, with the link lit up.

# %% [markdown]
# ## 5. Find the bug, twice
#
# The link is safe only because `sees_own_row` is False in the first layer. Everything depends on that list. Instead of
# `[False, True, True, True]` two others are easily written by mistake.
#
# - `[True, True, True, True]`, *never shifted*: the link is fed with features that were never moved down.
# - `[False, False, False, False]`, *shifted in every layer*: the vertical stack is moved down again and again, "to be safe".
#   The package `pytorch-generative` did this when we asked the oracle.
#
# The cell begins with the **proof** that the right list makes the library's `GatedPixelCNN`: with the same weights our network
# gives the same likelihoods. Then it asks the oracle about all three lists.

# %%
my_stacks = TwoStacks((1, 9, 9), 4, [False, True, True, True])
my_stacks.load_state_dict(gated.state_dict(), strict=False)  # the library stores its masks, too
x = torch.randint(2, (50, 1, 9, 9), generator=seeded())
assert torch.allclose(my_stacks.log_prob(x), gated.log_prob(x), atol=1e-4)

variants = {"shifted once": [False, True, True, True]}
variants |= {"never shifted": [True] * 4, "shifted in every layer": [False] * 4}
fields = {name: seen_by(TwoStacks((1, 9, 9), 4, shifts), 4, 4) for name, shifts in variants.items()}
has_leak = {name: bool(field[4, 4:].any()) for name, field in fields.items()}
report = armod.check_autoregressive(TwoStacks((1, 8, 8), 4, [False] * 4))
in_reach = armod.GatedPixelCNN((1, 8, 8), 4, 4, likelihood=bernoulli).reach()
blind = sum(bool(in_reach[pair]) for pair in report.blind_spot)
predict(
    "One of the two variants leaks, the other has the old blind spot. Which one leaks?",
    choices(["never shifted", "shifted in every layer"], answer=max(variants, key=has_leak.get)),
    reveal=[
        gated_pixelcnn_layer("link"),
        field_panels(fields, (4, 4), extent=4, title="What the middle pixel sees"),
        f"The oracle on 8×8 pixels, shifted in every layer: {report}",
        f"{blind} of these are near enough, the blind spot; {len(report.blind_spot) - blind} are out of reach.",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Shifted once: everything near and earlier is seen. Never shifted: the pixel sees
# its whole own row, itself and its right-hand neighbours included. Shifted in every layer: after $l$ layers the
# vertical stack knows the row $l$ above and nothing else, and it is $l$ columns wide to either side. A step to the
# right costs a row again. Nothing leaks, and the blind spot is back.
#
# About a network of your own the oracle says *earlier pairs unseen*. The library's model of the same size states its reach,
# which tells the blind spot from what is out of reach.
#
# </details>
#
# Would you notice, if nobody showed you the fields? We train all three on the small 8×8 digits, those without a leak with three
# seeds. Only the list differs.

# %%
small, learnt, nats, drawn = armod.data.load("digits8").binarize(), {}, {}, []
for name, shifts in variants.items():
    for each in range(seed, seed + (1 if quick or shifts[0] else 3)):
        torch.manual_seed(each)  # all three variants begin with the same weights
        model = TwoStacks(small.event_shape, 6, shifts)
        learnt[name] = armod.fit(model, small, epochs=5, batch_size=100, learning_rate=2e-2, seed=each)
        nats.setdefault(name, []).append(armod.evaluate(model, small).nats)
    drawn.append(model.sample(10, generator=seeded()))
lines = {
    f"{name}, {split}": [64 * math.log(2) * bits for bits in getattr(learnt[name], f"{split}_bits_per_dim")]
    for name in ("never shifted", "shifted once")
    for split in ("train", "valid")
}
predict(
    "Which of the three networks ends with the lowest loss?",
    choices(list(variants), answer=min(nats, key=lambda name: nats[name][0])),
    reveal=[
        curves(range(1, 6), lines, title="They learn", xlabel="epoch", ylabel="nats per digit"),
        "\n\n".join(
            f"{name}: {', '.join(f'{n:.1f}' for n in each)} nats per test digit"
            for name, each in nats.items()
        ),
        image_grid(torch.stack(drawn), title="Ten samples of each network", row_labels=list(variants)),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# The leaky one: its loss goes to almost nothing, and its samples are blank or nearly so. While it draws, there is no answer
# to copy. You would notice. The other bug has a plausible loss and plausible samples.
#
# Its loss is a little higher, with each of the seeds: by 0.3 to 1.1 nats of some twenty-two. That is the price of the wrong
# shift, which also leaves the nearest rows to the first layers alone. Section 6 measures the blind spot by itself.
#
# </details>
#
# Without a right network beside it, only the oracle shows the second bug.

# %% [markdown]
# ## 6. Is it worth it? Two models of equal size
#
# Two stacks need more weights for each layer. To be fair we keep the number of parameters, the data, and the recipe, 30 epochs
# on 4,000 digits. The plain PixelCNN is that of lesson 4.5.3.

# %%
digits = armod.data.load("digits28").binarize(128)
sizes, each = ("pixelcnn-digits28", "gated-pixelcnn-small-digits28"), []
for name in sizes:
    each.append(nats_of_each(armod.load_pretrained(name), digits.test))
gain, error = mean_and_error(each[0] - each[1])
labels = [f"{name}, {receipt(name).num_parameters:,} weights" for name in sizes]
bars = dict(zip(labels, map(mean_and_error, each), strict=True))
predict(
    f"The plain PixelCNN needs {each[0].mean():.1f} nats per digit. How many of them do two stacks and gates save?",
    number(gain, unit="nats", low=-5, high=30),
    reveal=[
        likelihood_bars(bars, unit="nats per digit"),
        f"Digit by digit the gain is {gain:.1f} ± {error:.1f} nats.",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Gated PixelCNN needs 71.5 nats, the plain one 76.8. Each number is uncertain by 0.7 or 0.8, because some digits are
# hard and others easy. But a hard digit is hard for both. Digit by digit the gain is 5.3 nats, and its own standard
# error is 0.2. Compare models on the *same* observations, and look at differences (a **paired comparison**).
#
# </details>
#
# Did the stacks do it, or the gates? Both came in one step, here as in the paper. The control: one small Gated PixelCNN (8 channels,
# 6 layers, two epochs), and the *same* one in which the vertical stack may not look to the right in its own row. That masks one tap
# of six, and by the oracle the network then sees exactly what a plain stack sees. The mask costs 6.0, 6.0 and 5.6 nats of some 80, in
# three seeds. (The lost tap is not to blame: to mask another one, which hides nothing, costs 0.6 or 0.7.) So the blind spot
# alone can make a difference as large as that above. We have not measured what it is after 30 epochs.

# %% [markdown]
# ## 7. A detective story: digits that run off the page
#
# Lesson 4.5.3 left us with a riddle. Most figures that the plain PixelCNN draws run into the last row; real digits
# hardly ever do. There were three suspects: the blind spot, the short field, and the same filter for all places. The
# blind spot comes first, for we now have a model without one.


# %%
def off_the_page(images):  # the share that touches the last row, in %
    return 100 * images[:, 0, -1].any(1).double().mean().item()


num, pictures = 100 if quick else 200, {"real": digits.train.long()}
suspects = {"plain": "pixelcnn", "gated": "gated-pixelcnn-small", "GRU": "recurrent"}
for name, weights in suspects.items():
    pictures[name] = armod.load_pretrained(f"{weights}-digits28").sample(num, generator=seeded())
share = {name: off_the_page(images) for name, images in pictures.items()}
predict(
    f"Of {num} figures by the plain PixelCNN {share['plain']:.0f} % touch the last row. What share of the figures by the gated one, which has no blind spot?",
    number(share["gated"], unit="%", low=0, high=100, digits=2),
    reveal=[
        image_grid(
            torch.stack([images[:10] for images in pictures.values()]),
            title="Who stops in time?",
            row_labels=list(pictures),
        ),
        "\n\n".join(f"{name}: {each:.1f} % touch the last row" for name, each in share.items()),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Nearly as many, 82 %; with 200 figures each, the difference may be chance. The gated model's likelihood is clearly better,
# and its figures run off the page all the same.
#
# </details>
#
# So the first suspect is innocent. And there is a witness. The GRU of lesson
# 4.4 has a *worse* likelihood, 84 nats, and its figures stop where digits stop. What does it have that a convolution does not?
#
# It reads from the first pixel to the last, so it can count. A convolution applies the same filter everywhere. Is it possible that
# it just **does not know where it is**? We ask a stronger Gated PixelCNN, `wide`, with kernels of 5×5, whose field reaches twelve
# rows up. We give it a digit, and the same digit four rows further down.

# %%
wide = armod.load_pretrained("gated-pixelcnn-no-coordinates-digits28").double()
x = digits.test[:20].double()
lower = F.pad(x, (0, 0, 4, -4))  # four empty rows on top, the last four are cut off
with torch.no_grad():
    chances = [wide.conditionals(each).probs[:, 0] for each in (x, lower)]
gap = (chances[0][:, 12:24] - chances[1][:, 16:28]).abs().max().item()
predict(
    "Row 12 of the digit is now row 16 of the image, and so on. By how much do the probabilities of these pixels change?",
    choices(
        {"not at all": 0, "a little, below 0.1": 1, "a lot": 2},
        answer=0 if gap < 1e-12 else 1 if gap < 0.1 else 2,
    ),
    reveal=f"The largest change among all pixels of rows 12 to 23 of 20 digits is {gap:.0e}.",
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Not at all. From row 12 on the network sees its own row and twelve rows above, and no edge. If these look alike, it cannot tell
# row 16 from row 20, nor the last row from any other (**translation equivariance**: shift the input, and the output shifts along).
#
# </details>
#
# This is a motive, and no proof yet: a field that is too short might explain as much. The control must change one thing only. We
# keep the network, kernels, data and epochs, and add three constant **coordinate planes** that say where a pixel lies: its row,
# its column, and its distance from the middle column. They enter every layer as a context.
#
# **Your turn.** Make these planes. Rows and columns go from −1 to 1. `torch.linspace` and `expand` are enough.


# %%
def planes(height, width):  # (3, height, width): row, column, distance from the middle column
    return torch.zeros(3, height, width)


for size in ((3, 5), (4, 2)):
    wrong = (planes(*size) - coordinate_planes(*size)).abs().amax((1, 2)) > 1e-6
    which = [name for name, is_wrong in zip(("row", "column", "distance"), wrong, strict=True) if is_wrong]
    print(f"{size}:", f"not yet: {', '.join(which)}" if which else "right")

# %% [markdown]
# Both networks were trained alike, from the same seed.

# %%
names = ("no-coordinates", "coordinates")
pair = {name: armod.load_pretrained(f"gated-pixelcnn-{name}-digits28") for name in names}
costs = {name: nats_of_each(model, digits.test[: 2 * num]) for name, model in pair.items()}
figures = {name: model.sample(num, generator=seeded()) for name, model in pair.items()}
found = {name: off_the_page(images) for name, images in figures.items()}
saved, error = mean_and_error(costs["no-coordinates"] - costs["coordinates"])
rows = {"real": digits.test} | figures
predict(
    f"Without coordinates {found['no-coordinates']:.0f} % of the figures touch the last row. How many do with coordinates?",
    number(found["coordinates"], unit="%", low=0, high=100, digits=2),
    reveal=[
        image_grid(
            torch.stack([images[:10].long() for images in rows.values()]),
            title="The same network, and three planes",
            row_labels=list(rows),
        ),
        "\n\n".join(
            f"{name}: {costs[name].mean():.1f} nats per test digit, {each:.1f} % touch the last row"
            for name, each in found.items()
        ),
        f"Digit by digit the planes save {saved:.1f} ± {error:.1f} nats.",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Four or five in a hundred, and many figures can be read. Nothing but the planes has changed. So the cause has a name: a
# convolution does not know where it stands.
#
# </details>
#
# That was one seed. So here are smaller networks (8 channels, 4 layers of 5×5), trained for two
# epochs, with three seeds each:
#
# | three seeds | nats per test digit | share that touches the last row |
# |---|---|---|
# | no coordinates | 75.0, 76.1, 76.6 | 80 %, 76 %, 82 % |
# | coordinates | 73.2, 73.9, 73.5 | 37 %, 20 %, 35 % |
#
# The planes help with every seed, though after so little training many figures still do not stop in time.
#
# And the last suspect, the short field? Both networks of the pair have the same one, and with the planes most figures stop. So
# the short field alone is not the cause. (The GRU and MADE, whose fields reach from any pixel up to the first row,
# stop in time without planes.)
#
# ### The last scene: digits
#
# The pair was trained for the control, not for beauty. The best raster model of the course is a network of the
# same size, with the planes, and trained better. Does it draw digits?

# %%
best = "gated-pixelcnn-small-batches-digits28"
figures |= {"best": armod.load_pretrained(best).sample(100 if quick else 500, generator=seeded())}
rows |= {"best": figures["best"]}
share["best"] = off_the_page(figures["best"])
ladder = {name: receipt(f"{weights}-digits28").nats for name, weights in suspects.items()}
ladder |= {name: receipt(f"gated-pixelcnn-{name}-digits28").nats for name in names}
ladder["best"] = receipt(best).nats
predict(
    f"The last row is touched by {share['real']:.1f} % of the real digits. What share of {len(figures['best'])} figures of the best model touches it?",
    number(share["best"], unit="%", low=0, high=20, digits=2),
    reveal=[
        image_grid(
            torch.stack([images[10:20].long() for images in rows.values()]),
            title="Real digits, the pair, and the best raster model",
            row_labels=list(rows),
        ),
        likelihood_bars(ladder, unit="nats per digit"),
        f"{receipt(best)}",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Nearly as few as of the real digits. Many can be read, if not all. It also has the best likelihood of the course's raster models
# of these digits.
#
# </details>
#
# Look at the likelihoods once more. In the pair the planes save two nats of almost seventy, and turn scribbles that run off the
# page into digits. A likelihood scores each pixel after a *real* past. A sample lives with its
# own (**exposure bias**), and a fault of a few nats can spoil the whole figure.

# %% [markdown]
# ## 8. PixelCNN++: a level is a quantity
#
# So far we have mended what a conditional *sees*. **PixelCNN++** begins with its form. From here on the images are patches of
# colour photographs, 16×16 pixels, three channels, 256 levels. What should a conditional look like there?
#
# A softmax with 256 logits knows nothing about levels. It has to learn from examples that 127 lies beside 128 and far from
# 5, for each of the three channels. A **mixture of logistics** (lesson 4.3) knows it from the start: it is a smooth curve
# over the levels, cut into 256 bins. Ours has five components. Two Gated PixelCNNs ship with the course,
# the same layers with either likelihood, and each has seen every patch once. Here is what both say about one green level.

# %%
photos = armod.data.load("photos16")
one, where = photos.test[100:101], (0, 1, 8, 8)  # the green level in the middle of a patch
true, curve, marks, summits = int(one[where]), {}, {}, {}
for kind in ("softmax", "mixture"):
    model, stated = (use(f"gated-pixelcnn-{kind}-photos16") for use in (armod.load_pretrained, receipt))
    curve[kind] = p = model.conditionals(one).probs[where].detach()
    marks[kind] = [(true, p[true].item())]
    summits[kind] = int(((p[1:-1] > p[:-2]) & (p[1:-1] > p[2:])).sum())
    outputs = 3 * model.likelihood.num_parameters
    print(f"{kind}: {outputs} outputs a pixel, {stated.bits_per_dim:.2f} bits, summits: {summits[kind]}")
title = "The same network, two likelihoods: what the next green level may be"
curves(range(256), curve, marks=marks, title=title, xlabel="level, the true one marked", ylabel="probability")

# %% [markdown]
# The softmax takes 768 outputs, three times 256, and the mixture 45: for each channel five weights, five means, five scales.
# And the smaller description is the better one: 5.24 bits per dimension against 5.59, from the same layers and patches. Look at the solid line. It has 64 teeth, levels that get more than both their neighbours. The photograph
# hardly asks for them; the network has not yet learned that neighbouring levels belong together. The yellow points mark the
# true level, to which the mixture gave more. Its five smooth hills have joined into one.
#
# Where does that advantage end? We leave the network out, and let a table of counts (all that a softmax can say then) and five
# logistics learn single green levels. After 100 of them the table needs 8.31 bits for a test level and the mixture 7.91 (means of
# three seeds). After 10,000 they are even, at 7.86 and 7.85. And where the assumption is wrong, the table wins: a file that was
# stretched to twice its contrast has even levels only, and after 100 of them the table needs 7.65 bits and the mixture 7.87,
# after 10,000 it is 6.85 and 7.82.

# %% [markdown]
# ## 9. Red, then green, then blue
#
# The channels of a pixel go together, but the network of a PixelCNN++ sees the *earlier pixels only*. How then can green
# depend on red? Through the mixture. One **indicator** $k$, the number of a component, is drawn for the whole pixel, and
# within a component the mean of green moves with red, that of blue with both:
#
# $$p(r, g, b) = \sum_k \pi_k \, p_k(r) \, p_k(g \mid r) \, p_k(b \mid r, g), \qquad
# \mu_k^g = m_k^g + \alpha_k r, \quad \mu_k^b = m_k^b + \beta_k r + \gamma_k g$$
#
# Here $\pi_k$ is the probability of component $k$, and $p_k$ a logistic in bins with the mean $\mu_k$ of its channel. $r$ and
# $g$ are levels as numbers from $-1$ to 1, and the **slopes** $\alpha_k, \beta_k, \gamma_k$ are further outputs of the
# network, brought between $-1$ and 1 by a tanh. A pixel of PixelCNN++ takes $5 \cdot (1 + 3 + 3 + 3) = 50$ outputs: for each
# component one logit of $\pi_k$, three means, three scales, three slopes.
#
# For sampling we need one channel after the other. The chain rule takes the sum apart:
#
# $$p(g \mid r) = \frac{p(r, g)}{p(r)} = \sum_k w_k(r) \, p_k(g \mid r), \qquad w_k(r) = \frac{\pi_k \, p_k(r)}{\sum_j \pi_j \, p_j(r)}.$$
#
# So green has a mixture again, with new weights $w_k$, the **posterior** of the indicator after red. **Your turn.** Write
# these weights.


# %%
def after_red(pi, p_red):  # pi (M,), p_red (M,): the probability of this red under each component
    return pi


pi, p_red = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.1, 0.4, 0.0])
w = after_red(pi, p_red)
print(
    "right" if torch.allclose(w * p_red.dot(pi), pi * p_red) else f"not yet: {w.tolist()}, sum {w.sum():.2f}"
)

# %% [markdown]
# Two things tie the channels together: the *slopes*, and the shared *indicator*. Which of them does the
# work? We build the head of a PixelCNN++ alone, a model of one pixel without any network below, with a
# switch for each. Without the shared indicator each channel draws its own.


# %%
class OnePixel(armod.AutoregressiveModel):
    def __init__(self, indicator, slopes, K=256, M=5):
        super().__init__()
        self.event_shape, self.ordering, self.K = torch.Size([3]), torch.arange(3), K
        self.likelihood, self.indicator, self.switch = LogisticMixture(K, M), indicator, float(slopes)
        self.logits, self.slopes = nn.Parameter(torch.zeros(3, M)), nn.Parameter(torch.zeros(3, M))
        self.means = nn.Parameter(1.6 * torch.rand(3, M) - 0.8)
        self.log_scales = nn.Parameter(torch.full((3, M), -1.5))

    def conditionals(self, x, context=None):
        red, green, _ = (2 * x.to(self.means.dtype) / (self.K - 1) - 1).unsqueeze(2).unbind(1)
        alpha, beta, gamma = self.switch * self.slopes.tanh()
        m = self.means
        means = torch.stack([m[0] + 0 * red, m[1] + alpha * red, m[2] + beta * red + gamma * green], 1)
        logits, log_scales = self.logits.expand_as(means), self.log_scales.expand_as(means)
        if self.indicator:  # pi_k times what component k gave to the channels before
            log_p = DiscretizedLogisticMixture(logits, means, log_scales, self.K).component_log_prob(x)
            logits = logits[:, :1] + F.pad(log_p[:, :2].cumsum(1), (0, 0, 1, 0))
        return self.likelihood.distribution(torch.cat([logits, means, log_scales], -1))


# %% [markdown]
# **Proof.** For four levels the next cell enumerates all 64 colours. Their probabilities add up to 1 with every setting of the
# switches. With both on, the three conditionals are those of the library's `PixelMixture`. Then we ask the oracle who sees whom.

# %%
settings = {"both": (True, True), "indicator alone": (True, False), "slopes alone": (False, True)}
settings["neither"] = (False, False)
for switches in settings.values():
    assert abs(armod.total_probability(OnePixel(*switches, K=4)) - 1) < 1e-5

head, every = OnePixel(True, True, K=4), torch.cartesian_prod(*[torch.arange(4)] * 3)
head.slopes.data.normal_(generator=seeded())
outputs = torch.cat([head.logits[0], head.means.flatten(), head.log_scales.flatten(), head.slopes.flatten()])
library = PixelMixture(LogisticMixture(4, 5), num_channels=3)
parameters = library.conditionals(outputs.expand(64, -1), every)
expected = library.likelihood.distribution(parameters).log_prob(every).sum(1)
assert torch.allclose(head.log_prob(every), expected, atol=1e-4)

matrices = {name: armod.dependency_matrix(OnePixel(*on, K=8)) for name, on in settings.items()}
asked = matrices["indicator alone"]
predict(
    "All slopes are 0, and only the indicator is shared. What does the oracle say of green?",
    choices({"green sees red": True, "green sees nothing of its own pixel": False}, answer=bool(asked[1, 0])),
    reveal=channel_panels(
        matrices,
        title="Who sees whom within a pixel",
    ),
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Green sees red. The shared indicator *alone* makes every later channel depend on every earlier one, by the weights
# $w_k(r)$. So the oracle cannot tell slopes from indicator: with both or with one of them the square looks the same. It
# answers *whether* there is a dependence, never *how much*.
#
# </details>
#
# How much is a question for likelihoods. We fit all four heads to single colours of the photographs, with three seeds.

# %%
options, colours = {"batch_size": 200, "learning_rate": 0.1, "learning_rate_decay": 0.85}, {}
for split in ("train", "test"):
    pool = getattr(photos, split).movedim(1, -1).reshape(-1, 3)
    colours[split] = pool[torch.randperm(len(pool), generator=seeded())[: 1500 if quick else 4000]]
bits_of = {name: [] for name in settings}
for name, on in settings.items():
    for each in range(seed, seed + (1 if quick else 3)):
        torch.manual_seed(each)
        model = OnePixel(*on)
        armod.fit(model, colours["train"], epochs=20, seed=each, **options)
        log_p = model.conditionals(colours["test"]).log_prob(colours["test"]).detach()
        bits_of[name].append(-log_p.mean(0) / math.log(2))
print("bits for             red          green           blue   (each seed)")
for name, each in bits_of.items():
    print(f"{name:16}", "  ".join(" ".join(f"{bits[c]:.2f}" for bits in each) for c in range(3)))

# %% [markdown]
# Read the columns. Green costs 7.85 bits by itself. The indicator alone saves 0.7 of them and the slopes alone 0.95, about as
# much as both: where red is brighter, green mostly is, too, and a slope says that in one number. For blue it pays to
# have both. Red comes first, and has nothing to see. It even costs a tenth of a bit *more* wherever the indicator is shared,
# with slopes or without: then all three channels have to make do with the same weights.
#
# In the full model earlier pixels tell much of the colour already. Is red still worth as much? Two
# PixelCNN++ ship with the course, trained in the same way, with slopes and shared indicator, and with independent channels.

# %%
per_channel, patches = {}, {"real": photos.test[torch.linspace(0, 266, 10).long()].long()}
for name, part in {"colours in turn": "", "independent": "independent-channels-"}.items():
    model = armod.load_pretrained(f"pixelcnn-plus-plus-{part}photos16").requires_grad_(False)
    log_p = model.conditionals(photos.test).log_prob(photos.test)
    per_channel[name] = (-log_p / math.log(2)).mean((0, 2, 3))
    patches[name] = model.sample(10, generator=seeded())
with_both, without = per_channel.values()
predict(
    f"With independent channels red, green and blue cost {', '.join(f'{bits:.2f}' for bits in without)} bits. How many bits less does green cost, if it knows red?",
    number(without[1] - with_both[1], unit="bits", low=0, high=3, digits=2),
    reveal=[
        "Bits saved on red, green and blue: " + ", ".join(f"{bits:+.2f}" for bits in without - with_both),
        image_grid(
            torch.stack([*patches.values()]),
            256,
            title="Real patches, and drawn ones",
            row_labels=list(patches),
        ),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Green costs 0.75 bits less, and blue 0.71. For single pixels it was 1.0 and 1.5 bits: earlier pixels tell a part of what red
# tells. And red loses 0.2 bits, as it lost some for single pixels. On balance the dependence wins clearly.
#
# You can see it in the samples. In the last row single pixels are green, violet or blue, for no reason. In the row above a colour
# belongs to its neighbours, and light and dark form patches.
#
# </details>

# %% [markdown]
# ## 10. Down, up, and across
#
# The third part of PixelCNN++ is its shape. Its layers go down to half and to a quarter
# of the resolution (**down-sampling**), where a step of one cell is a step of four pixels, and work is cheap. Then they come
# up again. **Short-cuts** (the field says **skip connections**, as in a U-net) carry across what each resolution knew on the
# way down; the diagram in the result shows them lit up. What do we lose if we cut them?

# %%
fields, pixel = {}, torch.arange(64)
for name, is_on in (("with short-cuts", True), ("without short-cuts", False)):
    model = armod.PixelCNNPlusPlus((1, 8, 8), 4, num_resnets=1, num_levels=4, shortcuts=is_on)
    matrix = armod.dependency_matrix(model)
    fields[name] = matrix[5 * 8 + 6].view(8, 8)
before_its_cell = pixel < (pixel // 32 * 32 + pixel % 8 // 4 * 4)[:, None]
predict(
    "In an image of 8×8 pixels 56 have a neighbour on the left. How many of them see it, without short-cuts?",
    number(sum(bool(matrix[i, i - 1]) for i in range(64) if i % 8), unit="pixels", low=0, high=56),
    reveal=[
        plus_plus_streams("short-cuts"),
        field_panels(fields, (5, 6), title="What one pixel sees, with short-cuts and without"),
        f"Without them each pixel sees just what comes before its cell of 4×4: {matrix.equal(before_its_cell)}.",
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# Two: those in the upper left corners of the two cells on the right. In the figure the hatched pixels are earlier and unseen,
# among them all of the pixel's own row. At a quarter of the resolution a cell stands for 4×4 pixels. It is computed once for
# all sixteen, so it can know only the pixels before the *first* of them, its upper left corner. Everything between that
# corner and the pixel has to come across by a short-cut.
#
# </details>
#
# This is no bug: the probabilities still add up to 1. Section 11 measures what it costs to miss the
# nearest pixels.

# %% [markdown]
# ## 11. Taking PixelCNN++ apart
#
# Which of the three parts pays? The yardstick is a table of the differences to the
# pixel on the left, counted on all training patches. First watch a small PixelCNN++ learn, on a tenth of the patches.


# %%
def from_the_left(levels):
    levels = levels.long()  # beyond the left edge it is grey
    return ((levels - F.pad(levels, (1, 0), value=128)[..., :-1]) % 256).movedim(1, 0).flatten(1)


counts = torch.stack([1 + differences.bincount(minlength=256) for differences in from_the_left(photos.train)])
surprise = -(counts / counts.sum(1, keepdim=True)).log2()
bits = {"difference to the left": surprise.gather(1, from_the_left(photos.test)).mean().item()}
choose = torch.randperm(len(photos.train), generator=seeded())[: 160 if quick else 1000]
model = armod.PixelCNNPlusPlus(photos.event_shape, 8, num_resnets=1, seed=seed)
options = {"epochs": 2 if quick else 3, "batch_size": 16, "learning_rate": 5e-3, "average": 0.9}
history = armod.fit(
    model, photos.train[choose], valid=photos.valid[: 40 if quick else 100], seed=seed, **options
)
lines = {"train": history.train_bits_per_dim, "valid": history.valid_bits_per_dim}
floor, axes = next(iter(bits.items())), {"xlabel": "epoch", "ylabel": "bits per dimension"}
curves(range(1, len(history) + 1), lines, title="A small PixelCNN++ learns", floor=floor, **axes)

# %% [markdown]
# (The training curve is again the mean over an epoch.)
# The models that follow have seen all 9,852 patches.
#
# An **ablation** removes one part and keeps everything else. Six small models ship with the course, each trained in one
# pass over the same patches, with the same recipe. Four are a PixelCNN++, whole or without one part; two are the
# Gated PixelCNNs of section 8.


# %%
def train_once(model):
    (-model.log_prob(photos.train[:16]).mean()).backward()


parts = {"PixelCNN++": "", "full resolution": "full-resolution-", "without short-cuts": "no-shortcuts-"}
parts["colours independent"] = "independent-channels-"
shipped = {name: f"pixelcnn-plus-plus-{part}photos16" for name, part in parts.items()}
shipped |= {f"Gated, {kind}": f"gated-pixelcnn-{kind}-photos16" for kind in ("mixture", "softmax")}
each, cost = {}, {}
for name, weights in shipped.items():
    model = armod.load_pretrained(weights)
    each[name] = nats_of_each(model, photos.test[:: 4 if quick else 1]) / (768 * math.log(2))
    bits[name] = each[name].mean().item()
    cost[name] = min(repeat(partial(train_once, model), timer=process_time, number=1, repeat=3))
change = {name: mean_and_error(its - each["PixelCNN++"]) for name, its in each.items()}
predict(
    "Which of the three parts costs most bits if it is taken away?",
    choices(
        {
            "the low resolutions": "full resolution",
            "the short-cuts": "without short-cuts",
            "the colours in turn": "colours independent",
        },
        answer=max(list(parts)[1:], key=bits.get),
    ),
    reveal=[
        f"```\n{'model':20} bits/dim      change       parameters  a step\n"
        + "\n".join(
            f"{name:20} {bits[name]:7.3f}  {its:+.3f} ± {error:.3f}  {receipt(shipped[name]).num_parameters:10,}  "
            f"{cost[name] / cost['PixelCNN++']:5.1f}x"
            for name, (its, error) in change.items()
        )
        + "\n```",
        likelihood_bars(bits, unit="bits per dimension"),
    ],
)

# %% [markdown]
# <details><summary>What happened</summary>
#
# *Change* is the difference from the whole PixelCNN++, patch by patch; *a step* is the time of a training step, measured here.
#
# - **Short-cuts** are worth 0.83 bits, more than anything else. Without them two thirds of the lead over the table of
#   differences are gone: the nearest pixels are unseen (section 10).
# - **Colours in turn** are worth 0.43 bits, for 45 more weights and hardly any time.
# - **The mixture** beats the softmax by 0.34 bits on the same Gated PixelCNN, with fewer weights.
# - **Down-sampling** does *not* win. At full resolution the model is better by 0.010 bits, give or take 0.005. Down-sampling
#   buys time: the same step costs more without it. It is meant for wide images; in a patch of 16×16 pixels nothing is far away.
# - PixelCNN++ beats the Gated PixelCNN with a mixture by 0.13 bits. It also has 5,331 more weights, so this row
#   says little about which design is better.
#
# </details>
#
# All six have seen each patch once, and each row is one seed. The ± covers the choice of test patches, and not the luck of
# a training. Longer training or larger images may change the order.

# %% [markdown]
# ## Summary
#
# - One stack of masked layers can step to the right only by stepping up: $L$ layers leave $L(L-1)/2$ pixels unseen.
# - Two stacks see them all. The vertical one is shifted once, in its first layer: never is a leak, always is the blind
#   spot again.
# - A convolution does not know where it stands. Three constant planes keep most digits on the page; mending the blind spot
#   did not.
# - A logistic mixture describes a pixel of three channels by 50 numbers instead of 768. Red reaches green by slopes and by
#   the shared indicator, without a mask on channels.
# - Down-sampling makes a step cheap, and short-cuts make down-sampling bearable: without them the nearest
#   pixels are unseen.

# %% tags=["nbval-ignore-output"]
display(predictions())
lesson_quiz("4_5_4_pixelcnn_variants")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_5_4_pixelcnn_variants.ipynb) opens in JupyterLab. You work on the link
# between the stacks, the outer bins of the discretized logistic, and the order of the channels, and you train a model of
# your own within a budget; each answer is checked as soon as you run it.
#
# ## Further reading
#
# - A. van den Oord, N. Kalchbrenner, O. Vinyals, L. Espeholt, A. Graves, K. Kavukcuoglu, *Conditional Image Generation
#   with PixelCNN Decoders*, NIPS 2016: section 2.1 for the gated unit, 2.2 for the blind spot and the two stacks.
# - T. Salimans, A. Karpathy, X. Chen, D. P. Kingma, *PixelCNN++*, ICLR 2017: sections 2.1 and 2.2 for the mixture and
#   the channels, 2.3 and 2.4 for down-sampling and short-cuts, 3 for ablations at full size.
# - R. Liu, J. Lehman, P. Molino and others, *An Intriguing Failing of Convolutional Neural Networks and the CoordConv
#   Solution*, NeurIPS 2018: section 3 for planes of coordinates.
#
# ---
#
# [← 4.5.3 PixelCNN: convolutions that never look ahead](4_5_3_pixelcnn.ipynb) · [The course map](index.ipynb) · [4.6.1 Image applications: what does the input fix, and what does the model invent? →](4_6_1_image_applications.ipynb)
