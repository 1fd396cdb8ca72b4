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
# - compare two models at equal size, and say what the comparison does not show
# - count the outputs of a softmax and of a logistic mixture, and say what each assumes about levels
# - take a PixelCNN++ apart by ablation: which of its parts pays, at which cost
#
# **Minutes** 70 · **Needs** masked convolutions; blind spot; gated units; discretized logistic mixture · **Teaches** two stacks; channel dependence; ablation

# %% [markdown]
# The cell below holds the lesson's two parameters. `seed` changes every random choice; `quick` shortens the training.

# %% tags=["parameters"]
seed = 0
quick = False

# %%
import math
from time import process_time
from timeit import repeat

import torch
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

import armod
from armod.figures.bars import likelihood_bars
from armod.figures.channel_panels import channel_panels
from armod.figures.curves import curves
from armod.figures.field_panels import field_panels
from armod.figures.images import image_grid
from armod.figures.two_arrows import two_arrows
from armod.models.plus_plus.pixel_mixture import PixelMixture
from armod.pretrained import receipt
from armod.course.labs import lesson_quiz
from armod.course.labs import field_lab

torch.manual_seed(seed)
torch.set_num_threads(1)  # small images: a second thread costs more than it saves
bernoulli = armod.likelihoods.Bernoulli()

# %% [markdown]
# ## 1. Where one stack never looks, and why
#
# Lesson 4.5.3 has measured the blind spot of a PixelCNN. Why does it lie on the right, and what does it come from?
#
# A masked layer lets a pixel look at its neighbours, one step away. Write a step as (rows, columns). With a 3×3 kernel,
# mask A allows four: three into the row above, and one to the left. Mask B adds the step that stays where it is. A
# network of several layers sees every pixel that can be reached by one step of each layer.
#
# So a receptive field is a small sum over sets. We need no network to work it out.
#
# **Predict:** take the pixel one row up and two columns to the *right*. It was drawn long ago. With four
# layers, is it seen? With thirty?

# %%
above, left, here = {(-1, -1), (-1, 0), (-1, 1)}, {(0, -1)}, {(0, 0)}


def then(seen, steps):
    return {(row + up, column + aside) for row, column in seen for up, aside in steps}


def one_stack(depth):
    return above | left if depth == 1 else then(one_stack(depth - 1), above | left | here)


assert (-1, 2) not in one_stack(4) and (-1, 2) not in one_stack(30)
two_arrows(4)

# %% [markdown]
# Not with four, not with thirty. Follow the two kinds of arrows on the left of the figure. A step to the left is free:
# it stays in the row. A step to the *right* exists only together with a step up. So two columns to the right cost two
# rows, and everything below that diagonal is out of reach: the **blind spot**, hatched. Depth widens it. With $L$
# layers it has $1 + 2 + \dots + (L-1) = L(L-1)/2$ pixels inside the square that the kernels span.
#
# Why is there no free step to the right? In the pixel's own row it would be a look at the future. In the row above it
# would be harmless, because that row is complete. But a single stack has one mask for all rows. What is forbidden here
# is forbidden there too: every layer reads features of the row above that were themselves made under the mask.

# %% [markdown]
# ## 2. Two stacks
#
# The mend follows from the diagnosis. Rows above are complete, so give them a network of their own.
#
# - The **vertical stack** reads whole rows, to the left *and* to the right. It must not touch the pixel's own row. So
#   its first layer reads the row above alone; from then on all its features lag one row behind, and every later layer
#   may use its own row freely.
# - The **horizontal stack** walks along the pixel's own row, to the left only. In each layer it is also given what the
#   vertical stack has found at the same place.
#
# The right half of the figure shows the new way: one row up, then sideways as far as you like.
#
# The figure claims that none of the earlier pixels of the square remain unseen.
#
# **Predict:** which stack has to bring the pixel one row up and four columns to the right, and after how many layers is
# it there?

# %%
vertical, horizontal = [above], [above | left]
for _ in range(3):
    vertical.append(then(vertical[-1], above | {(0, -1), (0, 0), (0, 1)}))
    horizontal.append(then(horizontal[-1], left | here) | vertical[-1])
unseen = horizontal[-1] - one_stack(4)
print(f"two stacks of 4 layers see {len(horizontal[-1])} pixels; of these one stack misses", sorted(unseen))
assert len(horizontal[-1]) == 40 and len(unseen) == 4 * 3 // 2
assert [(-1, 4) in seen for seen in vertical] == [False, False, False, True]

# %% [markdown]
# Two stacks of four layers see all 40 earlier pixels of the square, the six of the wedge among them. The far corner,
# one row up and four columns to the right, takes all four layers of the vertical stack: a step up and to the right with
# the first, three to the right with the others. So much for sets. Do real networks agree? The oracle knows nothing of
# steps. It changes one pixel at a time, and watches which conditionals move.


# %%
def seen_by(model, row, column):
    height, width = model.event_shape[1:]
    return armod.dependency_matrix(model)[row * width + column].view(height, width)


plain = armod.PixelCNN((1, 9, 9), 4, 3, likelihood=bernoulli)  # its first layer comes on top: 4 in all
gated = armod.GatedPixelCNN((1, 9, 9), 4, 4, likelihood=bernoulli)
for model, derived in ((plain, one_stack(4)), (gated, horizontal[-1])):
    assert {(row - 4, column - 4) for row, column in seen_by(model, 4, 4).nonzero().tolist()} == derived
    print(f"{type(model).__name__}: {len(armod.check_autoregressive(model).blind_spot)} blind pairs")

# %% [markdown]
# Pixel by pixel, sets and oracle agree: the centre sees 34 pixels through one stack and 40 through two. Over all 81
# pixels of the small image the plain network has 251 blind pairs, the gated one 0. Both are still finite: what lies
# more than four rows away is out of reach.

# %% [markdown]
# ## 3. The field lab, with two stacks
#
# This is the lab of lesson 4.5.3, set to two stacks. Move the pixel with the arrow keys, and turn the knobs.
#
# 1. Switch the stack to *plain*. Which pixels turn to blind spot, and on which side?
# 2. Back to *gated*, and shrink the depth. What limits the field now?
# 3. Set the first mask to *B*. Which colour appears, and where?

# %% tags=["nbval-ignore-output"]
field_lab("gated")

# %% [markdown]
# On *plain* ten pixels up and to the right turn blind. With two stacks only depth and kernel limit the field, and the
# blind count is 0 at every setting of the lab. The first mask matters as much as before, and more: with B each pixel sees
# itself, and those to its right as well, for the vertical stack then begins in the pixel's own row.

# %% [markdown]
# ## 4. Both stacks in two dozen lines
#
# Gated PixelCNN takes its second idea from WaveNet: the **gated unit** $\tanh(f) \cdot \sigma(g)$, in both stacks. One
# half of the features is the value, the other half opens or closes it. Both halves come from the same convolution,
# which has $2p$ outputs for $p$ features.
#
# The convolutions below are cropped to what they may see: two rows by three columns for the vertical stack, one row by
# two columns for the horizontal one. What remains of a mask is a single question, asked of each layer: does it see its
# own row, or its own pixel?


# %%
def gate(features):
    value, opening = features.chunk(2, dim=1)
    return value.tanh() * opening.sigmoid()


def look(x, convolution, mask, margins):
    return F.conv2d(F.pad(x, margins), convolution.weight * mask, convolution.bias)


class TwoStacks(armod.AutoregressiveModel):
    likelihood = bernoulli

    def __init__(self, event_shape, p, sees_own_row):
        super().__init__()
        self.event_shape, self.sees_own_row = torch.Size(event_shape), sees_own_row
        self.ordering = armod.orderings.raster(event_shape)
        self.layers = nn.ModuleList()
        for inputs in [1] + [p] * (len(sees_own_row) - 1):
            vertical, horizontal = nn.Conv2d(inputs, 2 * p, (2, 3)), nn.Conv2d(inputs, 2 * p, (1, 2))
            link, mix = nn.Conv2d(2 * p, 2 * p, 1), nn.Conv2d(p, p, 1)
            parts = {"vertical": vertical, "horizontal": horizontal, "link": link, "mix": mix}
            self.layers.append(nn.ModuleDict(parts))
        self.hidden, self.output = nn.Conv2d(p, p, 1), nn.Conv2d(p, 1, 1)

    def conditionals(self, x, context=None):
        vertical = horizontal = 2 * x.to(self.output.weight.dtype) - 1
        for number, (layer, own_row) in enumerate(zip(self.layers, self.sees_own_row, strict=True)):
            rows = look(vertical, layer["vertical"], torch.tensor([[1], [own_row]]), (1, 1, 1, 0))
            row = look(horizontal, layer["horizontal"], torch.tensor([1, number > 0]), (1, 0, 0, 0))
            mixed = layer["mix"](gate(row + layer["link"](rows)))
            vertical, horizontal = gate(rows), horizontal + mixed if number else mixed
        return Bernoulli(logits=self.output(self.hidden(horizontal.relu()).relu()))


# %% [markdown]
# Read the loop once more. `rows` is the vertical stack before its gate; `link` is a 1×1 convolution that hands it to
# the horizontal stack, at the same place and without a shift. That is safe only because `sees_own_row` is False in the
# first layer. The horizontal stack is residual from its second layer on.
#
# Is that the library's `GatedPixelCNN`? Same weights in, same likelihoods out.

# %%
mine = TwoStacks((1, 9, 9), 4, [False, True, True, True])
weights = gated.state_dict()
mine.load_state_dict({name: weights[name] for name in mine.state_dict()})
x = torch.randint(2, (50, 1, 9, 9))
assert torch.allclose(mine.log_prob(x), gated.log_prob(x), atol=1e-4)
assert seen_by(mine, 4, 4).equal(seen_by(gated, 4, 4))

passed = [gate(torch.tensor([[1.0, opening]])).item() / math.tanh(1) for opening in (4.0, 0.0, -4.0)]
print("share of a value that passes at gate inputs 4, 0, -4:", [f"{share:.0%}" for share in passed])

# %% [markdown]
# They are equal. And the last line takes the unit apart: with a gate input of $+4$ it is a tanh, with $-4$ it is shut,
# and 2% pass. In between the two halves multiply, so a layer can say "this feature, but only at an edge", where a ReLU
# only adds.

# %% [markdown]
# ## 5. Find the bug, twice
#
# The own row is what makes two stacks delicate. Two variants of the list `[False, True, True, True]` are easily written
# by mistake.
#
# - `[True, True, True, True]`: the link is fed with features that were never shifted.
# - `[False, False, False, False]`: the vertical stack is shifted again in *every* layer, "to be safe". The package
#   `pytorch-generative` did this when we asked the oracle about it.
#
# **Predict:** one of them leaks, and one has the old blind spot. Which is which? And which of the two would you notice
# by looking at the loss?

# %%
variants = {"shifted once": [False, True, True, True]}
variants |= {"never shifted": [True] * 4, "shifted in every layer": [False] * 4}
fields = {name: seen_by(TwoStacks((1, 9, 9), 4, shifts), 4, 4) for name, shifts in variants.items()}
assert fields["never shifted"][4, 4:].all() and not fields["shifted in every layer"][3, 6]
title = "One bug leaks the pixel's own row, the other brings the blind spot back"
field_panels(fields, (4, 4), extent=4, title=title)

# %% [markdown]
# Read the figure from left to right. Shifted once: everything near and earlier is seen. Never shifted: the pixel sees
# its whole own row, itself and its right-hand neighbours included. Shifted in every layer: after $l$ layers the
# vertical stack knows the row $l$ above and nothing else, and it is $l$ columns wide to either side. A step to the
# right costs a row again. Nothing leaks, and the blind spot is back.
#
# Now train all three on the small 8×8 digits.

# %%
small, drawn, loss = armod.data.load("digits8").binarize(), [], {}
for name, shifts in variants.items():
    torch.manual_seed(seed)  # all three begin with the same weights
    model = TwoStacks(small.event_shape, 8, shifts)
    armod.fit(model, small.train, epochs=3 if quick else 5, batch_size=50, learning_rate=1e-2, seed=seed)
    loss[name] = armod.evaluate(model, small).nats
    drawn.append(model.sample(10, generator=torch.Generator().manual_seed(seed)))
    report = armod.check_autoregressive(model)
    faults = f"{len(report.leaks)} leaks, {len(report.blind_spot)} earlier pairs unseen"
    print(f"{name}: {loss[name]:.1f} nats per digit, {faults}")
    assert len(report.blind_spot) == (696 if any(shifts) else 875) and bool(report.leaks) == shifts[0]
assert (
    loss["never shifted"] < loss["shifted once"] / 4 and drawn[1].float().mean() < drawn[0].float().mean() / 2
)
assert seed or quick or round(loss["shifted in every layer"] - loss["shifted once"]) == 1
title = "The leaky network has the lowest loss and the poorest samples"
image_grid(torch.stack(drawn), title=title, row_labels=list(variants))

# %% [markdown]
# The leak takes the loss to almost nothing, and the samples are blank or nearly so: while it draws, there is no answer
# to copy. You would notice. The other bug has a plausible loss and plausible samples. It raises no alarm at all. Only
# the oracle shows it: 696 pairs of pixels are too far apart for four layers, in all three networks, and in the last one
# 179 more are unseen, its blind spot.
#
# Its loss is a nat higher, though, and that is about the price of the blind spot. Gates, data and first weights are the
# same; only the weights for the own row lie idle in the vertical stack. With three other seeds we found 0.3, 0.5 and
# 0.6 nats of some 21, each more than twice its standard error.

# %% [markdown]
# ## 6. Is it worth it? Two models of equal size
#
# Two stacks need more weights for each layer. A fair comparison holds something fixed. We fix the number of parameters,
# the data, and the recipe: 30 epochs on the same 4,000 binary digits. The weights ship with the course; we compute
# their likelihoods again and hold them against their receipts.
#
# **Predict:** the digits are 28 pixels wide, and strokes are 3 pixels thick. Will a blind spot matter much?

# %%
digits = armod.data.load("digits28").binarize(128)


@torch.no_grad()
def nats_of_each(model, x):
    return -torch.cat([model.log_prob(part) for part in x.split(50)]).double()


nats, each = {}, []
for name in ("pixelcnn-digits28", "gated-pixelcnn-small-digits28"):
    model = armod.load_pretrained(name)
    each.append(nats_of_each(model, digits.test))
    assert abs(each[-1].mean() - receipt(name).nats) < 0.01
    label = f"{type(model).__name__}, {receipt(name).num_parameters:,} parameters"
    nats[label] = (each[-1].mean().item(), each[-1].std().item() / len(each[-1]) ** 0.5)
gain = each[0] - each[1]
error = gain.std() / len(gain) ** 0.5
print(f"gain {gain.mean():.2f} nats per digit, give or take {error:.2f}")
assert gain.mean() > 10 * error and nats[label][0] < receipt("gated-pixelcnn-digits28").nats
assert receipt("gated-pixelcnn-digits28").num_parameters == 45_601
likelihood_bars(
    nats, unit="nats per digit", title=f"Two stacks and gates save {gain.mean():.1f} nats at equal size"
)

# %% [markdown]
# Gated PixelCNN needs 71.5 nats, the plain one 76.8. Each number is uncertain by 0.7 or 0.8, because some digits are
# hard and others easy. But that shakes both numbers together. Digit by digit the gain is 5.3 nats, and its own standard
# error is 0.2. Compare models on the *same* observations, and look at differences.
#
# Does the blind spot matter, then? This does not show whether the stacks or the gates did it. Both came in one step,
# here as in the paper. Section 5 kept the gates and brought the blind spot back: on small digits that cost up to a nat.
# So it matters. What its share of the 5.3 nats is, we have not measured. And equal size is equal in parameters. It is
# not equal in time, since two stacks do more work for each weight. Training counts too: the larger
# `gated-pixelcnn-digits28`, with 45,601 parameters but only 14 epochs, is no better than the small one with 30.

# %% [markdown]
# ## 7. PixelCNN++: a level is a quantity
#
# From here on the images are colour photographs, in patches of 16×16: three channels of 256 levels in each pixel. What
# should a conditional look like there?
#
# A softmax with 256 logits knows nothing about levels: that 127 lies beside 128, and far from 5, it has to learn from
# examples, for each of the three channels. A **mixture of logistics** (lesson 4.3) knows it from the start. It says
# where the level may lie, how sure it is, and cuts the curve into 256 bins. PixelCNN++ takes five components for a
# pixel.
#
# **Predict:** how many outputs does a pixel need in each case?

# %%
photos = armod.data.load("photos16")
one, where = photos.test[100:101], (0, 1, 8, 8)  # the green level in the middle of a patch
true, curve, marks = int(one[where]), {}, {}
for kind in ("softmax", "mixture"):
    model, stated = (use(f"gated-pixelcnn-{kind}-photos16") for use in (armod.load_pretrained, receipt))
    outputs = 3 * model.likelihood.num_parameters
    curve[kind] = p = model.conditionals(one).probs[where].detach()
    marks[kind] = [(true, p[true].item())]
    summits = int(((p[1:-1] > p[:-2]) & (p[1:-1] > p[2:])).sum())
    print(
        f"{kind}: {outputs} outputs a pixel, {stated.bits_per_dim:.2f} bits per dimension, summits: {summits}"
    )
    assert summits > 10 if kind == "softmax" else summits <= 5
assert marks["mixture"][0][1] > marks["softmax"][0][1]
title = "The same network, two likelihoods: what the next green level may be"
curves(range(256), curve, marks=marks, title=title, xlabel="level, the true one marked", ylabel="probability")

# %% [markdown]
# 768 outputs, three times 256, against 45: for each channel five weights, five means, five scales. And the smaller
# description is the better one: 5.24 bits per dimension against 5.59, from the same layers, patches and pass over the
# data. Look at the solid line. It has teeth: a level gets more than its two neighbours for no reason in the photograph,
# only because of what happened to be counted. The yellow points mark the level that was there; it is the mixture that
# gave it more. The mixture is a sum of five smooth hills, and here they join into one.
#
# Where does that advantage end? With enough data a softmax learns that levels are neighbours. And it can say what five
# smooth hills cannot, such as "an even number". On little data, knowing beats learning.

# %% [markdown]
# ## 8. Red, then green, then blue
#
# The network of a PixelCNN++ sees the *earlier pixels only*. How then can green depend on red? Through the mixture. One
# indicator $k$ is drawn for the whole pixel, and within a component the mean of green moves with red, that of blue with
# both:
#
# $$p(r, g, b) = \sum_k \pi_k \, p_k(r) \, p_k(g \mid r) \, p_k(b \mid r, g), \qquad
# \mu_k^g = m_k^g + \alpha_k r, \quad \mu_k^b = m_k^b + \beta_k r + \gamma_k g$$
#
# Here $r$ and $g$ are levels as numbers from $-1$ to 1, and the slopes $\alpha_k, \beta_k, \gamma_k$ are further
# outputs of the network, brought between $-1$ and 1 by a tanh. Let us build it for four levels and two components, and
# hold it against the library, which has taken this sum apart by the chain rule.

# %%
K, M = 4, 2
pixel = PixelMixture(armod.likelihoods.LogisticMixture(K, M), num_channels=3)
outputs = torch.randn(pixel.num_parameters, dtype=torch.float64)
logits, means, log_scales, slopes = (part.view(-1, M) for part in outputs.split([M, 3 * M, 3 * M, 3 * M]))
every = torch.cartesian_prod(*[torch.arange(K)] * 3)
red, green, _ = (2 * every.double() / (K - 1) - 1).T[..., None]  # levels as numbers from -1 to 1
alpha, beta, gamma = slopes.tanh()
centres = [means[0].expand(len(every), M), means[1] + alpha * red, means[2] + beta * red + gamma * green]

joint = logits.softmax(-1)
ends = torch.tensor([-math.inf, -2 / 3, 0, 2 / 3, math.inf], dtype=torch.float64)  # of the bins
for channel, centre in enumerate(centres):
    below = ((ends - centre[..., None]) / log_scales[channel].exp()[:, None]).sigmoid()
    joint = joint * below.diff()[torch.arange(len(every)), :, every[:, channel]]
joint = joint.sum(1)

taken_apart = pixel.likelihood.distribution(pixel.conditionals(outputs.expand(len(every), -1), every))
assert torch.allclose(taken_apart.log_prob(every).sum(1).exp(), joint)
assert abs(joint.sum() - 1) < 1e-12

# %% [markdown]
# All 64 colours get the same probability both ways, and they add up to 1. A pixel of PixelCNN++ takes $5 \cdot (1 + 3 +
# 3 + 3) = 50$ outputs: five indicators, and for each component three means, three scales, three slopes.
#
# The oracle sees the slopes at work. On two pixels, with the dependence switched on and off:

# %%
matrices = {}
for name, is_on in (("colours in turn", True), ("colours independent", False)):
    options = {"num_resnets": 1, "num_mixtures": 2, "num_levels": 8, "channel_dependence": is_on}
    model = armod.PixelCNNPlusPlus((3, 1, 2), 4, **options)
    matrices[name] = armod.dependency_matrix(model)[model.ordering][:, model.ordering]
assert matrices["colours in turn"].equal(torch.ones(6, 6).tril(-1).bool())
assert not matrices["colours independent"][:3, :3].any()
channel_panels(matrices, title="Within a pixel green sees red, and blue sees both")

# %% [markdown]
# Dark squares are dependences within a pixel. Switched off, they are gone; the light squares, on the pixel before,
# stay.
#
# **Predict:** in a photograph red, green and blue rise and fall together. How many bits does a model save on red, on
# green and on blue by knowing the channels before? Here is a small PixelCNN++ that was trained with the slopes, and one
# that was trained in the same way without.

# %%
costs = {}
for name in ("pixelcnn-plus-plus-photos16", "pixelcnn-plus-plus-independent-channels-photos16"):
    with torch.no_grad():
        nats = -armod.load_pretrained(name).conditionals(photos.test).log_prob(photos.test)
    costs[name] = (nats / math.log(2)).mean((0, 2, 3))
    print(f"{name:48}", "  ".join(f"{c} {bits:.2f} bits" for c, bits in zip("RGB", costs[name], strict=True)))
with_slopes, without = costs.values()
assert with_slopes[0] > without[0] and (with_slopes[1:] + 0.6 < without[1:]).all()
assert round((with_slopes[0] - without[0]).item(), 1) == 0.2

# %% [markdown]
# Green and blue cost 0.7 bits less each, once they know what came before. Red itself gains nothing, for nothing comes
# before it. It even loses 0.2 bits. A likely reason: with the slopes, all three channels have to share one indicator, while
# independent channels have a mixture of their own each. On balance the dependence wins clearly.

# %% [markdown]
# ## 9. Down, up, and across
#
# The third part of PixelCNN++ is its shape. Its layers go down to half and to a quarter of the resolution, where a step
# of one cell is a step of four pixels, and where work is cheap. Then they come up again. **Short-cuts** carry what each
# resolution knew on the way down across to the way up.
#
# **Predict:** without the short-cuts, does a pixel still see its neighbour on the left?

# %%
fields, sees_left = {}, {}
for name, is_on in (("with short-cuts", True), ("without short-cuts", False)):
    model = armod.PixelCNNPlusPlus((1, 8, 8), 4, num_resnets=1, num_levels=4, shortcuts=is_on)
    matrix = armod.dependency_matrix(model)
    fields[name] = matrix[5 * 8 + 6].view(8, 8)
    sees_left[name] = sum(bool(matrix[i, i - 1]) for i in range(64) if i % 8)
assert list(sees_left.values()) == [56, 2]
row, column = torch.arange(64) // 8, torch.arange(64) % 8
assert matrix.equal(torch.arange(64) < (8 * (row - row % 4) + column - column % 4)[:, None])
field_panels(fields, (5, 6), title="Without short-cuts a pixel does not see its closest neighbours")

# %% [markdown]
# Hardly ever: 2 of 56 do. The hatched pixels are earlier, and unseen, the whole of the own row among them. The reason
# is the arithmetic of resolutions. At a quarter of the resolution a cell stands for 4×4 pixels. It is computed once for
# all sixteen, so it can know only what comes before the *first* of them, its upper left corner. That is exactly what is
# left to each of the sixteen pixels, as the second assertion states. Everything between that corner and the pixel has
# to come across by a short-cut.
#
# This is no leak and no bug: the probabilities still add up to 1. But the neighbour on the left is the best witness
# there is, and the likelihood will miss it.

# %% [markdown]
# ## 10. Taking PixelCNN++ apart
#
# First, one that learns before your eyes: the whole PixelCNN++, on a part of the patches.

# %%
choose = torch.randperm(len(photos.train), generator=torch.Generator().manual_seed(seed))
some = photos.train[choose[: 640 if quick else 3000]]
model = armod.PixelCNNPlusPlus(photos.event_shape, 8, num_resnets=1, seed=seed)
before = armod.evaluate(model, photos).bits_per_dim
armod.fit(model, some, epochs=1, batch_size=16, learning_rate=5e-3, average=0.9, seed=seed)
after = armod.evaluate(model, photos).bits_per_dim
print(f"{before:.1f} bits per dimension before, {after:.1f} after")
assert after < min(before, 7.7 if quick else 6.8)

# %% [markdown]
# Pure chance costs 8 bits. Before training the network is worse than that, because it guesses, and not even evenly. One
# pass over some patches takes it well below. The weights that follow have seen all 9,852.
#
# An **ablation** removes one part and keeps everything else. Six small models ship with the course, each trained in one
# pass over the same 9,852 patches, with the same recipe. Four are a PixelCNN++, whole or without one part; two are the
# Gated PixelCNN of section 7 with both likelihoods. As a yardstick: a level costs 8 bits if nothing is known. A table
# of the differences to the pixel on the left, counted on the training patches, is a cheap way to know something.
#
# **Predict:** put the four PixelCNN++ in order.


# %%
def from_the_left(levels):
    levels = levels.long()  # beyond the left edge it is grey
    return ((levels - F.pad(levels, (1, 0), value=128)[..., :-1]) % 256).movedim(1, 0).flatten(1)


counts = torch.stack([1 + differences.bincount(minlength=256) for differences in from_the_left(photos.train)])
surprise = -(counts / counts.sum(1, keepdim=True)).log2()
left_bits = surprise.gather(1, from_the_left(photos.test)).mean().item()
print(f"differences to the left: {left_bits:.2f} bits per dimension")


# %%
def step_seconds(model):
    """Processor seconds of one training step on 16 patches, the best of 3."""

    def step():
        (-model.log_prob(photos.train[:16]).mean()).backward()

    return min(repeat(step, timer=process_time, number=1, repeat=3))


shipped = {"PixelCNN++": "pixelcnn-plus-plus-photos16"}
shipped |= {"at full resolution": "pixelcnn-plus-plus-full-resolution-photos16"}
shipped |= {"without short-cuts": "pixelcnn-plus-plus-no-shortcuts-photos16"}
shipped |= {"colours independent": "pixelcnn-plus-plus-independent-channels-photos16"}
shipped |= {f"Gated, {kind}": f"gated-pixelcnn-{kind}-photos16" for kind in ("mixture", "softmax")}
each, cost, bits = {}, {}, {"difference to the left": left_bits}
print(f"{'':20} bits/dim      change       parameters  seconds  a step")
for name, weights in shipped.items():
    model, stated = armod.load_pretrained(weights), receipt(weights)
    each[name] = nats_of_each(model, photos.test) / (768 * math.log(2))
    bits[name], cost[name] = each[name].mean().item(), step_seconds(model)
    assert abs(bits[name] - stated.bits_per_dim) < 1e-3
    change = each[name] - each["PixelCNN++"]
    changed = f"{change.mean():+.3f} ± {change.std() / len(change) ** 0.5:.3f}"
    times = f"{stated.seconds:6.0f}  {cost[name] / cost['PixelCNN++']:5.1f}x"
    print(f"{name:20} {bits[name]:7.3f}  {changed:>16}  {stated.num_parameters:10,}  {times}")
lost = [round(bits[name] - bits["PixelCNN++"], 2) for name in shipped]
assert lost == [0, -0.01, 0.83, 0.43, 0.13, 0.48]
title = "Short-cuts are worth 0.83 bits and slopes 0.43; down-sampling only saves time"
likelihood_bars(bits, unit="bits per dimension", title=title)

# %% [markdown]
# *Change* is against the whole PixelCNN++, patch by patch. *Seconds* are those of the whole training, taken down on a
# machine that did other work beside; *a step* is measured here and now, side by side, and a fairer guide. Row by row:
#
# - **Short-cuts** are worth 0.83 bits, more than anything else. Without them two thirds of the lead over the table of
#   differences are gone, and section 9 has shown why.
# - **Slopes** between the colours are worth 0.43 bits, for 45 more weights and hardly any time.
# - **The mixture** beats the softmax by 0.34 bits on the same Gated PixelCNN, with fewer weights.
# - **Down-sampling** does *not* win. At full resolution the model is better by 0.010 bits, give or take 0.005. What
#   down-sampling buys is time: the same step costs more without it. It is meant for wide images, whose far corners few
#   layers reach. In a patch of 16×16 pixels nothing is far away, so there is little for it to win.
# - PixelCNN++ beats the Gated PixelCNN with the same mixture by 0.13 bits. It also has 5,331 more weights, so this row
#   says little about which design is better.
#
# All six have seen each patch once. Longer training, or larger images, may change the order; the table is about this
# size.

# %% [markdown]
# ## 11. What the models draw
#
# **Predict:** which fault of the third row will you see at once?

# %%
chosen = ("PixelCNN++", "colours independent", "Gated, softmax")
rows = [photos.test[torch.linspace(0, 266, 10).long()].long()]
for name in chosen:
    model = armod.load_pretrained(shipped[name])
    rows.append(model.sample(10, generator=torch.Generator().manual_seed(seed)))
title = "Ten test patches, and ten from each of three models"
image_grid(torch.stack(rows), 256, title=title, row_labels=["real", *chosen])

# %% [markdown]
# In the third row single pixels are green, violet or blue, for no reason: red, green and blue were drawn without
# looking at each other. In the second row a colour belongs to its neighbours, and light and dark form patches. The
# softmax in the last row is grainy: its teeth and its wide shoulders, drawn pixel by pixel. No row shows a thing. A
# network this small, which has seen each patch once, knows texture and shading, not objects.
#
# Columns resemble each other, because all three models turn the same random numbers into pixels.

# %% [markdown]
# ## Summary
#
# - One stack of masked layers can step to the right only by stepping up: $L$ layers leave $L(L-1)/2$ pixels unseen.
# - Two stacks see them all. The vertical one is shifted once, in its first layer: never is a leak, always is the blind
#   spot again.
# - A logistic mixture describes a pixel of three channels by 50 numbers instead of 768, and knows that levels are
#   quantities.
# - Slopes within the mixture let green depend on red and blue on both, without a mask on channels.
# - Down-sampling makes a step cheap, and short-cuts are what makes down-sampling bearable: without them the nearest
#   pixels are unseen.

# %% tags=["nbval-ignore-output"]
lesson_quiz("4_5_4_pixelcnn_variants")

# %% [markdown]
# ## Exercises
#
# [Your own copy of the exercises](my_exercises/4_5_4_pixelcnn_variants.ipynb) opens in JupyterLab. You work on the link
# between the stacks, the outer bins of the discretized logistic, and the order of the channels; each answer is checked
# as soon as you run it.
#
# ## Further reading
#
# - A. van den Oord, N. Kalchbrenner, O. Vinyals, L. Espeholt, A. Graves, K. Kavukcuoglu, *Conditional Image Generation
#   with PixelCNN Decoders*, NIPS 2016: section 2.1 for the gated unit, 2.2 for the blind spot and the two stacks.
# - T. Salimans, A. Karpathy, X. Chen, D. P. Kingma, *PixelCNN++*, ICLR 2017: sections 2.1 and 2.2 for the mixture and
#   the channels, 2.3 and 2.4 for down-sampling and short-cuts, 3 for ablations at full size.
# - A. van den Oord, N. Kalchbrenner, K. Kavukcuoglu, *Pixel Recurrent Neural Networks*, ICML 2016: section 3.4 for the
#   masks.
